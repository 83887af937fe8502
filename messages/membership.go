package messages

import (
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// How a leader sees the workers, in three ways with one result; the third is what the
// publisher reads when a fence was refused:
//
//	watcher ────┐
//	            ├── Sighted ──► debouncer ── WorkersChanged ──► calculator
//	poller ─────┤                        └── Witnessed ───────► publisher
//	publisher ──┘

// Sighted reports records of workers. The same record may be sighted many times.
type Sighted struct {
	Entries []Entry
	// Complete: every record that exists is among the entries, or was sighted by
	// the same actor since it started.
	Complete bool
	At       time.Time
}

// Witnessed reports a worker's record that is newer than any before, or, without
// a worker, only that all have been told. It is told at once, so that
// acknowledgements do not wait for the debounce.
type Witnessed struct {
	Witness partition.Witness
	// Complete: all records that existed when the term began have been told.
	Complete bool
	At       time.Time
}

// WorkersChanged reports who is there, after the sightings were quiet for the
// debounce or a silence was noticed. The roster is complete.
type WorkersChanged struct {
	Roster partition.Roster
	At     time.Time
}

// SendRoster asks the debouncer to tell all that it knows again, because a wait
// was over at this instant.
type SendRoster struct {
	At time.Time
}
