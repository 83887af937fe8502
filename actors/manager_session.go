package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func (m *manager) begin(ctx actor.Context, _ *actor.Started) messages.State {
	m.company.gather(ctx, m)
	ctx.Request(m.company.outside, messages.Remind{After: m.cfg.Settings.StartTimeout, Mail: startDue{}})
	return messages.Init
}

func (m *manager) startLate(ctx actor.Context, _ startDue) {
	m.life.late = true
	m.examine(ctx, m.state)
}

func (m *manager) storeFailed(ctx actor.Context, f messages.StoreFailed) {
	m.hear(f.At)
	m.life.trouble, m.life.final = f.Reason, f.Final
	m.examine(ctx, m.state)
}

func (m *manager) claimFailed(ctx actor.Context, f messages.ClaimFailed) {
	m.hear(f.At)
	m.life.trouble = f.Reason
	m.examine(ctx, m.state)
}

// storeOpened begins the first session in this incarnation of the stream.
func (m *manager) storeOpened(ctx actor.Context, s messages.StoreOpened) messages.State {
	m.hear(s.At)
	m.life.open, m.life.trouble, m.life.fresh = true, "", s.Fresh
	m.life.dice = partition.Dice{Entropy: s.Entropy}
	m.reason = "the store is open"
	m.claim(ctx)
	if m.state == messages.Degraded {
		return messages.Degraded
	}
	return messages.ClaimingID
}

// claim begins a session, which claims an ID first.
func (m *manager) claim(ctx actor.Context) {
	m.company.born++
	m.life.session = partition.SessionID(m.life.dice.Nonce("session", uint64(m.company.born)))
	m.company.spawnSession(ctx, m)
}

// claimScanned: the store answers again.
func (m *manager) claimScanned(_ actor.Context, s messages.ClaimScanned) messages.State {
	m.hear(s.At)
	m.reason = "the store answers again, the session was lost"
	return messages.ClaimingID
}

func (m *manager) sessionStarted(ctx actor.Context, s messages.SessionStarted) messages.State {
	if s.Session != m.life.session {
		return m.state
	}
	m.hear(s.At)
	m.life.worker, m.life.claim, m.life.leaseEnd, m.life.trouble = s.Worker, s.Claim, s.LeaseEnd, s.Warning
	if m.state == messages.Shutdown {
		return messages.Shutdown
	}
	m.company.spawnElection(ctx, m)
	m.reason = "claimed " + string(s.Worker)
	return messages.Election
}

func (m *manager) renewed(_ actor.Context, s messages.SessionRenewed) messages.State {
	if s.Session != m.life.session {
		return m.state
	}
	m.hear(s.At)
	m.life.leaseEnd = s.LeaseEnd
	if m.state != messages.Degraded {
		return m.state
	}
	to := m.calm()
	m.reason = "the store answers again"
	return to
}

func (m *manager) suspected(_ actor.Context, s messages.SessionSuspected) messages.State {
	if s.Session != m.life.session {
		return m.state
	}
	m.hear(s.At)
	m.reason = "no heartbeat was accepted for too long"
	return messages.Degraded
}

// sessionLost: nothing is owned any more. A new session claims anew.
func (m *manager) sessionLost(ctx actor.Context, s messages.SessionLost) messages.State {
	if s.Session != m.life.session {
		return m.state
	}
	m.hear(s.At)
	if s.Replaced != "" && m.cfg.Settings.InstanceKey != "" {
		m.life.lost = append(m.life.lost, s.Replaced)
	}
	m.endSession(ctx)
	if m.state == messages.Shutdown {
		m.exit.gone = true
		m.leaveStep(ctx)
		return messages.Shutdown
	}
	if m.life.open {
		m.claim(ctx)
	}
	if m.state == messages.Degraded {
		return messages.Degraded
	}
	m.reason = "session lost: " + s.Reason
	return messages.ClaimingID
}

// storeLost: every session, claim and leadership in that stream is over.
func (m *manager) storeLost(ctx actor.Context, s messages.StoreLost) messages.State {
	m.hear(s.At)
	m.life.open, m.life.trouble = false, s.Reason
	m.endSession(ctx)
	ctx.Send(m.company.holder, messages.DropAll{Reason: s.Reason, At: m.now})
	if m.state == messages.Init || m.state == messages.Degraded {
		return m.state
	}
	m.reason = s.Reason
	return messages.ClaimingID
}

// endSession forgets the session with all that belonged to it.
func (m *manager) endSession(ctx actor.Context) {
	m.company.dismiss(ctx, &m.company.election)
	m.company.dismiss(ctx, &m.company.session)
	m.life.session, m.life.worker = "", ""
	lost := m.group.applied
	m.group = group{applied: lost}
}
