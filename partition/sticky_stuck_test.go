package partition

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// heights are the loads of members for each unit of capacity, and the loads.
func heights(in Input, plan Plan) (height, load []float64) {
	load, height = make([]float64, len(in.Members)), make([]float64, len(in.Members))
	for k, m := range plan {
		load[m] += float64(in.Partitions.Weights[k])
	}
	for i, m := range in.Members {
		height[i] = load[i] / m.share()
	}
	return height, load
}

// neglected says what a plan leaves undone that one move would do, or "". The fair height
// is that of those that may give something: whoever stands above its band and can give no
// piece to anybody who would then stand lower than it does now, is none of these. All others
// must stand below the top of their bands; and nobody may have nothing while a piece would
// fit under the top of its band without leaving whoever gives it lower.
func neglected(in Input, plan Plan) string {
	height, load := heights(in, plan)
	stuck := make([]bool, len(in.Members))
	for {
		weight, capacity := 0.0, 0.0
		for i, m := range in.Members {
			if !stuck[i] {
				weight, capacity = weight+load[i], capacity+m.share()
			}
		}
		fair, more := weight/capacity, false
		for p := range in.Members {
			if stuck[p] || height[p] <= fair*(1+slack)+1/in.Members[p].share() {
				continue
			}
			if k, q := canGive(in, plan, load, int32(p), height[p]); k >= 0 {
				return fmt.Sprintf("partition %d could go from %d to %d: %v", k, p, q, height)
			}
			stuck[p], more = true, true
		}
		if !more {
			return idle(in, plan, load, fair)
		}
	}
}

// canGive finds a piece of a member that would make another one stand below a height.
func canGive(in Input, plan Plan, load []float64, from int32, below float64) (k, to int) {
	for k, m := range plan {
		if w := float64(in.Partitions.Weights[k]); m == from && w > 0 {
			for q, other := range in.Members {
				if load[q] == 0 && (load[q]+w)/other.share() < below*(1-1e-9) {
					return k, q
				}
			}
		}
	}
	return -1, -1
}

func idle(in Input, plan Plan, load []float64, fair float64) string {
	for q, m := range in.Members {
		for k, p := range plan {
			w, c := float64(in.Partitions.Weights[k]), in.Members[p].share()
			if load[q] == 0 && w > 0 && w/m.share() <= fair*(1+slack)-1 && (load[p]-w)/c >= w/m.share() {
				return fmt.Sprintf("partition %d could go from %d to %d, which has nothing: %v, fair is %v", k, p, q, load, fair)
			}
		}
	}
	return ""
}

// Members of different size, every state of a few partitions of which some are too heavy
// for most: nothing that one move would do is left undone.
func TestSticky_ExhaustiveUnlike(t *testing.T) {
	var s solver
	var room [8]int32
	for _, kind := range [][]int64{{200, 200, 40, 37, 1}, {300, 200, 100, 5, 6}, {100, 60, 30, 10, 9}, {MaxWeight, 1, MaxWeight, 0, 3}} {
		for _, sizes := range [][3]float64{{3, 1, 1}, {1, 3, 2}, {2, 1, 3}, {1, 2, 1}, {2, 2, 3}} {
			everyState(3, exhausted-3, func(in Input) {
				if in.Partitions.Weights = kind[:len(in.Previous)]; alike(in.Partitions.Weights) {
					return
				}
				for i := range in.Members {
					in.Members[i].Capacity = sizes[i]
				}
				plan := room[:len(in.Previous)]
				planTwice(t, &s, in, plan)
				if what := neglected(in, plan); what != "" {
					t.Fatalf("%v of %v from %v: %v: %s", kind, sizes, in.Previous, plan, what)
				}
			})
		}
	}
}

// The same of many partitions and members, most of them light.
func TestSticky_NobodyIsNeglected(t *testing.T) {
	checkThousands(t, inputs, func(t *rapid.T) {
		members := rapid.IntRange(2, 8).Draw(t, "members")
		in := planInput(members, Off, repeated(None, rapid.IntRange(0, 60).Draw(t, "partitions"))...)
		for i := range in.Members {
			in.Members[i].Capacity = float64(rapid.IntRange(1, 3).Draw(t, "capacity"))
		}
		last, giants := rapid.IntRange(0, members).Draw(t, "last owner"), rapid.IntRange(2, 12).Draw(t, "giants")
		homes := rapid.IntRange(0, 3).Draw(t, "homes") == 0
		seed := rapid.Uint64().Draw(t, "seed")
		for n := range uint64(inputs) {
			r := rand.New(rand.NewPCG(seed, n))
			for k := range in.Previous {
				in.Previous[k] = int32(r.IntN(last+1) - 1)
				if in.Partitions.Weights[k] = 1 + r.Int64N(9); r.IntN(giants) == 0 {
					in.Partitions.Weights[k] *= 100
				}
			}
			in.Home = nil
			if homes {
				restrictions["homes"].add(&in, r)
			}
			plan := mustPlan(t, Sticky{}, in)
			if len(plan) == 0 || alike(in.Partitions.Weights) {
				continue
			}
			if what := neglected(in, plan); what != "" {
				t.Fatalf("%v from %v: %v: %s", in.Partitions.Weights, in.Previous, plan, what)
			}
			again := in
			again.Previous = plan
			requireSame(t, Sticky{}, plan, mustPlan(t, Sticky{}, again), "moves what it has placed itself")
		}
	})
}

// settledInput is one in which some are left out, and what the others then shared out once
// went back in the next round.
func settledInput() Input {
	in := weighted(planInput(4, 1, 3, None, 1, None, None, 3, 1, 0, 0), 7, 667, 290, 289, 532, 181, 482, 69, 691)
	return homed(capable(in, 1, 1, 1, 3), 1, 2, 1, None, 3, 3, 3, 2, 3)
}

// requireEnd makes rounds until nothing moves. As rounds are decided by what is, they have
// no end once they are where they were before.
func requireEnd(t require.TestingT, in Input) {
	before, first := in.Previous, in.Previous
	for n := 1; ; n++ {
		plan := mustPlan(t, Sticky{}, in)
		if slices.Equal(plan, in.Previous) {
			return
		}
		if slices.Equal(plan, before) {
			require.FailNow(t, "rounds have no end", "%v from %v, limit %d, home %v: %v comes again", in.Partitions.Weights, first, in.MoveLimit, in.Home, plan)
		}
		if in.Previous = plan; n&(n-1) == 0 {
			before = plan
		}
	}
}

// With a limit, too, all that moves comes to rest.
func TestSticky_RoundsOfUnlikeEnd(t *testing.T) {
	requireEnd(t, settledInput())
	// One piece went to and fro, as more were left out or fewer.
	leveled := weighted(planInput(5, 1, 2, 0, 0, 1, 4, 3, 3, 4), 550, 385, 44, 583, 667, 88, 720, 793)
	requireEnd(t, homed(capable(leveled, 1, 1, 1, 2, 3), 0, 0, 0, 1, 2, 0, 2, 4))
	// Loads were leveled, and farther from the bands of all.
	farther := weighted(planInput(3, 1, 0, 0, 0, None, None, 0, None), 421, 41, 87, 790, 433, 801, 225)
	requireEnd(t, homed(capable(farther, 10, 1, 10), None, 1, 0, None, 1, 2, 2))
	checkThousands(t, inputs, func(t *rapid.T) {
		members := rapid.IntRange(2, 6).Draw(t, "members")
		in := planInput(members, rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "limit"), repeated(None, rapid.IntRange(3, 14).Draw(t, "partitions"))...)
		for i := range in.Members {
			in.Members[i].Capacity = float64(rapid.IntRange(1, 3).Draw(t, "capacity"))
		}
		last := rapid.IntRange(0, members).Draw(t, "last owner")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 6))
		for range inputs {
			for k := range in.Previous {
				in.Previous[k] = int32(r.IntN(last+1) - 1)
				in.Partitions.Weights[k] = 1 + r.Int64N(1000)
			}
			restrictions["homes"].add(&in, r)
			requireEnd(t, in)
		}
	})
}
