package swarm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// dressed is how many partitions a group of another kind has.
const dressed = 60

// strategy is a kind of group whose leaders plan so.
func strategy(s partition.Strategy) func(l *life) {
	return func(l *life) { l.habits = func(h *sim.Habits) { h.Strategy = s } }
}

// sizes are habits of workers of different size.
func (l *life) sizes(h *sim.Habits) {
	capacity := float64(1 + l.world.Random.IntN(3))
	h.Differ = func(s *partition.Settings) { s.Capacity = capacity }
}

// kinds are groups that differ from those of TestSwarm, whose partitions are all alike and
// placed by the default strategy, and whose users ask for nothing.
var kinds = map[string]func(l *life){
	"round robin":              strategy(partition.RoundRobin{}),
	"rendezvous":               strategy(partition.Rendezvous{}),
	"consistent hash":          strategy(partition.ConsistentHash{}),
	"weighted consistent hash": strategy(partition.WeightedConsistentHash{}),
	"weights and capacities": func(l *life) {
		l.dress = func(p *partition.Partition) { p.Weight = 1 + l.world.Random.Int64N(300) }
		l.habits = l.sizes
	},
	"giants": func(l *life) {
		l.dress = func(p *partition.Partition) {
			if p.Weight = 1 + l.world.Random.Int64N(9); l.world.Random.IntN(10) == 0 {
				p.Weight *= 100 // more than a share of all the others
			}
		}
		l.habits = l.sizes
	},
	"zones, labels and pins": func(l *life) {
		zones := []string{"east", "west"}
		l.dress = func(p *partition.Partition) {
			switch p.Zone = zones[l.world.Random.IntN(2)]; l.world.Random.IntN(4) {
			case 0:
				p.Labels = []string{"disk"}
			case 1:
				p.Pinned = partition.WorkerIDAt("worker", l.world.Random.IntN(3))
			}
		}
		l.habits = func(h *sim.Habits) {
			zone := zones[l.world.Random.IntN(2)]
			h.Differ = func(s *partition.Settings) { s.Zone, s.Labels = zone, []string{"disk"} }
			h.Strategy = partition.Sticky{Zones: partition.PreferZone}
		}
	},
	"hardly enough IDs": func(l *life) {
		l.habits = func(h *sim.Habits) {
			h.Differ = func(s *partition.Settings) { s.WorkerIDs.Count = mostWorkers + 1 }
		}
	},
	"crash loops": (*life).loops,
	"leases that differ": func(l *life) {
		short := l.settings
		l.settings.Lease *= 2 // what the bounds are made of
		long := l.settings.Lease
		l.habits = func(h *sim.Habits) {
			lease := []time.Duration{short.Lease, long}[l.world.Random.IntN(2)]
			h.Differ = func(s *partition.Settings) { s.Lease = lease }
		}
	},
	"zones that are required": func(l *life) { l.zoned(partition.RequireZone, func() int64 { return 1 }) },
	"zones and weights":       func(l *life) { l.zoned(partition.PreferZone, l.skewed) },
	"skewed weights":          func(l *life) { l.skews() },
	"no ID to spare": func(l *life) {
		l.crowd = 5
		l.habits = func(h *sim.Habits) {
			h.Differ = func(s *partition.Settings) { s.WorkerIDs.Count = 6 }
		}
	},
	"users who ask":         func(l *life) { l.asks() },
	"users who come and go": func(l *life) { l.guests() },
	"unsteady sources":      func(l *life) { l.unsteadily() },
	"sources in trouble": func(l *life) {
		l.habits = func(h *sim.Habits) { h.Quiet = true }
		l.troubles()
	},
	"strategies that fail": func(l *life) {
		l.habits = func(h *sim.Habits) { h.Strategy = &fickle{life: l} }
	},
}

// fickle plans well when its life is well, and seldom otherwise.
type fickle struct {
	partition.Sticky
	life *life
}

func (f *fickle) Plan(in partition.Input) (partition.Plan, error) {
	p, err := f.Sticky.Plan(in)
	if !f.life.ill || err != nil || len(p) == 0 {
		return p, err
	}
	switch f.life.world.Random.IntN(5) {
	case 0:
		return nil, errors.New("it does not want to")
	case 1:
		panic(sim.Habitual)
	case 2:
		return p[1:], nil
	}
	return p, nil
}

// troubles lets the source of somebody fail, or say nothing, for a while now and then.
func (l *life) troubles() {
	l.later(l.world.Soon(5*time.Second), func() {
		if p := l.somebody(); p != nil {
			p.Trouble(sim.Trouble{Reason: "no database", Silent: l.world.Random.IntN(2) == 0})
			l.world.Plan(l.world.Soon(10*time.Second), func() { p.Trouble(sim.Trouble{}) })
		}
		l.troubles()
	})
}

// Random lives of other kinds of groups end as well as those of TestSwarm, and so do, but not
// under the race detector, those whose seeds broke something once.
func TestLivesOfOtherKinds(t *testing.T) {
	names, apart := slices.Sorted(maps.Keys(kinds)), kindsApart
	if *seed != 0 {
		apart = 1
	}
	for i := 0; i < len(names); i += apart {
		name, is := names[i], kinds[names[i]]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			system := sim.NewSystem()
			list, trace := seeds(1)
			if *seed == 0 && everything {
				list = append(list, kept(t)[name]...)
			}
			for _, seed := range list {
				l := begin(seed, sim.Strong(sim.Pause, sim.LeaderCrash, sim.Comeback, sim.LostAnswer, sim.SourceChange), system)
				l.many = dressed
				is(l)
				l.world.List(l.partitions(dressed))
				r := l.live(seed, trace)
				r.Again = fmt.Sprintf("go test -run '^TestLivesOfOtherKinds$/^%s$' ./test/swarm -args -seed=%d -runs=1", name, seed)
				if r.Broken != "" {
					t.Errorf("%s", r)
				}
			}
		})
	}
}
