package messages

import "github.com/troupe-actors/troupe/partition"

// What a worker counts:
//
//	user ── GetSnapshot ──► manager ── Snapshot{Decided} ──► user
//	user ── GetCounts ──► manager ──► outside ── Counts ──► user
//
// All of it is counted from the beginning of the manager on, over all its sessions.

// GetCounts asks what the worker did with its store. It is answered in every state.
type GetCounts struct{}

// Counts answers GetCounts. A write whose answer was lost is counted as unknown, and in
// nothing else, though it may have been accepted.
type Counts struct {
	// Operations are those of the store, kind by kind, with their outcomes.
	Operations []Operations
	// Rewatches are watches that were begun again, Reconnects servers that were left
	// because they did not answer.
	Rewatches, Reconnects int
	// Publishes, Moves, Revokes and Fences are what this worker did as a leader: steps,
	// partitions that got an owner, partitions that an owner was told to let go, and
	// sessions that it ended.
	Publishes, Moves, Revokes, Fences int
	// Stalls are how often it said of its own hand-over that it is stuck (HandOverStalled).
	Stalls int
}

// Operations counts operations of one kind by what became of them.
type Operations struct {
	// Kind is write, read, watch, stream or probe.
	Kind string
	// Accepted, Conflicted, Refused and Denied were answered so; Unknown had no answer;
	// Unsent never left the process. A watch is
	// accepted when it has told all that exists, and unknown or denied when it ends by itself.
	Accepted, Conflicted, Refused, Denied, Unknown, Unsent int
}

// Decided counts the decisions that a worker has handed over as a leader, for one cause.
type Decided struct {
	Cause string
	// Moves and Least are sums of partition.Measure.
	Moves, Least int
	// Detected is how long it took from the first sign of the cause to the decision:
	// for a crash, from the last heartbeat. Windows and pauses are part of it. Took is
	// how long from the decision to the last publish of it.
	Detected, Took partition.Durations
}
