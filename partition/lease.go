package partition

import "time"

// Lease is what a session knows of its own record, live or lead: the revision to
// renew at, and until when the session may act. It is extended only by a write that the store
// is known to have accepted, counted from when that write was sent.
type Lease struct {
	Session  SessionID
	Length   time.Duration
	Revision Revision
	// Kept: it goes on after its end, until the record is known to be somebody
	// else's, as that of an Available worker does.
	Kept bool
	// End is when the session must have stopped acting.
	End time.Time
	// sent has when each write was sent first of which no answer is known.
	sent map[uint64]time.Time
}

// Sending notes that the write with this beat is sent at the instant t. A beat
// that is sent again keeps its first instant: the lease may only be shorter.
func (l *Lease) Sending(beat uint64, t time.Time) {
	if l.sent == nil {
		l.sent = map[uint64]time.Time{}
	}
	if _, again := l.sent[beat]; !again {
		l.sent[beat] = t
	}
}

// Accepted notes that the write with this beat has this revision. It reports
// false if the lease had ended before, at the instant now: nothing revives it.
func (l *Lease) Accepted(beat uint64, revision Revision, now time.Time) bool {
	if !l.Kept && !l.End.IsZero() && !now.Before(l.End) {
		return false
	}
	l.Revision = max(l.Revision, revision)
	if sent, known := l.sent[beat]; known {
		if end := sent.Add(l.Length); end.After(l.End) {
			l.End = end
		}
	}
	for b := range l.sent {
		if b <= beat {
			delete(l.sent, b)
		}
	}
	return l.Kept || now.Before(l.End)
}

// Reading is what a read of one's own record says.
type Reading int

const (
	// Nothing: the read is older than what is known already.
	Nothing Reading = iota
	// Mine: it is this session's, at the revision to go on from.
	Mine
	// Taken: another session has the ID, or a leader fenced this one.
	Taken
)

// ReadBack judges a read of the session's own record, after a write without an
// answer or with a refusal that named a revision (0 if it named none).
func (l *Lease) ReadBack(live Live, revision, named Revision) Reading {
	switch {
	case revision < l.Revision || revision < named || revision == 0:
		return Nothing
	case live.Session != l.Session || live.Fence != nil:
		return Taken
	}
	return Mine
}

// ReadLead judges a read of the lead in the same way, if this is the lease of a
// leadership: one that is released is not this session's any more.
func (l *Lease) ReadLead(lead Lead, revision, named Revision) Reading {
	if lead.Released {
		lead.Session = ""
	}
	return l.ReadBack(Live{Session: lead.Session}, revision, named)
}
