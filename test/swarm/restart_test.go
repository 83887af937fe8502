package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// restartRounds is how many restarts there are in each life of restarts.
const restartRounds = 6

// rolling is a life in which workers restart under their instance keys, in time,
// and leaders change in the middle of it. Nothing may move.
type rolling struct {
	*life
	said   string // what happens now, for a failure
	mute   string // whose answers are lost, empty for nobody's
	about  string // only those to writes of such keys
	births int
}

func newRolling(seed uint64, system *sim.System) *rolling {
	r := &rolling{life: begin(seed, sim.Strong(sim.Duplicate), system)}
	r.world.Net.Lose = func(process string, batch []bridge.Message) bool {
		key, _, err := bridge.Inspect(batch[0].Subject, batch[0].Data)
		return process == r.mute && err == nil && len(r.about) <= len(key) && key[:len(r.about)] == messages.Key(r.about) && r.world.Random.IntN(3) > 0
	}
	return r
}

func (r *rolling) start(key string) *sim.Process {
	r.births++
	h := sim.Habits{InstanceKey: key, Rate: r.world.Clocks(), Confirm: r.world.Random.IntN(2) == 0}
	if r.world.Random.IntN(3) == 0 {
		h.Drain = time.Millisecond + r.world.Soon(r.settings.DrainTimeout)
	}
	return r.world.Start(fmt.Sprintf("w%d", r.births), h)
}

// all lives the life; it returns what is wrong with it.
func (r *rolling) all() string {
	for i := range leastWorkers + r.world.Random.IntN(3) {
		r.start(fmt.Sprintf("key-%d", i))
	}
	if !r.world.RunUntil(r.bound()+r.settings.ColdStartWindow, r.covered) {
		return r.uncovered("at the beginning")
	}
	r.world.Run(r.bound() + 2*r.settings.ColdStartWindow)
	for range restartRounds {
		if wrong := r.round(); wrong != "" {
			return r.said + ": " + wrong
		}
	}
	return ""
}

// round restarts one or two workers and may depose the leader meanwhile.
func (r *rolling) round() string {
	before, transfers := r.owners(), r.world.Check.Transfers()
	victim, leads := r.somebody(), r.world.Leader()
	r.said = victim.Name
	pending := 1
	back := func() { pending-- }
	r.restart(victim, back)
	switch r.world.Random.IntN(4) {
	case 0:
		if leads != nil && leads != victim {
			pending++
			r.said += ", and " + leads.Name + ", which leads"
			r.world.Plan(r.world.Soon(r.settings.RestartHoldDown/2), func() { r.restart(leads, back) })
		}
	case 1:
		if leads != nil {
			r.said += ", and the lead of " + leads.Name + " is not renewed"
			r.mute, r.about = leads.Name, "lead"
		}
	case 2:
		r.said += ", of which the answers are lost"
		r.mute, r.about = victim.Name, "live"
	}
	r.world.Plan(3*r.settings.LeaderLease, func() { r.mute = "" })
	done := func() bool { return pending == 0 && r.mute == "" && r.covered() }
	if !r.world.RunUntil(2*r.settings.RestartHoldDown+r.bound(), done) {
		return r.uncovered("after a restart")
	}
	r.world.Run(r.bound())
	if n := r.world.Check.Transfers() - transfers; n > 0 {
		return fmt.Sprintf("I6: %d partitions went to another worker", n)
	}
	if after := r.owners(); fmt.Sprint(after) != fmt.Sprint(before) {
		return fmt.Sprintf("I6: who owns what has changed from %v to %v", before, after)
	}
	return ""
}

// owners lists who owns each partition, by instance key.
func (r *rolling) owners() map[partition.PartitionID]string {
	out := map[partition.PartitionID]string{}
	for _, p := range r.world.Processes() {
		for _, o := range p.Heard.Assignment.All {
			out[o.ID] = p.Habits.InstanceKey
		}
	}
	return out
}

// restart ends a process, by a crash or with an announcement, and starts another
// one in time: before anybody can take the crash for a death, or within the
// hold-down.
func (r *rolling) restart(p *sim.Process, back func()) {
	again := func() {
		r.start(p.Habits.InstanceKey)
		back()
	}
	if r.world.Random.IntN(3) == 0 {
		r.said += " crashes"
		p.Crash()
		s := r.settings
		r.world.Plan(r.world.Soon(s.Lease-s.HeartbeatInterval-s.StoreTimeout), again)
		return
	}
	r.said += " restarts"
	p.Stop(true)
	away := r.world.Soon(r.settings.RestartHoldDown / 2)
	var look func()
	look = func() {
		if !p.Ended() {
			r.world.Plan(time.Millisecond, look)
			return
		}
		r.world.Plan(away, again)
	}
	look()
}

// Workers that restart in time under their instance keys get back what they had,
// and nothing else moves: whether they announced it or crashed, whether their
// release was refused because an earlier answer was lost, and although leaders
// change in the middle.
//
// hazard 16
func TestARestartMovesNothing(t *testing.T) {
	list, trace := seeds(restarts)
	parallel(list, func(seed uint64, system *sim.System) Result {
		l := newRolling(seed, system)
		defer l.world.Close()
		return l.result(seed, l.all(), trace)
	}, func(r Result) {
		if r.Broken != "" {
			r.Again = fmt.Sprintf("go test ./test/swarm -run ARestart -seed %d -runs 1", r.Seed)
			t.Errorf("%s", r)
		}
	})
}
