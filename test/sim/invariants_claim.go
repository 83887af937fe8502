package sim

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// claim is what the store says of one worker ID.
type claim struct {
	session partition.SessionID
	ended   bool
	former  map[partition.SessionID]bool
}

// session is one session, wherever it was seen first.
type session struct {
	worker  partition.WorkerID
	process string
	applied partition.Step
	renewed uint64 // the revision of its latest record
	// upset: it gave everything up, or something was written off. announced is when it
	// said that it comes back.
	upset     bool
	announced time.Duration
	// joins counts its records that say that it takes part, though its process has drained.
	joins int
}

// liveWritten checks I7 and the part of I2 that is about workers, and counts
// leases for I4.
func (c *Checker) liveWritten(commit Commit, w Written, r partition.Live) {
	id := partition.WorkerID(strings.TrimPrefix(string(w.Key), "live."))
	if r.Claim >= w.Revision { // its claim was lost, and nobody else understands it
		c.spoilt(w)
		if p := c.people[commit.By]; p != nil {
			c.leased(p, commit, r)
		}
		return
	}
	c.files(w, id, r)
	cl := c.claims[id]
	if cl == nil {
		cl = &claim{former: map[partition.SessionID]bool{}}
		c.claims[id] = cl
	}
	if r.Fence != nil {
		cl.session, cl.ended = r.Session, true
		return
	}
	c.renews(commit, id, cl, r)
	c.remembers(commit, w, r)
	c.confines(commit, r)
	if cl.session != "" && cl.session != r.Session {
		cl.former[cl.session] = true
	}
	cl.session, cl.ended = r.Session, r.Released
	if p := c.people[commit.By]; p != nil {
		if p.returns && !p.drains && r.Draining && !r.Restarting {
			c.violate("I6", "%s drains and does not say that it comes back", p.name)
		}
		c.leased(p, commit, r)
	}
}

// Returns tells that a process was asked to stop, and that it comes back.
func (c *Checker) Returns(process string) { c.people[process].returns = true }

// Drains tells that a process was asked to drain: its record says so, and may be on its
// way when the process is asked to stop.
func (c *Checker) Drains(process string) {
	if p := c.people[process]; p != nil {
		p.drains = true
	}
}

// Drained tells that a process has given everything up, and takes no part until it is asked to.
// It may be that one record of a former session is still on its way.
func (c *Checker) Drained(process string, is bool) {
	if p := c.people[process]; p != nil {
		p.drained = is
	}
}

// renews checks a write by the session itself.
func (c *Checker) renews(commit Commit, id partition.WorkerID, cl *claim, r partition.Live) {
	s := c.sessions[r.Session]
	switch {
	case s == nil:
		s = &session{worker: id, process: commit.By}
		c.sessions[r.Session] = s
		if r.Claim != 0 {
			c.violate("I7", "%s renews %s, and its claim is gone from the store", commit.By, id)
		}
	case s.worker != id:
		c.violate("I7", "a session renews %s and %s", s.worker, id)
	case s.process != commit.By:
		c.violate("I7", "%s renews the session of %s under %s", commit.By, s.process, id)
	case cl.former[r.Session]:
		c.violate("I7", "%s renews %s after its session was replaced", commit.By, id)
	case cl.session == r.Session && cl.ended:
		c.violate("I7", "%s renews %s after its session had ended", commit.By, id)
	}
	if p := c.people[commit.By]; p != nil && p.drained && !r.Draining {
		if s.joins++; s.joins > 1 {
			c.violate("I6", "%s has drained, and takes part under %s", commit.By, id)
		}
	}
	s.upset = s.upset || r.Draining && !r.Restarting || len(r.Abandoned) > 0
	if r.Restarting && s.announced == 0 {
		s.announced = c.line.Now()
	}
	if r.Applied < s.applied {
		c.violate("I2", "%s applied step %d after step %d", id, r.Applied, s.applied)
	}
	s.applied = max(s.applied, r.Applied)
}

// Sessions counts the sessions that were seen, since it was forgotten which.
func (c *Checker) Sessions() int { return len(c.sessions) }

// Claimed lists the worker IDs that a session has which was neither released nor
// fenced.
func (c *Checker) Claimed() []partition.WorkerID {
	var out []partition.WorkerID
	for _, id := range slices.SortedFunc(maps.Keys(c.claims), partition.CompareWorkers) {
		if !c.claims[id].ended {
			out = append(out, id)
		}
	}
	return out
}

// Left checks I8 for a process that said it has stopped: what it left behind is
// listed by the caller.
func (c *Checker) Left(process string, behind []string) {
	if len(behind) > 0 {
		c.violate("I8", "%s has stopped and left behind: %s", process, strings.Join(behind, ", "))
	}
}

// Lingers says, for I8, that a process which ran all the time has not stopped within so long.
func (c *Checker) Lingers(process string, within time.Duration) {
	c.violate("I8", "%s was asked to stop, and has not within %v", process, within)
}
