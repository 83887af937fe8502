package partition

import (
	"slices"
	"time"
)

// MayLead reports whether a worker is one of the few that watch the lead, to take
// it when it falls free: those with the lowest IDs among the members that may lead,
// and, while those are too few, workers that are not members yet. The others notice
// a lead that is gone too, but later: if everybody watched one key, each renewal
// would cost a message to everybody.
func MayLead(h Head, w WorkerID, candidates int) bool {
	seats := slices.Clone(h.Seats)
	slices.SortFunc(seats, func(a, b Seat) int { return CompareWorkers(a.Worker, b.Worker) })
	for _, s := range seats {
		if s.NeverLead {
			if s.Worker == w {
				return false
			}
			continue
		}
		if candidates--; candidates < 0 {
			return false
		}
		if s.Worker == w {
			return true
		}
	}
	return candidates > 0
}

// Seated reports whether the head names a session of this worker.
func (h Head) Seated(w WorkerID) bool {
	return slices.ContainsFunc(h.Seats, func(s Seat) bool { return s.Worker == w })
}

// LeadSight is what a worker that does not lead knows of the lead, and since when.
type LeadSight struct {
	Lead     Lead
	Revision Revision
	// At is the first sight of this revision; zero if the lead was never looked at.
	At time.Time
}

// See returns the sight after the record was seen. A revision that is not higher
// than the known one says nothing.
func (s LeadSight) See(lead Lead, revision Revision, at time.Time) LeadSight {
	if !s.At.IsZero() && revision <= s.Revision {
		return s
	}
	return LeadSight{Lead: lead, Revision: revision, At: at}
}

// Named returns the sight after a write at the known revision was refused and the
// store was asked again. It takes whatever the answer says, also a lower revision:
// a condition on it finds out whether the answer was old or the store went back.
func (s LeadSight) Named(lead Lead, revision Revision, at time.Time) LeadSight {
	if !s.At.IsZero() && revision == s.Revision {
		return s
	}
	return LeadSight{Lead: lead, Revision: revision, At: at}
}

// Leader returns who leads, empty if nobody does.
func (s LeadSight) Leader() WorkerID {
	if s.Lead.Released {
		return ""
	}
	return s.Lead.Worker
}

// Free reports whether nobody relies on the lead, however recent it is.
func (s LeadSight) Free() bool { return s.Revision == 0 || s.Lead.Released }

// Vacant reports whether the lead may be taken at the instant now: it is free, or
// was unchanged for the wait.
func (s LeadSight) Vacant(now time.Time, wait time.Duration) bool {
	return s.Free() || !now.Before(s.At.Add(wait))
}

// Doubts reports whether the leader of the next sight may have stopped since the
// one before: it is another one, or the renewals between the two leave out more
// than a lease. Who looks seldom need not look twice while there is no doubt.
func (s LeadSight) Doubts(next LeadSight, lease, renewal time.Duration) bool {
	if s.At.IsZero() || s.Lead.Session != next.Lead.Session {
		return true
	}
	beats := time.Duration(next.Lead.Beat) - time.Duration(s.Lead.Beat)
	return beats*renewal < next.At.Sub(s.At)-lease
}
