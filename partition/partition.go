package partition

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

// Limits of a partition's parts.
const (
	// MaxKeys is the number of keys of one partition.
	MaxKeys = 16
	// MaxKeyBytes is the length of one key.
	MaxKeyBytes = 256
	// MaxIDBytes is the length of the encoded keys together.
	MaxIDBytes = 1024
	// MaxWeight keeps sums of weights far from overflow.
	MaxWeight = int64(1) << 40
	// DefaultWeight is what a Weight of 0 means.
	DefaultWeight = int64(100)
)

// Partition is one unit of work, as a source lists it.
type Partition struct {
	// Keys name the partition. Two partitions are the same if their keys are.
	Keys []string
	// Weight is the load relative to other partitions, from 1 to MaxWeight;
	// 0 means DefaultWeight.
	Weight int64
	// Zone binds or draws the partition to workers of that zone, if a strategy
	// looks at zones.
	Zone string
	// Labels restrict the partition to workers that carry them all, if a
	// strategy looks at labels.
	Labels []string
}

// PartitionID is the canonical text of a partition's keys: keys joined by dots,
// every character that could be mistaken escaped as %XX. Different keys give
// different IDs, and an ID is safe as a tail of a NATS subject: it has no
// wildcard, no space and no empty token.
type PartitionID string

// Of returns the partition with these keys and the default weight.
func Of(keys ...string) Partition { return Partition{Keys: keys} }

// ID returns the canonical text of the keys. It does not check them; NewSet does.
func (p Partition) ID() PartitionID {
	if len(p.Keys) == 1 && plain(p.Keys[0]) {
		return PartitionID(p.Keys[0])
	}
	var b strings.Builder
	for i, k := range p.Keys {
		if i > 0 {
			b.WriteByte('.')
		}
		escapeKey(&b, k)
	}
	return PartitionID(b.String())
}

func plain(key string) bool {
	for i := range len(key) {
		if mustEscape(key[i]) {
			return false
		}
	}
	return key != ""
}

// mustEscape lists the bytes with a meaning in subjects, in IDs or on a shell.
func mustEscape(c byte) bool {
	return c <= ' ' || c == '.' || c == '*' || c == '>' || c == '%' || c == '/' || c == 0x7f
}

func escapeKey(b *strings.Builder, key string) {
	for i := range len(key) {
		if c := key[i]; mustEscape(c) {
			fmt.Fprintf(b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
}

// Keys returns the keys that the ID was made of, or an error if no keys give
// this ID.
func (id PartitionID) Keys() ([]string, error) {
	parts := strings.Split(string(id), ".")
	for i, part := range parts {
		key, err := unescapeKey(part)
		if err != nil {
			return nil, fmt.Errorf("partition ID %q: key %d: %w", id, i+1, err)
		}
		parts[i] = key
	}
	if again := (Partition{Keys: parts}).ID(); again != id {
		return nil, fmt.Errorf("partition ID %q: not canonical, its keys give %q", id, again)
	}
	return parts, nil
}

var errEscape = errors.New("an escape must be % and two upper-case hexadecimal digits")

func unescapeKey(text string) (string, error) {
	if !strings.Contains(text, "%") {
		return text, nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		var c byte
		if i+2 >= len(text) {
			return "", errEscape
		}
		if _, err := fmt.Sscanf(text[i+1:i+3], "%02X", &c); err != nil {
			return "", errEscape
		}
		b.WriteByte(c)
		i += 2
	}
	return b.String(), nil
}

// Validate reports the first rule that the partition breaks, or nil.
func (p Partition) Validate() error {
	if len(p.Keys) == 0 || len(p.Keys) > MaxKeys {
		return fmt.Errorf("partition %s: has %d keys; must have 1 to %d", p.named(), len(p.Keys), MaxKeys)
	}
	for i, k := range p.Keys {
		if err := validKey(k); err != nil {
			return fmt.Errorf("partition %s: key %d: %w", p.named(), i+1, err)
		}
	}
	if n := len(p.ID()); n > MaxIDBytes {
		return fmt.Errorf("partition %s: encoded keys have %d bytes; must have at most %d", p.named(), n, MaxIDBytes)
	}
	if p.Weight < 0 || p.Weight > MaxWeight {
		return fmt.Errorf("partition %s: Weight is %d; must be 0 (for %d) to %d", p.named(), p.Weight, DefaultWeight, MaxWeight)
	}
	return nil
}

// named is the partition in an error: its keys, or their beginnings if they are long
// or many.
func (p Partition) named() string {
	const most, longest = 4, 60
	keys := make([]string, 0, most)
	for _, k := range p.Keys[:min(len(p.Keys), most)] {
		if len(k) > longest {
			k = k[:longest] + "…"
		}
		keys = append(keys, k)
	}
	if len(p.Keys) > most {
		return fmt.Sprintf("%q…", keys)
	}
	return fmt.Sprintf("%q", keys)
}

func validKey(key string) error {
	switch {
	case key == "":
		return errors.New("is empty; must have at least one character")
	case len(key) > MaxKeyBytes:
		return fmt.Errorf("has %d bytes; must have at most %d", len(key), MaxKeyBytes)
	case !utf8.ValidString(key):
		return fmt.Errorf("%q is not valid UTF-8", key)
	}
	if i := strings.IndexFunc(key, unicode.IsControl); i >= 0 {
		return fmt.Errorf("%q has a control character at byte %d", key, i)
	}
	return nil
}

// Set is a list of partitions in canonical order without duplicates. It is a
// value that nobody changes once it is made; its zero value is the empty set.
type Set struct {
	// IDs are in byte order.
	IDs []PartitionID
	// Weights has the weight of each, never 0.
	Weights []int64
	// Zones and Labels are nil if no partition has any.
	Zones  []string
	Labels [][]string
	// Digest is equal for sets with equal content, in every process.
	Digest uint64
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
	s.Digest = s.digest()
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
}

func hashText(s string) uint64 { return xxh3.HashString(s) }

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

// Len returns the number of partitions.
func (s Set) Len() int { return len(s.IDs) }

// Index returns the position of an ID, and whether the set has it.
func (s Set) Index(id PartitionID) (int, bool) { return slices.BinarySearch(s.IDs, id) }
