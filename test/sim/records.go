package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Written is one record of a commit, as it can be read from the store.
type Written struct {
	// Subject is that of the message that completes it.
	Subject  string
	Key      messages.Key
	Revision partition.Revision
	Record   any
}

// Reader decodes commits in their order. The zero value has read nothing.
type Reader struct{ inspector bridge.Inspector }

// Read decodes what a commit wrote. What cannot be read has no record, as has what the
// commit leaves torn; messages that complete none are left out, and so is what goes with
// nonsense only until the rest of the batch is there.
func (r *Reader) Read(c Commit) (out []Written) {
	for _, m := range c.Messages {
		key, record, err := r.inspector.Read(m.Subject, m.Data)
		if err != nil {
			record = nil
		}
		if record != nil || err != nil || r.inspector.Torn(m.Subject) {
			out = append(out, Written{Subject: m.Subject, Key: key, Revision: partition.Revision(m.Sequence), Record: record})
		}
	}
	if !slices.ContainsFunc(out, func(w Written) bool { return w.Record == nil }) {
		return out
	}
	all := slices.Clone(out)
	return slices.DeleteFunc(out, func(w Written) bool {
		whole := func(x Written) bool { return x.Key == w.Key && x.Record != nil }
		return w.Record == nil && slices.ContainsFunc(all, whole)
	})
}

// Step shortens a step or a token for people: the first step of a group is an
// instant of the server in milliseconds, and is told from the world's beginning.
func Step[T ~uint64](s T) T {
	if base := T(Epoch.UnixMilli()); s >= base {
		return s - base
	}
	return s
}

// names gives sessions short names in the order of their appearance, and knows
// what was said of each worker last.
type names struct {
	sessions map[partition.SessionID]string
	count    int
	last     map[messages.Key]string
}

func (n *names) of(s partition.SessionID) string {
	if s == "" {
		return "nobody"
	}
	if n.sessions == nil {
		n.sessions = map[partition.SessionID]string{}
	}
	if n.sessions[s] == "" {
		n.count++
		n.sessions[s] = fmt.Sprintf("s%d", n.count)
	}
	return n.sessions[s]
}

// say describes a record in a line. hum is true for what is repeated all the
// time: renewals without news.
func (n *names) say(w Written) (text string, hum bool) {
	switch r := w.Record.(type) {
	case partition.Lead:
		if r.Released {
			return fmt.Sprintf("lead: %s/%s releases it", r.Worker, n.of(r.Session)), false
		}
		return fmt.Sprintf("lead: %s/%s beat %d", r.Worker, n.of(r.Session), r.Beat), r.Beat > 1
	case partition.Term:
		if r.Lost != "" {
			return fmt.Sprintf("term %d: %s marks the copy: %s", w.Revision, r.Worker, r.Lost), false
		}
		return fmt.Sprintf("term %d: %s/%s leads", w.Revision, r.Worker, n.of(r.Session)), false
	case partition.Live:
		return n.live(w.Key, r)
	case partition.Head:
		return n.head(r), false
	case partition.Assignment:
		return fmt.Sprintf("%s: step %d for %s: owns %s%s%s", w.Key, Step(r.Step), n.of(r.Session), grants(r.Owned), revokes(r.Revoking), pending(r.Pending)), false
	case partition.Journal:
		return fmt.Sprintf("journal: step %d: %s, %d moves", Step(r.Step), r.Cause, len(r.Moves)+r.More), false
	}
	return fmt.Sprintf("%s: cannot be read", w.Key), false
}

func (n *names) live(key messages.Key, r partition.Live) (string, bool) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", key, n.of(r.Session))
	switch {
	case r.Fence != nil:
		fmt.Fprintf(&b, " is fenced by term %d", r.Fence.Term)
		if r.Fence.AfterSilence {
			b.WriteString(" after silence")
		}
	case r.Released:
		b.WriteString(" is released")
	case r.Claim == 0:
		b.WriteString(" claims it")
	}
	fmt.Fprintf(&b, ", applied %d", Step(r.Applied))
	if r.Restarting {
		b.WriteString(", will be back")
	}
	if r.Draining {
		b.WriteString(", draining")
	}
	if r.Predecessor != "" && r.Claim == 0 {
		fmt.Fprintf(&b, ", after %s", n.of(r.Predecessor))
	}
	if len(r.Held) > 0 {
		fmt.Fprintf(&b, ", still holds %s", joined(r.Held))
	}
	if len(r.Quarantined) > 0 {
		b.WriteString(", quarantined " + joined(r.Quarantined))
	}
	for _, a := range r.Abandoned {
		fmt.Fprintf(&b, ", abandons %s@%d", a.Partition, Step(a.Token))
	}
	if n.last == nil {
		n.last = map[messages.Key]string{}
	}
	same := n.last[key] == b.String()
	n.last[key] = b.String()
	return b.String(), same
}

func (n *names) head(r partition.Head) string {
	var b strings.Builder
	fmt.Fprintf(&b, "head: step %d version %d term %d:", Step(r.Step), r.Version, r.Term)
	for _, s := range r.Seats {
		fmt.Fprintf(&b, " %s/%s", s.Worker, n.of(s.Session))
	}
	if len(r.Unowned) > 0 {
		fmt.Fprintf(&b, ", %d unowned", len(r.Unowned))
	}
	by := map[partition.FreedBy]int{}
	for _, f := range r.Freed {
		by[f.By]++
	}
	for k := partition.FreedByAck; k <= partition.FreedByFence; k++ {
		if by[k] > 0 {
			fmt.Fprintf(&b, ", %d freed by %s", by[k], k)
		}
	}
	return b.String()
}

func grants(list []partition.Grant) string {
	out := make([]string, len(list))
	for i, g := range list {
		out[i] = fmt.Sprintf("%s@%d", g.Partition, Step(g.Token))
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, " ")
}

func revokes(list []partition.Revoke) string {
	var b strings.Builder
	for i, r := range list {
		if i == 0 {
			b.WriteString("; to let go:")
		}
		fmt.Fprintf(&b, " %s@%d", r.Partition, Step(r.Token))
	}
	return b.String()
}

func pending(list []partition.PartitionID) string {
	if len(list) == 0 {
		return ""
	}
	return "; pending: " + joined(list)
}

func joined[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return strings.Join(out, " ")
}
