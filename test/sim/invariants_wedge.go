package sim

import (
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// wedge is what I10 rests on: what is on its way in the table, and since when.
type wedge struct {
	// bound is how long anything may be on its way while nothing is broken, which is so
	// since calm; 0 while something is.
	bound, calm time.Duration
	began       map[partition.PartitionID]time.Duration
	// moving: something is on its way, the oldest of it since then.
	moving bool
	oldest time.Duration
	// sick are the processes that say, with a reason, that they are not healthy.
	sick map[string]bool
}

// Calm tells that nothing is broken from here on: what is on its way for longer than this
// bound is stuck, and the leader has to say so. Stirs tells that something is.
func (c *Checker) Calm(bound time.Duration) { c.wedge.calm, c.wedge.bound = c.line.Now(), bound }

// Stirs tells that something may be broken from here on.
func (c *Checker) Stirs() { c.wedge.bound = 0 }

// Moving counts the partitions that are on their way: somebody lets them go or is to get
// them, or nobody has them, as the latest head says.
func (c *Checker) Moving() int { return len(c.wedge.began) }

// Refreshing are the workers that run and have asked for a refresh which the latest head
// does not show as served.
func (c *Checker) Refreshing() (list []partition.WorkerID) {
	served := map[partition.SessionID]uint64{}
	for _, seat := range c.rest.head.Seats {
		served[seat.Session] = seat.Refresh
	}
	for id, is := range c.archive.latest {
		s := c.sessions[is.live.Session]
		if s != nil && c.people[s.process] != nil && !ended(is.live) && is.live.Refresh > served[is.live.Session] {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// says notes what a process says of its health.
func (w *wedge) says(process string, healthy bool, reason string) {
	w.sick[process] = !healthy && reason != ""
}

// ways notes what a head leaves on its way.
func (c *Checker) ways(h partition.Head) {
	w, now := &c.wedge, c.line.Now()
	was := w.began
	w.began, w.moving, w.oldest = map[partition.PartitionID]time.Duration{}, false, now
	note := func(id partition.PartitionID) {
		since, before := was[id]
		if !before {
			since = now
		}
		w.began[id], w.moving, w.oldest = since, true, min(w.oldest, since)
	}
	for _, u := range h.Unowned {
		note(u.Partition)
	}
	for id, is := range c.archive.has {
		if is.revoking != 0 {
			note(id)
		}
	}
	for _, told := range c.rest.pending {
		for _, id := range told {
			note(id)
		}
	}
}

// headless: there is no table any more. Until there is one nobody is given anything.
func (w *wedge) headless(now time.Duration) { w.began, w.moving, w.oldest = nil, true, now }

// stuck checks I10: while nothing is broken nothing is on its way for too long, unless the
// leader says that it is not well, and why.
func (c *Checker) stuck() {
	w := &c.wedge
	if w.bound == 0 || !w.moving || c.line.Now()-max(w.calm, w.oldest) <= w.bound {
		return
	}
	leader := "nobody"
	if s := c.sessions[c.archive.term.Session]; s != nil {
		leader = s.process
	}
	if w.sick[leader] {
		return
	}
	what := partition.PartitionID("everything")
	for id, since := range w.began {
		if since == w.oldest && (what == "everything" || id < what) {
			what = id
		}
	}
	c.violate("I10", "%s is on its way for %v, while nothing is broken for %v; %s leads and says nothing of it",
		what, c.line.Now()-w.oldest, c.line.Now()-w.calm, leader)
}
