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
	worker   partition.WorkerID
	nonce    partition.SessionID
	leaseEnd time.Time
	latest   partition.Assignment // as it was seen last, applied or not
	round    partition.Round      // of the watch and of reminders

	applied   partition.Step // of this session
	seen      partition.Step // of any session
	change    uint64
	confirmed uint64
	owned     []partition.Owned // in canonical order
	items     items
	born      int
	now       time.Time // the latest instant heard of
}

type holderConfig struct {
	settings partition.Settings
	outside  *actor.PID
	// props makes the partition actors; nil if there are none.
	props func(partition.Owned) *actor.Props
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
)

var holderTable = fsm.New(
	fsm.On(absent, (*holder).follow, following),
	fsm.On(absent, (*holder).tell, absent),
	fsm.On(absent, (*holder).childEnded, absent),
	fsm.On(absent, (*holder).leaveAtOnce, empty),

	fsm.On(following, (*holder).see, following),
	fsm.On(following, (*holder).extend, following),
	fsm.On(following, (*holder).tell, following),
	fsm.On(following, (*holder).confirm, following),
	fsm.On(following, (*holder).childEnded, following),
	fsm.On(following, (*holder).respawn, following),
	fsm.On(following, (*holder).writeOff, following),
	fsm.On(following, (*holder).suspend, halted),
	fsm.On(following, (*holder).drop, absent),
	fsm.On(following, (*holder).leave, leaving, empty),
	fsm.On(following, (*holder).follow, following),

	fsm.On(halted, (*holder).see, halted),
	fsm.On(halted, (*holder).tell, halted),
	fsm.On(halted, (*holder).confirm, halted),
	fsm.On(halted, (*holder).childEnded, halted),
	fsm.On(halted, (*holder).writeOff, halted),
	fsm.On(halted, (*holder).resume, following),
	fsm.On(halted, (*holder).drop, absent),
	fsm.On(halted, (*holder).leave, leaving, empty),

	fsm.On(leaving, (*holder).see, leaving),
	fsm.On(leaving, (*holder).extend, leaving),
	fsm.On(leaving, (*holder).tell, leaving),
	fsm.On(leaving, (*holder).confirm, leaving, empty),
	fsm.On(leaving, (*holder).childEnded, leaving, empty),
	fsm.On(leaving, (*holder).writeOff, leaving, empty),
	fsm.On(leaving, (*holder).leaveOver, leaving, empty),
	fsm.On(leaving, (*holder).drop, empty),

	fsm.On(empty, (*holder).tell, empty),
	fsm.On(empty, (*holder).childEnded, empty),

	fsm.Stay((*holder).dropHoldings, absent, following, halted, leaving, empty),
	fsm.Late[*holder, holderState](
		messages.HoldFor{}, messages.HoldUntil{}, messages.Suspend{}, messages.DropAll{}, messages.LetAllGo{},
		messages.Seen{}, messages.WatchSynced{}, messages.Confirmed{}, drainDue{}, leaveDue{}, respawnDue{},
	),
)

func holderProps(cfg holderConfig) *actor.Props {
	return stage.Props(func() actor.Actor {
		return &holder{holderConfig: cfg, state: absent, items: newItems()}
	})
}

// Receive implements actor.Actor.
func (h *holder) Receive(ctx actor.Context) { holderTable.Receive(ctx, h, &h.state, nil) }

// follow begins a session: nothing of a former one is owned.
func (h *holder) follow(ctx actor.Context, m messages.HoldFor) holderState {
	if h.worker != "" && h.worker != m.Worker {
		ctx.Request(h.outside, messages.Unwatch{Key: messages.KeyAssignment(h.worker)})
	}
	h.session, h.worker, h.nonce, h.leaseEnd = ctx.Sender(), m.Worker, m.Session, m.LeaseEnd
	h.applied, h.latest = 0, partition.Assignment{}
	h.round++
	ctx.Request(h.outside, messages.Watch{Round: h.round, Key: messages.KeyAssignment(m.Worker)})
	return following
}

func (h *holder) extend(ctx actor.Context, m messages.HoldUntil) holderState {
	h.leaseEnd, h.now = m.LeaseEnd, m.At
	h.apply(ctx)
	return h.state
}

// see takes an assignment if it is this session's and newer than what is applied.
// A late one waits for the lease to be extended.
func (h *holder) see(ctx actor.Context, m messages.Seen) holderState {
	a, ok := m.Entry.Record.(partition.Assignment)
	if ok && m.Round == h.round && a.Session == h.nonce && a.Step > h.latest.Step {
		h.latest, h.now = a, m.At
		h.apply(ctx)
	}
	return h.state
}

// apply makes the latest assignment true. What is there before and after under
// the same token is not touched.
func (h *holder) apply(ctx actor.Context) {
	if h.latest.Step <= h.applied || !h.now.Before(h.leaseEnd) || h.state == halted {
		return
	}
	h.applied, h.seen = h.latest.Step, max(h.seen, h.latest.Step)
	after := h.latest.Granted()
	if h.state == leaving {
		after = nil // nothing is started any more
	}
	revoked := make(map[partition.PartitionID]partition.Step, len(h.latest.Revoking))
	for _, r := range h.latest.Revoking {
		revoked[r.Partition] = r.Step
	}
	gained, lost := partition.Diff(h.owned, after)
	h.owned = after
	h.change++
	for _, o := range lost {
		step, told := revoked[o.ID]
		if !told {
			step = h.applied
		}
		h.revoke(ctx, itemKey{o.ID, o.Token}, step)
	}
	for _, o := range gained {
		h.add(ctx, o)
	}
	h.report(ctx, gained, lost)
	h.news(ctx)
}

func (h *holder) report(ctx actor.Context, gained, lost []partition.Owned) {
	if len(lost) > 0 {
		ctx.Request(h.outside, messages.Remind{After: h.settings.RevokeTimeout, Mail: drainDue{h.change}})
	}
	ctx.Request(ctx.Parent(), messages.AssignmentApplied{
		Change: h.change, Session: h.nonce, Version: h.latest.Version, Step: h.applied,
		Gained: gained, Lost: lost, All: h.owned, Pending: h.latest.Pending, Draining: h.items.count[draining], At: h.now,
	})
}

// tell answers the session, before a heartbeat; news are told without being asked.
func (h *holder) tell(ctx actor.Context, m messages.GetHoldings) holderState {
	ctx.Respond(h.holdings(m.Round))
	return h.state
}

func (h *holder) news(ctx actor.Context) {
	if h.session != nil {
		ctx.Send(h.session, h.holdings(0))
	}
}

func (h *holder) holdings(round partition.Round) messages.Holdings {
	m := messages.Holdings{Round: round, Session: h.nonce, Applied: h.applied, Seen: h.seen}
	if h.items.count[draining]+h.items.count[abandoned] == 0 {
		return m
	}
	for _, it := range h.items.list {
		switch it.phase {
		case draining:
			m.Held = append(m.Held, it.owned.ID)
		case abandoned:
			m.Abandoned = append(m.Abandoned, partition.Abandoned{Partition: it.owned.ID, Token: it.owned.Token, Step: it.step})
		}
	}
	return m
}
