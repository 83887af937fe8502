package swarm

import (
	"fmt"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/test/sim"
)

// mostSaid is below how much an actor says before it panics.
const mostSaid = 4

// died lets a process that died of a panic start again, or another one.
func (l *life) died(p *sim.Process) {
	key := [...]string{"", p.Habits.InstanceKey}[l.world.Random.IntN(2)]
	if l.ill {
		l.joinLater(key)
	}
}

// final lets somebody start a process anew that says that nothing else helps, as whoever
// looks at its health does, mostly after it was stopped. Only what a worker may not do, and
// what is too large, is final: of no other fault may it say so.
func (l *life) final(p *sim.Process) {
	if l.faults[sim.Denied]+l.faults[sim.TooLarge] == 0 {
		l.world.Check.Violate("Final", fmt.Sprintf("%s says that only a restart helps, and everything heals: %s", p.Name, p.Heard.Health.Reason))
		return
	}
	l.world.Plan(l.world.Soon(l.settings.HeartbeatInterval), func() {
		switch {
		case p.Ended():
		case l.ill && l.world.Random.IntN(2) == 0:
			p.Stop(false)
			l.joinLater(p.Habits.InstanceKey)
		default:
			p.Crash()
			l.joins(p.Habits.InstanceKey)
		}
	})
}

// asks lets somebody be asked for something now and then.
func (l *life) asks() {
	l.later(l.world.Soon(2*time.Second), func() {
		if p, list := l.somebody(), l.world.Partitions(); p != nil {
			id := list[l.world.Random.IntN(len(list))].ID()
			if l.poison != "" && l.world.Random.IntN(2) == 0 {
				id = l.poison
			}
			switch l.world.Random.IntN(8) {
			case 0:
				p.AskOwner(id)
			case 1:
				p.AskWhy(id)
			case 2:
				p.AskJournal()
			case 3:
				p.Ask()
			case 4:
				p.Release(id)
			case 5:
				p.Refresh(messages.RefreshPartitions{})
			default:
				if l.late(p) {
					break // it may not have again what it wrote off: in the end nobody might
				}
				p.Drain(false)
				l.world.Plan(l.world.Soon(10*time.Second), func() { p.Drain(true) })
			}
		}
		l.asks()
	})
}

// late reports whether a process may write off what it has to let go.
func (l *life) late(p *sim.Process) bool {
	h := p.Habits
	return h.Drain == sim.Never || h.Confirm && (h.LetGo == sim.Never || h.LetGo >= l.settings.DrainTimeout)
}
