package sim

import (
	"maps"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Forget lets go of all that a world keeps of its past, for lives of many hours: what its
// trace and its checker know of sessions that are over and of partitions that the source
// does not list, the actors of processes that have ended, and in the store the journal and
// what stale reads would find. All must be at rest: what is under way may be of the past.
func (w *World) Forget() {
	w.Trace.lines = nil
	w.Store.forget()
	w.Check.forget()
	w.names.forget(w.Check.archive.latest)
	clear(w.Net.busy)
	for _, p := range w.processes {
		h := p.Heard
		p.Heard = Heard{Assignment: h.Assignment, State: h.State, Health: h.Health}
	}
	for _, name := range w.system.names("") {
		process, _, _ := strings.Cut(name, "/")
		process, _, _ = strings.Cut(process, "-guest-")
		if w.find(strings.TrimSuffix(process, "-user")) == nil {
			w.system.remove(name)
		}
	}
}

// forget keeps of each record what is present, and nothing of the journal.
func (s *Store) forget() {
	journal := "." + strings.TrimSuffix(string(messages.KeyJournal(0)), "0")
	for _, st := range s.streams {
		present := map[string][]bridge.Sight{}
		for subject, versions := range st.subjects {
			if !strings.Contains(subject, journal) {
				present[subject] = []bridge.Sight{versions[len(versions)-1]}
			}
		}
		st.subjects = present
	}
}

func (n *names) forget(latest map[partition.WorkerID]shown) {
	sessions := map[partition.SessionID]string{}
	for _, s := range latest {
		sessions[s.live.Session] = n.of(s.live.Session)
	}
	n.sessions, n.last = sessions, maps.Clone(n.last)
}

// forget keeps what is known of the sessions in the store and of the partitions that are
// listed.
func (c *Checker) forget() {
	a, b := &c.archive, &c.book
	b.sources = [][]partition.PartitionID{b.sources[len(b.sources)-1]}
	b.listed = map[partition.PartitionID]bool{}
	for _, id := range b.sources[0] {
		b.listed[id] = true
	}
	b.ever, c.tokens = these(b.ever, b.listed), these(c.tokens, b.listed)
	live, revisions := map[partition.SessionID]bool{}, map[partition.Revision]bool{}
	for _, s := range a.latest {
		live[s.live.Session], revisions[s.revision] = true, true
	}
	for revision, s := range a.shown { // the leader may not have seen the latest yet
		revisions[revision] = revisions[revision] || c.line.Now()-s.at < stillSeen*s.live.Lease
	}
	for id, cl := range c.claims {
		c.claims[id] = &claim{session: cl.session, ended: cl.ended, former: map[partition.SessionID]bool{}}
	}
	for _, p := range c.order {
		p.former, p.failures = map[partition.SessionID]bool{}, map[dose][]time.Time{}
	}
	c.sessions, a.leases, a.claims, a.shown = these(c.sessions, live), these(a.leases, live), these(a.claims, live), these(a.shown, revisions)
	given := map[dose]bool{}
	for id, is := range a.has {
		given[dose{id, is.token}] = true
	}
	w := &c.ward
	w.given, w.over = these(w.given, given), these(w.over, given)
	maps.DeleteFunc(w.terms, func(s stay, _ term) bool { return !given[s.dose] })
	maps.DeleteFunc(w.pardons, func(p pardon, _ time.Duration) bool { return !b.listed[p.id] })
	c.overlaps.ended = nil
}

// these are the entries that are wanted, in a map that has room for no more.
func these[K comparable, V any](of map[K]V, wanted map[K]bool) map[K]V {
	out := make(map[K]V)
	for k, v := range of {
		if wanted[k] {
			out[k] = v
		}
	}
	return out
}
