package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// calculator decides what to change, and when: coverage at once, balance later.
// It owns the decision that is planned or handed over, the window and the list of
// partitions. It hears the table from the publisher, the workers from the
// debouncer, plans and lists from strategy and source; it tells the publisher
// what to reach and the manager what happens. It is never restarted: if it
// panics, the term ends, and the next one decides from what is stored.
type calculator struct {
	calculatorConfig
	state calculatorState

	table    partition.Table
	homes    partition.Homes // since this term began
	known    bool            // the table was read
	lost     bool            // what was decided before it is lost
	roster   partition.Roster
	rosterAt time.Time // standings are those of this instant
	now      time.Time // the latest instant heard of

	list    catalogue
	plan    *decision // waiting for the strategy
	flight  *decision // waiting for the publisher
	round   partition.Round
	covered uint64 // what the latest decision left, which is not urgent again
	settled uint64 // what the latest full decision left, which is not to be balanced again until something moves
	zones   zoning
	arrears
	told    bool      // the manager knows of the window
	members uint64    // fingerprint of those that the window waits for
	noticed time.Time // since when there is something to decide
	moved   time.Time
	// coverage is what the manager was told of it, and gaps is what that rests on.
	coverage messages.Coverage
	gaps     partition.Gaps
	// unplaced are partitions that nobody may have, by the latest decision.
	unplaced []partition.PartitionID
	turn     time.Time // of the reminder that is set
	failed   map[activity]int
	trouble  bool      // the manager was told of a failure, and not of its end
	rest     time.Time // no decision before
	// misjudged are those whom a decision that was not carried out took for gone. There is no
	// other one before their records are heard of, or the next look at all workers.
	misjudged []partition.Witness
}

type calculatorConfig struct {
	settings                                                 partition.Settings
	outside, manager, strategy, source, publisher, debouncer *actor.PID
	worker                                                   partition.WorkerID
	term                                                     partition.Revision
	grace                                                    time.Time // nobody is taken for dead before
}

// decision is one change of the table.
type decision struct {
	round    partition.Round
	cause    string
	evidence []string
	question partition.Question
	target   partition.Target
	// full: partitions that have an owner may move.
	full bool
	// rejected: nothing of it is stored, or may be, but what the table tells.
	rejected bool
	// before is what was due when it was made.
	before arrears
	// crashed are those whose crash it answers.
	crashed []partition.WorkerID
	// What it rests on: who was there, at which instant, and the refreshes that the list
	// answers.
	roster  partition.Roster
	at      time.Time
	answers map[partition.SessionID]uint64
	// began is when it was made, and detected how long after the first sign of its cause.
	began    time.Time
	detected time.Duration
	// failure is why there is no plan, until it is known since when.
	failure string
}

// arrears are what is to be balanced however little it is, and until when that waits.
type arrears struct {
	owed   bool // a worker was seated without a share, or the group started cold
	window *hold
}

// hold is the window that holds moves of owned partitions back.
type hold struct {
	partition.Window
	cold bool
}

// zoning is what zones mean to the strategy, which its first plan of a term tells.
type zoning struct {
	known bool
	rule  partition.ZoneRule
}

// activity is what can fail, under the name that people are told.
type activity string

const (
	toList    activity = "source"
	toPlan    activity = "strategy"
	toPublish activity = "publish"
)

const (
	// maxFailures in a row of one activity end the term.
	maxFailures = 3
	// maxUnplaced is how many partitions are named that nobody may have.
	maxUnplaced = 100
)

type calculatorState string

const (
	idle        calculatorState = "idle"         // waiting for a change
	holding     calculatorState = "holding"      // waiting for the membership to settle
	planning    calculatorState = "planning"     // waiting for the strategy
	handingOver calculatorState = "handing-over" // waiting for the publisher
	spent       calculatorState = "spent"        // waiting for the end of the term
)

// Reminders of a calculator to itself. At is an instant that is over when they
// come: the calculator may have heard of none so late.
type (
	windowDue struct{ At time.Time }
	nudgeDue  struct{ At time.Time }
	turnDue   struct{ At time.Time }
	retryDue  struct{ At time.Time }
	planDue   struct {
		Round partition.Round
		At    time.Time
	}
	listDue struct {
		Round partition.Round
		At    time.Time
	}
	sourceDue struct {
		Round partition.Round
		At    time.Time
	}
)

var calculatorTable = fsm.New(
	fsm.On(idle, (*calculator).take, idle, holding, planning, handingOver),         // TableRead
	fsm.On(idle, (*calculator).meet, idle, holding, planning, handingOver),         // WorkersChanged
	fsm.On(idle, (*calculator).timed, idle, holding, planning, handingOver, spent), // Time
	fsm.On(idle, (*calculator).rested, idle, holding, planning, handingOver),       // retryDue
	fsm.On(idle, (*calculator).unstuck, idle, holding, planning, handingOver),      // HandedOver
	fsm.On(idle, (*calculator).listingLate, idle, holding, planning, handingOver, spent),
	fsm.On(idle, (*calculator).publishFailed, idle, spent),

	fsm.On(holding, (*calculator).take, idle, holding, planning, handingOver),
	fsm.On(holding, (*calculator).meet, idle, holding, planning, handingOver),
	fsm.On(holding, (*calculator).timed, idle, holding, planning, handingOver, spent),
	fsm.On(holding, (*calculator).rested, idle, holding, planning, handingOver),
	fsm.On(holding, (*calculator).unstuck, idle, holding, planning, handingOver),
	fsm.On(holding, (*calculator).closeWindow, idle, holding, planning, handingOver), // windowDue
	fsm.On(holding, (*calculator).listingLate, idle, holding, planning, handingOver, spent),
	fsm.On(holding, (*calculator).publishFailed, holding, spent),

	fsm.On(planning, (*calculator).planned, planning, handingOver), // PlanMade
	fsm.On(planning, (*calculator).planFailed, planning),
	fsm.On(planning, (*calculator).planLate, planning, handingOver, idle, holding, spent),
	fsm.On(planning, (*calculator).take, planning),
	fsm.On(planning, (*calculator).meet, planning),
	fsm.On(planning, (*calculator).timed, planning, handingOver, idle, holding, spent),
	fsm.On(planning, (*calculator).handedOver, planning), // of the decision before
	fsm.On(planning, (*calculator).listingLate, planning, spent),
	fsm.On(planning, (*calculator).publishFailed, planning, spent),

	fsm.On(handingOver, (*calculator).handedOver, handingOver, idle, holding, planning),
	fsm.On(handingOver, (*calculator).take, handingOver, planning),
	fsm.On(handingOver, (*calculator).meet, handingOver, planning),
	fsm.On(handingOver, (*calculator).timed, handingOver, planning, spent),
	fsm.On(handingOver, (*calculator).rested, handingOver, planning),
	fsm.On(handingOver, (*calculator).listingLate, handingOver, planning, spent),
	fsm.On(handingOver, (*calculator).publishFailed, handingOver, spent),

	fsm.Stay((*calculator).give, idle, holding, planning, handingOver),      // GiveGrace
	fsm.Stay((*calculator).begun, idle, holding, planning, handingOver),     // PublishBegun
	fsm.Stay((*calculator).published, idle, holding, planning, handingOver), // Published
	fsm.Stay((*calculator).rejected, idle, holding, planning, handingOver),  // StepRejected
	fsm.Stay((*calculator).turned, idle, holding, planning, handingOver),    // turnDue
	fsm.Stay((*calculator).poll, idle, holding, planning, handingOver),      // sourceDue
	fsm.Stay((*calculator).nudge, idle, holding, planning, handingOver),     // nudgeDue
	fsm.Stay((*calculator).listed, idle, holding, planning, handingOver),    // PartitionsListed
	fsm.Stay((*calculator).listingFailed, idle, holding, planning, handingOver),

	fsm.Late[*calculator, calculatorState](messages.PlanMade{}, messages.PlanFailed{}, planDue{}, windowDue{}, retryDue{}),
)

func calculatorProps(cfg calculatorConfig) *actor.Props {
	return stage.Props(func() actor.Actor {
		c := &calculator{calculatorConfig: cfg, state: idle, failed: map[activity]int{}, homes: partition.Homes{}}
		return overheard(c, "calculator", calculatorTable.Types(), cfg.settings, cfg.outside, cfg.worker, cfg.term)
	}, stage.Together)
}

// Receive implements actor.Actor.
func (c *calculator) Receive(ctx actor.Context) { calculatorTable.Receive(ctx, c, &c.state, nil) }
