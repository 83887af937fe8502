package partition

import (
	"fmt"
	"math"
	"slices"
)

// Imbalance returns (max − min load) / mean of the members that are not
// draining. The load of a member is the weight that it owns for each unit of its
// capacity, the mean is all their weight for each unit of all their capacity. It
// is 0 if there is no load, or nobody to share it with.
func Imbalance(in Input, plan Plan) float64 {
	load := make([]float64, len(in.Members))
	for k, owner := range plan {
		if owner >= 0 && int(owner) < len(load) {
			load[owner] += float64(in.Partitions.Weights[k])
		}
	}
	return imbalance(in.Members, load)
}

// imbalance is that of the members' loads.
func imbalance(members []Member, load []float64) float64 {
	unit := maxCapacity(members)
	least, most, weight, capacity := math.Inf(1), 0.0, 0.0, 0.0
	for i := range members {
		if members[i].Draining {
			continue
		}
		c := members[i].share() / unit
		least, most = min(least, load[i]/c), max(most, load[i]/c)
		weight += load[i]
		capacity += c
	}
	if weight == 0 {
		return 0
	}
	return (most - least) / (weight / capacity)
}

// share returns the capacity with its default.
func (m Member) share() float64 {
	if m.Capacity == 0 {
		return 1
	}
	return m.Capacity
}

// maxCapacity returns the greatest capacity of the members that are not
// draining. Capacities are divided by it before they are added up, so that the
// sum does not overflow.
func maxCapacity(members []Member) float64 {
	most := 0.0
	for i := range members {
		if !members[i].Draining {
			most = max(most, members[i].share())
		}
	}
	return most
}

// validate reports what makes the input impossible to plan for, or nil. Indexes
// in Previous are left to whoever reads them.
func (in Input) validate() error {
	if len(in.Previous) != in.Partitions.Len() {
		return fmt.Errorf("input: Previous has %d entries; must have one for each of %d partitions", len(in.Previous), in.Partitions.Len())
	}
	if in.Home != nil && len(in.Home) != len(in.Previous) {
		return fmt.Errorf("input: Home has %d entries; must have none, or one for each of %d partitions", len(in.Home), len(in.Previous))
	}
	for k, home := range in.Home {
		if home < None || int(home) >= len(in.Members) {
			return fmt.Errorf("input: partition %q at index %d: Home is %d; must be None (%d) or the index of a member, below %d",
				in.Partitions.IDs[k], k, home, None, len(in.Members))
		}
	}
	for i := range in.Members {
		if c := in.Members[i].Capacity; c < 0 || math.IsInf(c, 0) || math.IsNaN(c) {
			return fmt.Errorf("input: Capacity of %s is %v; must be a number above 0, or 0 for 1", in.Members[i].ID, c)
		}
	}
	return nil
}

// eligible appends to the list the indexes of the members that are not draining,
// in the order of CompareWorkers, and fails if there are none or an ID stands
// twice.
func (in Input) eligible(list []int32) ([]int32, error) {
	list = slices.Grow(list, len(in.Members))
	for i := range in.Members {
		if !in.Members[i].Draining {
			list = append(list, int32(i))
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("input: all of %d members are draining; must have one that is not", len(in.Members))
	}
	byID := func(a, b int32) int { return CompareWorkers(in.Members[a].ID, in.Members[b].ID) }
	if !slices.IsSortedFunc(list, byID) {
		slices.SortFunc(list, byID)
	}
	for i := 1; i < len(list); i++ {
		if byID(list[i-1], list[i]) == 0 {
			return nil, fmt.Errorf("input: member %s stands twice; must stand once", in.Members[list[i]].ID)
		}
	}
	return list, nil
}
