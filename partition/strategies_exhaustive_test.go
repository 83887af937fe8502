package partition

import (
	"cmp"
	"slices"
	"testing"
)

// everyState calls f with each input of so many partitions and members at most, from
// every previous owner of every partition; f must not keep it.
func everyState(members, partitions int, f func(in Input)) {
	for w := 1; w <= members; w++ {
		for p := range partitions + 1 {
			in := planInput(w, Off, repeated(None, p)...)
			everyPlan(p, None, int32(w-1), func(previous []int32) {
				in.Previous = previous
				f(in)
			})
		}
	}
}

// lawful plans, and reports what every plan must hold: it is valid, within the limit,
// and planned again from where it leads to, if nothing limits it.
func lawful(t *testing.T, s Strategy, in Input) Plan {
	plan, err := s.Plan(in)
	if err == nil {
		err = ValidatePlan(in, plan)
	}
	if err != nil {
		t.Fatalf("%#v from %v: %v", s, in.Previous, err)
	}
	if in.MoveLimit >= 0 {
		if moves, _ := voluntary(in, plan); moves > in.MoveLimit {
			t.Fatalf("%#v from %v with limit %d: %v", s, in.Previous, in.MoveLimit, plan)
		}
		return plan
	}
	in.Previous = plan
	if again, err := s.Plan(in); err != nil || !slices.Equal(again, plan) {
		t.Fatalf("%#v from its own %v: %v, %v", s, plan, again, err)
	}
	return plan
}

// Every state, and a limit that goes through all there are. Where a partition was does
// not matter to those that remember nothing; nobody has more than its strategy says.
func TestStrategies_Exhaustive(t *testing.T) {
	for _, s := range []Strategy{RoundRobin{}, Rendezvous{}, ConsistentHash{VirtualNodes: 7}, WeightedConsistentHash{VirtualNodes: 7}} {
		turn := 0
		var fresh Plan
		everyState(3, exhausted, func(in Input) {
			turn++
			limited := in
			limited.MoveLimit = turn % (len(in.Previous) + 1)
			lawful(t, s, limited)
			if in.Previous = slices.Clone(in.Previous); allNone(in.Previous) {
				fresh = lawful(t, s, in)
				requireBound(t, s, in, fresh)
				return
			}
			if plan, err := s.Plan(in); err != nil || !slices.Equal(plan, fresh) {
				t.Fatalf("%#v from %v: %v, %v, and from nothing %v", s, in.Previous, plan, err, fresh)
			}
		})
	}
}

func allNone(previous []int32) bool {
	return !slices.ContainsFunc(previous, func(m int32) bool { return m != None })
}

// requireBound holds the fullest to what its strategy promises of partitions that are
// alike. Those that throw dice promise nothing about eight of them.
func requireBound(t *testing.T, s Strategy, in Input, plan Plan) {
	switch s.(type) {
	case RoundRobin:
		if spread(in, plan) > 1 {
			t.Fatalf("%#v: %v", s, plan)
		}
	case WeightedConsistentHash:
		n, most := float64(len(plan)), 0
		for _, count := range loads(in, plan) {
			most = max(most, count)
		}
		share := n / float64(len(in.Members))
		if float64(most) > max((1+DefaultSlack)*share, share+1) {
			t.Fatalf("%#v: %v", s, plan)
		}
	}
}

// Every state of up to two fewer, in which everything matters: one member drains, one has a
// zone and a label, partitions are pinned, ask for a label or a zone, have homes and
// weights. Each with a limit, and without.
func TestStrategies_ExhaustiveRestricted(t *testing.T) {
	pins := []WorkerID{"worker-0", "", "", "worker-9", "", ""}
	labels := [][]string{nil, {"gpu"}, nil, nil, {"tape"}, nil}
	zones := []string{"", "", "a", "", "", "b"}
	homes := []int32{1, None, 0, 0, None, 1}
	weights := []int64{1, 2, 0, 1, 9, MaxWeight}
	turn := 0
	everyState(3, exhausted-2, func(in Input) {
		n := len(in.Previous)
		in.Members = slices.Clone(in.Members)
		in.Members[0].Zone, in.Members[0].Labels = "a", labels[1]
		in.Members[len(in.Members)-1].Draining = len(in.Members) > 1
		in.Partitions.Pins, in.Partitions.Labels, in.Partitions.Zones = pins[:n], labels[:n], zones[:n]
		in.Partitions.Weights = weights[:n]
		if len(in.Members) > 1 {
			in.Home = homes[:n]
		}
		limited := in
		limited.MoveLimit = turn % (n + 1)
		for _, s := range strategies {
			requireWhere(t, s, in, lawful(t, s, in))
			lawful(t, s, limited)
		}
		turn++
	})
}

// requireWhere knows who may have what: worker-0 is pinned to, carries the label, and is
// in the zone; nobody has the other label or is in the other zone; the last one drains.
func requireWhere(t *testing.T, s Strategy, in Input, plan Plan) {
	want := map[int]int32{0: 0, 1: 0, 4: None}
	if s == (Sticky{Zones: RequireZone}) {
		want[2], want[5] = 0, None
	}
	for k, m := range plan {
		only, restricted := want[k]
		if restricted && m != only || !restricted && (m == None || in.Members[m].Draining) {
			t.Fatalf("%#v from %v: %v, of which %d is wrong", s, in.Previous, plan, k)
		}
	}
}

// Every state of up to eight partitions of different weights, against the best of all
// plans: never above a seventh more than the best, and nothing moves where all are in their
// bands.
func TestSticky_ExhaustiveWeights(t *testing.T) {
	kinds := [][]int64{
		{1, 2, 3, 4, 5, 6, 7, 8},
		{1, 1, 1, 1, 2, 1, 1, 1},
		{7, 1, 1, 1, 1, 1, 1, 1},
		{MaxWeight, 1, MaxWeight, 0, 3, MaxWeight, 0, 1},
		{50, 51, 49, 50, 52, 48, 50, 50},
	}
	kept := 0
	var s solver
	var room [8]int32
	for _, kind := range kinds {
		best := map[[2]int]int64{}
		everyState(3, exhausted, func(in Input) {
			if in.Partitions.Weights = kind[:len(in.Previous)]; alike(in.Partitions.Weights) {
				return
			}
			plan := room[:len(in.Previous)]
			planTwice(t, &s, in, plan)
			size := [2]int{len(in.Members), len(plan)}
			if _, known := best[size]; !known {
				best[size] = leastFullest(in)
			}
			if most := fullest(in, plan); 7*most > 8*best[size] {
				t.Fatalf("%v from %v: %v has %d, %d is possible", in.Partitions.Weights, in.Previous, plan, most, best[size])
			}
			if !slices.Contains(in.Previous, None) && allInside(in) {
				if kept++; !slices.Equal(plan, in.Previous) {
					t.Fatalf("%v inside the band from %v: %v", in.Partitions.Weights, in.Previous, plan)
				}
			}
		})
	}
	if kept < 50*exhausted {
		t.Fatalf("only %d states inside the band prove nothing", kept)
	}
}

// planTwice plans, and from where that leads to again: everything has an owner, and
// nothing moves any more. It is lawful without what takes long.
func planTwice(t *testing.T, s *solver, in Input, plan Plan) {
	var second [8]int32
	err := s.solve(plan, in)
	from := in.Previous
	in.Previous = plan
	if err = cmp.Or(err, s.solve(second[:len(plan)], in)); err != nil || !slices.Equal(plan, second[:len(plan)]) || slices.Contains(plan, None) {
		t.Fatalf("%v from %v: %v, then %v, %v", in.Partitions.Weights, from, plan, second, err)
	}
}

// leastFullest tries all plans.
func leastFullest(in Input) int64 {
	best := int64(-1)
	everyPlan(len(in.Previous), 0, int32(len(in.Members)-1), func(plan []int32) {
		if most := fullest(in, plan); best < 0 || most < best {
			best = most
		}
	})
	return best
}

// allInside reports whether each member is in its band, with room for rounding.
func allInside(in Input) bool {
	load, low, top := bandOf(in, in.Previous)
	for i := range load {
		if load[i] < low[i]+1e-6 || load[i] > top[i]-1e-6 {
			return false
		}
	}
	return true
}
