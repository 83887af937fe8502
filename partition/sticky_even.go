package partition

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// evener solves a task by counting: what a partition weighs enters nowhere. Used
// again, it keeps its slices.
type evener struct {
	task
	// held and leave have an entry for every member, at its index plus 1, and one
	// for None at 0, so that one look-up serves all: what each holds, and how
	// much of that goes elsewhere.
	held, leave []int32
	// The slices by position have an entry for each of the task's members. quota is
	// what each is to have of this task, shed what it has above that, gain what it
	// lacks.
	quota, shed, gain []int32
	// rest is the share of the capacity above its floor; dry are those that have
	// more than their share from before.
	rest  []float64
	dry   []bool
	order []int32
	// dealt are the members that are dealt to in turn.
	dealt []int32
	each  []int32 // where quota, shed, gain and dealt are
	level waterLevel
	// at is the position of a member by its index, if homes or zones matter.
	at []int32
}

func (s *evener) solve(t task, in Input) error {
	s.task = t
	if err := s.count(in); err != nil {
		return err
	}
	s.divide()
	s.balance()
	s.deal()
	s.task = task{} // the input is not kept
	return nil
}

func (s *evener) count(in Input) error {
	s.held = sized(s.held, len(s.all)+1)
	held := s.held
	for k, was := range s.previous {
		i := uint(was + 1)
		if i >= uint(len(held)) {
			return errPrevious(in, k)
		}
		held[i]++
	}
	return nil
}

func errPrevious(in Input, k int) error {
	return fmt.Errorf("input: partition %q at index %d: Previous is %d; must be None (%d) or the index of a member, below %d",
		in.Partitions.IDs[k], k, in.Previous[k], None, len(in.Members))
}

// divide sets the quotas: the floor of the share of the capacity for each, and
// the spare seats first to those that hold more than their floor, then to those
// whose share is furthest above it, then in order.
func (s *evener) divide() {
	n := len(s.members)
	s.each, s.rest, s.dry = sized(s.each, 4*n), sized(s.rest, n), sized(s.dry, n)
	s.quota, s.shed, s.gain, s.dealt = s.each[:n], s.each[n:2*n], s.each[2*n:3*n], s.each[3*n:3*n]
	level := s.level.find(&s.task, float64(len(s.previous)))
	spare := len(s.previous)
	for i, m := range s.members {
		share := float64(level * s.level.share[i])
		if s.base != nil {
			share -= float64(s.base[m])
			s.dry[i] = share <= 0
			share = max(0, share)
		}
		floor := quota(share)
		s.quota[i], s.rest[i] = int32(floor), share-float64(floor)
		spare -= floor
	}
	s.order = sized(s.order, n)
	for i := range s.order {
		s.order[i] = int32(i)
	}
	slices.SortFunc(s.order, func(a, b int32) int {
		if s.dry[a] != s.dry[b] {
			return truthFirst(s.dry[b])
		}
		if x, y := s.above(a), s.above(b); x != y {
			return truthFirst(x)
		}
		return cmp.Or(cmp.Compare(s.rest[b], s.rest[a]), cmp.Compare(a, b))
	})
	for _, i := range s.order[:spare] {
		s.quota[i]++
	}
}

// quota is the floor of a share. One that is whole up to rounding is whole.
func quota(share float64) int { return int(math.Floor(share + float64(1e-10*max(1, share)))) }

func (s *evener) above(i int32) bool { return s.held[s.members[i]+1] > s.quota[i] }

// truthFirst compares two that differ: the one for which it is true comes first.
func truthFirst(a bool) int {
	if a {
		return -1
	}
	return 1
}

// balance decides how many partitions leave and reach each member. A limit cuts
// the excess from the top and fills the shortfall from the bottom.
func (s *evener) balance() {
	excess, lack := 0, 0
	for i, m := range s.members {
		diff := s.held[m+1] - s.quota[i]
		s.shed[i], s.gain[i] = max(0, diff), max(0, -diff)
		excess += int(s.shed[i])
		lack += int(s.gain[i])
	}
	if s.limit >= 0 && excess > s.limit {
		unowned := lack - excess // the quotas add up to all partitions
		s.skim(s.shed, s.limit, func(i int32) int32 { return s.shed[i] - s.held[s.members[i]+1] })
		s.skim(s.gain, unowned+s.limit, func(i int32) int32 { return s.held[s.members[i]+1] + s.gain[i] })
	}
	s.leave = append(s.leave[:0], s.held...) // None and those who may have none keep nothing
	for i, m := range s.members {
		s.leave[m+1] = s.shed[i]
	}
}

// skim reduces the amounts to what cuts their tops down to one level and takes
// total in all, which is less than their sum. Where the level lies between two
// whole numbers, those with the least turn, asked at the higher one, give one
// more: the fullest when they shed, the emptiest when they gain.
func (s *evener) skim(amounts []int32, total int, turn func(i int32) int32) {
	above := func(level int32) int {
		sum := 0
		for _, a := range amounts {
			sum += int(max(0, a-level))
		}
		return sum
	}
	low, high := int32(0), slices.Max(amounts) // above(low) > total ≥ above(high)
	for high-low > 1 {
		if mid := low + (high-low)/2; above(mid) > total {
			low = mid
		} else {
			high = mid
		}
	}
	left := total - above(high)
	s.order = s.order[:0]
	for i, a := range amounts {
		if a >= high {
			s.order = append(s.order, int32(i))
		}
		amounts[i] = max(0, a-high)
	}
	slices.SortFunc(s.order, func(a, b int32) int { return cmp.Or(cmp.Compare(turn(a), turn(b)), cmp.Compare(a, b)) })
	for _, i := range s.order[:left] {
		amounts[i]++
	}
}
