package partition

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
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
	// Zone binds or draws the partition to workers of that zone, if the strategy
	// looks at zones: see Sticky. A zone or label that no worker may have is refused.
	Zone string
	// Labels restrict the partition to workers that carry them all. While there is
	// none, nobody owns it.
	Labels []string
	// Pinned names the worker that is to own the partition, whatever its labels
	// and its zone, while that worker is there. While it is not, or drains, the
	// partition is placed as if it were not pinned.
	Pinned WorkerID
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
	if strange(p.Zone, maxTag, tagMarks) {
		return fmt.Errorf("partition %s: Zone is %q; must be a worker's zone, or empty", p.named(), p.Zone)
	}
	if len(p.Labels) > MaxLabels {
		return fmt.Errorf("partition %s: has %d labels; must have at most %d, as workers", p.named(), len(p.Labels), MaxLabels)
	}
	for i, l := range p.Labels {
		if l == "" || strange(l, maxTag, tagMarks) {
			return fmt.Errorf("partition %s: Labels[%d] is %q; must be a label that a worker may have", p.named(), i, l)
		}
	}
	if !pinnable(p.Pinned) {
		return fmt.Errorf("partition %s: Pinned is %q; must be a worker's ID, or empty", p.named(), p.Pinned)
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

// pinnable reports whether a worker may have this ID, or that there is none.
func pinnable(id WorkerID) bool {
	const most = 64 // a prefix of 48, a hyphen and a number
	return len(id) <= most && !strings.ContainsFunc(string(id), func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}
