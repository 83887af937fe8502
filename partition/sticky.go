package partition

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Sticky spreads the partitions evenly and moves as few as can be. It counts
// partitions: their weights, zones and labels do not matter to it.
//
// Balance: with equal capacities max − min of the counts is at most 1. With
// different ones each member has the floor of its share of the capacity, or one
// more.
//
// Movement: exactly LeastMoves, from any previous state; nothing if the state is
// balanced already. A join moves ⌊P/(W+1)⌋ partitions, a leave or new partitions
// only those without an owner. With a MoveLimit the fullest give first and the
// emptiest get first, so that each round brings max − min down as far as it can,
// and ⌈M/MoveLimit⌉ rounds make the M moves that one round without limit would.
// What has no previous owner, or a draining one, is placed by the first round.
//
// What is placed is dealt in canonical order, so that neighbours land on
// different members. Time is O(P + W log W), for a million partitions about that
// of counting and copying their owners.
type Sticky struct{}

// Plan implements Strategy. It fails on an input that breaks the rules of Input.
// The order of Input.Members does not matter.
func (Sticky) Plan(in Input) (Plan, error) {
	plan := make(Plan, in.Partitions.Len())
	var s solver
	if err := s.solve(plan, in); err != nil {
		return nil, err
	}
	return plan, nil
}

// LeastMoves returns how many partitions must change hands until max − min of
// the counts is at most 1: unowned + Σ max(0, c − q) − min(r, #{c ≥ q+1}), where
// c are the counts of the members that may own partitions, q = ⌊partitions/W⌋ and
// r the remainder. partitions is the number of all, unowned of those that nobody
// owns who may keep them. Without members nothing can move.
func LeastMoves(counts []int, unowned, partitions int) int {
	if len(counts) == 0 {
		return 0
	}
	q, r := partitions/len(counts), partitions%len(counts)
	moves := unowned
	for _, c := range counts {
		if c <= q {
			continue
		}
		moves += c - q
		if r > 0 { // one of the r seats above q stays where it is
			moves--
			r--
		}
	}
	return moves
}

// solver makes one plan; used again, it keeps its slices. Partitions are told
// apart by index alone: what they weigh enters where members are measured and
// divided, not where partitions are placed.
type solver struct {
	// members are the indexes of those that may own partitions, in the order of
	// CompareWorkers. The slices by position have an entry for each of them.
	members []int32
	// held and leave have an entry for every member, at its index plus 1, and one
	// for None at 0, so that one look-up serves all: what each holds, and how
	// much of that goes elsewhere.
	held, leave []int32
	// quota is what each is to have, shed what it has above that, gain what it
	// lacks; by position.
	quota, shed, gain []int32
	// rest is the share of the capacity above its floor, by position.
	rest  []float64
	order []int32
}

func (s *solver) solve(plan Plan, in Input) error {
	err := in.validate()
	if err != nil {
		return err
	}
	if s.members, err = in.eligible(s.members[:0]); err != nil {
		return err
	}
	if err := s.count(in); err != nil {
		return err
	}
	s.divide(in)
	s.balance(in.MoveLimit)
	s.place(plan, in.Previous)
	return nil
}

// sized returns a slice of n zeros, the given one if it is large enough.
func sized[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n)
	}
	clear(old[:n])
	return old[:n]
}

func (s *solver) count(in Input) error {
	s.held = sized(s.held, len(in.Members)+1)
	held := s.held
	for k, was := range in.Previous {
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
func (s *solver) divide(in Input) {
	n := len(s.members)
	s.quota, s.rest = sized(s.quota, n), sized(s.rest, n)
	unit, sum := maxCapacity(in.Members), 0.0
	for _, m := range s.members {
		sum += in.Members[m].share() / unit
	}
	spare := len(in.Previous)
	for i, m := range s.members {
		share := float64(len(in.Previous)) * (in.Members[m].share() / unit) / sum
		// A share that is whole up to rounding is whole.
		floor := math.Floor(share + 1e-10*max(1, share))
		s.quota[i], s.rest[i] = int32(floor), share-floor
		spare -= int(floor)
	}
	s.order = sized(s.order, n)
	for i := range s.order {
		s.order[i] = int32(i)
	}
	above := func(i int32) bool { return s.held[s.members[i]+1] > s.quota[i] }
	slices.SortFunc(s.order, func(a, b int32) int {
		if x, y := above(a), above(b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(s.rest[b], s.rest[a]), cmp.Compare(a, b))
	})
	for _, i := range s.order[:spare] {
		s.quota[i]++
	}
}

// balance decides how many partitions leave and reach each member. A limit cuts
// the excess from the top and fills the shortfall from the bottom.
func (s *solver) balance(limit int) {
	n := len(s.members)
	s.shed, s.gain = sized(s.shed, n), sized(s.gain, n)
	excess, lack := 0, 0
	for i, m := range s.members {
		diff := s.held[m+1] - s.quota[i]
		s.shed[i], s.gain[i] = max(0, diff), max(0, -diff)
		excess += int(s.shed[i])
		lack += int(s.gain[i])
	}
	if limit >= 0 && excess > limit {
		unowned := lack - excess // the quotas add up to all partitions
		s.skim(s.shed, limit, func(i int32) int32 { return s.shed[i] - s.held[s.members[i]+1] })
		s.skim(s.gain, unowned+limit, func(i int32) int32 { return s.held[s.members[i]+1] + s.gain[i] })
	}
	s.leave = append(s.leave[:0], s.held...) // None and draining members keep nothing
	for i, m := range s.members {
		s.leave[m+1] = s.shed[i]
	}
}

// skim reduces the amounts to what cuts their tops down to one level and takes
// total in all, which is less than their sum. Where the level lies between two
// whole numbers, those with the least turn, asked at the higher one, give one
// more: the fullest when they shed, the emptiest when they gain.
func (s *solver) skim(amounts []int32, total int, turn func(i int32) int32) {
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

// place deals the first partitions of whoever gives to those that get, as many
// as leave; everything else stays. Dealt like cards, because neighbours in the
// order of keys often are busy together.
func (s *solver) place(plan Plan, previous []int32) {
	copy(plan, previous)
	s.order = s.order[:0]
	todo := 0
	for i, g := range s.gain {
		todo += int(g)
		if g > 0 {
			s.order = append(s.order, int32(i))
		}
	}
	if todo == 0 {
		return
	}
	leave, open, next := s.leave, s.order, 0
	for k, was := range previous {
		if leave[was+1] == 0 {
			continue
		}
		if next == len(open) { // once round; whoever is full gets no more
			open = slices.DeleteFunc(open, func(i int32) bool { return s.gain[i] == 0 })
			next = 0
		}
		to := open[next]
		next++
		leave[was+1]--
		s.gain[to]--
		plan[k] = s.members[to]
		if todo--; todo == 0 {
			return
		}
	}
}
