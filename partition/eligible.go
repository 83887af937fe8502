package partition

import (
	"cmp"
	"slices"
	"strings"
)

// circle is some partitions of an input and all members that may have them.
type circle struct {
	// members are indexes, in the order of CompareWorkers.
	members []int32
	// partitions are indexes, in canonical order.
	partitions []int32
}

// bond is what restricts a partition to some of the members.
type bond struct {
	pin          int32 // a member's index, or None
	zone, labels string
}

// bound reports whether anything may restrict a partition.
func (in Input) bound(zones bool) bool {
	return in.Partitions.Pins != nil || in.Partitions.Labels != nil || zones && in.Partitions.Zones != nil
}

// bonds finds the bonds of an input's partitions.
type bonds struct {
	in    Input
	zones bool
	index map[WorkerID]int32 // of the members that may own partitions
}

func (in Input) bonds(members []int32, zones bool) bonds {
	b := bonds{in: in, zones: zones, index: make(map[WorkerID]int32, len(members))}
	for _, m := range members {
		b.index[in.Members[m].ID] = m
	}
	return b
}

// of returns the bond of a partition. A pin to a member that cannot have it is none.
func (b bonds) of(k int) bond {
	set := &b.in.Partitions
	if pin := set.pin(int32(k)); pin != "" {
		if m, there := b.index[pin]; there {
			return bond{pin: m}
		}
	}
	out := bond{pin: None}
	if b.zones {
		out.zone = set.zone(int32(k))
	}
	if labels := set.labels(int32(k)); len(labels) > 0 {
		out.labels = strings.Join(labels, "\x00")
	}
	return out
}

// admit returns those of the members that a bond admits.
func (b bond) admit(in Input, members []int32) []int32 {
	if b.pin != None {
		return []int32{b.pin}
	}
	var labels []string
	if b.labels != "" {
		labels = strings.Split(b.labels, "\x00")
	}
	var out []int32
	for _, m := range members {
		if (b.zone == "" || b.zone == in.Members[m].Zone) && carries(in.Members[m], labels) {
			out = append(out, m)
		}
	}
	return out
}

// carries reports whether a member has all of the labels.
func carries(m Member, labels []string) bool {
	return !slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(m.Labels, l) })
}

// circles parts the input by who may have what: those with the fewest members
// first, so that what can go anywhere is placed last. members are those that may own
// partitions, in the order of CompareWorkers.
func (in Input) circles(members []int32, zones bool) []circle {
	find := in.bonds(members, zones)
	known := map[bond]int{}
	same := map[string]int{} // circles by their members
	var out []circle
	for k := range in.Previous {
		b := find.of(k)
		at, seen := known[b]
		if !seen {
			admitted := b.admit(in, members)
			key := string(appendIndexes(nil, admitted))
			if at, seen = same[key]; !seen {
				at = len(out)
				same[key] = at
				out = append(out, circle{members: admitted})
			}
			known[b] = at
		}
		out[at].partitions = append(out[at].partitions, int32(k))
	}
	slices.SortFunc(out, func(a, b circle) int {
		return cmp.Or(len(a.members)-len(b.members), in.compare(a.members, b.members))
	})
	return out
}

func appendIndexes(b []byte, list []int32) []byte {
	for _, m := range list {
		b = append(b, byte(m), byte(m>>8), byte(m>>16), byte(m>>24))
	}
	return b
}

// compare orders lists of members by their IDs.
func (in Input) compare(a, b []int32) int {
	return slices.CompareFunc(a, b, func(x, y int32) int { return CompareWorkers(in.Members[x].ID, in.Members[y].ID) })
}

// rings are the circles of strategies that look at labels and pins: one of all
// partitions if there are none. It checks the input first.
func (in Input) rings() ([]circle, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	members, err := in.eligible(nil)
	if err != nil {
		return nil, err
	}
	for k, was := range in.Previous {
		if was < None || int(was) >= len(in.Members) {
			return nil, errPrevious(in, k)
		}
	}
	if in.bound(false) {
		return in.circles(members, false), nil
	}
	return []circle{in.whole(members)}, nil
}

// whole is the circle of all partitions.
func (in Input) whole(members []int32) circle {
	all := circle{members: members, partitions: make([]int32, len(in.Previous))}
	for k := range all.partitions {
		all.partitions[k] = int32(k)
	}
	return all
}
