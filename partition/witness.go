package partition

import (
	"maps"
	"slices"
	"time"
)

// Witness is what a leader knows of one worker's record, and since when. Every
// instant is that of a first sight on the leader's own clock; a sight is always
// after the commit, so a wait that counts from it is long enough.
type Witness struct {
	Worker   WorkerID
	Live     Live
	Revision Revision
	// At is the first sight of this revision: silence counts from it.
	At time.Time
	// Stamp is when the server stored it, by the server's clock, which no wait goes by;
	// zero if whoever saw it did not look.
	Stamp time.Time
	// SessionAt is the first sight of this session, EndedAt that of its end,
	// RestartAt that of its announced return.
	SessionAt, EndedAt, RestartAt time.Time
	// AbandonedAt has the first sight of every entry of Live.Abandoned.
	AbandonedAt map[Abandoned]time.Time
}

// See returns the witness after a record was seen. It is unchanged, and newer is
// false, if the record is not newer than what is known: a late or doubled sight
// restarts no wait.
func (w Witness) See(worker WorkerID, live Live, revision Revision, at time.Time) (next Witness, newer bool) {
	if revision <= w.Revision {
		return w, false
	}
	next = Witness{Worker: worker, Live: live, Revision: revision, At: at, SessionAt: at, EndedAt: at, RestartAt: at}
	if live.Claim == 0 {
		next.Live.Claim = revision // the claim cannot name its own revision
	}
	same := w.Revision != 0 && w.Live.Session == live.Session
	if same {
		next.SessionAt = w.SessionAt
	}
	if same && w.Live.Ended() {
		next.EndedAt = w.EndedAt
	}
	if same && w.Live.Restarting {
		next.RestartAt = w.RestartAt
	}
	if len(live.Abandoned) > 0 {
		next.AbandonedAt = make(map[Abandoned]time.Time, len(live.Abandoned))
		for _, a := range live.Abandoned {
			next.AbandonedAt[a] = at
			if since, known := w.AbandonedAt[a]; known && same {
				next.AbandonedAt[a] = since
			}
		}
	}
	return next, true
}

// Member is the worker as a strategy sees it.
func (w Witness) Member() Member {
	l := w.Live
	return Member{ID: w.Worker, Capacity: l.Capacity, Zone: l.Zone, Labels: l.Labels, Draining: l.Draining}
}

// Differs reports whether a later sight of the worker tells something that a
// decision may rest on. A heartbeat or an acknowledgement does not.
func (w Witness) Differs(next Witness) bool {
	a, b := w.Live, next.Live
	return w.Revision == 0 || a.Session != b.Session || a.Ended() != b.Ended() || a.Draining != b.Draining ||
		a.Restarting != b.Restarting || a.NeverLead != b.NeverLead || a.Refresh != b.Refresh ||
		!slices.Equal(a.Abandoned, b.Abandoned) // it may not have those again
}

// Standing says what a session is to the others.
type Standing int

const (
	// Missing: there is no record at all.
	Missing Standing = iota
	// Renewing: the session heartbeats and may own partitions.
	Renewing
	// Returning: it announced its return and is within the hold-down: it gets
	// nothing and loses nothing.
	Returning
	// Silent: its record did not change for longer than its lease.
	Silent
	// Over: it was released or fenced.
	Over
)

// Rules are the settings that waits are made of.
type Rules struct {
	// Drift is δ: every wait for somebody else's lease is longer by this share.
	Drift float64
	// RevokeTimeout and HoldDown are Settings.RevokeTimeout and
	// Settings.RestartHoldDown; a HoldDown of 0 or less reserves nothing.
	RevokeTimeout, HoldDown time.Duration
	// Grace is when the silence of somebody may mean something at the earliest.
	Grace time.Time
	// DrainRound is Settings.DrainRound; 0 or less is no limit.
	DrainRound int
}

// Wait is how long to wait for a lease of this length, counted on one's own
// clock from a sight of it.
func (r Rules) Wait(lease time.Duration) time.Duration {
	return lease + time.Duration(float64(float64(lease)*r.Drift)) + 1
}

// silentAt is when a record counts as silent that was seen first at this instant.
func (r Rules) silentAt(seen time.Time, lease time.Duration) time.Time {
	if at := seen.Add(r.Wait(lease)); at.After(r.Grace) {
		return at
	}
	return r.Grace
}

// Standing returns what the session is at the instant now.
func (w Witness) Standing(now time.Time, r Rules) Standing {
	reserved := w.Live.Restarting && now.Before(w.RestartAt.Add(r.HoldDown))
	switch {
	case w.Revision == 0:
		return Missing
	case w.Live.Fence != nil && !w.Live.Fence.AfterSilence, w.Live.Ended() && !reserved:
		return Over
	case reserved:
		return Returning
	case !now.Before(r.silentAt(w.At, w.Live.Lease)):
		return Silent
	}
	return Renewing
}

// Turns returns the next instant after now at which Standing changes by itself,
// or the zero time if it does not.
func (w Witness) Turns(now time.Time, r Rules) time.Time {
	switch w.Standing(now, r) {
	case Renewing:
		return r.silentAt(w.At, w.Live.Lease)
	case Returning:
		return w.RestartAt.Add(r.HoldDown)
	default: // only news can change it
		return time.Time{}
	}
}

// Roster is what a leader knows of all workers.
type Roster map[WorkerID]Witness

// IDs returns the workers in the order of CompareWorkers.
func (r Roster) IDs() []WorkerID {
	ids := slices.Collect(maps.Keys(r))
	slices.SortFunc(ids, CompareWorkers)
	return ids
}

// Frees reports whether a later sight of the worker may end somebody's ownership:
// it acknowledges, abandons, or its session is another or has ended.
func (w Witness) Frees(next Witness) bool {
	a, b := w.Live, next.Live
	return w.Differs(next) || a.Applied != b.Applied || !slices.Equal(a.Held, b.Held) || !slices.Equal(a.Abandoned, b.Abandoned)
}
