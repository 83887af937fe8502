package partition

// Measure says what a decision does to the balance of a group.
type Measure struct {
	// Moves counts the partitions that get another owner, those that had none
	// included. Least is a lower bound of how many it takes, without a limit, until
	// nobody has more or less than Sticky lets it have, as MeasurePlan says.
	Moves, Least int
	// Before and After are the load of the fullest member as a multiple of its fair
	// share, max / mean; before, what has no owner is no load. 0 without any load.
	Before, After float64
}

// MeasurePlan measures a plan; zones is what zones mean to its strategy. Least is exact for
// equal weights. For different ones, where the least number is hard to find, it is a lower
// bound: no plan that brings everybody into its band needs fewer, whatever members have the
// giants in it. With giants and members of different size, or such as have something from
// before, the bands are not known until it is known who has them, so that it may be far
// lower. Where the pieces allow no such plan, it may be more than what is worth moving. What
// few members may have (a pin, labels, RequireZone) is counted among these, and the rest on
// top of it as the plan places it: a plan that places it otherwise has another least.
func MeasurePlan(in Input, plan Plan, zones ZoneRule) Measure {
	m := Measure{Before: in.peak(in.Previous), After: in.peak(plan)}
	for k, owner := range plan {
		if owner != in.Previous[k] {
			m.Moves++
		}
	}
	in.tasks(plan, zones, func(t task, _ []int32, even bool) { m.Least += t.fewest(in, even) })
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

// fewest is how many partitions of a task must move at least. What nobody may have
// leaves whoever has it.
func (t task) fewest(in Input, even bool) int {
	if len(t.members) == 0 {
		return len(t.previous) - count(t.previous, None)
	}
	if even {
		var s evener
		return s.fewest(t, in)
	}
	var g weigher
	return g.fewest(t, in)
}

func count(owners []int32, of int32) (n int) {
	for _, m := range owners {
		if m == of {
			n++
		}
	}
	return n
}

// fewest is all but what stays.
func (s *evener) fewest(t task, in Input) int {
	s.task = t
	if s.count(in) != nil {
		return 0
	}
	s.divide()
	s.balance()
	moves := len(s.previous)
	for i, m := range s.members {
		moves -= int(s.held[m+1] - s.shed[i])
	}
	return moves
}
