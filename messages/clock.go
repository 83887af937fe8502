package messages

import "time"

// The clock, as the outside keeps it:
//
//	anybody ── Remind ──► outside
//	anybody ◄── the mail ── outside

// Remind asks the outside to send Mail back to the sender when After has passed
// since From; a zero From is now. A reminder is never cancelled: the mail carries
// a round or an instant by which the receiver knows whether it still matters.
// Reminders end with the outside.
type Remind struct {
	From  time.Time
	After time.Duration
	Mail  any
}
