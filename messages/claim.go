package messages

import (
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// The life of a session:
//
//	manager ◄── ClaimScanned, SessionStarted, SessionSuspected, SessionRenewed,
//	            SessionLost, SessionReleased, ClaimFailed, OperationFailed ── session
//	session ── GetHoldings ──► holder ── Holdings ──► session
//	manager ── EndSession, SetFlags ──► session
//
// What a worker holds:
//
//	session ── HoldFor, HoldUntil, Suspend, DropAll ──► holder
//	manager ── LetAllGo, Confirmed ──► holder
//	manager ◄── AssignmentApplied, DrainingChanged, QuarantineChanged, SessionLost,
//	            AllLetGo ── holder
//	publisher ── DropHoldings ──► holder ── HoldingsDropped ──► publisher

// ClaimScanned reports that the store does what a claim asks: it answered the scan
// for an ID or, after a claim that it did not answer or write, that claim.
type ClaimScanned struct {
	At time.Time
}

// ClaimFailed reports that no ID could be claimed; the session goes on trying
// unless Final is set.
type ClaimFailed struct {
	Reason string
	// Unreachable: the store did not answer, or would not write.
	Unreachable bool
	Final       bool
	At          time.Time
}

// SessionStarted reports that an ID is claimed and the lease runs.
type SessionStarted struct {
	Worker  partition.WorkerID
	Session partition.SessionID
	Claim   partition.Revision
	// LeaseEnd is when the lease ends without another heartbeat.
	LeaseEnd time.Time
	// Warning says that the instance key is used by another process.
	Warning string
	At      time.Time
}

// SessionSuspected reports that the lease was not extended for so long that work
// must stop: it ends at Deadline. Reason is what became of the latest heartbeat.
type SessionSuspected struct {
	Session  partition.SessionID
	Deadline time.Time
	Reason   string
	At       time.Time
}

// OperationFailed reports that the store did not do what the session asked, or not
// in time: the next heartbeat tries again.
type OperationFailed struct {
	Reason string
	At     time.Time
}

// SessionRenewed reports an accepted heartbeat.
type SessionRenewed struct {
	Session  partition.SessionID
	LeaseEnd time.Time
	At       time.Time
}

// SessionLost reports that the session is over without having been released:
// nothing is owned under it any more.
type SessionLost struct {
	Session partition.SessionID
	Reason  string
	// Replaced names the ID if a process with the same instance key has it now.
	Replaced partition.WorkerID
	// Final: another session of this process would end in the same way.
	Final bool
	At    time.Time
}

// EndSession asks for the release of the session, after a claim under way has
// been answered.
type EndSession struct{}

// SessionReleased reports that the session ended by itself; Reason is empty if
// the store acknowledged the release.
type SessionReleased struct {
	Reason string
	At     time.Time
}

// SetFlags asks the session to tell the group that it drains or is about to
// restart, or to ask for a refresh. Each is written at once.
type SetFlags struct {
	Draining, Restarting bool
	Refresh              uint64
}

// FlagsSet reports that the flags are stored.
type FlagsSet struct {
	Flags SetFlags
	At    time.Time
}

// GetHoldings asks the holder what to say of it in the next heartbeat.
type GetHoldings struct {
	Round partition.Round
}

// Holdings answers GetHoldings; with Round 0 it reports a change.
type Holdings struct {
	Round partition.Round
	// Session whose assignment was applied; empty if none was.
	Session   partition.SessionID
	Applied   partition.Step
	Seen      partition.Step
	Held      []partition.PartitionID
	Abandoned []partition.Abandoned
	// Poison is how the quarantines stand of what is or was owned in this session.
	Poison []partition.Poison
}

// HoldFor asks the holder to follow the assignment of a new session.
type HoldFor struct {
	Worker   partition.WorkerID
	Session  partition.SessionID
	LeaseEnd time.Time
	// Claim is the revision of the session's claim: its assignments are above it.
	Claim partition.Revision
	// Round is higher in each session of a process. What an earlier one still asks for,
	// as it was interrupted before it did, is nobody's wish any more.
	Round partition.Round
}

// HoldUntil asks the holder to go on: the lease was extended. Handlers that were
// suspended start again, with the same tokens.
type HoldUntil struct {
	LeaseEnd, At time.Time
	Round        partition.Round // of the session, as in HoldFor
}

// Suspend asks the holder to stop all handlers until HoldUntil or DropAll: the
// lease is in doubt, and ends at the deadline.
type Suspend struct {
	Deadline time.Time
	Round    partition.Round // of the session, as in HoldFor
}

// DropAll asks the holder to let everything go at once: the lease is over. The manager says
// it for a session that it ended, whatever that had said by then.
type DropAll struct {
	Reason string
	At     time.Time
	Round  partition.Round // of the session that is over, as in HoldFor
}

// DropHoldings asks the holder to let everything go at once and to go on with its
// session: the leader found no head, so that nothing that is held counts.
type DropHoldings struct {
	Round partition.Round
	// Session of the leader. A later one may have been given something since: terms may
	// count from 1 again, so that they do not tell.
	Session partition.SessionID
	// Term of the leader. An assignment that was stored before it belongs to the
	// head that was lost, and is not applied any more.
	Term partition.Revision
	// Step is the highest that the leader knows to have been published under it.
	Step partition.Step
}

// HoldingsDropped answers DropHoldings. Left is what the session has written off and is
// not let go yet: its next record lists that.
type HoldingsDropped struct {
	Round partition.Round
	Left  []partition.Abandoned
}

// LetAllGo asks the holder to drain everything within this time; what has not
// stopped by then is written off.
type LetAllGo struct {
	Within time.Duration
}

// AllLetGo reports that nothing is owned any more. Running names handlers that
// did not stop in time; they were written off.
type AllLetGo struct {
	Running []string
}

// AssignmentApplied reports what this worker owns after a change, which the
// holder numbers: a step can be followed by a change without one, as when a lease
// ends. Version and Step are the latest that were applied in any session.
type AssignmentApplied struct {
	Change       uint64
	Worker       partition.WorkerID
	Session      partition.SessionID
	Version      partition.Version
	Step         partition.Step
	Gained, Lost []partition.Owned
	All          []partition.Owned
	Pending      []partition.PartitionID
	// Draining counts what is revoked and not let go yet, Abandoned what was written off
	// from the beginning of the manager on.
	Draining, Abandoned int
	// Suspended: the lease is in doubt, so that All does not list what is owned.
	Suspended bool
	// Bare is the term that took the head for lost, so that what the session had was
	// dropped, until an assignment of a later head is applied; otherwise 0.
	Bare partition.Revision
	At   time.Time
}

// DrainingChanged reports that something which was revoked has been let go, or was written
// off. The counts are those of AssignmentApplied.
type DrainingChanged struct {
	Draining, Abandoned int
}

// QuarantineChanged reports which partitions are owned and not worked on, because their
// actors failed too often.
type QuarantineChanged struct {
	Quarantined []partition.PartitionID
}

// Confirmed reports to the holder that every confirming subscriber has let go of
// what was lost up to this change.
type Confirmed struct {
	Change uint64
}
