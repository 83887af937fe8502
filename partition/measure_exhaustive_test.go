package partition

import (
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
