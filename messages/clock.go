package messages

import "time"

// The clock, as the outside keeps it:
//
//	anybody ── Remind ──► outside
//	anybody ◄── the mail ── outside
//	anybody ── GetTime ──► outside ── Time ──►

// Remind asks the outside to send Mail back to the sender when After has passed
// since From; a zero From is now. A reminder is never cancelled: the mail carries
// a round or an instant by which the receiver knows whether it still matters.
// Reminders end with the outside.
type Remind struct {
	From  time.Time
	After time.Duration
	Mail  any
}

// GetTime asks the outside for the present instant. Most mail carries its own; that of
// users' actors does not.
type GetTime struct{}

// Time answers GetTime. It needs no round: an instant that is over stays over.
type Time struct {
	At time.Time
}
