package partition

import (
	"math"
	"slices"
)

// Measure says what a decision does to the balance of a group.
type Measure struct {
	// Moves counts the partitions that get another owner, those that had none
	// included. Least is how many a decision without a limit needs at least, labels,
	// pins and zones apart.
	Moves, Least int
	// Before and After are the load of the fullest member as a multiple of its fair
	// share, max / mean; before, what has no owner is no load. 0 without any load.
	Before, After float64
}

// MeasurePlan measures a plan. Least is exact for equal weights and a lower bound for
// different ones, as the least number is hard to find.
func MeasurePlan(in Input, plan Plan) Measure {
	m := Measure{Before: in.peak(in.Previous), After: in.peak(plan)}
	for k, owner := range plan {
		if owner != in.Previous[k] {
			m.Moves++
		}
	}
	m.Least = in.leastMoves()
	return m
}

// peak returns max / mean of the members that are not draining.
func (in Input) peak(owners []int32) float64 {
	load, total := make([]float64, len(in.Members)), 0.0
	for k, m := range owners {
		if w := float64(in.Partitions.Weights[k]); m != None {
			load[m] += w
			total += w
		}
	}
	unit := maxCapacity(in.Members)
	most, capacity := 0.0, 0.0
	for i := range in.Members {
		if m := in.Members[i]; !m.Draining {
			most = max(most, load[i]/(m.share()/unit))
			capacity += m.share() / unit
		}
	}
	if total == 0 || capacity == 0 {
		return 0
	}
	return most / (total / capacity)
}

// leastMoves is how many partitions must move at least: those without an owner, and
// what members have beyond their quota, or beyond their band.
func (in Input) leastMoves() int {
	members, err := in.eligible(nil)
	if err != nil {
		return 0
	}
	held, unowned := make([][]int64, len(in.Members)), 0
	total := 0.0
	for k, was := range in.Previous {
		total += float64(in.Partitions.Weights[k])
		if was == None || in.Members[was].Draining {
			unowned++
		} else {
			held[was] = append(held[was], in.Partitions.Weights[k])
		}
	}
	even := in.Partitions.level()
	if even {
		total = float64(len(in.Previous))
	}
	t := task{members: members, all: in.Members}
	var level waterLevel
	fair := level.find(&t, total)
	spare, moves := len(in.Previous), unowned
	for i := range members {
		spare -= quota(float64(fair * level.share[i]))
	}
	for i, m := range members {
		share := float64(fair * level.share[i])
		if !even {
			moves += fewest(held[m], share)
			continue
		}
		if above := len(held[m]) - quota(share); above > 0 {
			moves += above
			if spare > 0 { // one of the seats above the quotas stays where it is
				moves--
				spare--
			}
		}
	}
	return moves
}

// quota is the floor of a share. One that is whole up to rounding is whole.
func quota(share float64) int { return int(math.Floor(share + float64(1e-10*max(1, share)))) }

// fewest is how many pieces it takes at least to bring a load into its band. Whoever
// has a piece that is heavier than its share cannot be brought there.
func fewest(pieces []int64, share float64) int {
	load, top := 0.0, float64(share*(1+slack))
	for _, w := range pieces {
		if load += float64(w); float64(w) > share {
			return 0
		}
	}
	if load <= top {
		return 0
	}
	slices.Sort(pieces)
	n := 0
	for load > top {
		n++
		load -= float64(pieces[len(pieces)-n])
	}
	return n
}
