package swarm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/test/sim"
)

// join starts a process, with habits at random. key is the instance key of one
// that comes back; empty for a new one.
func (l *life) join(key string) *sim.Process {
	l.born++
	r := l.world.Random
	h := sim.Habits{InstanceKey: key, Rate: l.world.Clocks(), Confirm: r.IntN(2) == 0}
	if key == "" && r.IntN(2) == 0 {
		h.InstanceKey = fmt.Sprintf("key-%d", l.born)
	}
	switch r.IntN(8) {
	case 0, 1, 2:
		h.Drain = time.Millisecond + l.world.Soon(l.settings.DrainTimeout)
	case 3:
		if l.has(sim.StuckHandler) {
			h.Drain, l.back.Stuck = sim.Never, true
		}
	}
	switch r.IntN(8) {
	case 0, 1, 2:
		h.LetGo = time.Millisecond + l.world.Soon(2*l.settings.DrainTimeout)
	case 3:
		if l.has(sim.Unconfirming) {
			h.LetGo, l.back.Stuck = sim.Never, l.back.Stuck || h.Confirm
		}
	}
	if l.prompt {
		h.Drain, h.LetGo, l.back.Stuck = 0, 0, false
	}
	if l.few() && !l.ill {
		h.Drain, h.LetGo = 0, 0
	}
	if l.builds != nil {
		h.Build = l.builds(l.born)
	}
	h.Fails = l.poison
	h.Mortal, h.Moody = l.faults[sim.Panic] > 0, l.faults[sim.StrategyTrouble] > 0
	h.NeverLead = l.born > leastWorkers && r.IntN(8) == 0 && l.has(sim.NeverLeading)
	if l.habits != nil {
		l.habits(&h)
	}
	return l.world.Start(fmt.Sprintf("w%d", l.born), h)
}

// has reports whether the life has this habit, of somebody who is to have it.
func (l *life) has(f sim.Fault) bool {
	if l.faults[f] == 0 {
		return false
	}
	l.world.Net.Strikes(f)
	return true
}

// most is how many workers there may be.
func (l *life) most() int {
	if l.crowd > 0 {
		return l.crowd
	}
	return mostWorkers
}

// joinLater starts a process after about one of the lengths that matter.
func (l *life) joinLater(key string) {
	l.world.Plan(l.world.Net.Lengths.Pick(l.world.Random), func() { l.joins(key) })
}

// joins starts a process if there may be one more.
func (l *life) joins(key string) {
	switch {
	case l.older && !l.world.Check.Marked():
		l.joinLater(key) // whoever remembers nothing would trust in the copy
	case len(l.world.Processes()) < l.most():
		l.join(key)
	}
}

// somebody is a process at random, nil if there is none.
func (l *life) somebody() *sim.Process {
	all := l.world.Processes()
	if len(all) == 0 {
		return nil
	}
	return all[l.world.Random.IntN(len(all))]
}

// struck prolongs a life until as many kinds of fault have struck as have to. One that comes
// a few times an hour may stay away: then it is made to come.
func (l *life) struck() string {
	kinds := min(leastKinds, happening(l.faults))
	enough := func() bool { return happening(l.world.Net.Struck()) >= kinds }
	if l.world.RunUntil(mostSuffering, enough) {
		return ""
	}
	for f := range sim.Fault(len(l.faults)) {
		if f.Often() && l.faults[f] > 0 && l.world.Net.Struck()[f] == 0 {
			l.strike(f)
		}
	}
	if !l.world.RunUntil(mostSuffering, enough) {
		return fmt.Sprintf("fewer than %d kinds of fault have struck", kinds)
	}
	return ""
}

// strike lets a fault happen, to somebody.
func (l *life) strike(f sim.Fault) {
	p := l.somebody()
	if f == sim.LeaderCrash {
		p = l.world.Leader()
	}
	if p == nil {
		return
	}
	l.world.Net.Strikes(f)
	long := l.lasts()
	switch f {
	case sim.Disconnect:
		p.Port.Disconnect(long)
	case sim.Partition:
		p.Port.Cut()
		l.world.Plan(long, p.Port.Heal)
	case sim.Isolated:
		p.Port.Isolate()
		l.world.Plan(long, p.Port.Heal)
	case sim.Crash:
		l.crash(p)
	case sim.LeaderCrash:
		if l.world.Random.IntN(2) == 0 {
			l.crash(p)
		} else {
			l.unheard(p)
		}
	case sim.Pause:
		p.Pause(l.exactly(l.around(p, long)))
	case sim.Comeback:
		l.comeback(p, long)
	case sim.Leave:
		l.leave(p)
	case sim.ServerRestart:
		l.world.Trace.Say("world", "the server restarts")
		l.world.Net.RestartServer(long)
	case sim.Election:
		l.world.Net.Elect(long)
	case sim.Recreate:
		l.back.Recreated, l.older, l.short, l.proof = true, false, false, false
		l.world.Recreate()
	case sim.Expiry:
		l.back.Recreated = true
		l.world.Expire(long / 2)
	case sim.OlderCopy:
		l.copy()
	case sim.Garbage:
		l.back.Recreated = true // what was decided may be lost
		l.world.Spoil()
	case sim.SourceChange:
		l.change()
	case sim.ClockJump:
		ahead := l.world.Soon(time.Hour)
		l.world.Trace.Say("world", "the server's clock jumps ahead by "+ahead.String())
		l.world.Store.JumpClock(ahead)
	default:
		l.afflict(f, p, long)
	}
}

// copy copies the stream, and puts the copy in its place when everybody has seen
// more. A while later somebody deletes it, as the alarm asks for.
func (l *life) copy() {
	copied := l.world.Backup()
	if copied == nil || l.older || l.short {
		return
	}
	var try func()
	try = func() {
		switch {
		case !l.ill || l.older || l.short || l.world.Replaced(copied):
		case l.world.GoBack(copied):
			l.older, l.back.Recreated = true, true
			l.world.Plan(l.world.Soon(2*l.settings.Lease), l.end)
		default:
			l.world.Plan(l.settings.HeartbeatInterval, try)
		}
	}
	try()
}

// end ends the time of an older copy, or of a stream that lost something, if anybody knows.
func (l *life) end() {
	if l.older || l.proof {
		l.older, l.short, l.proof = false, false, false
		l.world.Recreate()
	}
}

// comeback crashes a process, which starts again; else the other one is a twin, of one
// that runs or of one that is paused.
func (l *life) comeback(p *sim.Process, long time.Duration) {
	switch way := l.world.Random.IntN(5); {
	case way > 1 || !l.has(sim.Twin):
		p.Crash()
	case way == 1:
		p.Pause(long)
	}
	l.joinLater(p.Habits.InstanceKey)
}

// crash ends a process without a word; another one comes.
func (l *life) crash(p *sim.Process) {
	if !p.Ended() {
		p.Crash()
		l.joinLater("")
	}
}

// unheard crashes a leader when the next head that it writes is accepted, before it can
// hear of it.
func (l *life) unheard(p *sim.Process) {
	waits := true
	l.world.Store.Observe(func(c sim.Commit) {
		if waits && c.By == p.Name && slices.ContainsFunc(c.Messages, func(m bridge.Sight) bool { return strings.Contains(m.Subject, ".head") }) {
			waits = false
			l.later(0, func() { l.crash(p) })
		}
	})
}

// later lets something happen, if these faults last until then.
func (l *life) later(d time.Duration, do func()) {
	era := l.era
	l.world.Plan(d, func() {
		if l.ill && l.era == era {
			do()
		}
	})
}

// leave stops a process; one that says it comes back mostly does. It may not get to the
// end of it, or who leads does not.
func (l *life) leave(p *sim.Process) {
	restarting := p.Habits.InstanceKey != "" && l.world.Random.IntN(2) == 0
	p.Stop(restarting)
	before, long := l.world.Soon(l.settings.DrainTimeout), l.world.Net.Lengths.Pick(l.world.Random)
	switch l.world.Random.IntN(6) {
	case 0:
		l.later(before, func() {
			if !p.Ended() {
				p.Crash()
			}
		})
	case 1:
		l.later(before, func() { p.Pause(long) })
	case 2:
		if leads := l.world.Leader(); leads != nil {
			l.later(before, func() { l.crash(leads) })
		}
	}
	away := l.world.Random.IntN(4)
	switch {
	case !restarting:
		l.joinLater("")
	case away == 1:
		l.world.Plan(l.settings.RestartHoldDown+l.world.Soon(l.settings.Lease), func() { l.joins(p.Habits.InstanceKey) })
	case away > 1:
		l.joinLater(p.Habits.InstanceKey)
	}
	l.back.Restart = l.back.Restart || restarting
}
