package messages

import (
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// Leadership:
//
//	manager ── StandDown, Reassigned, GiveGrace ──► election
//	manager ◄── LeaderKnown, LeadershipGained, LeadershipLost, LeadBarred, StoodDown ── election
//	election ── LeadRenewed, GiveGrace ──► term ──► publisher
//	term ── GiveGrace ──► calculator
//	election ◄── TermFailed ── term ◄── calculator, publisher

// StandDown asks the election to end: a leader releases its lead first.
type StandDown struct{}

// StoodDown reports that the election has ended and no term runs.
type StoodDown struct{}

// Reassigned reports that a new decision concerns this worker. The members may be
// others now, and with them who is a candidate.
type Reassigned struct{}

// GiveGrace asks whoever leads, now or later, to take nobody for dead before Until:
// the store was away, and others may take longer to come back to it.
type GiveGrace struct {
	Until time.Time
}

// LeaderKnown reports who leads, as last heard; Worker is empty if nobody does.
type LeaderKnown struct {
	Worker partition.WorkerID
	At     time.Time
}

// LeadershipGained reports that this worker leads.
type LeadershipGained struct {
	Term partition.Revision
	At   time.Time
}

// LeadershipLost reports that this worker does not lead any more.
type LeadershipLost struct {
	Term   partition.Revision
	Reason string
	At     time.Time
}

// LeadBarred reports that this worker does not stand for the lead: only a newer
// build understands a record, or it resigned and others are to have their chance.
// Without a reason it reports that the worker stands again.
type LeadBarred struct {
	Reason string
	At     time.Time
}

// LeadRenewed reports to the term until when the leadership is trusted.
type LeadRenewed struct {
	Until time.Time
	At    time.Time
}

// TermFailed reports that the term cannot go on. Resign: it may not be tried
// again before one leader lease has passed.
type TermFailed struct {
	Term   partition.Revision
	Reason string
	Resign bool
	// Unread, if set, is the record that is the reason: a newer build wrote it.
	Unread Key
}
