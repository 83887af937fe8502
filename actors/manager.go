package actors

import (
	"slices"
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
	cfg      Config
	doors    *actor.Props // of the outside
	state    messages.State
	reason   string    // of the next change of state
	now      time.Time // the latest instant heard of
	children children
	life     life
	group    group
	subs     subscribers
	health   messages.HealthChanged
	outage   outage
	exit     exit
	relief   relief
	decided  map[string]messages.Decided // by cause
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
	fault    string         // why this leader decides nothing
	stall    string         // why its hand-over does not come on
	barred   string         // why this worker cannot lead
	coverage messages.Coverage
	unplaced []partition.PartitionID
	measure  partition.Measure // of the latest decision
	applied  messages.AssignmentApplied
	assigned bool
	draining int
	unworked []partition.PartitionID // owned and quarantined
}

// Reminders and mail of a manager to itself.
type (
	// startDue: a first assignment is late.
	startDue struct{ Round partition.Round }
	// onward: Stable was on the way to another state.
	onward struct{}
	// bared: a session may have more than this worker took of it.
	bared struct{ Session partition.SessionID }
)

// The public states, in their own words.
const (
	initial, claimingID, electing, waitingAssignment = messages.Init, messages.ClaimingID, messages.Election, messages.WaitingAssignment
	stable, scaling, rebalancing                     = messages.Stable, messages.Scaling, messages.Rebalancing
	emergency, degraded, shutdown                    = messages.Emergency, messages.Degraded, messages.Shutdown
)

var managerTable = fsm.New(
	fsm.On(initial, (*manager).begin, initial), // Started
	fsm.On(initial, (*manager).storeOpened, claimingID),
	fsm.On(claimingID, (*manager).sessionStarted, electing),
	fsm.On(electing, (*manager).leaderKnown, waitingAssignment),
	fsm.On(waitingAssignment, (*manager).applied, waitingAssignment, stable),
	fsm.On(waitingAssignment, (*manager).goOn, waitingAssignment, stable), // onward: it was applied before
	fsm.On(stable, (*manager).goOn, stable, scaling, rebalancing, emergency),

	fsm.On(stable, (*manager).windowOpened, stable, scaling),
	fsm.On(rebalancing, (*manager).windowOpened, rebalancing, stable),
	fsm.On(emergency, (*manager).windowOpened, emergency, stable),
	fsm.On(scaling, (*manager).windowClosed, scaling, stable),
	fsm.On(stable, (*manager).decisionStarted, stable, rebalancing, emergency),
	fsm.On(scaling, (*manager).decisionStarted, scaling, rebalancing, emergency),
	fsm.On(rebalancing, (*manager).decisionStarted, rebalancing, emergency),
	fsm.On(emergency, (*manager).decisionStarted, emergency, rebalancing),
	fsm.On(scaling, (*manager).decisionDone, scaling, stable),
	fsm.On(rebalancing, (*manager).decisionDone, rebalancing, stable),
	fsm.On(emergency, (*manager).decisionDone, emergency, stable),
	fsm.On(scaling, (*manager).decisionFailed, scaling, stable),
	fsm.On(rebalancing, (*manager).decisionFailed, rebalancing, stable),
	fsm.On(emergency, (*manager).decisionFailed, emergency, stable),
	fsm.On(scaling, (*manager).leadershipLost, scaling, stable),
	fsm.On(rebalancing, (*manager).leadershipLost, rebalancing, stable),
	fsm.On(emergency, (*manager).leadershipLost, emergency, stable),
	fsm.On(rebalancing, (*manager).leadershipGained, rebalancing, stable),
	fsm.On(stable, (*manager).applied, stable, rebalancing),
	fsm.On(rebalancing, (*manager).applied, rebalancing, stable),
	fsm.On(rebalancing, (*manager).drained, rebalancing, stable),

	fsm.On(claimingID, (*manager).claimFailed, claimingID, degraded),
	fsm.On(claimingID, (*manager).storeFailed, claimingID, degraded),
	fsm.On(electing, (*manager).operationFailed, electing, degraded),
	fsm.On(waitingAssignment, (*manager).operationFailed, waitingAssignment, degraded),
	fsm.On(stable, (*manager).operationFailed, stable, degraded),
	fsm.On(scaling, (*manager).operationFailed, scaling, degraded),
	fsm.On(rebalancing, (*manager).operationFailed, rebalancing, degraded),
	fsm.On(emergency, (*manager).operationFailed, emergency, degraded),
	fsm.On(claimingID, (*manager).elapsed, claimingID, degraded), // outageDue
	fsm.On(electing, (*manager).elapsed, electing, degraded),
	fsm.On(waitingAssignment, (*manager).elapsed, waitingAssignment, degraded),
	fsm.On(stable, (*manager).elapsed, stable, degraded),
	fsm.On(scaling, (*manager).elapsed, scaling, degraded),
	fsm.On(rebalancing, (*manager).elapsed, rebalancing, degraded),
	fsm.On(emergency, (*manager).elapsed, emergency, degraded),
	fsm.On(electing, (*manager).suspected, electing, degraded),
	fsm.On(waitingAssignment, (*manager).suspected, waitingAssignment, degraded),
	fsm.On(stable, (*manager).suspected, stable, degraded),
	fsm.On(scaling, (*manager).suspected, scaling, degraded),
	fsm.On(rebalancing, (*manager).suspected, rebalancing, degraded),
	fsm.On(emergency, (*manager).suspected, emergency, degraded),
	fsm.On(degraded, (*manager).elapsed, degraded, electing, waitingAssignment, stable, claimingID),
	fsm.On(degraded, (*manager).claimScanned, claimingID),
	fsm.On(degraded, (*manager).sessionLost, degraded, claimingID),
	fsm.On(degraded, (*manager).stoodBare, degraded, claimingID), // StoodDown

	fsm.On(electing, (*manager).sessionLost, electing, claimingID),
	fsm.On(electing, (*manager).stoodBare, electing, claimingID),
	fsm.On(waitingAssignment, (*manager).sessionLost, waitingAssignment, claimingID),
	fsm.On(waitingAssignment, (*manager).stoodBare, waitingAssignment, claimingID),
	fsm.On(stable, (*manager).sessionLost, stable, claimingID),
	fsm.On(stable, (*manager).stoodBare, stable, claimingID),
	fsm.On(scaling, (*manager).sessionLost, scaling, claimingID),
	fsm.On(scaling, (*manager).stoodBare, scaling, claimingID),
	fsm.On(rebalancing, (*manager).sessionLost, rebalancing, claimingID),
	fsm.On(rebalancing, (*manager).stoodBare, rebalancing, claimingID),
	fsm.On(emergency, (*manager).sessionLost, emergency, claimingID),
	fsm.On(emergency, (*manager).stoodBare, emergency, claimingID),
	fsm.On(electing, (*manager).storeLost, claimingID),
	fsm.On(waitingAssignment, (*manager).storeLost, claimingID),
	fsm.On(stable, (*manager).storeLost, claimingID),
	fsm.On(scaling, (*manager).storeLost, claimingID),
	fsm.On(rebalancing, (*manager).storeLost, claimingID),
	fsm.On(emergency, (*manager).storeLost, claimingID),

	fsm.On(electing, (*manager).storeOpened, claimingID), // without StoreLost: the stream was replaced
	fsm.On(waitingAssignment, (*manager).storeOpened, claimingID),
	fsm.On(stable, (*manager).storeOpened, claimingID),
	fsm.On(scaling, (*manager).storeOpened, claimingID),
	fsm.On(rebalancing, (*manager).storeOpened, claimingID),
	fsm.On(emergency, (*manager).storeOpened, claimingID),

	fsm.On(initial, (*manager).stop, shutdown),
	fsm.On(claimingID, (*manager).stop, shutdown),
	fsm.On(electing, (*manager).stop, shutdown),
	fsm.On(waitingAssignment, (*manager).stop, shutdown),
	fsm.On(stable, (*manager).stop, shutdown),
	fsm.On(scaling, (*manager).stop, shutdown),
	fsm.On(rebalancing, (*manager).stop, shutdown),
	fsm.On(emergency, (*manager).stop, shutdown),
	fsm.On(degraded, (*manager).stop, shutdown),
	fsm.On(shutdown, (*manager).stopAgain, shutdown),
	fsm.On(shutdown, (*manager).announced, shutdown), // FlagsSet
	fsm.On(shutdown, (*manager).announceLate, shutdown),
	fsm.On(shutdown, (*manager).allLetGo, shutdown),
	fsm.On(shutdown, (*manager).stoodDown, shutdown),
	fsm.On(shutdown, (*manager).sessionReleased, shutdown),
	fsm.On(shutdown, (*manager).stopLate, shutdown),
	fsm.On(shutdown, (*manager).closeLate, shutdown),

	// The same facts where they change nothing that is shown.
	fsm.Stay(noting((*manager).storeOpened), claimingID, degraded),
	fsm.Stay(noting((*manager).storeLost), initial, claimingID, degraded, shutdown),
	fsm.Stay(noting((*manager).sessionLost), claimingID, shutdown),
	fsm.Stay(noting((*manager).claimFailed), degraded),
	fsm.Stay(noting((*manager).claimScanned), claimingID),
	fsm.Stay(noting((*manager).storeFailed), initial, electing, waitingAssignment, stable, scaling, rebalancing, emergency, degraded),
	fsm.Stay(noting((*manager).operationFailed), degraded),
	fsm.Stay(noting((*manager).suspected), degraded),
	fsm.Stay((*manager).renewed, electing, waitingAssignment, stable, scaling, rebalancing, emergency, degraded),
	fsm.Stay(noting((*manager).leaderKnown), waitingAssignment, stable, scaling, rebalancing, emergency, degraded),
	fsm.Stay(noting((*manager).leadershipGained), electing, waitingAssignment, stable, scaling, emergency, degraded),
	fsm.Stay(noting((*manager).leadershipLost), electing, waitingAssignment, stable, degraded),
	fsm.Stay(noting((*manager).windowOpened), electing, waitingAssignment, scaling, degraded),
	fsm.Stay(noting((*manager).windowClosed), electing, waitingAssignment, stable, rebalancing, emergency, degraded),
	fsm.Stay(noting((*manager).decisionStarted), electing, waitingAssignment, degraded),
	fsm.Stay(noting((*manager).decisionDone), electing, waitingAssignment, stable, degraded),
	fsm.Stay(noting((*manager).decisionFailed), electing, waitingAssignment, stable, degraded),
	fsm.Stay(noting((*manager).applied), initial, claimingID, electing, scaling, emergency, degraded, shutdown),
	fsm.Stay(noting((*manager).drained), electing, waitingAssignment, stable, scaling, emergency, degraded, shutdown),

	fsm.Stay((*manager).decisionsResumed, everywhere...),
	fsm.Stay((*manager).quarantined, everywhere...),
	fsm.Stay((*manager).coverageChanged, everywhere...),
	fsm.Stay((*manager).stalled, everywhere...),
	fsm.Stay((*manager).handOverResumed, everywhere...),
	fsm.Stay((*manager).childEnded, everywhere...), // Terminated, of subscribers too
	fsm.Stay((*manager).subscribe, everywhere...),
	fsm.Stay((*manager).unsubscribe, everywhere...),
	fsm.Stay((*manager).letGo, everywhere...),
	fsm.Stay((*manager).snapshot, everywhere...),
	fsm.Stay((*manager).counts, everywhere...),
	fsm.Stay((*manager).owner, everywhere...),
	fsm.Stay((*manager).journal, everywhere...), // GetJournal
	fsm.Stay((*manager).why, everywhere...),
	fsm.Stay((*manager).updatePartitions, everywhere...),
	fsm.Stay((*manager).partitionsListed, everywhere...),
	fsm.Stay((*manager).refresh, everywhere...),
	fsm.Stay((*manager).refreshAsked, everywhere...),
	fsm.Stay((*manager).refreshLate, everywhere...),
	fsm.Stay((*manager).drain, everywhere...),
	fsm.Stay((*manager).undrain, everywhere...),
	fsm.Stay((*manager).release, everywhere...),
	fsm.Stay((*manager).unworked, everywhere...), // QuarantineChanged
	fsm.Stay((*manager).flagsSet, everywhere[2:9]...),
	fsm.Stay((*manager).endBare, everywhere[2:9]...), // bared
	fsm.Stay((*manager).leadBarred, everywhere[2:9]...),
	fsm.Stay((*manager).startLate, everywhere[:9]...),
	fsm.Stay((*manager).again, everywhere[:9]...),

	// What was said of something that is over, or cannot have begun, by where it
	// means nothing.
	fsm.Ignore[*manager](initial, slices.Concat(ofClaims, ofLeases, ofTheGroup, ofStops, ofFlags, []any{messages.SessionLost{}, messages.StoodDown{}, messages.DrainingChanged{}})...),
	fsm.Ignore[*manager](claimingID, slices.Concat(ofLeases, ofTheGroup, ofStops, ofFlags, []any{messages.StoodDown{}, messages.DrainingChanged{}})...),
	fsm.Ignore[*manager](electing, slices.Concat(ofClaims, ofStops)...),
	fsm.Ignore[*manager](waitingAssignment, slices.Concat(ofClaims, ofStops)...),
	fsm.Ignore[*manager](stable, slices.Concat(ofClaims, ofStops)...),
	fsm.Ignore[*manager](scaling, slices.Concat(ofClaims, ofStops)...),
	fsm.Ignore[*manager](rebalancing, slices.Concat(ofClaims, ofStops)...),
	fsm.Ignore[*manager](emergency, slices.Concat(ofClaims, ofStops)...),
	fsm.Ignore[*manager](degraded, slices.Concat(ofStops, []any{messages.SessionStarted{}})...), // ClaimScanned comes before it
	fsm.Ignore[*manager](shutdown, slices.Concat(ofClaims, ofLeases, ofTheGroup, []any{messages.StoreOpened{}, messages.StoreFailed{}})...),
	fsm.Late[*manager, messages.State](startDue{}, outageDue{}, announceDue{}, stopDue{}, closeDue{}, againDue{}, onward{}, bared{}),
)

// Facts that come from one source, and mean nothing where that is not there.
var (
	ofClaims   = []any{messages.ClaimScanned{}, messages.ClaimFailed{}, messages.SessionStarted{}}
	ofLeases   = []any{messages.SessionRenewed{}, messages.SessionSuspected{}, messages.OperationFailed{}}
	ofTheGroup = []any{
		messages.LeaderKnown{},
		messages.LeadershipGained{},
		messages.LeadershipLost{},
		messages.LeadBarred{},
		messages.WindowOpened{},
		messages.WindowClosed{},
		messages.DecisionStarted{},
		messages.DecisionDone{},
		messages.DecisionFailed{},
	}
	ofFlags = []any{messages.FlagsSet{}}
	ofStops = []any{messages.AllLetGo{}, messages.SessionReleased{}}
)

// everywhere are all states, the last one last.
var everywhere = []messages.State{initial, claimingID, electing, waitingAssignment, stable, scaling, rebalancing, emergency, degraded, shutdown}

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
	return &manager{
		cfg: cfg, doors: outside, state: initial, health: messages.HealthChanged{Reason: "starting"},
		outage: outage{Outage: partition.NewOutage(cfg.Settings)}, decided: map[string]messages.Decided{},
	}
}

// Receive implements actor.Actor. Mail of a child that has been replaced is about
// a life that is over.
func (m *manager) Receive(ctx actor.Context) {
	if !m.children.replaced(ctx) {
		managerTable.Receive(ctx, m, &m.state, m.changed)
	}
}
