package partition

import (
	"fmt"
	"slices"
	"strings"
)

// Subjects is a template of NATS subjects, one for each partition, such as
// orders.{partition}.> or work.{partition}. The placeholder becomes the partition's
// ID, which has a token for each key; publishers use the same ID (Partition.ID).
//
// Two partitions never have the same subject. If a wildcard follows the placeholder,
// all partitions must have as many keys, or the subject of orders may include that of
// orders.eu.
type Subjects string

// placeholder is where the ID goes.
const placeholder = "{partition}"

// Validate reports the first rule that the template breaks, or nil. Without the
// placeholder every partition would have all messages; with a placeholder in front,
// a key could name a subject of the server's own, as $JS does.
func (s Subjects) Validate() error {
	tokens := strings.Split(string(s), ".")
	fault := func(rule string) error { return fmt.Errorf("subjects %q: must %s", string(s), rule) }
	switch {
	case strings.ContainsFunc(string(s), func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return fault("have no spaces and no control characters")
	case slices.Contains(tokens, ""):
		return fault("have no empty token")
	case strings.Count(string(s), placeholder) != 1 || !slices.Contains(tokens, placeholder):
		return fault("have " + placeholder + " once, as a token of its own")
	case strings.ContainsAny(tokens[0], "{*>"):
		return fault("begin with a token that is the same for all partitions")
	case slices.ContainsFunc(tokens, func(t string) bool { return len(t) > 1 && strings.ContainsAny(t, "*>") }):
		return fault("have wildcards only as tokens of their own")
	case strings.Contains(strings.TrimSuffix(string(s), ".>"), ">"):
		return fault("have > only at the end")
	}
	return nil
}

// Of returns the subject of a partition. The wildcards in it are those of the
// template: an ID that is no valid partition's is refused.
func (s Subjects) Of(id PartitionID) (string, error) {
	keys, err := id.Keys()
	if err != nil {
		return "", err
	}
	if err := (Partition{Keys: keys}).Validate(); err != nil {
		return "", err
	}
	return strings.Replace(string(s), placeholder, string(id), 1), nil
}
