package partition

import (
	"slices"
	"time"
)

// Loss is what a leader knows that found no head, or none that can be used: others, and
// itself, may still own something under the one that is lost. Nothing is granted before
// the longest lease is over, counted from when the last of them was ended.
type Loss struct {
	// At is the revision of the loss: a session that was claimed above it was given nothing.
	At Revision
	// Own is the leader's session, which is not fenced: it drops what it has.
	Own SessionID
	// Since is from when on the wait counts, on the leader's own clock. Longest is the
	// lease that is awaited: the longest of all that were seen.
	Since   time.Time
	Longest time.Duration

	open  map[WorkerID]bool  // its session was seen, and may go on
	ended map[SessionID]bool // Since is not before the last sign of it
	young map[WorkerID]bool  // one that was claimed after the loss was seen: so are all that follow
}

// Await takes a witness into account, and reports whether its session has to be fenced.
// Each may be shown again and again.
func (l *Loss) Await(w Witness) (fence bool) {
	if l.open == nil {
		l.open, l.ended, l.young = map[WorkerID]bool{}, map[SessionID]bool{}, map[WorkerID]bool{}
	}
	l.Longest = max(l.Longest, w.Live.Lease)
	young := w.Live.Claim > l.At
	if !young && !w.Live.Ended() && w.Live.Session != l.Own {
		l.open[w.Worker] = true
		return true
	}
	switch {
	case w.Live.Fence != nil:
		l.From(w.EndedAt)
	case !young: // it lets go of all but what it wrote off
		for _, x := range w.Live.Abandoned {
			l.From(w.AbandonedAt[x])
		}
	case l.open[w.Worker] || !l.young[w.Worker] && w.Live.Predecessor != "" && !l.ended[w.Live.Predecessor]:
		l.From(w.SessionAt) // it took the place of one that was not ended
	}
	delete(l.open, w.Worker)
	l.ended[w.Live.Session], l.young[w.Worker] = true, young
	return false
}

// From counts the wait from this instant, if it is later.
func (l *Loss) From(at time.Time) {
	if at.After(l.Since) {
		l.Since = at
	}
}

// Lists reports whether the leader's own record lists all of this as written off, so that
// the wait for it has begun.
func (l *Loss) Lists(own Witness, left []Abandoned) bool {
	return !slices.ContainsFunc(left, func(x Abandoned) bool {
		_, listed := own.AbandonedAt[x]
		return own.Live.Session != l.Own || !listed
	})
}
