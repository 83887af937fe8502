package partition

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"
)

// Set is a list of partitions in canonical order without duplicates. It is a
// value that nobody changes once it is made; its zero value is the empty set.
type Set struct {
	// IDs are in byte order.
	IDs []PartitionID
	// Weights has the weight of each, never 0. Who wants others puts another list in its
	// place: that numbers within it were changed need not be noticed.
	Weights []int64
	// Zones, Labels and Pins are nil if no partition has any.
	Zones  []string
	Labels [][]string
	Pins   []WorkerID
	// Digest is equal for sets with equal content, in every process and build: pins
	// came later and have PinDigest, which is 0 without any.
	Digest, PinDigest uint64
	// alike is the first weight, if all of them are known to be the same: to look at
	// all takes as long as to count them.
	alike *int64
}

// NewSet checks and sorts what a source listed. The error joins one line for
// every partition that breaks a rule, duplicates included.
func NewSet(list []Partition) (Set, error) {
	type entry struct {
		id PartitionID
		at int
	}
	entries := make([]entry, len(list))
	var faults []error
	for i := range list {
		if err := list[i].Validate(); err != nil {
			faults = append(faults, err)
		}
		entries[i] = entry{list[i].ID(), i}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(strings.Compare(string(a.id), string(b.id)), a.at-b.at) })
	for i := 1; i < len(entries); i++ {
		if entries[i].id == entries[i-1].id {
			faults = append(faults, fmt.Errorf("partition %q: is listed at positions %d and %d; must be listed once",
				entries[i].id, entries[i-1].at, entries[i].at))
		}
	}
	if len(faults) > 0 {
		return Set{}, errors.Join(faults...)
	}
	s := Set{IDs: make([]PartitionID, len(list)), Weights: make([]int64, len(list))}
	for i, e := range entries {
		p := list[e.at]
		s.IDs[i] = e.id
		s.Weights[i] = cmp.Or(p.Weight, DefaultWeight)
		s.note(i, p)
	}
	s.sign()
	return s, nil
}

func (s *Set) note(i int, p Partition) {
	if p.Zone != "" {
		if s.Zones == nil {
			s.Zones = make([]string, len(s.IDs))
		}
		s.Zones[i] = p.Zone
	}
	if len(p.Labels) > 0 {
		if s.Labels == nil {
			s.Labels = make([][]string, len(s.IDs))
		}
		s.Labels[i] = slices.Clone(p.Labels)
	}
	if p.Pinned != "" {
		if s.Pins == nil {
			s.Pins = make([]WorkerID, len(s.IDs))
		}
		s.Pins[i] = p.Pinned
	}
}

func hashText(s string) uint64 { return xxh3.HashString(s) }

// sign sets the digests, and what is known of the weights.
func (s *Set) sign() {
	if len(s.Weights) > 0 && alike(s.Weights) {
		s.alike = &s.Weights[0]
	}
	s.Digest, s.PinDigest = s.digest(), 0
	if s.Pins == nil {
		return
	}
	h := xxh3.New()
	for _, p := range s.Pins {
		_, _ = h.WriteString(string(p) + "\x00")
	}
	s.PinDigest = cmp.Or(h.Sum64(), 1)
}

func (s *Set) digest() uint64 {
	h := xxh3.New()
	for i, id := range s.IDs {
		_, _ = fmt.Fprintf(h, "%s\x00%d\x00", id, s.Weights[i])
		if s.Zones != nil {
			_, _ = h.WriteString(s.Zones[i])
		}
		if s.Labels != nil {
			_, _ = fmt.Fprintf(h, "%q", s.Labels[i])
		}
		_, _ = h.WriteString("\x00")
	}
	return h.Sum64()
}

// level reports whether all weights are the same. Who put others in place of those that
// the set was made with is not believed.
func (s Set) level() bool {
	return len(s.Weights) > 0 && s.alike == &s.Weights[0] || alike(s.Weights)
}

// Len returns the number of partitions.
func (s Set) Len() int { return len(s.IDs) }

// Index returns the position of an ID, and whether the set has it.
func (s Set) Index(id PartitionID) (int, bool) { return slices.BinarySearch(s.IDs, id) }

// pick returns the set of these partitions, which are in order.
func (s Set) pick(index []int32) Set {
	if len(index) == len(s.IDs) {
		return s
	}
	p := Set{IDs: make([]PartitionID, len(index)), Weights: make([]int64, len(index))}
	for i, k := range index {
		p.IDs[i], p.Weights[i] = s.IDs[k], s.Weights[k]
		p.note(i, Partition{Zone: s.zone(k), Labels: s.labels(k), Pinned: s.pin(k)})
	}
	p.sign()
	return p
}

func (s Set) zone(k int32) string {
	if s.Zones == nil {
		return ""
	}
	return s.Zones[k]
}

func (s Set) labels(k int32) []string {
	if s.Labels == nil {
		return nil
	}
	return s.Labels[k]
}

func (s Set) pin(k int32) WorkerID {
	if s.Pins == nil {
		return ""
	}
	return s.Pins[k]
}
