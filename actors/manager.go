package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// manager is one worker of a group, as its users see it. It owns the public state
// and the subscriptions, and starts and stops everything below it. It hears facts
// from session, holder, election and calculator, and tells subscribers. It is
// never restarted: if it panics, it stops with all below it, which equals a crash.
type manager struct {
	cfg     Config
	doors   *actor.Props // of the outside
	state   messages.State
	reason  string    // of the next change of state
	now     time.Time // the latest instant heard of
	company company
	life    life
	group   group
	subs    subscribers
	health  messages.HealthChanged
	exit    exit
}

// life is the present session, if there is one.
type life struct {
	dice     partition.Dice
	fresh    bool
	worker   partition.WorkerID
	session  partition.SessionID
	leaseEnd time.Time
	lost     []partition.WorkerID // IDs in which this process was replaced
	flags    messages.SetFlags
	starts   partition.Round // of the reminder that a first assignment is late
	late     bool            // it is
	trouble  string          // why there is no store, no ID or no session
	final    bool
}

// group is what is known of the others, and of this worker's part, since the
// session began; applied is older.
type group struct {
	leader   partition.WorkerID
	known    bool // the election has looked
	leading  bool
	term     partition.Revision
	leads    messages.State // what the leader's decisions make of Stable
	cause    string         // of that
	fault    string         // why the leader's latest decision failed
	barred   string         // why this worker cannot lead
	members  []partition.WorkerID
	unowned  int
	applied  messages.AssignmentApplied
	assigned bool
	draining int
}

// Reminders and mail of a manager to itself.
type (
	// startDue: a first assignment is late.
	startDue struct{ Round partition.Round }
	// onward: Stable was on the way to another state.
	onward struct{}
)

const (
	opening, claims, elects, waits = messages.Init, messages.ClaimingID, messages.Election, messages.WaitingAssignment
	stable, scaling, moving        = messages.Stable, messages.Scaling, messages.Rebalancing
	urgent, degraded, down         = messages.Emergency, messages.Degraded, messages.Shutdown
)

var managerTable = fsm.New(
	fsm.On(opening, (*manager).begin, opening), // Started
	fsm.On(opening, (*manager).storeOpened, claims),
	fsm.On(claims, (*manager).sessionStarted, elects),
	fsm.On(elects, (*manager).leaderKnown, waits),
	fsm.On(waits, (*manager).applied, waits, stable),
	fsm.On(waits, (*manager).goOn, waits, stable), // onward: it was applied before
	fsm.On(stable, (*manager).goOn, stable, scaling, moving, urgent),

	fsm.On(stable, (*manager).windowOpened, stable, scaling),
	fsm.On(moving, (*manager).windowOpened, moving, stable),
	fsm.On(urgent, (*manager).windowOpened, urgent, stable),
	fsm.On(scaling, (*manager).windowClosed, scaling, stable),
	fsm.On(stable, (*manager).decisionStarted, stable, moving, urgent),
	fsm.On(scaling, (*manager).decisionStarted, scaling, moving, urgent),
	fsm.On(moving, (*manager).decisionStarted, moving, urgent),
	fsm.On(urgent, (*manager).decisionStarted, urgent, moving),
	fsm.On(scaling, (*manager).decisionDone, scaling, stable),
	fsm.On(moving, (*manager).decisionDone, moving, stable),
	fsm.On(urgent, (*manager).decisionDone, urgent, stable),
	fsm.On(scaling, (*manager).decisionFailed, scaling, stable),
	fsm.On(moving, (*manager).decisionFailed, moving, stable),
	fsm.On(urgent, (*manager).decisionFailed, urgent, stable),
	fsm.On(scaling, (*manager).leadershipLost, scaling, stable),
	fsm.On(moving, (*manager).leadershipLost, moving, stable),
	fsm.On(urgent, (*manager).leadershipLost, urgent, stable),
	fsm.On(moving, (*manager).leadershipGained, moving, stable),
	fsm.On(stable, (*manager).applied, stable, moving),
	fsm.On(moving, (*manager).applied, moving, stable),
	fsm.On(moving, (*manager).drained, moving, stable),

	fsm.On(claims, (*manager).claimFailed, claims, degraded),
	fsm.On(elects, (*manager).suspected, degraded),
	fsm.On(waits, (*manager).suspected, degraded),
	fsm.On(stable, (*manager).suspected, degraded),
	fsm.On(scaling, (*manager).suspected, degraded),
	fsm.On(moving, (*manager).suspected, degraded),
	fsm.On(urgent, (*manager).suspected, degraded),
	fsm.On(degraded, (*manager).renewed, degraded, elects, waits, stable),
	fsm.On(degraded, (*manager).claimScanned, claims),

	fsm.On(elects, (*manager).sessionLost, elects, claims),
	fsm.On(waits, (*manager).sessionLost, waits, claims),
	fsm.On(stable, (*manager).sessionLost, stable, claims),
	fsm.On(scaling, (*manager).sessionLost, scaling, claims),
	fsm.On(moving, (*manager).sessionLost, moving, claims),
	fsm.On(urgent, (*manager).sessionLost, urgent, claims),
	fsm.On(elects, (*manager).storeLost, claims),
	fsm.On(waits, (*manager).storeLost, claims),
	fsm.On(stable, (*manager).storeLost, claims),
	fsm.On(scaling, (*manager).storeLost, claims),
	fsm.On(moving, (*manager).storeLost, claims),
	fsm.On(urgent, (*manager).storeLost, claims),

	fsm.On(elects, (*manager).storeOpened, claims), // without StoreLost: the stream was replaced
	fsm.On(waits, (*manager).storeOpened, claims),
	fsm.On(stable, (*manager).storeOpened, claims),
	fsm.On(scaling, (*manager).storeOpened, claims),
	fsm.On(moving, (*manager).storeOpened, claims),
	fsm.On(urgent, (*manager).storeOpened, claims),

	fsm.On(opening, (*manager).stop, down),
	fsm.On(claims, (*manager).stop, down),
	fsm.On(elects, (*manager).stop, down),
	fsm.On(waits, (*manager).stop, down),
	fsm.On(stable, (*manager).stop, down),
	fsm.On(scaling, (*manager).stop, down),
	fsm.On(moving, (*manager).stop, down),
	fsm.On(urgent, (*manager).stop, down),
	fsm.On(degraded, (*manager).stop, down),
	fsm.On(down, (*manager).stopAgain, down),
	fsm.On(down, (*manager).announced, down), // FlagsSet
	fsm.On(down, (*manager).announceLate, down),
	fsm.On(down, (*manager).allLetGo, down),
	fsm.On(down, (*manager).stoodDown, down),
	fsm.On(down, (*manager).sessionReleased, down),
	fsm.On(down, (*manager).stopLate, down),
	fsm.On(down, (*manager).closeLate, down),

	// The same facts where they change nothing that is shown.
	fsm.Stay(noting((*manager).storeOpened), claims, degraded),
	fsm.Stay(noting((*manager).storeLost), opening, claims, degraded, down),
	fsm.Stay(noting((*manager).sessionLost), claims, degraded, down),
	fsm.Stay(noting((*manager).claimFailed), degraded),
	fsm.Stay(noting((*manager).suspected), degraded),
	fsm.Stay(noting((*manager).renewed), elects, waits, stable, scaling, moving, urgent),
	fsm.Stay(noting((*manager).leaderKnown), waits, stable, scaling, moving, urgent, degraded),
	fsm.Stay(noting((*manager).leadershipGained), elects, waits, stable, scaling, urgent, degraded),
	fsm.Stay(noting((*manager).leadershipLost), elects, waits, stable, degraded),
	fsm.Stay(noting((*manager).windowOpened), elects, waits, scaling, degraded),
	fsm.Stay(noting((*manager).windowClosed), elects, waits, stable, moving, urgent, degraded),
	fsm.Stay(noting((*manager).decisionStarted), elects, waits, degraded),
	fsm.Stay(noting((*manager).decisionDone), elects, waits, stable, degraded),
	fsm.Stay(noting((*manager).decisionFailed), elects, waits, stable, degraded),
	fsm.Stay(noting((*manager).applied), opening, claims, elects, scaling, urgent, degraded, down),
	fsm.Stay(noting((*manager).drained), elects, waits, stable, scaling, urgent, degraded, down),

	fsm.Stay((*manager).decisionsResumed, everywhere...),
	fsm.Stay((*manager).childEnded, everywhere...), // Terminated, of subscribers too
	fsm.Stay((*manager).subscribe, everywhere...),
	fsm.Stay((*manager).unsubscribe, everywhere...),
	fsm.Stay((*manager).letGo, everywhere...),
	fsm.Stay((*manager).snapshot, everywhere...),
	fsm.Stay((*manager).owner, everywhere...),
	fsm.Stay((*manager).updatePartitions, everywhere...),
	fsm.Stay((*manager).partitionsListed, everywhere...),
	fsm.Stay((*manager).refresh, everywhere...),
	fsm.Stay((*manager).refreshAsked, everywhere...),
	fsm.Stay((*manager).refreshLate, everywhere...),
	fsm.Stay((*manager).storeFailed, everywhere[:9]...),
	fsm.Stay((*manager).leadBarred, everywhere[2:9]...),
	fsm.Stay((*manager).startLate, everywhere[:9]...),
	fsm.Stay((*manager).again, everywhere[:9]...),

	fsm.Late[*manager, messages.State](
		messages.StoreOpened{}, messages.StoreFailed{}, messages.SessionStarted{}, messages.ClaimScanned{}, messages.ClaimFailed{},
		messages.SessionRenewed{}, messages.SessionSuspected{}, messages.SessionLost{}, messages.SessionReleased{}, messages.FlagsSet{},
		messages.LeaderKnown{}, messages.LeadershipGained{}, messages.LeadershipLost{}, messages.LeadBarred{}, messages.StoodDown{}, messages.WindowOpened{},
		messages.WindowClosed{}, messages.DecisionStarted{}, messages.DecisionDone{}, messages.DecisionFailed{},
		messages.DrainingChanged{}, messages.AllLetGo{}, startDue{}, announceDue{}, stopDue{}, closeDue{}, againDue{}, onward{},
	),
)

// everywhere are all states, the last one last.
var everywhere = []messages.State{opening, claims, elects, waits, stable, scaling, moving, urgent, degraded, down}

// noting makes a handler that keeps the public state out of one that may change
// it. The handler itself must see to it that it would not.
func noting[M any](h func(*manager, actor.Context, M) messages.State) func(*manager, actor.Context, M) {
	return func(m *manager, ctx actor.Context, mail M) {
		if to := h(m, ctx, mail); to != m.state {
			panic("a fact that is only noted changed the state to " + string(to))
		}
	}
}

func newManager(cfg Config, outside *actor.Props) *manager {
	return &manager{cfg: cfg, doors: outside, state: opening, health: messages.HealthChanged{Reason: "starting"}}
}

// Receive implements actor.Actor. Mail of a child that has been replaced is about
// a life that is over.
func (m *manager) Receive(ctx actor.Context) {
	if !m.company.former(ctx) {
		managerTable.Receive(ctx, m, &m.state, m.changed)
	}
}
