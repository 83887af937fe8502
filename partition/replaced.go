package partition

import (
	"maps"
	"time"
)

// Replaced has, of the sessions in a table, those that others came after under the same
// ID: the first that a leader saw of these. A session that was replaced once never renews
// again, so no later one begins a wait anew: the partitions of a worker that crashes and
// is back again and again are waited for once.
type Replaced map[SessionID]Replacement

// Replacement is the first sight of a session that came after another one.
type Replacement struct {
	// Revision is that of a record which showed it, At the instant on the own clock.
	Revision Revision
	At       time.Time
	// Released: it says that the other one had been released.
	Released bool
}

// See notes what a record tells of the session in the seat of its worker. It is to be
// newer than what the seat rests on. One that shows the session itself takes back what
// was noted: the store went back.
func (r Replaced) See(s Seat, w Witness) {
	if w.Live.Session == s.Session {
		delete(r, s.Session)
	} else if _, known := r[s.Session]; !known && w.Revision != 0 {
		r[s.Session] = w.replaces(s.Session)
	}
}

// Follow takes the next table: what it does not name is forgotten, and of what it names
// the present records are seen.
func (r Replaced) Follow(t Table, roster Roster) {
	seated := make(map[SessionID]bool, len(t.Seats))
	for _, s := range t.Seats {
		seated[s.Session] = true
		r.See(s, roster[s.Worker])
	}
	maps.DeleteFunc(r, func(s SessionID, _ Replacement) bool { return !seated[s] })
}

// of is the replacement of the session in a seat, whose worker's record shows another one.
func (r Replaced) of(s Seat, w Witness) Replacement {
	if first, known := r[s.Session]; known {
		return first
	}
	return w.replaces(s.Session)
}

// replaces is what the record, which shows a later session, says of this one's end.
func (w Witness) replaces(s SessionID) Replacement {
	return Replacement{w.Revision, w.SessionAt, w.Live.Predecessor == s && w.Live.PredecessorReleased}
}
