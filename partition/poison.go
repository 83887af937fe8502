package partition

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// poisonWindow is the time that Settings.PoisonBudget is for.
const poisonWindow = time.Minute

// Poison says how the quarantine of a partition stands under one token: its owner does
// not work on it, because its actor failed too often.
type Poison struct {
	Partition PartitionID
	// Token of the owner; 0 without one.
	Token Token
	// Left is how long it still lasts, as clocks have nothing in common: who takes it
	// over counts on from there. 0 is over: it ran out, or somebody ended it.
	Left time.Duration
	Kept Kept
}

// Failures are when partition actors failed, of each partition as often as counts.
type Failures map[PartitionID][]time.Time

// Exceed counts a failure, and reports whether there were as many of the partition as
// are too many within a minute. What is older is forgotten.
func (f Failures) Exceed(id PartitionID, budget int, now time.Time) bool {
	for other, at := range f {
		if f[other] = slices.DeleteFunc(at, func(t time.Time) bool { return !now.Before(t.Add(poisonWindow)) }); len(f[other]) == 0 {
			delete(f, other)
		}
	}
	if budget <= 0 {
		return false
	}
	f[id] = append(f[id], now)
	return len(f[id]) >= budget
}

// Quarantine is how long a partition is left unworked that is poison.
func (s Settings) Quarantine() time.Duration {
	if s.QuarantineFor <= 0 { // until somebody ends it
		return MaxDuration
	}
	return s.QuarantineFor
}

// FitPoison returns what of these goes into a live record: what is over first, as it
// would be left unworked elsewhere for nothing. What is cut may fail again.
func FitPoison(all []Poison) []Poison {
	slices.SortFunc(all, func(a, b Poison) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Token, b.Token))
	})
	room := maxPoison
	for i, p := range all {
		if room -= 2*listing(p.Partition) + len(p.Kept); room < 0 { // its name stands in two lists
			return all[:i]
		}
	}
	return all
}

// Unworked are those of them whose quarantine lasts.
func Unworked(all []Poison) (out []PartitionID) {
	for _, p := range all {
		if p.Left > 0 {
			out = append(out, p.Partition)
		}
	}
	return out
}

// EndPoison returns what a predecessor said, without what is known to be over by now.
func EndPoison(said, over []Poison) []Poison {
	out := slices.Clone(over)
	for _, p := range said {
		if !slices.ContainsFunc(over, func(o Poison) bool { return o.Partition == p.Partition && o.Token == p.Token }) {
			out = append(out, p)
		}
	}
	return FitPoison(out)
}

// rank of what is over is higher.
func rank(p Poison) int {
	if p.Left > 0 {
		return 1
	}
	return 0
}

// poisoned takes what owners say of quarantines, and what the table knows of others, into
// the next table. A token is given to one owner: of what the records of its sessions say,
// the least is what it said last. Who follows under another token counts on.
func (h *handoff) poisoned() {
	left := make(map[PartitionID]time.Duration, len(h.old.Poison))
	said := map[PartitionID]time.Duration{}
	take := func(into map[PartitionID]time.Duration, p Poison) {
		r, known := h.old.Row(p.Partition)
		if least, also := into[p.Partition]; known && r.Token == p.Token && (!also || p.Left < least) {
			into[p.Partition] = p.Left
		}
	}
	for _, p := range h.old.Poison {
		take(left, p)
	}
	for _, w := range h.facts.Roster {
		for _, p := range w.Live.Poison {
			if p.Token != 0 {
				take(said, p)
			}
		}
	}
	maps.Copy(left, said)
	h.next.Poison = nil
	for id, d := range left {
		if r, known := h.next.Row(id); known && d > 0 {
			h.next.Poison = append(h.next.Poison, Poison{Partition: id, Token: r.Token, Left: d})
		}
	}
	slices.SortFunc(h.next.Poison, func(a, b Poison) int { return cmp.Compare(a.Partition, b.Partition) })
}
