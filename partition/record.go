package partition

import (
	"slices"
	"time"
)

// Schema is the newest schema of records that this build understands. See
// proto/troupe.proto for what a schema is.
const Schema uint32 = 1

// Kept are the fields of a record, or of a message inside one, that this build does
// not know, as they are stored: a newer build wrote them. Who passes the record on
// keeps them.
type Kept string

// Lead is the record by which leadership is kept: the leader changes it with
// every renewal, so that the others can see that it lives.
type Lead struct {
	Worker   WorkerID
	Session  SessionID
	Beat     uint64
	Released bool
	Kept     Kept
}

// Term is the record of a leadership, written once when it begins. Its revision
// is the term: every write of the leader is fenced on it.
type Term struct {
	Worker  WorkerID
	Session SessionID
	// Nonce tells, after a lost answer, whether the record is one's own.
	Nonce string
	// Lost marks the term of a store that went back: nobody leads in it any more. It is
	// why the worker knows that.
	Lost string
	Kept Kept
}

// Live is a worker's claim, heartbeat, lease and acknowledgement in one record.
// It is never deleted: a released or fenced one is a vacant slot.
type Live struct {
	Session SessionID
	// Claim is the revision of the write that made this session; 0 in that write.
	Claim Revision
	// Lease is how long the session may act after a heartbeat was sent.
	Lease       time.Duration
	InstanceKey string
	Beat        uint64
	// Applied is the highest step of this session's assignment that was applied;
	// applying it is acknowledged at once, with what still drains in Held.
	Applied Step
	// Seen is the highest step that this process ever applied, in any session or
	// incarnation. Steps start above it.
	Seen Step
	// Held lists what was revoked and is not let go yet.
	Held []PartitionID
	// Abandoned lists what was written off: its handler still runs.
	Abandoned []Abandoned
	// Quarantined lists the partitions that are owned but not worked on, for people.
	// Poison says more of them, and of those that were until it was over.
	Quarantined []PartitionID
	Poison      []Poison
	// Draining workers want to give everything up and stay; Restarting ones
	// come back soon under the same ID.
	Draining   bool
	Restarting bool
	NeverLead  bool
	// Capacity, Zone and Labels are what strategies know of the worker.
	Capacity float64
	Zone     string
	Labels   []string
	// Refresh counts the refreshes that this session asked for.
	Refresh uint64
	// Predecessor is the session that this one followed under the same ID, and
	// PredecessorReleased whether that one had released it. Kept until the first
	// assignment was applied.
	Predecessor         SessionID
	PredecessorReleased bool
	// Released: the session ended by itself. Nothing is owned under it.
	Released bool
	// Fence is set if a leader ended the session.
	Fence *Fence
	// Reads is the newest schema that the worker's build understands.
	Reads uint32
	Kept  Kept
}

// Abandoned is a partition whose handler did not stop in time.
type Abandoned struct {
	Partition PartitionID
	Token     Token
	// Step is the publish that revoked it; 0 if the session ended first.
	Step Step
	Kept Kept
}

// Fence says which term ended a session.
type Fence struct {
	Term Revision
	// AfterSilence: the session had been silent for longer than its lease, so
	// that nothing is owned under it any more. Otherwise its lease may still run.
	AfterSilence bool
	Kept         Kept
}

// Ended reports whether nobody renews this record any more.
func (l Live) Ended() bool { return l.Released || l.Fence != nil }

// Fenced returns the record that ends the session: what it said, plus the fence.
func (l Live) Fenced(by Fence) Live {
	l.Fence = &by
	return l
}

// Abandons returns the entry for a partition, if it is written off.
func (l Live) Abandons(id PartitionID) (Abandoned, bool) {
	for _, a := range l.Abandoned {
		if a.Partition == id {
			return a, true
		}
	}
	return Abandoned{}, false
}

// Holds reports whether the partition is revoked but not let go yet.
func (l Live) Holds(id PartitionID) bool { return slices.Contains(l.Held, id) }

// Head is the leader's record of what is decided: it names every session that
// counts and the state of its assignment.
type Head struct {
	Version Version
	Step    Step
	Term    Revision
	// Nonce is of this publish: it tells, after a lost answer, whether it landed.
	Nonce string
	// Source is the digest of the partitions that the decision covers.
	Source  uint64
	Seats   []Seat
	Unowned []Unowned
	// Freed lists what became free in this publish, and how that is known.
	Freed []Freed
	// Poison lists what is quarantined, with and without an owner.
	Poison []Poison
	Kept   Kept
}

// Seat is a session in the head.
type Seat struct {
	Worker  WorkerID
	Session SessionID
	Lease   time.Duration
	// Live is the highest revision of the worker's record that the leader knew.
	Live      Revision
	NeverLead bool
	// Step and Digest say which assignment is the session's present one.
	Step   Step
	Digest uint64
	// Refresh is the highest refresh request of the session that was served.
	Refresh uint64
	Kept    Kept
	// AssignmentKept is what a table keeps of the session's assignment. It is not
	// stored here.
	AssignmentKept Kept
}

// Unowned is a partition of the source without an owner.
type Unowned struct {
	Partition PartitionID
	// Entered is the step at which the partition entered the source.
	Entered Step
}

// FreedBy is the evidence that ended an ownership.
type FreedBy int

// The kinds of evidence, all of which stay true once they are.
const (
	FreedByAck FreedBy = iota + 1
	FreedByRelease
	FreedByReplacement
	FreedByAbandonment
	FreedByFence
)

// String returns the evidence in a word.
func (k FreedBy) String() string {
	names := [...]string{"nothing", "ack", "release", "replacement", "abandonment", "fence"}
	if k < 0 || int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}

// Freed is the end of one ownership and its evidence.
type Freed struct {
	Partition PartitionID
	Session   SessionID
	Token     Token
	By        FreedBy
	// Revision is that of the record which showed it; for a fence in the same
	// publish, the revision that the fence replaces.
	Revision Revision
	Kept     Kept
}

// Assignment is what one session owns, as the leader published it.
type Assignment struct {
	Version Version
	Step    Step
	Session SessionID
	Owned   []Grant
	// Revoking is still owned, and to be let go.
	Revoking []Revoke
	// Pending will be granted when its owner has let go; an advance notice.
	Pending []PartitionID
	// Poison lists what of Owned was quarantined when this was published. The owner of
	// a grant knows better soon after.
	Poison []Poison
	Kept   Kept
}

// Grant is an owned partition in an assignment.
type Grant struct {
	Partition PartitionID
	Token     Token
	Entered   Step
}

// Revoke is a partition that its owner must let go.
type Revoke struct {
	Partition PartitionID
	Token     Token
	// Step is the publish that revoked it.
	Step    Step
	Entered Step
}

// Owned is a partition in its owner's hands.
type Owned struct {
	ID      PartitionID
	Token   Token
	Entered Step
}

// Move is one change of ownership in the journal.
type Move struct {
	Partition PartitionID
	From, To  WorkerID
	Why       string
	// By and Revision are the evidence that its former owner has let go, and the record
	// that shows it; zero if it had none.
	By       FreedBy
	Revision Revision
	Kept     Kept
}

// Journal is what one publish did and why, for people.
type Journal struct {
	Version  Version
	Step     Step
	Term     Revision
	Leader   WorkerID
	Cause    string
	Evidence []string
	Moves    []Move
	// More is the number of moves that did not fit; Evidence counts them by reason.
	More int
	// Measure is that of the whole decision.
	Measure Measure
	Kept    Kept
}
