package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// holder owns this worker's partitions: which are owned, which drain, which were
// written off, and the partition actors that work on them. It hears the
// assignment from the store and the lease from the session, and tells the manager
// what changed and the session what to acknowledge. It outlives sessions, because
// a handler may outlive its session. It is never restarted: if it panics, its
// partition actors stop with it and the manager begins anew.
type holder struct {
	holderConfig
	state holderState

	session  *actor.PID
	life     partition.Round // sessions of a lower one are over
	worker   partition.WorkerID
	nonce    partition.SessionID
	leaseEnd time.Time
	latest   partition.Assignment // as it was seen last, applied or not
	floor    partition.Revision   // what was stored below it is not applied
	stale    partition.Step       // what was published up to it is not applied
	bare     bool                 // something was dropped, or not applied, for that
	claim    partition.Revision   // what was stored below it is of former sessions
	round    partition.Round      // of the watch
	leaves   partition.Round      // of the reminder to leave at last

	applied   partition.Step // of this session
	confirmed uint64
	owned     []partition.Owned // in canonical order
	pending   []partition.PartitionID
	items     items
	poison    poison
	starts    starts
	stops     stops
	born      int
	owesNews  bool      // the session is told of less soon
	now       time.Time // the latest instant heard of
}

type holderConfig struct {
	settings partition.Settings
	outside  *actor.PID
	props    func(partition.Owned) *actor.Props // makes the partition actors; nil if there are none
	past
}

// past is what a holder hands down to the next one, if it fails.
type past struct {
	change  uint64            // the latest that was told
	seen    partition.Step    // the highest that was applied, in any session
	version partition.Version // of that step
	lapsed  int               // how many were written off
}

type holderState string

const (
	absent    holderState = "absent"    // waiting for a session
	following holderState = "following" // waiting for assignments
	halted    holderState = "halted"    // waiting for the lease to be renewed
	leaving   holderState = "leaving"   // waiting for everything to be let go
	empty     holderState = "empty"     // waiting for the end of the session
)

// Reminders of a holder to itself.
type (
	drainDue   struct{ Change uint64 }
	leaveDue   struct{ Round partition.Round }
	respawnDue struct{ Item *item }
	newsDue    struct{} // what has drained meanwhile is told
)

var holderTable = fsm.New(
	fsm.On(absent, (*holder).follow, absent, following), // HoldFor
	fsm.On(absent, (*holder).drop, absent),              // DropAll
	fsm.On(absent, (*holder).leave, empty),              // LetAllGo

	fsm.On(following, (*holder).follow, following),
	fsm.On(following, (*holder).extend, following), // HoldUntil
	fsm.On(following, (*holder).suspend, following, halted),
	fsm.On(following, (*holder).drop, following, absent),
	fsm.On(following, (*holder).leave, leaving, empty),
	fsm.On(following, (*holder).respawn, following),

	fsm.On(halted, (*holder).follow, halted, following),
	fsm.On(halted, (*holder).resume, halted, following), // HoldUntil
	fsm.On(halted, (*holder).drop, halted, absent),
	fsm.On(halted, (*holder).leave, leaving, empty),

	fsm.On(leaving, (*holder).extend, leaving),
	fsm.On(leaving, (*holder).suspend, leaving),
	fsm.On(leaving, (*holder).drop, leaving, empty),
	fsm.On(leaving, (*holder).leaveOver, leaving, empty),

	fsm.On(absent, (*holder).childEnded, absent), // Terminated
	fsm.On(following, (*holder).childEnded, following),
	fsm.On(halted, (*holder).childEnded, halted),
	fsm.On(leaving, (*holder).childEnded, leaving, empty),
	fsm.On(empty, (*holder).childEnded, empty),

	fsm.On(absent, (*holder).confirm, absent),
	fsm.On(following, (*holder).confirm, following),
	fsm.On(halted, (*holder).confirm, halted),
	fsm.On(leaving, (*holder).confirm, leaving, empty),
	fsm.On(empty, (*holder).confirm, empty),

	fsm.On(following, (*holder).writeOff, following), // drainDue
	fsm.On(halted, (*holder).writeOff, halted),
	fsm.On(leaving, (*holder).writeOff, leaving, empty),

	fsm.On(absent, (*holder).dropHoldings, absent),
	fsm.On(following, (*holder).dropHoldings, following),
	fsm.On(halted, (*holder).dropHoldings, halted),
	fsm.On(leaving, (*holder).dropHoldings, leaving, empty),
	fsm.On(empty, (*holder).dropHoldings, empty),

	fsm.Stay((*holder).count, absent, following, halted, leaving, empty), // Time
	fsm.Stay((*holder).parole, following, halted),                        // paroleDue
	fsm.Stay((*holder).release, absent, following, halted, leaving, empty),
	fsm.Stay((*holder).begun, absent, following, halted, leaving, empty),
	fsm.Stay((*holder).startsLate, absent, following, halted, leaving, empty), // startsDue
	fsm.Stay((*holder).stopsLate, absent, following, halted, leaving, empty),  // stopsDue
	fsm.Stay((*holder).see, following, halted, leaving),
	fsm.Stay((*holder).gathered, absent, following, halted, leaving, empty), // newsDue
	fsm.Stay((*holder).tell, absent, following, halted, leaving, empty),     // GetHoldings

	fsm.Ignore[*holder](absent, messages.HoldUntil{}, messages.Suspend{}), // nothing is held
	fsm.Ignore[*holder](halted, messages.Suspend{}),                       // once is enough
	fsm.Ignore[*holder](leaving, messages.HoldFor{}, messages.LetAllGo{}), // it is the end
	fsm.Ignore[*holder](empty, messages.HoldFor{}, messages.HoldUntil{}, messages.Suspend{}, messages.DropAll{}, messages.LetAllGo{}),
	fsm.Late[*holder, holderState](
		messages.Seen{}, messages.WatchSynced{}, drainDue{}, leaveDue{}, respawnDue{}, paroleDue{}, startsDue{}, stopsDue{}, begun{},
	),
)

func holderProps(cfg holderConfig) *actor.Props {
	h := &holder{holderConfig: cfg, state: absent, items: newItems(), poison: newPoison(), stops: newStops(), confirmed: cfg.change}
	return stage.Props(func() actor.Actor { return h }, stage.OnFailure(h.failure))
}

// Receive implements actor.Actor.
func (h *holder) Receive(ctx actor.Context) { holderTable.Receive(ctx, h, &h.state, nil) }

// follow begins a session: nothing of a former one is owned. Nothing was assigned
// to it before it was claimed, and revisions may count from 1 again.
func (h *holder) follow(ctx actor.Context, m messages.HoldFor) holderState {
	if h.former(m.Round) {
		return h.state
	}
	h.life = m.Round
	h.forget(ctx)
	if h.worker != "" && h.worker != m.Worker {
		ctx.Request(h.outside, messages.Unwatch{Key: messages.KeyAssignment(h.worker)})
	}
	h.session, h.worker, h.nonce, h.leaseEnd, h.claim = ctx.Sender(), m.Worker, m.Session, m.LeaseEnd, m.Claim
	h.applied, h.latest, h.pending, h.floor, h.stale, h.bare = 0, partition.Assignment{}, nil, 0, 0, false
	h.round++
	ctx.Request(h.outside, messages.Watch{Round: h.round, Key: messages.KeyAssignment(m.Worker)})
	if len(h.poison.former) > 0 { // which the claim does not say
		h.news(ctx)
	}
	return following
}

// see takes an assignment if it is this session's and newer than what is applied. A late one
// waits for the lease to be extended. One that this build is too old for ends the session.
func (h *holder) see(ctx actor.Context, m messages.Seen) {
	if m.Entry.Newer && m.Round == h.round && m.Entry.Revision > h.claim {
		ctx.Request(ctx.Parent(), messages.SessionLost{Session: h.nonce, Reason: m.Entry.Fault, Final: true, At: m.At})
		return
	}
	a, ok := m.Entry.Record.(partition.Assignment)
	switch {
	case !ok || m.Round != h.round || a.Session != h.nonce || a.Step <= h.latest.Step:
		h.doubt(ctx, m, a)
	case m.Entry.Revision < h.floor, a.Step <= h.stale:
		h.lack(ctx)
	default:
		h.hear(m.At)
		h.latest = a
		h.apply(ctx)
	}
}

// apply makes the latest assignment true. What is there before and after under
// the same token is not touched.
func (h *holder) apply(ctx actor.Context) {
	if h.latest.Step <= h.applied || !h.now.Before(h.leaseEnd) || h.state == halted {
		return
	}
	h.applied, h.seen, h.bare = h.latest.Step, max(h.seen, h.latest.Step), false
	h.version = max(h.version, h.latest.Version)
	after := h.latest.Granted()
	h.pending = h.latest.Pending
	if h.state == leaving {
		after, h.pending = nil, nil // nothing is started any more
	}
	gained, lost := partition.Diff(h.owned, after)
	h.owned = after
	h.change++
	for _, o := range lost {
		h.revoke(ctx, itemKey{o.ID, o.Token}, h.applied, h.settings.RevokeTimeout)
	}
	h.hurryStops(ctx)
	for _, r := range h.latest.Revoking {
		h.items.revoked(itemKey{r.Partition, r.Token}, r.Step)
	}
	poison := map[itemKey]time.Duration{}
	for _, p := range h.latest.Poison {
		poison[itemKey{p.Partition, p.Token}] = p.Left
	}
	for _, o := range gained {
		h.add(ctx, o, poison[itemKey{o.ID, o.Token}])
	}
	h.noted(poison)
	h.report(ctx, gained, lost)
	h.news(ctx)
}

func (h *holder) report(ctx actor.Context, gained, lost []partition.Owned) {
	if len(lost) > 0 {
		ctx.Request(h.outside, messages.Remind{After: h.settings.RevokeTimeout, Mail: drainDue{h.change}})
	}
	all, bare := h.owned, partition.Revision(0)
	if h.state == halted {
		all = nil // nobody may work on it
	}
	if h.bare {
		bare = h.floor
	}
	ctx.Request(ctx.Parent(), messages.AssignmentApplied{
		Change: h.change, Worker: h.worker, Session: h.nonce, Version: h.version, Step: h.seen,
		Gained: gained, Lost: lost, All: all, Pending: h.pending, Draining: h.items.count[draining], Abandoned: h.lapsed, Suspended: h.state == halted, Bare: bare, At: h.now,
	})
	h.tellQuarantined(ctx)
}

// tell answers the session, before a heartbeat; news are told without being asked.
func (h *holder) tell(ctx actor.Context, m messages.GetHoldings) {
	ctx.Respond(h.holdings(ctx, m.Round))
}

func (h *holder) news(ctx actor.Context) {
	if h.session != nil {
		ctx.Send(h.session, h.holdings(ctx, 0))
	}
}

// While so many are held, what has drained is told together with what drains soon after:
// to list all of them takes longer than one of them does.
const (
	manyHeld   = 500
	gatherNews = 20 * time.Millisecond
)

// fewer tells the session that something has drained, or is no more written off: a little
// later if much is left.
func (h *holder) fewer(ctx actor.Context) {
	switch {
	case h.items.count[draining]+h.items.count[abandoned] < manyHeld:
		h.news(ctx)
	case !h.owesNews:
		h.owesNews = true
		ctx.Request(h.outside, messages.Remind{After: gatherNews, Mail: newsDue{}})
	}
}

func (h *holder) gathered(ctx actor.Context, _ newsDue) {
	h.owesNews = false
	h.news(ctx)
}

func (h *holder) holdings(ctx actor.Context, round partition.Round) messages.Holdings {
	m := messages.Holdings{Round: round, Session: h.nonce, Applied: h.applied, Seen: h.seen, Poison: h.sentences(ctx)}
	if h.items.count[draining]+h.items.count[abandoned] == 0 {
		return m
	}
	for it := range h.items.all() {
		switch it.phase {
		case draining:
			m.Held = append(m.Held, it.owned.ID)
		case abandoned:
			m.Abandoned = append(m.Abandoned, partition.Abandoned{Partition: it.owned.ID, Token: it.owned.Token, Step: it.step})
		default: // owned, or of a former session
		}
	}
	return m
}

func (h *holder) hear(at time.Time) { h.now = later(h.now, at) }
