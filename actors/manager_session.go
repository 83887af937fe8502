package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func (m *manager) begin(ctx actor.Context, _ *actor.Started) messages.State {
	m.children.spawnAll(ctx, m)
	m.startAnew(ctx)
	return initial
}

// startAnew gives a first assignment StartTimeout from now.
func (m *manager) startAnew(ctx actor.Context) {
	m.life.starts++
	m.life.late = false
	ctx.Request(m.children.outside, messages.Remind{After: m.cfg.Settings.StartTimeout, Mail: startDue{m.life.starts}})
}

func (m *manager) startLate(ctx actor.Context, d startDue) {
	if d.Round == m.life.starts {
		m.life.late = true
		m.examine(ctx, m.state)
	}
}

// storeOpened begins a session in this incarnation of the stream. One of another
// incarnation is over.
func (m *manager) storeOpened(ctx actor.Context, s messages.StoreOpened) messages.State {
	m.hear(s.At)
	m.endSession(ctx)
	m.dropAll(ctx, "the stream was replaced")
	m.life.trouble, m.life.final, m.life.fresh = "", false, s.Fresh
	m.life.dice = partition.Dice{Entropy: s.Entropy}
	if m.children.owners != nil {
		ctx.Send(m.children.owners, forgetTable{})
	}
	m.reason = "the store is open"
	m.claim(ctx)
	if m.state == degraded || m.state == claimingID {
		m.examine(ctx, m.state)
		return m.state
	}
	return claimingID
}

// claim begins a session, which claims an ID first.
func (m *manager) claim(ctx actor.Context) {
	m.life.flags.Refresh = 0 // counted by session
	m.life.session = partition.SessionID(m.life.dice.Nonce("session", uint64(m.children.born)))
	m.children.spawnSession(ctx, m)
}

// storeFailed: the store cannot be opened. Without it there is nothing to claim, so that
// this counts as a claim that failed; whoever has a lease goes by that.
func (m *manager) storeFailed(ctx actor.Context, f messages.StoreFailed) messages.State {
	m.hear(f.At)
	m.life.trouble, m.life.final = f.Reason, f.Final
	if m.state == claimingID || m.state == degraded && m.children.session == nil {
		if to := m.faltered(ctx, f.Reason, f.At); to != m.state {
			return to
		}
	}
	m.examine(ctx, m.state)
	return m.state
}

func (m *manager) sessionStarted(ctx actor.Context, s messages.SessionStarted) messages.State {
	m.hear(s.At)
	m.answered(ctx, s.At)
	m.life.worker, m.life.leaseEnd, m.life.trouble = s.Worker, s.LeaseEnd, ""
	m.children.spawnElection(ctx, m)
	m.children.tellRefresher(ctx, sessionIs{s.Session})
	m.drainAnew(ctx)
	m.reason = "claimed " + string(s.Worker)
	if s.Warning != "" {
		m.reason += "; warning: " + s.Warning
	}
	return electing
}

// renewed: the store does what the session asks. An outage ends when it has done so
// for long enough.
func (m *manager) renewed(ctx actor.Context, s messages.SessionRenewed) {
	m.hear(s.At)
	m.life.leaseEnd, m.life.trouble = s.LeaseEnd, ""
	m.answered(ctx, s.At)
	if m.state == degraded {
		m.examine(ctx, degraded)
	}
}

// sessionLost: nothing is owned any more. A new session claims anew, unless the
// worker is stopping, or can do its duty only as a newer build.
func (m *manager) sessionLost(ctx actor.Context, s messages.SessionLost) messages.State {
	if s.Session != m.life.session {
		return m.state // it failed, and has ended with the store meanwhile
	}
	m.hear(s.At)
	if s.Replaced != "" && m.cfg.Settings.InstanceKey != "" {
		m.life.lost = latest(m.life.lost, s.Replaced)
	}
	m.endSession(ctx)
	m.life.trouble = "the session was lost: " + s.Reason
	if m.state == shutdown {
		m.exit.trouble("nothing was released: " + m.life.trouble)
		m.leaveStep(ctx)
		return shutdown
	}
	if s.Final {
		m.dropAll(ctx, s.Reason)
		m.life.final = true
	} else {
		m.startAnew(ctx)
		m.claim(ctx)
	}
	if m.state == degraded && !m.outage.Well() {
		m.examine(ctx, degraded)
		return degraded
	}
	m.outage.Resume()
	m.reason = m.life.trouble
	return claimingID
}

// storeLost: every session, claim and leadership in that stream is over.
func (m *manager) storeLost(ctx actor.Context, s messages.StoreLost) messages.State {
	m.hear(s.At)
	had := m.children.session != nil
	m.endSession(ctx)
	m.dropAll(ctx, s.Reason)
	m.life.trouble = "the store was lost: " + s.Reason
	switch m.state {
	case shutdown:
		if had {
			m.exit.trouble("nothing was released: " + m.life.trouble)
		}
		m.leaveStep(ctx)
		return shutdown
	case initial, degraded:
		m.examine(ctx, m.state)
		return m.state
	default: // there was a session
	}
	m.startAnew(ctx)
	m.reason = m.life.trouble
	return claimingID
}

// endSession forgets the session with all that belonged to it.
func (m *manager) endSession(ctx actor.Context) {
	m.children.dismiss(ctx, &m.children.election)
	m.children.dismiss(ctx, &m.children.session)
	m.life.session, m.life.worker, m.life.leaseEnd = "", "", time.Time{}
	m.group = group{applied: m.group.applied, leads: stable}
	m.children.tellRefresher(ctx, sessionIs{})
}

// dropAll lets go of everything at once, when no session is there to say so: the latest one
// is over.
func (m *manager) dropAll(ctx actor.Context, reason string) {
	if m.children.holder != nil {
		ctx.Send(m.children.holder, messages.DropAll{Reason: reason, At: m.now, Round: m.children.life})
	}
}

// hear notes the latest instant heard of.
func (m *manager) hear(at time.Time) { m.now = later(m.now, at) }

// latest returns the IDs with this one as the last, once: who is replaced again and again, as
// two that share a key are, has no more of them than there are.
func latest(ids []partition.WorkerID, id partition.WorkerID) []partition.WorkerID {
	others := slices.DeleteFunc(slices.Clone(ids), func(other partition.WorkerID) bool { return other == id })
	return append(others, id)
}
