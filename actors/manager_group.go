package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

func (m *manager) leaderKnown(_ actor.Context, k messages.LeaderKnown) messages.State {
	m.hear(k.At)
	m.group.leader, m.group.known = k.Worker, true
	if m.state != messages.Election {
		return m.state
	}
	to := m.calm()
	m.reason = "it is known who leads: " + string(k.Worker)
	if k.Worker == "" {
		m.reason = "nobody leads yet"
	}
	return to
}

func (m *manager) leadershipGained(_ actor.Context, g messages.LeadershipGained) messages.State {
	m.hear(g.At)
	m.group.leading, m.group.term, m.group.leader = true, g.Term, m.life.worker
	return m.state
}

func (m *manager) leadershipLost(_ actor.Context, l messages.LeadershipLost) messages.State {
	if !m.group.leading || l.Term != m.group.term {
		return m.state
	}
	m.hear(l.At)
	m.group.leading, m.group.term, m.group.members, m.group.unowned = false, 0, nil, 0
	switch m.state {
	case messages.Stable, messages.Scaling, messages.Rebalancing, messages.Emergency:
		to := m.calm()
		m.reason = "leadership lost: " + l.Reason
		return to
	}
	return m.state
}

func (m *manager) windowOpened(_ actor.Context, w messages.WindowOpened) messages.State {
	if w.Term != m.group.term {
		return m.state
	}
	m.hear(w.At)
	m.reason = w.Cause
	return messages.Scaling
}

func (m *manager) windowClosed(_ actor.Context, w messages.WindowClosed) messages.State {
	if w.Term != m.group.term {
		return m.state
	}
	m.hear(w.At)
	to := m.calm()
	m.reason = "nothing needs to move"
	return to
}

func (m *manager) decisionStarted(_ actor.Context, d messages.DecisionStarted) messages.State {
	if d.Term != m.group.term {
		return m.state
	}
	m.hear(d.At)
	m.reason = d.Cause
	if d.Emergency {
		return messages.Emergency
	}
	return messages.Rebalancing
}

func (m *manager) decisionDone(_ actor.Context, d messages.DecisionDone) messages.State {
	if d.Term != m.group.term {
		return m.state
	}
	m.hear(d.At)
	m.group.members, m.group.unowned = d.Members, d.Unowned
	if m.state == messages.Scaling {
		return messages.Scaling // a window opened since
	}
	to := m.calm()
	m.reason = "handed over"
	return to
}

func (m *manager) decisionFailed(_ actor.Context, d messages.DecisionFailed) messages.State {
	if d.Term != m.group.term {
		return m.state
	}
	m.hear(d.At)
	to := m.calm()
	m.reason = "the decision failed: " + d.Reason
	return to
}

// applied tells subscribers what this worker owns now.
func (m *manager) applied(ctx actor.Context, a messages.AssignmentApplied) messages.State {
	m.hear(a.At)
	m.group.draining = a.Draining
	m.group.applied = a
	if a.Session == m.life.session && m.life.session != "" {
		m.group.assigned = true
	}
	m.subs.assign(ctx, m.life.worker, a)
	m.confirm(ctx)
	m.examine(ctx, m.state)
	switch m.state {
	case messages.Election, messages.WaitingAssignment:
		if m.group.assigned {
			to := m.calm()
			m.reason = "the first assignment"
			return to
		}
	case messages.Stable, messages.Rebalancing:
		if !m.group.leading && m.group.assigned {
			return m.calm()
		}
	}
	return m.state
}

// drained: something that was revoked has been let go.
func (m *manager) drained(_ actor.Context, d messages.DrainingChanged) messages.State {
	m.group.draining = d.Draining
	if m.state != messages.Rebalancing || m.group.leading {
		return m.state
	}
	to := m.calm()
	m.reason = "handed over"
	return to
}

func (m *manager) subscribe(ctx actor.Context, s messages.Subscribe) {
	if s.PID == nil {
		return // nobody could be told
	}
	ctx.Watch(s.PID)
	ctx.Send(s.PID, messages.StateChanged{From: m.state, To: m.state, Reason: "subscribed", At: m.now})
	ctx.Send(s.PID, m.health)
	m.subs.add(ctx, s, m.life.worker, m.group.applied)
	m.confirm(ctx)
}

func (m *manager) unsubscribe(ctx actor.Context, u messages.Unsubscribe) {
	if u.PID != nil && m.subs.remove(u.PID) {
		ctx.Unwatch(u.PID)
		m.confirm(ctx)
	}
}

func (m *manager) letGo(ctx actor.Context, l messages.LetGo) {
	m.subs.letGo(l)
	m.confirm(ctx)
}

// confirm tells the holder up to where every confirming subscriber has let go.
func (m *manager) confirm(ctx actor.Context) {
	if change, news := m.subs.settled(m.group.applied.Change); news {
		ctx.Send(m.company.holder, messages.Confirmed{Change: change})
	}
}

func (m *manager) snapshot(ctx actor.Context, _ messages.GetSnapshot) {
	if ctx.Sender() == nil {
		return
	}
	g, l := m.group, m.life
	ctx.Respond(messages.Snapshot{
		State: m.state, Worker: l.worker, Session: l.session, Leader: g.leader, Leading: g.leading, Term: g.term,
		LeaseEnd: l.leaseEnd, Version: g.applied.Version, Step: g.applied.Step, Owned: g.applied.All,
		Draining: g.draining, Pending: g.applied.Pending, Members: g.members, Unowned: g.unowned,
		Healthy: m.health.Healthy, Reason: m.health.Reason,
	})
}

func (m *manager) owner(ctx actor.Context, g messages.GetOwner) {
	if ctx.Sender() != nil {
		ctx.RequestWithCustomSender(m.company.owners, g, ctx.Sender())
	}
}

func (m *manager) updatePartitions(ctx actor.Context, u messages.UpdatePartitions) {
	ctx.RequestWithCustomSender(m.company.source, u, ctx.Sender())
}

// partitionsListed: the source noticed a change. Only a leader needs to know.
func (m *manager) partitionsListed(ctx actor.Context, l messages.PartitionsListed) {
	if m.company.election != nil {
		ctx.Send(m.company.election, l)
	}
}
