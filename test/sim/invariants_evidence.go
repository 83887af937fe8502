package sim

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// archive is what the store has shown of workers and leaders, so that evidence
// can be looked up.
type archive struct {
	term   partition.Term
	termAt partition.Revision
	shown  map[partition.Revision]shown
	latest map[partition.WorkerID]shown
	leases map[partition.SessionID]time.Duration
	claims map[partition.SessionID]partition.Revision
	has    map[partition.PartitionID]holding
	spoils spoils
}

// shown is one record of a worker.
type shown struct {
	worker   partition.WorkerID
	revision partition.Revision
	live     partition.Live
	at       time.Duration
	began    time.Duration // of its session
	// abandoned says since when each entry of the record's list is in it.
	abandoned []time.Duration
}

// holding is a partition in the hands of a session, as head and assignments say.
type holding struct {
	worker   partition.WorkerID
	session  partition.SessionID
	token    partition.Token
	revoking partition.Step // of the publish that revoked it; 0 if none did
}

func newArchive() archive {
	return archive{
		shown: map[partition.Revision]shown{}, latest: map[partition.WorkerID]shown{},
		leases: map[partition.SessionID]time.Duration{}, claims: map[partition.SessionID]partition.Revision{}, has: map[partition.PartitionID]holding{},
		spoils: spoils{asg: map[partition.WorkerID]bool{}},
	}
}

// led checks the part of I1 that needs no head: who leads is who wrote the term. Where writes
// were lost one may renew a lead of which the store knows nothing, and finds that out by it.
func (c *Checker) led(commit Commit, lead partition.Lead) {
	if a := &c.archive; c.lapse.grants == nil && a.term.Session != "" && lead.Session != a.term.Session {
		c.violate("I1", "%s wrote a lead of %s in the term %d of %s", commit.By, lead.Worker, a.termAt, a.term.Worker)
	}
}

// files keeps a record of a worker, and checks of I11 what is said of the record
// before.
func (c *Checker) files(w Written, id partition.WorkerID, r partition.Live) {
	a := &c.archive
	now := c.line.Now()
	was, known := a.latest[id]
	s := shown{worker: id, revision: w.Revision, live: r, at: now, began: now}
	if known && was.live.Session == r.Session {
		s.began = was.began
	}
	for _, x := range r.Abandoned {
		since := now
		if i := slices.Index(was.live.Abandoned, x); i >= 0 {
			since = was.abandoned[i]
		}
		s.abandoned = append(s.abandoned, since)
	}
	switch {
	case r.Fence != nil:
		c.fences(was, known, id, r)
	case was.live.Session != r.Session && (r.Claim == 0 || c.lapse.grants == nil): // else its claim was lost
		c.follows(was, id, r)
	}
	if r.Fence == nil {
		a.leases[r.Session] = r.Lease
		if r.Claim == 0 {
			a.claims[r.Session] = w.Revision
		}
	}
	a.shown[w.Revision], a.latest[id] = s, s
}

// fences checks that a fence says what it ends, and that a session which was
// fenced after silence had been silent.
func (c *Checker) fences(was shown, known bool, id partition.WorkerID, r partition.Live) {
	if !known {
		if r.Fence.AfterSilence {
			c.violate("I11", "%s is fenced after silence, and has no record", id)
		}
		return
	}
	if !reflect.DeepEqual(fenced(was, r.Fence), r) {
		c.violate("I11", "the fence of %s changes what its record said", id)
	}
	if silent := c.line.Now() - was.at; r.Fence.AfterSilence && silent < was.live.Lease {
		c.violate("I4", "%s is fenced after silence of %v; its lease is %v", id, silent, was.live.Lease)
	}
}

// follows checks what a claim says of the session before, and that nobody else's ID was taken
// that was not silent. One process can have the same key only after the other, or is a twin.
func (c *Checker) follows(was shown, id partition.WorkerID, r partition.Live) {
	over := was.live.Released || was.live.Fence != nil && was.live.Fence.AfterSilence
	if r.Predecessor != was.live.Session || r.PredecessorReleased && !over {
		c.violate("I11", "%s is claimed after session %q (released: %t); before was %q (over: %t)",
			id, r.Predecessor, r.PredecessorReleased, was.live.Session, over)
	}
	back := r.InstanceKey != "" && r.InstanceKey == was.live.InstanceKey
	if silent := c.line.Now() - was.at; !ended(was.live) && !back && silent < was.live.Lease {
		c.violate("I7", "%s is claimed after silence of %v; its lease is %v", id, silent, was.live.Lease)
	}
}

// moved checks I11 for a head: whoever lost a partition had let it go, or could
// not own it any more, as the store had shown before.
func (c *Checker) moved(h partition.Head) {
	a := &c.archive
	if a.termAt != 0 && h.Term != a.termAt {
		c.violate("I1", "a head of term %d is accepted in term %d", h.Term, a.termAt)
	}
	next := c.book.holdings()
	if c.givenUp(h) {
		a.has = map[partition.PartitionID]holding{}
		c.rest.forget()
	}
	for _, id := range slices.Sorted(maps.Keys(a.has)) {
		was := a.has[id]
		is := next[id]
		if is.session == was.session && is.token == was.token {
			if was.revoking != 0 && is.revoking != was.revoking {
				c.violate("I11", "step %d takes back that %s was revoked in step %d", Step(h.Step), id, Step(was.revoking))
			}
			continue
		}
		if why := c.unproven(h, id, was); why != "" {
			c.violate("I11", "step %d takes %s from %s: %s", Step(h.Step), id, was.worker, why)
		}
	}
	a.has = next
	c.writtenOff(h)
}

// writtenOff checks that nobody is granted what its record, as the head knows it, has
// written off: its old handler may still run.
func (c *Checker) writtenOff(h partition.Head) {
	for _, seat := range h.Seats {
		for _, x := range c.archive.shown[seat.Live].live.Abandoned {
			if is := c.archive.has[x.Partition]; is.worker == seat.Worker && uint64(is.token) == uint64(h.Step) {
				c.violate("I11", "step %d grants %s to %s, which has written it off", Step(h.Step), x.Partition, seat.Worker)
			}
		}
	}
}

func (b *book) holdings() map[partition.PartitionID]holding {
	out := map[partition.PartitionID]holding{}
	for _, seat := range b.head.Seats {
		asg := b.asg[seat.Worker]
		if asg.Session != seat.Session {
			continue
		}
		for _, g := range asg.Owned {
			out[g.Partition] = holding{seat.Worker, seat.Session, g.Token, 0}
		}
		for _, r := range asg.Revoking {
			out[r.Partition] = holding{seat.Worker, seat.Session, r.Token, r.Step}
		}
	}
	return out
}

// unproven returns what is wrong with the evidence that a partition is free,
// empty if nothing is.
func (c *Checker) unproven(h partition.Head, id partition.PartitionID, was holding) string {
	i := slices.IndexFunc(h.Freed, func(f partition.Freed) bool {
		return f.Partition == id && f.Session == was.session && f.Token == was.token
	})
	if i < 0 {
		return "no evidence"
	}
	f := h.Freed[i]
	s, known := c.archive.shown[f.Revision]
	if !known || s.worker != was.worker {
		return fmt.Sprintf("%s at revision %d, which is no record of that worker", f.By, f.Revision)
	}
	writtenOff := hasAbandoned(s.live, id)
	same := s.live.Session == was.session
	ok := false
	switch f.By {
	case partition.FreedByAck:
		ok = same && !ended(s.live) && acked(s, id, was) && !writtenOff
	case partition.FreedByRelease:
		ok = same && s.live.Released && !writtenOff
	case partition.FreedByReplacement:
		ok = !same && c.over(s, was) && !writtenOff
	case partition.FreedByAbandonment:
		ok = writtenOff && c.believed(s, id, was) && (acked(s, id, was) || c.over(s, was))
	case partition.FreedByFence:
		if last := c.archive.latest[was.worker]; s.live.Fence == nil && last.at == c.line.Now() && last.live.Fence != nil {
			s = last // by the same publish
		}
		ok = s.live.Session == was.session && s.live.Fence != nil && c.over(s, was)
	}
	if !ok {
		return fmt.Sprintf("%s at revision %d is not what the record shows", f.By, f.Revision)
	}
	return ""
}

// acked: the owner that renews has applied the revoke and holds it no longer.
func acked(s shown, id partition.PartitionID, was holding) bool {
	return s.live.Session == was.session && was.revoking != 0 && s.live.Applied >= was.revoking && !holds(s.live, id)
}

// over: nobody can own anything under the former session any more.
func (c *Checker) over(s shown, was holding) bool {
	now, lease := c.line.Now(), c.archive.leases[was.session]
	switch {
	case s.live.Session != was.session && s.revision < c.archive.claims[was.session]:
		return false // it is of a session before
	case s.live.Session != was.session:
		return s.live.Predecessor == was.session && s.live.PredecessorReleased || now-s.began >= lease
	case s.live.Fence != nil:
		return s.live.Fence.AfterSilence || now-s.at >= lease
	}
	return s.live.Released
}

// believed: what is abandoned has been so for longer than anybody can believe in
// it.
func (c *Checker) believed(s shown, id partition.PartitionID, was holding) bool {
	for i, x := range s.live.Abandoned {
		if x.Partition == id && c.line.Now()-s.abandoned[i] < c.archive.leases[was.session] {
			return false
		}
	}
	return true
}
