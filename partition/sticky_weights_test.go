package partition

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func weighted(in Input, weights ...int64) Input {
	in.Partitions.Weights = weights
	return in
}

func capable(in Input, capacities ...float64) Input {
	for i, c := range capacities {
		in.Members[i].Capacity = c
	}
	return in
}

func homed(in Input, home ...int32) Input {
	in.Home = home
	return in
}

func TestSticky_WeightsTable(t *testing.T) {
	labelled := planInput(3, Off, None, None, 2)
	labelled.Members[1].Labels = []string{"gpu", "ssd"}
	labelled.Partitions.Labels = [][]string{{"gpu"}, {"ssd", "gpu"}, {"tape"}}
	pinned := planInput(3, Off, 0, 0, 0, 0)
	pinned.Partitions.Pins = []WorkerID{"worker-2", "worker-2", "worker-9", ""}
	limited := pinned
	limited.MoveLimit = 1
	zoned := func(in Input, zones ...string) Input {
		in.Members[0].Zone, in.Members[1].Zone = "a", "b"
		in.Partitions.Zones = zones
		return in
	}
	for _, c := range []struct {
		name string
		s    Sticky
		in   Input
		want Plan
	}{
		{"heaviest first", Sticky{}, weighted(planInput(2, Off, None, None, None), 1, 2, 3), Plan{1, 1, 0}},
		{"a giant has a member to itself", Sticky{}, weighted(planInput(2, Off, 0, 0, 0), 900, 1, 2), Plan{0, 1, 1}},
		{"two giants part", Sticky{}, weighted(planInput(3, Off, 0, 0, 2, 2), 900, 800, 1, 2), Plan{0, 1, 2, 2}},
		{"two against each other", Sticky{}, weighted(planInput(2, Off, 0, 0, 1, 1), 50, 50, 40, 40), Plan{1, 0, 0, 1}},
		{"in the band nothing moves", Sticky{}, weighted(planInput(2, Off, 0, 0, 1, 1), 51, 53, 49, 47), Plan{0, 0, 1, 1}},
		{"the largest member for the giant", Sticky{}, capable(weighted(planInput(2, Off, None, None), 900, 1), 1, 4), Plan{1, 0}},
		{"who would have nothing gets the light one", Sticky{}, capable(weighted(planInput(2, Off, 0, 0), 900, 1), 1, 4), Plan{0, 1}},
		{"a giant moves to a larger member that has nothing", Sticky{}, capable(weighted(planInput(3, Off, 0, 1), 800, 900), 1, 1.2, 1.4), Plan{2, 1}},
		{"and stays where less is won than half a band", Sticky{}, capable(weighted(planInput(3, Off, 0, 1), 800, 900), 1, 1.001, 1.002), Plan{0, 1}},
		{"and while that can get something", Sticky{}, capable(weighted(planInput(2, Off, 0, 0, 0), 900, 1, 1), 1, 1.001), Plan{0, 1, 1}},
		{"a giant goes home, and no other one up", Sticky{}, homed(capable(weighted(planInput(3, Off, 2, 1, 2), 500, 900, 1), 3, 2, 1), 0, None, None), Plan{0, 1, 2}},
		{"what was the larger one's comes home before a giant goes there", Sticky{}, homed(capable(weighted(planInput(3, Off, 1, 2, 2, 2, 2), 900, 10, 10, 10, 10), 3, 2, 1), 1, 0, 0, 0, 0), Plan{1, 0, 0, 0, 2}},
		{"and stays if that has something", Sticky{}, capable(weighted(planInput(2, Off, 0, 1), 900, 1), 1, 4), Plan{0, 1}},
		{"who has what nobody can take shares nothing", Sticky{}, capable(weighted(planInput(3, Off, 0, 0, 1, 1), 200, 200, 40, 37), 3, 1, 1), Plan{0, 0, 1, 2}},
		{"labels, all of them, or nobody", Sticky{}, labelled, Plan{1, 1, None}},
		{"pinned to one that is there", Sticky{}, pinned, Plan{2, 2, 1, 0}},
		{"pinned, and only one may move", Sticky{}, limited, Plan{2, 0, 0, 0}},
		{"zones do not matter", Sticky{}, zoned(planInput(2, Off, 0, 1), "b", "a"), Plan{0, 1}},
		{"preferred: nothing moves only to be nearer", Sticky{Zones: PreferZone}, zoned(planInput(2, Off, 0, 1), "b", "a"), Plan{0, 1}},
		{"preferred: what is new", Sticky{Zones: PreferZone}, zoned(planInput(2, Off, None, None), "b", "a"), Plan{1, 0}},
		{"preferred: balance first", Sticky{Zones: PreferZone}, zoned(planInput(2, Off, None, None), "b", "b"), Plan{1, 0}},
		{"preferred: a stranger is shed first", Sticky{Zones: PreferZone}, zoned(planInput(2, Off, 0, 0), "a", "c"), Plan{0, 1}},
		{"preferred: who is wanted there is shed first", Sticky{Zones: PreferZone}, zoned(planInput(2, Off, 0, 0, 0, 0), "a", "", "b", "a"), Plan{0, 1, 1, 0}},
		{"preferred, by weight", Sticky{Zones: PreferZone}, zoned(weighted(planInput(2, Off, 0, 0, 0, 0), 8, 9, 8, 9), "a", "a", "b", "b"), Plan{0, 0, 1, 1}},
		{"preferred, new by weight", Sticky{Zones: PreferZone}, zoned(weighted(planInput(2, Off, None, None, None), 8, 9, 1), "b", "a", "b"), Plan{1, 0, 1}},
		{"required", Sticky{Zones: RequireZone}, zoned(planInput(2, Off, 0, 0, 1, 1), "b", "c", "", "b"), Plan{1, None, 0, 1}},
		{"required: the others on top", Sticky{Zones: RequireZone}, zoned(planInput(2, Off, repeated(None, 6)...), "a", "a", "a", "", "", ""), Plan{0, 0, 0, 1, 1, 1}},
		{"weights of nothing", Sticky{}, weighted(planInput(2, Off, None, 0, 0), 0, 0, 1), Plan{1, 0, 0}},
	} {
		if have := mustPlan(t, c.s, c.in); !slices.Equal(c.want, have) {
			t.Errorf("%s: %v, not %v", c.name, have, c.want)
		}
	}
}

// bandOf returns the band of an input without restrictions: what each member may have
// at least and at most before anything moves. Whoever holds a giant may have it.
func bandOf(in Input, plan Plan) (load, low, top []float64) {
	n := len(in.Members)
	load, low, top = make([]float64, n), make([]float64, n), make([]float64, n)
	fair := peeled(in.Partitions.Weights, n)
	for i := range in.Members {
		low[i], top[i] = fair*(1-slack), fair*(1+slack)
	}
	for k, m := range plan {
		w := float64(in.Partitions.Weights[k])
		load[m] += w
		if w > fair {
			top[m] = max(top[m], w)
		}
	}
	return load, low, top
}

// A state in which everybody is in its band is left alone, whatever made it so.
func TestSticky_NothingMovesInsideTheBand(t *testing.T) {
	left := 0
	checkThousands(t, 1, func(t *rapid.T) {
		members, each := rapid.IntRange(1, 6).Draw(t, "members"), rapid.IntRange(10, 40).Draw(t, "each")
		in := planInput(members, Off, repeated(None, members*each)...)
		in.MoveLimit = rapid.SampledFrom([]int{Off, 0, 5}).Draw(t, "limit")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for k := range in.Previous {
			in.Partitions.Weights[k] = 100
			in.Previous[k] = int32(k % members)
		}
		for k := range in.Partitions.Weights {
			in.Partitions.Weights[k] += rng.Int64N(41) - 20
		}
		load, low, top := bandOf(in, in.Previous)
		for i := range load {
			if load[i] < low[i]+1 || load[i] > top[i]-1 {
				return
			}
		}
		left++
		require.Equal(t, Plan(in.Previous), mustPlan(t, Sticky{}, in))
	})
	require.Greater(t, left, 20, "bands that are missed prove nothing")
}

// Members of different size: each is in the band of its own share, from wherever it was,
// as the pieces are small enough.
func TestSticky_WeightsAndCapacities(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		members := rapid.IntRange(1, 6).Draw(t, "members")
		in := planInput(members, Off, repeated(None, 120*members)...)
		sum, total := 0.0, 0.0
		for i := range in.Members {
			in.Members[i].Capacity = float64(rapid.IntRange(1, 3).Draw(t, "capacity"))
			sum += in.Members[i].Capacity
		}
		rng, last := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2)), rapid.IntRange(0, members).Draw(t, "last owner")
		for k := range in.Previous {
			in.Partitions.Weights[k], in.Previous[k] = 50+rng.Int64N(100), int32(rng.IntN(last+1)-1)
			total += float64(in.Partitions.Weights[k])
		}
		plan := mustPlan(t, Sticky{}, in)
		load := make([]float64, members)
		for k, m := range plan {
			load[m] += float64(in.Partitions.Weights[k])
		}
		for i, m := range in.Members {
			if share := total / sum * m.Capacity; math.Abs(load[i]-share) > slack*share+1 {
				t.Fatalf("%s has %v of %v: %v", m.ID, load[i], share, load)
			}
		}
		in.Previous = plan
		require.Equal(t, plan, mustPlan(t, Sticky{}, in))
	})
}

// Where somebody is outside its band in the end, no single move would help: the
// fullest has nothing that would leave the emptiest below it.
func TestSticky_NoSingleMoveHelps(t *testing.T) {
	checkThousands(t, inputs, func(t *rapid.T) {
		w := drawWide(t)
		w.capacities, w.zones, w.labels, w.pins, w.drained, w.limit = false, false, false, false, false, Off
		w.weighing = rapid.IntRange(1, len(weighings)-1).Draw(t, "uneven")
		w.each(func(in Input, _ *rand.Rand) {
			plan := mustPlan(t, Sticky{}, in)
			if len(plan) == 0 || alike(in.Partitions.Weights) {
				return
			}
			load, low, top := bandOf(in, plan)
			inside := func(i int) bool { return load[i] <= top[i] && load[i] >= low[i] }
			if inside(slices.Index(load, slices.Max(load))) && inside(slices.Index(load, slices.Min(load))) {
				return
			}
			for k, m := range plan {
				piece := float64(in.Partitions.Weights[k])
				if load[m] > top[m] && slices.Min(load)+piece < load[m]-1 && piece <= top[m] {
					t.Fatalf("partition %d of %v could go from %d: %v", k, piece, m, load)
				}
			}
		})
	})
}

func fullest(in Input, plan Plan) int64 {
	load := make([]int64, len(in.Members))
	for k, m := range plan {
		load[m] += in.Partitions.Weights[k]
	}
	return slices.Max(load)
}

// The limit is taken in rounds that never make it worse.
func TestSticky_RoundsOfWeights(t *testing.T) {
	for _, limit := range []int{1, 2, 7} {
		in := Input{Members: manyMembers(8), Partitions: manyPartitions(400), Previous: repeated(0, 400), MoveLimit: limit}
		in.Partitions.Weights = drawn(400)
		for k := range in.Previous {
			in.Previous[k] = int32(k % 5)
		}
		most := fullest(in, in.Previous)
		for {
			plan := mustPlan(t, Sticky{}, in)
			moves, _ := voluntary(in, plan)
			require.LessOrEqual(t, moves, limit)
			require.LessOrEqual(t, fullest(in, plan), most)
			if moves == 0 {
				break
			}
			most, in.Previous = fullest(in, plan), plan
		}
		require.LessOrEqual(t, figure(in, in.Previous).most, 1.0)
	}
}
