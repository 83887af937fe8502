package swarm

import (
	"fmt"
	"testing"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// changes is in how many lives the timings of a group are changed.
const changes = 4

// While the timings of a group are changed, worker after worker, half of the group has
// leases that are ten times as long as those of the others: who leads waits for each as
// long as that one's own lease, no partition has two owners, and all of them have one.
func TestTimingsThatDiffer(t *testing.T) {
	var list []uint64
	for i := range uint64(changes) {
		list = append(list, 1+i)
	}
	parallel(list, func(seed uint64, system *sim.System) Result {
		c := &rollout{life: begin(seed, sim.Strong(sim.Duplicate, sim.DoubledSight, sim.StaleSight), system)}
		defer c.world.Close()
		return c.result(seed, c.all(), lines)
	}, func(r Result) {
		if r.Broken != "" {
			r.Again = "go test -run '^TestTimingsThatDiffer$' ./test/swarm"
			t.Errorf("%s", r)
		}
	})
}

// rollout is a group of which one half has long timings, the other short ones.
type rollout struct {
	*life
	births int
}

// half starts two workers with these timings.
func (c *rollout) half(s partition.Settings) (two []*sim.Process) {
	for range 2 {
		c.births++
		two = append(two, c.world.Start(fmt.Sprintf("w%d", c.births), sim.Habits{
			Differ: func(own *partition.Settings) { *own = s }, Rate: c.world.Clocks(),
		}))
	}
	return two
}

func (c *rollout) all() string {
	long, short := partition.Conservative(), partition.Fast()
	within := long.StableBound(partition.Setbacks{Recreated: true})
	first, second := long, short
	if c.world.Random.IntN(2) == 0 {
		first, second = short, long
	}
	olds := c.half(first)
	if !c.world.RunUntil(within, c.covered) {
		return c.uncovered("at the beginning")
	}
	c.world.Net.Faults = c.faults
	news := c.half(second)
	victim := olds[0]
	if first.Lease < second.Lease {
		victim = news[0]
	}
	shared := func() bool {
		return len(news[0].Heard.Assignment.All)*len(news[1].Heard.Assignment.All) > 0 && c.covered()
	}
	if !c.world.RunUntil(within, shared) {
		return c.uncovered("with both")
	}
	began := c.world.Timeline.Now()
	victim.Crash()
	if !c.world.RunUntil(within, c.covered) {
		return c.uncovered("after a crash")
	}
	took, least := c.world.Timeline.Now()-began, long.Lease-long.HeartbeatInterval-long.StoreTimeout
	if took < least {
		return fmt.Sprintf("what %s had was given away after %v; its lease ended after %v at the earliest", victim.Name, took, least)
	}
	for _, p := range olds {
		if !p.Ended() {
			p.Stop(false)
		}
	}
	changed := func() bool { return c.covered() && len(c.world.Processes()) == c.left(news) }
	if !c.world.RunUntil(within, changed) {
		return c.uncovered("when all are changed")
	}
	return ""
}

// left counts those that still run.
func (c *rollout) left(of []*sim.Process) (n int) {
	for _, p := range of {
		if !p.Ended() {
			n++
		}
	}
	return n
}
