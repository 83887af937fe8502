package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Copy is a copy of the group's stream, as a backup has it.
type Copy struct{ of *stream }

// Copy copies a stream; nil if there is none.
func (s *Store) Copy(name string) *Copy {
	if st := s.streams[name]; st != nil {
		return &Copy{st.clone()}
	}
	return nil
}

func (st *stream) clone() *stream {
	c := *st
	c.subjects = make(map[string][]bridge.Sight, len(st.subjects))
	for subject, versions := range st.subjects {
		c.subjects[subject] = slices.Clone(versions)
	}
	return &c
}

// GoBack puts a copy in the place of its stream. Who watched it hears nothing more.
func (s *Store) GoBack(c *Copy) {
	name := c.of.config.Name
	old := s.streams[name]
	s.streams[name] = c.of.clone()
	s.cut(func(t *tap) bool { return t.of == old })
}

// Expire removes what was written longer than age ago, as a stream does that keeps
// its messages for so long. Nobody is told. It returns the subjects that have
// nothing any more.
func (s *Store) Expire(name string, age time.Duration) (gone []string) {
	st := s.streams[name]
	if st == nil {
		return nil
	}
	limit := s.now().Add(-age)
	for _, subject := range slices.Sorted(maps.Keys(st.subjects)) {
		versions := st.subjects[subject]
		if !versions[len(versions)-1].Time.After(limit) {
			delete(st.subjects, subject)
			gone = append(gone, subject)
		}
	}
	return gone
}

// Expire lets all records vanish that were written longer than age ago.
func (w *World) Expire(age time.Duration) {
	gone := w.Store.Expire("KV_"+Group, age)
	w.Trace.Say("world", fmt.Sprintf("%d records older than %v expire", len(gone), age))
	w.encounters.expired(gone)
	w.Check.Expired(gone)
}

// Backup copies the stream; nil if there is none.
func (w *World) Backup() *Copy {
	w.Trace.Say("world", "the stream is copied")
	return w.Store.Copy("KV_" + Group)
}

// GoBack puts the copy in the stream's place if every process that lives is known
// to have seen more than it has. It reports whether it did.
func (w *World) GoBack(c *Copy) bool {
	now := w.Store.streams[c.of.config.Name]
	if now == nil || now.config.Incarnation != c.of.config.Incarnation {
		return false
	}
	for _, p := range w.processes {
		if w.Check.knows[p.Name] < c.of.last+margin {
			return false
		}
	}
	w.Trace.Say("world", "an older copy takes the stream's place")
	w.Store.GoBack(c)
	w.encounters.meets(olderCopy, true)
	w.Check.WentBack()
	return true
}

// margin is how much more than a copy everybody must have seen: what is written
// into it, until all have noticed, must not reach that.
const margin = 30

// Replaced reports whether the stream is still the one that the copy is of.
func (w *World) Replaced(c *Copy) bool {
	now := w.Store.streams[c.of.config.Name]
	return now == nil || now.config.Incarnation != c.of.config.Incarnation
}

// Expired tells that records are gone: what they said of a session has ended, and
// who reads head and assignments from now on does not know who had what.
func (c *Checker) Expired(subjects []string) {
	c.rest.forget()
	for _, subject := range subjects {
		key := subject[strings.LastIndex(subject, c.book.incarnation+".")+len(c.book.incarnation)+1:]
		switch kind, id, _ := strings.Cut(key, "."); kind {
		case "live":
			delete(c.archive.latest, partition.WorkerID(id))
			if cl := c.claims[partition.WorkerID(id)]; cl != nil {
				delete(c.sessions, cl.session) // a claim of it that is under way is a new one
				cl.session, cl.ended = "", true
			}
		case "head":
			c.book.head.Version = 0 // nobody has to know it; as after a new beginning
			c.archive.spoils.head = true
		case "asg":
			worker, _, _ := strings.Cut(id, ".")
			c.archive.spoils.asg[partition.WorkerID(worker)] = true
		case "term":
			c.archive.term, c.archive.termAt = partition.Term{}, 0
			c.book.marked = false // the mark of an older copy is gone with it
		}
	}
}

// WentBack tells that the store is an older copy of what it was. From here on, until
// it is made anew, nobody may rest anything on what it accepts.
func (c *Checker) WentBack() {
	c.book.burnt, c.book.marked, c.book.trusted = true, false, map[string]int{}
}

// Marked reports whether the store is an older copy, and says so itself.
func (c *Checker) Marked() bool { return c.book.marked }

// remembers notes what a process must have seen: whoever renews its session has
// seen the renewal before.
func (c *Checker) remembers(commit Commit, w Written, r partition.Live) {
	if s := c.sessions[r.Session]; s != nil {
		c.knows[commit.By] = max(c.knows[commit.By], s.renewed)
		s.renewed = uint64(w.Revision)
	}
}

// committedBack is a write into an older copy. One publish may land in it before the
// leader hears that it was accepted below what it had seen; a second one shows that
// it trusts in it. Who began since then remembers nothing, and may trust in it, until it is
// marked: then nobody leads and grants.
func (c *Checker) committedBack(commit Commit, writes []Written) {
	for _, w := range writes {
		if t, _ := w.Record.(partition.Term); w.Key == messages.KeyTerm {
			if c.book.marked && t.Nonce != "" && t.Lost == "" {
				c.violate("I1", "%s leads in an older copy that is marked", commit.By)
			}
			c.book.marked = t.Lost != ""
		}
		switch r := w.Record.(type) {
		case partition.Head:
			c.book.heads++
			p := c.people[commit.By]
			if c.book.trusted[commit.By]++; c.book.trusted[commit.By] > 1 && (p == nil || !p.stranger) {
				c.violate("I2", "%s goes on granting in a store that went back to an older copy", commit.By)
			}
			if c.book.marked && commit.By != Vandal {
				c.violate("I2", "%s grants in an older copy that is marked", commit.By)
			}
		case partition.Live:
			if p := c.people[commit.By]; p != nil && r.Fence == nil {
				c.leased(p, commit, r)
			}
		}
	}
}
