package partition

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Sticky moves nothing without a reason that has a name: of equal weights it exchanges
// nothing.
func TestReasons_StickyHasOne(t *testing.T) {
	over := 0
	checkThousands(t, 1, func(t *rapid.T) {
		w := drawWide(t)
		w.weighing, w.limit = 0, Off
		w.each(func(in Input, _ *rand.Rand) {
			for _, s := range []Sticky{{}, {Zones: PreferZone}, {Zones: RequireZone}} {
				plan := mustPlan(t, s, in)
				for k, why := range Reasons(in, plan, s.Zones) {
					if why == ByStrategy || (why == NoReason) != (plan[k] == in.Previous[k]) {
						t.Fatalf("%#v: partition %d from %v: %v, %q", s, k, in.Previous, plan, why)
					}
					if why == OverTheBand {
						over++
					}
				}
			}
		})
	})
	require.Greater(t, over, 100, "what is hardly ever said proves nothing")
}

// Of others it is told only where it is true, and zones only where they count.
func TestReasons_OthersAreNotOverTheBand(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		in := drawInput(t)
		in.Partitions.Zones = make([]string, len(in.Previous))
		for i := range in.Members {
			in.Members[i].Zone = someZones[i%len(someZones)]
		}
		for k := range in.Previous {
			in.Partitions.Zones[k] = someZones[k%len(someZones)]
		}
		counts, able := make([]int, len(in.Members)), 0
		for _, was := range in.Previous {
			if was != None {
				counts[was]++
			}
		}
		for _, m := range in.Members {
			if !m.Draining {
				able++
			}
		}
		share := float64(len(in.Previous)) / float64(able)
		for _, s := range []Strategy{RoundRobin{}, Rendezvous{}, ConsistentHash{VirtualNodes: 7}} {
			plan := mustPlan(t, s, in)
			for k, why := range Reasons(in, plan, AnyZone) {
				was := in.Previous[k]
				if was == None || in.Members[was].Draining || plan[k] == was {
					continue
				}
				want := ByStrategy
				if float64(counts[was]) > share {
					want = OverTheBand
				}
				if why != want {
					t.Fatalf("%#v: partition %d from %v: %v, %q", s, k, in.Previous, plan, why)
				}
			}
		}
	})
}

// Where two pieces are too heavy for all but their owner, the others share the rest: who gives
// of it had more than its share of that, though less than one of everything.
func TestReasons_OverWhatCanBeShared(t *testing.T) {
	in := weighted(planInput(3, Off, 0, 0, 1, 1), 200, 200, 40, 37)
	in.Members[0].Capacity = 3
	require.Equal(t, []Reason{NoReason, NoReason, NoReason, OverTheBand}, Reasons(in, mustPlan(t, Sticky{}, in), AnyZone))
}
