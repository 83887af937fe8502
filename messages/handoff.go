package messages

import (
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// A decision on its way:
//
//	calculator ── HandOver ──► publisher ── Store ──► outside
//	calculator ◄── TableRead, PublishBegun, Published, StepRejected, HandedOver, HandOverFailed ── publisher
//	manager ◄── WindowOpened, WindowClosed, DecisionStarted, DecisionDone,
//	            DecisionFailed, DecisionsResumed, CoverageChanged ── calculator
//	manager, outside ◄── HandOverStalled ── publisher
//	manager ◄── Quarantined, HandOverResumed ── publisher

// TableRead reports the table as the publisher found it at the start of the term, or
// when it was found to be damaged later on.
type TableRead struct {
	Table partition.Table
	// Lost: what was decided before is lost, so that a table without partitions does not
	// tell that there were none.
	Lost bool
	At   time.Time
}

// HandOver asks the publisher to bring the table to a target, step by step. A
// later one replaces it.
type HandOver struct {
	Round partition.Round
	Cause string
	// Evidence is what the decision rests on, in words.
	Evidence []string
	Target   partition.Target
	At       time.Time
}

// PublishBegun reports that the table is not what the target wants, so that a first
// step is about to be published. A hand-over that changes nothing has none.
type PublishBegun struct {
	Round partition.Round
	At    time.Time
}

// Published reports an accepted step of a hand-over.
type Published struct {
	Round partition.Round
	Table partition.Table
	// Moves counts the grants of this step.
	Moves int
	At    time.Time
}

// StepRejected reports that nothing of a hand-over is stored, or may be, but what
// Published told of. The publisher tries again after a pause.
type StepRejected struct{ Round partition.Round }

// HandedOver reports that the table is what the decision wanted, or as near as
// it can come. Changed is false if nothing had to be published.
type HandedOver struct {
	Round   partition.Round
	Table   partition.Table
	Changed bool
	Moves   int
	// Misjudged are the latest records of those for whom the rest of it is not carried out: the
	// decision took them for gone. What it answers is still to be decided, by who knows of them.
	Misjudged []partition.Witness
	At        time.Time
}

// HandOverFailed reports that a step was refused or got no answer for too long.
type HandOverFailed struct {
	Round  partition.Round
	Reason string
	At     time.Time
}

// WindowOpened reports that the leader lets the membership settle.
type WindowOpened struct {
	Term  partition.Revision
	Cause string
	Until time.Time
	At    time.Time
}

// WindowClosed reports that the window ended without a decision.
type WindowClosed struct {
	Term partition.Revision
	At   time.Time
}

// DecisionStarted reports that the leader began to change the table. One that
// answers a silent session is told twice: with Emergency when it is planned, and
// without when its first step is about to be published.
type DecisionStarted struct {
	Term  partition.Revision
	Cause string
	// Emergency: a session went silent past its lease.
	Emergency bool
	Coverage  Coverage
	At        time.Time
}

// DecisionDone reports that the decision is handed over.
type DecisionDone struct {
	Term    partition.Revision
	Version partition.Version
	Step    partition.Step
	Moves   int
	// Coverage is what it leaves.
	Coverage Coverage
	// Unplaced are those without an owner that no member may have, at most a hundred.
	Unplaced []partition.PartitionID
	// Measure is what the decision was to do: moves, the least possible, and the
	// balance before and after.
	Measure partition.Measure
	// Cause, Detected and Took are those of Decided; without a cause it is an older
	// decision that comes nearer to its target.
	Cause          string
	Detected, Took time.Duration
	At             time.Time
}

// Coverage carries who has a seat in the leader's table, and how many partitions nobody
// works on: those without an owner, and those whose owner is gone. It is as true while
// decisions fail as otherwise.
type Coverage struct {
	// Known: the leader has looked. Before that the rest says nothing.
	Known   bool
	Members []partition.WorkerID
	Unowned int
	// Awaited counts apart what is kept for workers that announced to come back.
	Awaited int
	// Since is since when there has been nobody for the first of those that are unowned
	// now: when its owner stopped, or when this leader saw it, if that is not known.
	Since time.Time
}

// CoverageChanged reports what is otherwise told with a decision, where none is about to
// tell it: at the first look of a term, between failures, and while a hand-over lasts.
type CoverageChanged struct {
	Term     partition.Revision
	Coverage Coverage
	At       time.Time
}

// DecisionsResumed reports that what had failed works again: there is nothing to
// decide.
type DecisionsResumed struct {
	Term partition.Revision
	At   time.Time
}

// Quarantined reports that the leader assigns nothing before every earlier lease is
// over, because there is no table that can be used. A decision ends it.
type Quarantined struct {
	Term   partition.Revision
	Reason string
	At     time.Time
}

// HandOverStalled reports that nobody gave up or was given anything for longer than
// whatever a hand-over waits for can last (partition.Settings.HandOverBound, and the readings of
// the table that came to nothing meanwhile), or that what was to be let go first did not come on for
// as long, though others did, and that nothing else was said about it. It is repeated after each such
// time.
// HandOverResumed ends it. The outside hears it too, and logs it.
type HandOverStalled struct {
	Term   partition.Revision
	Reason string
	At     time.Time
}

// HandOverResumed reports that a hand-over that was stalled comes on, or is over.
type HandOverResumed struct {
	Term partition.Revision
	At   time.Time
}

// DecisionFailed reports a decision that was given up; the last assignment
// stays.
type DecisionFailed struct {
	Term     partition.Revision
	Reason   string
	Coverage Coverage
	At       time.Time
}
