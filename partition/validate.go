package partition

import (
	"errors"
	"fmt"
	"slices"
)

// maxPlanFaults is how many faults of a plan are named; the rest is counted.
const maxPlanFaults = 10

// ValidatePlan reports what a strategy's plan breaks, or nil. A plan must have one
// entry per partition; each must be the index of a member that is not draining and
// that may have the partition: the one it is pinned to, or one that carries all its
// labels. A partition may stay where it is even if it should not, since moves can be
// limited. None is allowed where no member may have the partition, or none that may is
// in its zone. The error joins one line for each of the first ten faults, in canonical
// order, each with partition, index and rule, and counts the others. A plan of the
// wrong length has that one fault: nobody knows which partition its entries mean.
func ValidatePlan(in Input, plan Plan) error {
	if len(plan) != in.Partitions.Len() {
		return fmt.Errorf("plan: has %d entries; must have one for each of %d partitions", len(plan), in.Partitions.Len())
	}
	v := validator{in: in, known: map[bond][]int32{}}
	for i := range in.Members {
		if !in.Members[i].Draining {
			v.members = append(v.members, int32(i))
		}
	}
	v.bonds = in.bonds(v.members, false)
	v.restricted = in.bound(false)
	var faults []error
	count := 0
	for k, owner := range plan {
		rule := v.broken(k, owner)
		if rule == "" {
			continue
		}
		if count++; count <= maxPlanFaults {
			faults = append(faults, fmt.Errorf("plan: partition %q at index %d: %s", in.Partitions.IDs[k], k, rule))
		}
	}
	if count > maxPlanFaults {
		faults = append(faults, fmt.Errorf("plan: %d more faults", count-maxPlanFaults))
	}
	return errors.Join(faults...)
}

// validator checks the entries of one plan.
type validator struct {
	in         Input
	members    []int32 // those that are not draining
	restricted bool    // some partitions are not for all of them
	bonds      bonds
	known      map[bond][]int32 // who may have what
}

// broken returns what is wrong with an owner, or nothing.
func (v *validator) broken(k int, owner int32) string {
	members := v.in.Members
	switch {
	case owner == None:
		return v.unowned(k)
	case owner < 0 || int(owner) >= len(members):
		return fmt.Sprintf("owner is %d; must be the index of a member, 0 ≤ owner < %d", owner, len(members))
	case members[owner].Draining:
		return fmt.Sprintf("owner is %d, %s, which is draining; must be a member that is not", owner, members[owner].ID)
	case !v.restricted || k < len(v.in.Previous) && v.in.Previous[k] == owner:
		return ""
	}
	b := v.bonds.of(k)
	switch {
	case b.pin == owner, b.pin == None && carries(members[owner], v.in.Partitions.labels(int32(k))):
		return ""
	case b.pin != None:
		return fmt.Sprintf("owner is %d, %s; must be %d, %s, to which it is pinned", owner, members[owner].ID, b.pin, members[b.pin].ID)
	}
	return fmt.Sprintf("owner is %d, %s, which carries %q; must carry %q", owner, members[owner].ID, members[owner].Labels, v.in.Partitions.labels(int32(k)))
}

// unowned returns who could have a partition that was given to nobody.
func (v *validator) unowned(k int) string {
	b := bond{pin: None}
	if v.restricted {
		b = v.bonds.of(k)
	}
	may, seen := v.known[b]
	if !seen {
		may = b.admit(v.in, v.members)
		v.known[b] = may
	}
	zone := v.in.Partitions.zone(int32(k))
	near := slices.ContainsFunc(may, func(m int32) bool { return v.in.Members[m].Zone == zone })
	if len(may) == 0 || zone != "" && b.pin == None && !near {
		return ""
	}
	return fmt.Sprintf("has no owner; must have one, %d members may own it", len(may))
}

// KeepOwned returns the plan with the moves undone that exceed Input.MoveLimit:
// the first ones in canonical order stand, the others go back to the previous
// owner. What has no previous owner, or a draining one, has to go somewhere: it
// is no move and is never undone. The plan must be valid; it is not changed, but
// is what is returned if nothing exceeds the limit.
func KeepOwned(in Input, plan Plan) Plan {
	if in.MoveLimit < 0 {
		return plan
	}
	out, moved := plan, 0
	for k, owner := range plan {
		was := in.Previous[k]
		if was == None || was == owner || in.Members[was].Draining {
			continue // it has to go somewhere, or goes nowhere
		}
		if moved++; moved <= in.MoveLimit {
			continue
		}
		if moved == in.MoveLimit+1 {
			out = slices.Clone(plan)
		}
		out[k] = was
	}
	return out
}
