package actors

import (
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// liveOf returns what a worker's record says. A damaged one is nobody's: whoever
// had it is refused when it renews, so that its lease ends within one length of
// the damage. It counts as a fenced session without a name: what the former one
// owned is free when its lease is over, and whoever claims the ID writes the record
// anew. One of a newer schema is somebody's, and says nothing here.
func liveOf(e messages.Entry) (live partition.Live, ok bool) {
	if e.Fault != "" && !e.Newer {
		return partition.Live{Fence: &partition.Fence{}}, true
	}
	live, ok = e.Record.(partition.Live)
	return live, ok
}

// damaged returns why a record cannot be understood, as the reason of what
// follows, or else if it can be.
func damaged(e messages.Entry, otherwise string) string {
	if e.Fault != "" {
		return e.Fault
	}
	return otherwise
}
