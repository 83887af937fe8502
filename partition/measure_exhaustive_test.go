package partition

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// nearest has, for each state of the partitions of an input, how many must move at least
// until all members are in their bands; nil if no plan brings them there. A state is a
// number to the base of members + 1, whose digits are the owners + 1.
func nearest(in Input) []int {
	n, base := in.Partitions.Len(), len(in.Members)+1
	size := 1
	for range n {
		size *= base
	}
	out, possible := repeatedInts(n+1, size), false
	everyPlan(n, 0, int32(base-2), func(plan []int32) {
		load, low, top := bandOf(in, plan)
		for i := range load {
			if load[i] < low[i]-1e-6 || load[i] > top[i]+1e-6 {
				return
			}
		}
		possible = true
		out[state(plan, base)] = 0
	})
	if !possible {
		return nil
	}
	for step := 1; step < size; step *= base { // by changes of one more partition
		for from := range out {
			if from/step%base != 0 {
				continue
			}
			best := out[from]
			for d := range base {
				best = min(best, out[from+d*step])
			}
			for d := range base {
				out[from+d*step] = min(out[from+d*step], best+1)
			}
		}
	}
	return out
}

func state(owners []int32, base int) (n int) {
	for k := len(owners) - 1; k >= 0; k-- {
		n = n*base + int(owners[k]) + 1
	}
	return n
}

// Every state of different weights: no plan that brings all into their bands needs fewer
// moves than the least, and of most states one needs no more.
func TestMeasurePlan_LeastIsALowerBound(t *testing.T) {
	kinds := [][]int64{
		{1, 2, 3, 4, 5, 6, 7, 8},
		{7, 1, 1, 1, 1, 1, 1, 1},
		{100, 60, 30, 10, 9, 8, 7, 6},
		{MaxWeight, 1, MaxWeight, 0, 3, MaxWeight, 0, 1},
		{50, 51, 49, 50, 52, 48, 50, 50},
	}
	var g weigher
	exact, all := 0, 0
	for _, kind := range kinds {
		var best []int
		everyState(3, exhausted, func(in Input) {
			if in.Partitions.Weights = kind[:len(in.Previous)]; alike(in.Partitions.Weights) {
				return
			}
			if allNone(in.Previous) { // the first state of this size
				best = nearest(in)
			}
			if best == nil {
				return
			}
			members := [3]int32{0, 1, 2}
			least := g.fewest(task{
				members: members[:len(in.Members)], all: in.Members, previous: in.Previous, weights: in.Partitions.Weights, limit: Off,
			}, in)
			need := best[state(in.Previous, len(in.Members)+1)]
			if all++; least == need {
				exact++
			}
			if least > need {
				t.Fatalf("%v from %v: %d moves are enough, and %d said to be the least", in.Partitions.Weights, in.Previous, need, least)
			}
		})
	}
	require.Greater(t, 3*exact, 2*all, "a bound that is seldom met says little")
}

// settled reports whether a plan has everybody in its band, which is where Sticky finds
// nothing to do: what few may have among these, and the rest on top.
func settled(in Input, plan Plan, zones ZoneRule) bool {
	in.Previous = plan
	ok := !slices.Contains(plan, None)
	in.tasks(plan, zones, func(t task, _ []int32, even bool) {
		if even {
			ok = ok && t.fewest(in, true) == 0
			return
		}
		g := weigher{task: t, n: len(t.members)}
		if ok = ok && g.prepare(in) == nil && g.pool == 0; !ok {
			return
		}
		own := slices.Clone(g.own)
		g.measure()
		ok = slices.Equal(own, g.own) && g.outside() == 0
	})
	return ok
}

// unlike are members that differ, or may not have everything.
var unlike = map[string]func(in *Input){
	"capacities": func(in *Input) {
		for i := range in.Members {
			in.Members[i].Capacity = []float64{3, 1, 4}[i]
		}
	},
	"pins": func(in *Input) {
		in.Partitions.Pins = []WorkerID{"", "worker-1", "", "worker-1", ""}[:len(in.Previous)]
	},
	"labels": func(in *Input) {
		in.Members[0].Labels = []string{"a"}
		in.Members[len(in.Members)-2].Labels = []string{"a"}
		in.Partitions.Labels = [][]string{{"a"}, nil, {"a"}, nil, nil}[:len(in.Previous)]
	},
	"zones": func(in *Input) {
		for i := range in.Members {
			in.Members[i].Zone = []string{"x", "y", "y"}[i]
		}
		in.Partitions.Zones = []string{"x", "", "y", "", "y"}[:len(in.Previous)]
	},
	"capacities and pins": func(in *Input) {
		in.Members[0].Capacity = 2
		in.Partitions.Pins = []WorkerID{"", "", "", "worker-0", ""}[:len(in.Previous)]
	},
}

// Where members differ in size, or not everybody may have everything, the bands depend on
// who has the giants. No plan that has everybody in its band moves less than the least.
func TestMeasurePlan_LeastIsALowerBoundOfUnlikeMembers(t *testing.T) {
	kinds := [][]int64{{1, 100, 1, 1, 2}, {100, 60, 30, 10, 9}, {50, 3, 2, 1, 1}, {50, 51, 49, 50, 52}, {7, 7, 1, 1, 0}}
	exact, all := 0, 0
	for name, way := range unlike {
		for _, kind := range kinds {
			for _, size := range [][2]int{{2, 3}, {2, 5}, {3, 3}, {3, 4}} {
				members, n := size[0], size[1]
				in := planInput(members, Off, repeated(None, n)...)
				in.Partitions.Weights = kind[:n]
				way(&in)
				var plans []Plan
				everyPlan(n, 0, int32(members-1), func(plan []int32) {
					if ValidatePlan(in, plan) == nil && settled(in, plan, RequireZone) {
						plans = append(plans, slices.Clone(Plan(plan)))
					}
				})
				everyPlan(n, None, int32(members-1), func(previous []int32) {
					in.Previous = previous
					for _, plan := range plans {
						m := MeasurePlan(in, plan, RequireZone)
						if m.Least > m.Moves {
							t.Fatalf("%s, weights %v: %v from %v moves %d, and %d is said to be the least", name, kind[:n], plan, previous, m.Moves, m.Least)
						}
						if all++; m.Least == m.Moves {
							exact++
						}
					}
				})
			}
		}
	}
	require.Greater(t, 4*exact, all, "a bound that is seldom met says little")
	one := weighted(planInput(3, Off, 2, 2), 1, 100)
	unlike["capacities"](&one)
	require.Equal(t, Measure{Moves: 1, Least: 1, Before: 202.0 / 101, After: 800.0 / 303}, MeasurePlan(one, Plan{2, 0}, AnyZone))
}
