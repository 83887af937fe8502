package messages

import (
	"strconv"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// The store, as the outside gives access to it:
//
//	manager ── OpenStore ──► outside ── StoreOpened, StoreLost, StoreFailed ──►
//	anybody ── Store ──► outside ── Stored | Conflicted | Unsure | Rejected ──►
//	anybody ── Read  ──► outside ── ReadDone | ReadFailed ──►
//	anybody ── Watch ──► outside ── Seen …, WatchSynced, Seen … ──►
//
// Every answer goes to the sender of the question.

// Key names a logical record: "lead", "term", "head", "asg.<worker>",
// "live.<worker>" or "journal.<n>". The outside adds the incarnation and splits
// large records into parts.
type Key string

// The keys without a worker.
const (
	KeyLead = Key("lead")
	KeyTerm = Key("term")
	KeyHead = Key("head")
)

// KeyLive is the key of a worker's claim, heartbeat, lease and acknowledgement.
func KeyLive(w partition.WorkerID) Key { return Key("live." + string(w)) }

// KeyAssignment is the key of what the leader assigned to a worker.
func KeyAssignment(w partition.WorkerID) Key { return Key("asg." + string(w)) }

// JournalSlots is how many steps the journal keeps.
const JournalSlots = 1000

// KeyJournal is the key of what was done by a step and why, as long as no later one has
// its place.
func KeyJournal(s partition.Step) Key {
	return Key("journal." + strconv.FormatUint(uint64(s%JournalSlots), 10))
}

// AllLive and AllAssignments are the filters for the records of all workers.
const (
	AllLive        = Key("live.*")
	AllAssignments = Key("asg.*")
)

// OpenStore asks the outside to open the group's store, and to keep to these
// settings of the worker. It is the first mail of an outside, and comes once.
type OpenStore struct {
	// StoreTimeout ends one operation; its outcome is unknown then.
	StoreTimeout time.Duration
	// PollInterval lies between two checks whether a watch has fallen silent.
	PollInterval time.Duration
	// Record is the folder for what KeepMail asks to keep, empty if nothing does.
	Record string
}

// StoreOpened reports that the group's stream exists and fits: everything after
// it is about this incarnation. A second one means that the stream was replaced:
// every session, claim and leadership of the former one is over.
type StoreOpened struct {
	Incarnation string
	// Entropy is fresh randomness for nonces and jitter.
	Entropy [16]byte
	// Fresh: nobody can be alive who held anything in this group.
	Fresh bool
	At    time.Time
}

// StoreLost reports that the incarnation is over, or that the store went back to
// an older copy (Alarm): sessions end at once. StoreOpened follows when there is
// a new one.
type StoreLost struct {
	Reason string
	Alarm  bool
	At     time.Time
}

// StoreFailed reports why the store cannot be opened. The outside goes on trying
// unless Final is set.
type StoreFailed struct {
	Reason string
	Final  bool
	At     time.Time
}

// Write is one record of a Store: a partition.Lead, Term, Live, Head, Assignment
// or Journal.
type Write struct {
	Key    Key
	Record any
	// Expect makes the write conditional on the record's present revision; 0 is
	// "there is none". Ignored if Blind.
	Expect partition.Revision
	// Blind writes have no condition of their own: they ride on the others of
	// their batch.
	Blind bool
	// Fence, if set, puts the condition on another record instead.
	Fence *FenceOn
}

// FenceOn makes a write conditional on a record that it does not write.
type FenceOn struct {
	Key      Key
	Revision partition.Revision
}

// Store asks for one conditional write, or for several as one atomic batch.
type Store struct {
	Round  partition.Round
	Writes []Write
	// NotAfter, if set, is the instant after which the outside must not send it.
	NotAfter time.Time
}

// Stored answers a Store that the server accepted. Revisions are those of the
// written records, in the order of Store.Writes.
type Stored struct {
	Round     partition.Round
	Revisions []partition.Revision
	// Sent is when the write was handed to the connection: leases count from it.
	Sent, At time.Time
}

// Conflicted answers a Store that the server refused because a condition did not
// hold. Nothing was written by what it refused: a message that came twice may stand in its
// own way.
type Conflicted struct {
	Round partition.Round
	// Revision is the one that the refusal named, if Named.
	Revision partition.Revision
	Named    bool
	Sent, At time.Time
}

// Unsure answers a Store that may have been written or not, now or later.
type Unsure struct {
	Round    partition.Round
	Reason   string
	Sent, At time.Time
}

// Rejected answers a Store that was not written and never will be: too late, too
// large, not permitted, or the store is not open. Final: it would be rejected
// again.
type Rejected struct {
	Round  partition.Round
	Reason string
	Final  bool
	At     time.Time
}

// Entry is a record as it was read: Record is a partition.Lead, Term, Live, Head,
// Assignment or Journal, or nil if there is none or it cannot be understood (Fault). The
// revision is that on which a write that replaces it is conditional.
type Entry struct {
	Key      Key
	Revision partition.Revision
	Record   any
	// Time is the server's, of the newest part.
	Time  time.Time
	Fault string
	// Newer: the fault is a schema that is newer than what this build understands.
	// Nothing is wrong with the record, and it must not be overwritten.
	Newer bool
}

// Read asks for the newest records of some keys and filters. The answer may be
// older than what is stored now: what is named is what the stream's leader says, and
// what a filter matches is what any replica has, which may lag for seconds, and then
// says the same whenever it is asked.
type Read struct {
	Round partition.Round
	Keys  []Key
}

// ReadDone answers a Read, entries in the order of keys, a missing record with
// Revision 0 if its key was named without a wildcard.
type ReadDone struct {
	Round   partition.Round
	Entries []Entry
	At      time.Time
}

// ReadFailed answers a Read that got no answer in time, or never will (Denied):
// the connection may not read that.
type ReadFailed struct {
	Round  partition.Round
	Reason string
	Denied bool
	At     time.Time
}

// Watch asks for the newest record of a key or filter and for every later one,
// until the asker stops or asks again with the same key: then all is reported
// anew. Between two messages the newest record of a key replaces older ones.
type Watch struct {
	Round partition.Round
	Key   Key
}

// Unwatch asks to end a watch of the sender.
type Unwatch struct {
	Key Key
}

// Seen reports a record that a watch saw. The same or an older revision may be
// reported again.
type Seen struct {
	Round partition.Round
	Entry Entry
	At    time.Time
}

// WatchSynced reports that all records which existed when the watch began have
// been Seen; Missing lists keys that were seen earlier and are gone.
type WatchSynced struct {
	Round   partition.Round
	Missing []Key
	At      time.Time
}
