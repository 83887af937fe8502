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
	doors   *actor.Props
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
	open     bool // the store is
	dice     partition.Dice
	fresh    bool
	worker   partition.WorkerID
	session  partition.SessionID
	claim    partition.Revision
	leaseEnd time.Time
	lost     []partition.WorkerID // IDs in which this process was replaced
	flags    messages.SetFlags
	late     bool   // StartTimeout is over
	trouble  string // why there is no store, or no ID
	final    bool
}

// group is what is known of the others, and of this worker's part.
type group struct {
	leader   partition.WorkerID
	known    bool // the election has looked
	leading  bool
	term     partition.Revision
	members  []partition.WorkerID
	unowned  int
	applied  messages.AssignmentApplied
	assigned bool // since the session began
	draining int
}

// startDue is a reminder that a first assignment is late.
type startDue struct{}

// anywhere are all states but the last.
var (
	anywhere = []messages.State{
		messages.Init, messages.ClaimingID, messages.Election, messages.WaitingAssignment,
		messages.Stable, messages.Scaling, messages.Rebalancing, messages.Emergency, messages.Degraded,
	}
	always = append(anywhere[:len(anywhere):len(anywhere)], messages.Shutdown)
)

var managerTable = fsm.New(managerRows()...)

func managerRows() []fsm.Row[*manager, messages.State] {
	const (
		start, claim, elect, wait     = messages.Init, messages.ClaimingID, messages.Election, messages.WaitingAssignment
		stable, scaling, rebal, emerg = messages.Stable, messages.Scaling, messages.Rebalancing, messages.Emergency
		degraded, down                = messages.Degraded, messages.Shutdown
	)
	rows := []fsm.Row[*manager, messages.State]{
		fsm.On(start, (*manager).begin, start), // Started
		fsm.On(start, (*manager).storeOpened, claim),
		fsm.On(claim, (*manager).storeOpened, claim),
		fsm.On(degraded, (*manager).storeOpened, degraded),
		fsm.On(claim, (*manager).sessionStarted, elect),
		fsm.On(degraded, (*manager).sessionStarted, elect),
		fsm.On(degraded, (*manager).claimScanned, degraded, claim),
		fsm.On(degraded, (*manager).renewed, degraded, elect, wait, stable, rebal),
		fsm.On(degraded, (*manager).suspected, degraded),
		fsm.On(degraded, (*manager).sessionLost, degraded),
		fsm.On(degraded, (*manager).storeLost, degraded),
		fsm.On(degraded, (*manager).applied, degraded),
		fsm.On(degraded, (*manager).leadershipLost, degraded),
		fsm.On(degraded, (*manager).leaderKnown, degraded),
		fsm.On(degraded, (*manager).drained, degraded),
		fsm.On(start, (*manager).storeLost, start),
		fsm.On(claim, (*manager).storeLost, claim),
		fsm.On(claim, (*manager).sessionLost, claim),
		fsm.On(claim, (*manager).applied, claim),

		fsm.On(elect, (*manager).leaderKnown, elect, wait, stable, rebal),
		fsm.On(wait, (*manager).applied, wait, stable, rebal),
		fsm.On(elect, (*manager).applied, elect, stable, rebal),

		fsm.On(stable, (*manager).windowOpened, stable, scaling),
		fsm.On(stable, (*manager).decisionStarted, stable, rebal, emerg),
		fsm.On(scaling, (*manager).windowClosed, scaling, stable, rebal),
		fsm.On(scaling, (*manager).decisionStarted, scaling, rebal, emerg),
		fsm.On(rebal, (*manager).decisionStarted, rebal, emerg),
		fsm.On(emerg, (*manager).decisionStarted, emerg, rebal),
		fsm.On(down, (*manager).announced, down), // FlagsSet
		fsm.On(down, (*manager).allLetGo, down),
		fsm.On(down, (*manager).stoodDown, down),
		fsm.On(down, (*manager).sessionReleased, down),
		fsm.On(down, (*manager).sessionLost, down),
		fsm.On(down, (*manager).sessionStarted, down),
		fsm.On(down, (*manager).applied, down),
		fsm.On(down, (*manager).stopAgain, down),
		fsm.On(down, (*manager).stopLate, down),
	}
	for _, s := range []messages.State{elect, wait, stable, scaling, rebal, emerg} {
		rows = append(rows,
			fsm.On(s, (*manager).renewed, s),
			fsm.On(s, (*manager).suspected, s, degraded),
			fsm.On(s, (*manager).sessionLost, claim),
			fsm.On(s, (*manager).storeLost, claim),
			fsm.On(s, (*manager).leadershipGained, s),
		)
		if s != elect {
			rows = append(rows, fsm.On(s, (*manager).leaderKnown, s))
		}
	}
	for _, s := range []messages.State{stable, scaling, rebal, emerg} {
		rows = append(rows,
			fsm.On(s, (*manager).applied, s, stable, rebal),
			fsm.On(s, (*manager).drained, s, stable, rebal),
			fsm.On(s, (*manager).leadershipLost, s, stable, rebal),
			fsm.On(s, (*manager).decisionDone, s, stable, rebal),
			fsm.On(s, (*manager).decisionFailed, s, stable, rebal),
		)
	}
	for _, s := range anywhere {
		rows = append(rows, fsm.On(s, (*manager).stop, down))
	}
	return append(rows,
		fsm.On(elect, (*manager).leadershipLost, elect), fsm.On(wait, (*manager).leadershipLost, wait),
		fsm.Stay((*manager).childEnded, always...), // Terminated, of subscribers too
		fsm.Stay((*manager).subscribe, always...),
		fsm.Stay((*manager).unsubscribe, always...),
		fsm.Stay((*manager).letGo, always...),
		fsm.Stay((*manager).snapshot, always...),
		fsm.Stay((*manager).owner, always...),
		fsm.Stay((*manager).updatePartitions, anywhere...),
		fsm.Stay((*manager).partitionsListed, anywhere...),
		fsm.Stay((*manager).claimFailed, anywhere...),
		fsm.Stay((*manager).storeFailed, anywhere...),
		fsm.Stay((*manager).startLate, anywhere...),
		fsm.Stay((*manager).begunAgain, anywhere...),
		fsm.Late[*manager, messages.State](
			messages.StoreOpened{}, messages.StoreLost{}, messages.StoreFailed{}, messages.SessionStarted{}, messages.ClaimScanned{},
			messages.SessionRenewed{}, messages.SessionSuspected{}, messages.SessionLost{}, messages.SessionReleased{}, messages.ClaimFailed{},
			messages.FlagsSet{}, messages.LeaderKnown{}, messages.LeadershipGained{}, messages.LeadershipLost{}, messages.StoodDown{},
			messages.WindowOpened{}, messages.WindowClosed{}, messages.DecisionStarted{}, messages.DecisionDone{}, messages.DecisionFailed{},
			messages.AssignmentApplied{}, messages.DrainingChanged{}, messages.AllLetGo{}, messages.UpdatePartitions{},
			messages.PartitionsListed{}, startDue{}, stopDue{}, againDue{},
		))
}

func newManager(cfg Config, outside *actor.Props) *manager {
	return &manager{cfg: cfg, doors: outside, state: messages.Init, health: messages.HealthChanged{Reason: "starting"}}
}

// Receive implements actor.Actor.
func (m *manager) Receive(ctx actor.Context) { managerTable.Receive(ctx, m, &m.state, m.changed) }

// changed tells subscribers of a new public state.
func (m *manager) changed(ctx actor.Context, from, to messages.State) {
	m.subs.tell(ctx, messages.StateChanged{From: from, To: to, Reason: m.reason, At: m.now})
	m.reason = ""
	m.examine(ctx, to)
}

// calm is where a worker is when nothing happens in the group. A follower hands
// over while something of its own is on its way.
func (m *manager) calm() messages.State {
	switch {
	case !m.group.assigned && !m.group.known:
		return messages.Election
	case !m.group.assigned:
		return messages.WaitingAssignment
	case !m.group.leading && (m.group.draining > 0 || len(m.group.applied.Pending) > 0):
		m.reason = "partitions of this worker are handed over"
		return messages.Rebalancing
	}
	return messages.Stable
}

// examine says whether the worker can do its duty, when that has changed.
func (m *manager) examine(ctx actor.Context, state messages.State) {
	h := messages.HealthChanged{Healthy: true, At: m.now}
	switch {
	case m.life.final:
		h = messages.HealthChanged{Reason: m.life.trouble, Final: true, At: m.now}
	case state == messages.Shutdown:
		h = messages.HealthChanged{Reason: "stopping", At: m.now}
	case state == messages.Degraded:
		h = messages.HealthChanged{Reason: "the store does not answer", At: m.now}
	case !m.group.assigned:
		h = messages.HealthChanged{Reason: m.waitsFor(state), At: m.now}
	}
	if h.Healthy != m.health.Healthy || h.Reason != m.health.Reason || h.Final != m.health.Final {
		m.health = h
		m.subs.tell(ctx, h)
	}
}

// waitsFor says why there is no assignment yet, louder when it is late.
func (m *manager) waitsFor(state messages.State) string {
	reason := "starting"
	if !m.life.late {
		return reason
	}
	switch {
	case m.life.trouble != "":
		reason = m.life.trouble
	case state == messages.Init:
		reason = "the store is not open"
	case state == messages.ClaimingID:
		reason = "no worker ID is claimed"
	case m.group.leader == "":
		reason = "nobody leads"
	default:
		reason = "the leader " + string(m.group.leader) + " has assigned nothing"
	}
	return "no assignment within StartTimeout: " + reason
}

// hear notes the latest instant heard of.
func (m *manager) hear(at time.Time) { m.now = later(m.now, at) }
