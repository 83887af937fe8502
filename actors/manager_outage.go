package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// outage is what the manager knows of a store that does not do what it is asked.
type outage struct {
	partition.Outage
	fault string    // why the latest operation failed
	grace time.Time // nobody is taken for dead before
	armed time.Time // when the reminder comes that counts
}

// outageDue is a reminder of a manager to itself.
type outageDue struct{ At time.Time }

// claimFailed: without the store there is nothing to claim.
func (m *manager) claimFailed(ctx actor.Context, f messages.ClaimFailed) messages.State {
	m.hear(f.At)
	m.life.trouble, m.life.final = f.Reason, m.life.final || f.Final
	to := m.state
	if f.Unreachable {
		m.life.trouble = because("the store cannot be used", f.Reason)
		to = m.faltered(ctx, f.Reason, f.At)
	}
	if to == m.state {
		m.examine(ctx, to)
	}
	return to
}

// claimScanned: the store does what a claim asks. Whoever was degraded without a
// session claims anew.
func (m *manager) claimScanned(ctx actor.Context, s messages.ClaimScanned) messages.State {
	m.hear(s.At)
	m.life.trouble = ""
	m.answered(ctx, s.At)
	return m.claimsAnew(ctx)
}

func (m *manager) claimsAnew(ctx actor.Context) messages.State {
	m.outage.Resume()
	m.arm(ctx)
	m.reason = "the store answers again"
	return claimingID
}

func (m *manager) operationFailed(ctx actor.Context, f messages.OperationFailed) messages.State {
	m.hear(f.At)
	return m.faltered(ctx, f.Reason, f.At)
}

func (m *manager) faltered(ctx actor.Context, reason string, at time.Time) messages.State {
	m.outage.fault = reason
	m.outage.Failed(at)
	m.arm(ctx)
	return m.degrade(ctx, "the store does not do what it is asked")
}

func (m *manager) suspected(ctx actor.Context, s messages.SessionSuspected) messages.State {
	m.hear(s.At)
	m.outage.fault = s.Reason
	m.outage.Doubted(s.At)
	m.arm(ctx)
	return m.degrade(ctx, "no heartbeat was accepted for too long")
}

// degrade goes to Degraded, if that is what the store makes of the worker.
func (m *manager) degrade(ctx actor.Context, why string) messages.State {
	if !m.outage.Degraded() {
		return m.state
	}
	m.life.trouble = m.outage.fault
	if m.state == degraded {
		m.examine(ctx, degraded)
		return degraded
	}
	m.reason = because(why, m.outage.fault)
	return degraded
}

// answered notes that the store did what it was asked. If it had been away, an
// Available group leaves everybody what it has for a while.
func (m *manager) answered(ctx actor.Context, at time.Time) {
	if m.outage.Answered(at) && m.cfg.Settings.Ownership == partition.Available {
		m.outage.grace = at.Add(max(m.cfg.Settings.RecoveryGracePeriod, 0))
		if m.children.election != nil {
			ctx.Send(m.children.election, messages.GiveGrace{Until: m.outage.grace})
		}
	}
	m.arm(ctx)
}

// arm asks to be reminded of what is due next.
func (m *manager) arm(ctx actor.Context) {
	if next := m.outage.Next(); !next.IsZero() && !next.Equal(m.outage.armed) {
		m.outage.armed = next
		ctx.Request(m.children.outside, messages.Remind{From: next, Mail: outageDue{next}})
	}
}

// elapsed: the store has failed for too long, or was healthy for long enough, or it
// is time to say again that it is away.
func (m *manager) elapsed(ctx actor.Context, d outageDue) messages.State {
	if !d.At.Equal(m.outage.armed) {
		return m.state
	}
	m.hear(d.At)
	m.outage.armed = time.Time{}
	if level := m.outage.Elapse(m.now); level != partition.Silence {
		alert := messages.AlertRaised{Level: level, Since: m.outage.Since(), Reason: m.health.Reason, At: m.now}
		m.subs.tell(ctx, alert)
		ctx.Send(m.children.outside, alert)
	}
	m.arm(ctx)
	if m.state == degraded && !m.outage.Degraded() {
		return m.recover(ctx)
	}
	return m.degrade(ctx, "the store does not do what it is asked")
}

// recover ends Degraded. A worker that had its first assignment is Stable; another
// goes on waiting where it was.
func (m *manager) recover(ctx actor.Context) messages.State {
	m.reason = "the store is healthy again"
	switch {
	case m.life.worker == "":
		return m.claimsAnew(ctx)
	case !m.group.known:
		return electing
	case !m.group.assigned:
		return waitingAssignment
	}
	return m.byStable(ctx)
}
