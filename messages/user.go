package messages

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/partition"
)

// What a user says to the PartitionManager and hears from it:
//
//	user ── Subscribe, Unsubscribe, LetGo ──► manager
//	user ◄── AssignmentChanged, StateChanged, HealthChanged, AlertRaised ── manager
//	user ── GetSnapshot, GetOwner ──► manager ── Snapshot, Owner ──► user
//	user ── UpdatePartitions ──► manager ──► source ── PartitionsUpdated,
//	        UpdateRefused ──► user
//	user ── RefreshPartitions ──► manager ── Refreshed ──► user
//	user ── Drain, Undrain ──► manager ── Drained ──► user
//	user ── ReleasePartition ──► manager ──► holder ── PartitionReleased ──► user
//	user ── Stop ──► manager ── Stopped ──► user
//	partition actor ◄── Revoke ── holder
//
// Answers go to the sender of the question (actor.Context.Request); a question
// without a sender is not answered. UpdatePartitions stands in planning.go.

// State is a public state of a PartitionManager. A life goes from Init to Stable;
// from there on the state says what the group does, as far as this worker takes
// part: the leader shows windows and decisions, the others the hand-over of their
// own partitions. What is owned does not depend on it: AssignmentChanged says that.
type State string

// The public states, in the order of a life.
const (
	// Init: waiting for the store.
	Init State = "Init"
	// ClaimingID: waiting for a worker ID. Also after a session was lost.
	ClaimingID State = "ClaimingID"
	// Election: waiting to hear who leads.
	Election State = "Election"
	// WaitingAssignment: waiting for the first assignment, which may be empty.
	WaitingAssignment State = "WaitingAssignment"
	// Stable: waiting for something to happen.
	Stable State = "Stable"
	// Scaling: the leader waits for the membership to settle, before it moves
	// partitions that have an owner. A lone leader shows Stable meanwhile.
	Scaling State = "Scaling"
	// Rebalancing: waiting for a hand-over to end; a leader's decision, or a
	// follower's own partitions.
	Rebalancing State = "Rebalancing"
	// Emergency: the leader replaces a worker that went silent past its lease.
	Emergency State = "Emergency"
	// Degraded: waiting for the store to be healthy for ExitThreshold, or for it to
	// answer if the session was lost. An Exclusive worker has told its handlers and
	// subscribers to stop; when the lease ends before the store answers, all
	// partitions are dropped, and when it does they start again at once. An Available
	// worker works on.
	Degraded State = "Degraded"
	// Shutdown: stopping, or stopped. It is the last one.
	Shutdown State = "Shutdown"
)

// Subscribe asks for AssignmentChanged, StateChanged and HealthChanged, the
// present ones first, and for AlertRaised. With Confirm, a partition that is taken away counts as let
// go only when the subscriber has answered LetGo or terminated; without it, once
// the message is in the subscriber's mailbox, and nothing is promised about the
// work that it still does. Subscribing again replaces the subscription: all that
// is owned is gained anew, and what was not let go is lost anew.
type Subscribe struct {
	PID     *actor.PID
	Confirm bool
}

// Unsubscribe asks for the end of a subscription. The subscriber says with it that
// it works on nothing any more: outstanding confirmations count as given.
type Unsubscribe struct {
	PID *actor.PID
}

// LetGo answers an AssignmentChanged with something in Lost: the subscriber has
// stopped working on all that was lost up to this step. Each such message wants an
// answer of its own, also if two have the same step, as when a lease ends: the
// answer to the first says nothing of the second. An answer that does not come
// within RevokeTimeout is not waited for; the token protects what still goes on.
type LetGo struct {
	// PID is the subscriber; nil is the sender.
	PID  *actor.PID
	Step partition.Step
}

// AssignmentChanged reports what this worker owns. Gained and Lost are relative to
// the previous message to the same subscription; messages come in order and never
// go back. A partition whose token changed is in both.
//
// When its lease is in doubt, DrainTimeout before the lease ends, a worker reports
// here that it owns nothing: a subscriber has that long to stop its work. If the
// lease is renewed after all, the same partitions are gained anew, under the same
// tokens.
type AssignmentChanged struct {
	Worker       partition.WorkerID
	Version      partition.Version
	Step         partition.Step
	Gained, Lost []partition.Owned
	// All is what is owned now, in canonical order. Read-only.
	All []partition.Owned
	// Pending will be gained when its present owner has let go; no promise.
	Pending []partition.PartitionID
	At      time.Time
}

// StateChanged reports a change of the public state. The first one after Subscribe
// has the present state in From and in To.
type StateChanged struct {
	From, To State
	Reason   string
	At       time.Time
}

// HealthChanged reports whether the worker can do its duty, and if not, why. A
// Final reason does not go away by itself.
type HealthChanged struct {
	Healthy bool
	Reason  string
	Final   bool
	At      time.Time
}

// AlertRaised reports that the worker is still degraded. The level rises with time,
// and each level is repeated, as partition.AlertTimes says. The end of it is a
// StateChanged. The outside hears it too, and logs it.
type AlertRaised struct {
	Level partition.AlertLevel
	// Since is when the outage began.
	Since  time.Time
	Reason string
	At     time.Time
}

// GetSnapshot asks the manager how it is. It is answered in every state.
type GetSnapshot struct{}

// Snapshot answers GetSnapshot.
type Snapshot struct {
	State   State
	Worker  partition.WorkerID
	Session partition.SessionID
	// Leader is the worker that leads, as last heard; Leading whether it is this
	// one, and Term its term then.
	Leader  partition.WorkerID
	Leading bool
	Term    partition.Revision
	// LeaseEnd is when the lease ends without another heartbeat.
	LeaseEnd time.Time
	Version  partition.Version
	Step     partition.Step
	Owned    []partition.Owned
	// Draining counts partitions that are revoked and not let go yet.
	Draining int
	// Abandoned counts those that were written off, in all sessions of this manager: what
	// worked on them did not stop in its time, or a subscriber did not let go.
	Abandoned int
	Pending   []partition.PartitionID
	// Quarantined are owned and not worked on, because their actors failed too often.
	Quarantined []partition.PartitionID
	// Members are the workers with a seat in the leader's table, Unowned is how many
	// partitions nobody works on: they have no owner, or one that is gone. Awaited counts
	// apart what is kept for workers that announced to come back. All that is known to the
	// leader only, from its first look at the workers on, whether decisions fail or not:
	// then CoverageKnown is set.
	Members          []partition.WorkerID
	Unowned, Awaited int
	CoverageKnown    bool
	// UnownedSince is since when there has been nobody for the first of the unowned: when
	// its owner stopped, or when this leader saw it, if that is not known.
	UnownedSince time.Time
	// Decision is what the latest decision of this leader does to the balance: moves, the
	// least possible, max / mean before and after. It is zero before the first one.
	Decision partition.Measure
	// Decided counts what this worker decided as a leader, by cause.
	Decided []Decided
	// DrainAsked: a Drain was asked for, and no Undrain since.
	DrainAsked bool
	Healthy    bool
	Reason     string
}

// GetOwner asks who owns a partition, in the whole group.
type GetOwner struct {
	Partition partition.PartitionID
}

// Owner answers GetOwner. Worker is empty if nobody owns the partition, or if it
// could not be found out (Reason). The answer may be old when it arrives: only
// the token protects effects.
type Owner struct {
	Partition partition.PartitionID
	Worker    partition.WorkerID
	Token     partition.Token
	// Entered is since which step the partition is in the source; 0 if that could not
	// be found out. Gone says that it is not in there.
	Entered partition.Step
	Gone    bool
	Reason  string
}

// RefreshPartitions asks for the source to be listed now, and for its partitions
// to be placed at once: no window and no interval holds it back. Any worker may be
// asked: its record carries the request to the leader, whose source is the one that
// counts. Refreshed is the answer.
type RefreshPartitions struct {
	// Within is how long to wait before Refreshed says that it is not done yet; 0
	// is as long as a refresh may take when each of its steps takes its whole
	// timeout.
	Within time.Duration
}

// Refreshed answers RefreshPartitions. Without a reason it is done: the source was
// listed after the request, and Version, the decision that followed or a later
// one, is handed over. With a reason it is not done in time; it stays asked for
// until it is, or the session ends.
type Refreshed struct {
	Version partition.Version
	Reason  string
}

// Drain asks the manager to give up everything that it owns and to get nothing until
// Undrain, while it stays a member of its group, and its leader if it is that: before
// work on the machine, for instance. No window holds it back; at most DrainRound
// partitions are on their way at a time, each by the clean way of revoke, drain and
// grant. What nobody else may own stays. Drained is the answer. It is kept when a
// session is lost, and ends with the process.
type Drain struct{}

// Undrain asks the manager to take part again: what it still has stays with it, and
// its share comes when a window is over.
type Undrain struct{}

// Drained answers Drain. Without a reason the worker owns nothing, the group knows
// that it is to get nothing, and what it had has been let go, or written off. What the
// leader granted before it knew may still come, and is given up again. With a reason
// the drain ended before that.
type Drained struct {
	Reason string
}

// ReleasePartition asks the worker that owns a partition (GetOwner) to work on it again,
// though its actor failed as often as PoisonBudget says and QuarantineFor is not over.
// PartitionReleased is the answer: this worker works on it, at once or when its lease is
// renewed. Its record says so a moment later: if the process crashes before that, or the
// leader has given the partition away before it can read that, the quarantine goes on at
// the next owner, which can be asked in turn.
type ReleasePartition struct {
	Partition partition.PartitionID
}

// PartitionReleased answers ReleasePartition. With a reason nothing was released.
type PartitionReleased struct {
	Partition partition.PartitionID
	Reason    string
}

// Stop asks the manager to let everything go, to release its ID and to stop. With
// Restarting, or OnStop: Restart in the settings, its partitions are kept for it
// for RestartHoldDown. Stopped is the answer, whatever the state and however often
// it is asked. If the store is away, the release waits for it until the lease ends or
// ShutdownTimeout is over. A PoisonPill does the same without an answer; the actor library's
// own Stop equals a crash: others take over when the lease is over.
type Stop struct {
	Restarting bool
}

// Stopped answers Stop. Running names user code that did not stop in time and
// still runs, or did not confirm: what it works on is written off, and others get
// it when a lease has passed. Reason says what else did not go as planned.
type Stopped struct {
	Running []string
	Reason  string
}

// Revoke asks a partition actor whose Props are wrapped in actors.Drains to
// finish, and to stop itself by the deadline. It comes when the partition is taken
// away, and when the lease is in doubt; then the actor is started again, for the
// same token, if the lease was renewed after all. It comes again if there is less
// time than it said.
type Revoke struct {
	Deadline time.Time
}
