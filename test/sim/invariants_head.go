package sim

import (
	"slices"
	"strings"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// book is what the leaders wrote, as the checker read it.
type book struct {
	incarnation string
	head        partition.Head
	heads       int
	step        partition.Step // highest of all incarnations
	moves       int
	transfers   int
	asg         map[partition.WorkerID]partition.Assignment
	owner       map[partition.PartitionID]partition.SessionID
	ever        map[partition.PartitionID]partition.SessionID // the latest owner
	// sources are the lists that the source had, listed all of their partitions.
	sources [][]partition.PartitionID
	listed  map[partition.PartitionID]bool
	// burnt: the store is an older copy, and marked: it says so; trusted counts heads
	// written since then.
	burnt, marked bool
	trusted       map[string]int
}

func (b *book) renew(incarnation string) {
	b.incarnation, b.head, b.burnt = incarnation, partition.Head{}, false
	b.marked = false
	b.asg, b.owner = map[partition.WorkerID]partition.Assignment{}, map[partition.PartitionID]partition.SessionID{}
}

func (b *book) assigned(key messages.Key, a partition.Assignment) {
	b.asg[partition.WorkerID(strings.TrimPrefix(string(key), "asg."))] = a
}

// Listed tells what the source lists from here on.
func (c *Checker) Listed(ids []partition.PartitionID) {
	c.book.sources = append(c.book.sources, ids)
	for _, id := range ids {
		c.book.listed[id] = true
	}
}

// lists reports whether a source with this digest had a partition.
func (b *book) lists(digest uint64, id partition.PartitionID) bool {
	return slices.ContainsFunc(b.sources, func(ids []partition.PartitionID) bool {
		return slices.Contains(ids, id) && digestOf(ids) == digest
	})
}

// digestOf is the digest of a source that names no more than IDs; 0 if it cannot be one.
func digestOf(ids []partition.PartitionID) uint64 {
	list := make([]partition.Partition, len(ids))
	for i, id := range ids {
		keys, err := id.Keys()
		if err != nil {
			return 0
		}
		list[i] = partition.Of(keys...)
	}
	set, err := partition.NewSet(list)
	if err != nil {
		return 0
	}
	return set.Digest
}

// Heads counts the heads that were written, and Moves the partitions that went
// from one session to another.
func (c *Checker) Heads() int { return c.book.heads }

// Moves counts grants of what another session had before.
func (c *Checker) Moves() int { return c.book.moves }

// Transfers counts the moves that were not to another session of the same worker.
func (c *Checker) Transfers() int { return c.book.transfers }

// headWritten checks I1, I2 and I3.
func (c *Checker) headWritten(commit Commit, h partition.Head) {
	b := &c.book
	was := b.head
	b.head = h
	b.heads++
	if h.Term < was.Term {
		c.violate("I1", "%s wrote a head of term %d after one of term %d", commit.By, h.Term, was.Term)
	}
	if h.Step <= b.step {
		c.violate("I2", "%s wrote a head of step %d after step %d", commit.By, h.Step, b.step)
	}
	if h.Version < was.Version {
		c.violate("I2", "%s wrote a head of version %d after version %d", commit.By, h.Version, was.Version)
	}
	b.step = max(b.step, h.Step)
	c.table(h)
	c.mistakes(h)
}

// table checks that every partition stands once in what head and assignments say.
func (c *Checker) table(h partition.Head) {
	b := &c.book
	where := map[partition.PartitionID]string{}
	owner := map[partition.PartitionID]partition.SessionID{}
	put := func(id partition.PartitionID, in string) {
		if other, twice := where[id]; twice {
			c.violate("I3", "step %d has %s with %s and with %s", h.Step, id, other, in)
		}
		if !b.listed[id] {
			c.violate("I3", "step %d has %s, which no source ever listed", h.Step, id)
		}
		where[id] = in
	}
	for _, seat := range h.Seats {
		a, ok := b.asg[seat.Worker]
		if !ok || a.Session != seat.Session || a.Step != seat.Step {
			c.violate("I3", "step %d names step %d of %s, the stored assignment is of step %d", h.Step, seat.Step, seat.Worker, a.Step)
			continue
		}
		for _, g := range a.Owned {
			put(g.Partition, string(seat.Worker))
			owner[g.Partition] = seat.Session
			c.stored(h, g.Partition, g.Token, seat.Session)
		}
		for _, r := range a.Revoking {
			put(r.Partition, string(seat.Worker))
			owner[r.Partition] = seat.Session
		}
	}
	for _, u := range h.Unowned {
		put(u.Partition, "nobody")
	}
	c.covers(h, where)
	b.owner = owner
}

// covers checks that a head has all of the source, as it is or as it was before: a
// leader may not have heard of its latest change.
func (c *Checker) covers(h partition.Head, where map[partition.PartitionID]string) {
	var least []partition.PartitionID
	for _, source := range slices.Backward(c.book.sources) {
		var missing []partition.PartitionID
		for _, id := range source {
			if where[id] == "" {
				missing = append(missing, id)
			}
		}
		if len(missing) == 0 {
			return
		}
		if least == nil || len(missing) < len(least) {
			least = missing
		}
	}
	for _, id := range least {
		c.violate("I3", "step %d does not have %s", h.Step, id)
	}
}

// stored checks that a token in the store is never reused for another session.
func (c *Checker) stored(h partition.Head, id partition.PartitionID, token partition.Token, s partition.SessionID) {
	if was, had := c.book.owner[id]; !had || was != s {
		if uint64(token) != uint64(h.Step) {
			c.violate("I4", "step %d grants %s to another session with the old token %d", h.Step, id, token)
		}
		if last, before := c.book.ever[id]; before && last != s {
			c.book.moves++
			if c.worker(last) != c.worker(s) {
				c.book.transfers++
			}
		}
		c.book.ever[id] = s
	}
}

// worker is the ID that a session has or had.
func (c *Checker) worker(s partition.SessionID) partition.WorkerID {
	if known := c.sessions[s]; known != nil {
		return known.worker
	}
	return ""
}

// Unowned lists the partitions of the present source that nobody owns, as the
// latest head says.
func (c *Checker) Unowned() []partition.PartitionID {
	var out []partition.PartitionID
	for _, id := range c.book.sources[len(c.book.sources)-1] {
		if c.book.owner[id] == "" {
			out = append(out, id)
		}
	}
	return out
}
