package messages

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/partition"
)

// Why things are as they are, for people. Any worker can be asked: the leaders' journal
// is in the store.
//
//	user ── GetJournal, Why ──► manager ── Inquiry ──► historian ── Journal, Because ──► user

// MaxJournal is how many steps one GetJournal is answered with at most.
const MaxJournal = 100

// GetJournal asks what the leaders of the group published last, and why. Any worker may
// be asked.
type GetJournal struct {
	// Last is how many steps to look back; 0 is 10, and more than MaxJournal is that.
	Last int
}

// Inquiry carries GetJournal or Why to the historian, with what only the manager knows.
type Inquiry struct {
	Question any
	From     *actor.PID
	Leader   partition.WorkerID
	Leading  bool
	// Waits is what a leader waits for in general, or what this worker lacks; Unplaced is
	// what nobody may have, known to a leader.
	Waits    string
	Unplaced []partition.PartitionID
}

// Journal answers GetJournal.
type Journal struct {
	// Records are what the journal has of the latest steps, the newest first. It keeps
	// the last 1000; steps that nobody published have none.
	Records []partition.Journal
	// Faults are records that cannot be understood.
	Faults []string
	// Reason, if set, is why nothing can be told.
	Reason string
}

// Why asks why a partition is where it is, and what it waits for. Any worker may be
// asked. What only a leader knows, such as who is silent and which partitions nobody may
// have, is in the answer of the worker that leads.
type Why struct {
	Partition partition.PartitionID
}

// Because answers Why.
type Because struct {
	partition.Account
	// Leader is who leads, as last heard, and Leading whether it is the worker that
	// answers.
	Leader  partition.WorkerID
	Leading bool
	// Reason, if set, is why nothing can be told.
	Reason string
}
