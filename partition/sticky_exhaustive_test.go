package partition

import "testing"

// everyPlan calls f with each way to give n partitions to owners from lowest to
// highest; f must not keep the slice.
func everyPlan(n int, lowest, highest int32, f func([]int32)) {
	plan := repeated(lowest, n)
	for {
		f(plan)
		k := 0
		for k < n && plan[k] == highest {
			plan[k] = lowest
			k++
		}
		if k == n {
			return
		}
		plan[k]++
	}
}

// leastBySearch tries all plans for a state. least is how few voluntary moves
// reach max − min ≤ 1, narrow[m] how small max − min can be with at most m.
func leastBySearch(in Input) (least int, narrow []int) {
	narrow = repeatedInts(len(in.Previous), len(in.Previous)+1)
	least = len(in.Previous)
	everyPlan(len(in.Previous), 0, int32(len(in.Members)-1), func(plan []int32) {
		moves, _ := voluntary(in, plan)
		wide := spread(in, plan)
		if wide <= 1 {
			least = min(least, moves)
		}
		narrow[moves] = min(narrow[moves], wide)
	})
	for m := 1; m < len(narrow); m++ {
		narrow[m] = min(narrow[m], narrow[m-1])
	}
	return least, narrow
}

func repeatedInts(value, n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = value
	}
	return list
}

// Every state of these partitions and up to 3 members, against a search over all
// plans. The search depends on the counts alone, so it is made once for each.
func TestSticky_Exhaustive(t *testing.T) {
	for members := 1; members <= 3; members++ {
		for partitions := range exhausted + 1 {
			type found struct {
				least  int
				narrow []int
			}
			known := map[[3]int]found{}
			everyPlan(partitions, None, int32(members-1), func(previous []int32) {
				in := planInput(members, Off)
				in.Partitions, in.Previous = manyPartitions(partitions), previous
				counts, unowned := holding(in)
				var key [3]int
				copy(key[:], counts)
				best, ok := known[key]
				if !ok {
					best.least, best.narrow = leastBySearch(in)
					known[key] = best
				}
				checkSmall(t, in, best.least, best.narrow, !ok)
				if LeastMoves(counts, unowned, partitions) != best.least+unowned {
					t.Fatalf("LeastMoves(%v, %d): not the least, %d", counts, unowned, best.least+unowned)
				}
			})
		}
	}
}

// checkSmall plans one state, and with every limit if all is set.
func checkSmall(t *testing.T, in Input, least int, narrow []int, all bool) {
	plan, err := (Sticky{}).Plan(in)
	moves, _ := voluntary(in, plan)
	if err != nil || moves != least || spread(in, plan) > 1 {
		t.Fatalf("from %v: %v, %v; %d moves are enough", in.Previous, plan, err, least)
	}
	if !all {
		return
	}
	for in.MoveLimit = 0; in.MoveLimit < len(narrow); in.MoveLimit++ {
		plan, err := (Sticky{}).Plan(in)
		moves, _ := voluntary(in, plan)
		if err != nil || moves != min(least, in.MoveLimit) || spread(in, plan) != narrow[in.MoveLimit] {
			t.Fatalf("from %v with limit %d: %v, %v; max − min can be %d", in.Previous, in.MoveLimit, plan, err, narrow[in.MoveLimit])
		}
	}
}
