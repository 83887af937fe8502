package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// Violation is a broken invariant.
type Violation struct {
	// Invariant is its number, as in I4.
	Invariant string
	At        time.Duration
	// What was seen.
	What string
}

// String returns number, instant and what was seen.
func (v Violation) String() string {
	return fmt.Sprintf("%s is broken at %.3f s: %s", v.Invariant, v.At.Seconds(), v.What)
}

// Checker looks at a world from outside and checks the invariants of ownership.
// It knows what the store accepted and what users saw of their partitions, and
// shares nothing with the actors: what is in the store is read again, leases are
// counted again from when a heartbeat was sent, and what records say it finds by rules
// of its own. Only their types, the decoder and the digest of a source's list are those of the
// product.
type Checker struct {
	line     *Timeline
	broken   []Violation
	people   map[string]*person
	order    []*person
	tokens   map[partition.PartitionID]granted
	book     book
	archive  archive
	rest     rest
	ward     ward
	claims   map[partition.WorkerID]*claim
	wedge    wedge
	sessions map[partition.SessionID]*session
	knows    map[string]uint64 // a revision that each process must have seen
	// available: two may work on a partition while the store is away. How long they
	// do is measured instead.
	available bool
	overlaps  overlaps
	lapse     lapse
	// besides is how often a partition was worked on, by who had been suspended, that
	// another one owned by then.
	besides int
}

// NewChecker returns a checker of a world in which nothing happened yet.
func NewChecker(line *Timeline) *Checker {
	c := &Checker{
		line: line, people: map[string]*person{}, tokens: map[partition.PartitionID]granted{},
		claims: map[partition.WorkerID]*claim{}, sessions: map[partition.SessionID]*session{}, archive: newArchive(),
		ward: newWard(), wedge: wedge{sick: map[string]bool{}}, knows: map[string]uint64{}, overlaps: overlaps{begun: map[partition.PartitionID]time.Duration{}},
	}
	c.book.listed, c.book.ever = map[partition.PartitionID]bool{}, map[partition.PartitionID]partition.SessionID{}
	return c
}

// Broken returns the violations so far, the first one first.
func (c *Checker) Broken() []Violation { return c.broken }

// Violate tells of what somebody else found to be wrong, as one who knows which faults there
// are. The world stops at it.
func (c *Checker) Violate(invariant, what string) { c.violate(invariant, "%s", what) }

func (c *Checker) violate(invariant, format string, args ...any) {
	c.broken = append(c.broken, Violation{invariant, c.line.Now(), fmt.Sprintf(format, args...)})
}

// Committed checks what the store accepted.
func (c *Checker) Committed(commit Commit, writes []Written) {
	if commit.Incarnation != c.book.incarnation {
		c.beginsAnew(commit.Incarnation)
	}
	if c.lapse.grants != nil && slices.ContainsFunc(writes, marks) {
		c.WentBack()
	}
	switch {
	case commit.By == Administrator:
		c.rewritten(writes[0])
		return
	case c.book.burnt:
		c.committedBack(commit, writes)
		return
	case commit.By == Vandal:
		for _, w := range writes {
			c.spoilt(w)
		}
		return
	}
	for _, w := range writes {
		switch r := w.Record.(type) {
		case partition.Head:
			c.reads(r)
		case partition.Assignment:
			c.book.assigned(w.Key, r)
		case partition.Term:
			if r.Lost != "" {
				c.violate("I1", "%s marks a store that did not go back: %s", commit.By, r.Lost)
			}
			c.archive.term, c.archive.termAt = r, w.Revision
		}
	}
	for _, w := range writes {
		switch r := w.Record.(type) {
		case nil:
			c.violate("I11", "%s wrote a record %s that cannot be read", commit.By, w.Key)
		case partition.Head:
			c.headWritten(commit, r)
			c.notices(commit, r)
		case partition.Live:
			c.liveWritten(commit, w, r)
		case partition.Lead:
			c.led(commit, r)
		}
	}
	for _, w := range writes { // what it names may be written with it
		if h, ok := w.Record.(partition.Head); ok {
			c.moved(h)
			c.hands(h)
			c.still(h, writes)
			c.ways(h)
			c.ownerless(h)
			c.archive.spoils.whole(h, writes)
		}
	}
	c.outruns()
}

// beginsAnew forgets what was said of a former incarnation.
func (c *Checker) beginsAnew(incarnation string) {
	c.book.renew(incarnation)
	c.rest.forget()
	c.wedge.headless(c.line.Now())
	c.ward.over, c.ward.given = map[dose]bool{}, map[dose]bool{}
	c.claims, c.archive, c.knows = map[partition.WorkerID]*claim{}, newArchive(), map[string]uint64{}
	c.lapse.grants, c.lapse.above = nil, nil
}
