package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func (m *manager) leaderKnown(ctx actor.Context, k messages.LeaderKnown) messages.State {
	m.hear(k.At)
	m.group.leader, m.group.known = k.Worker, true
	if m.state != electing {
		m.examine(ctx, m.state)
		return m.state
	}
	m.reason = string(k.Worker) + " leads"
	if k.Worker == "" {
		m.reason = "nobody leads yet"
	}
	if m.group.assigned {
		ctx.Send(ctx.Self(), onward{})
	}
	return waitingAssignment
}

// leadBarred: there are records that need a newer build. What is owned does not
// depend on it.
func (m *manager) leadBarred(ctx actor.Context, b messages.LeadBarred) {
	m.hear(b.At)
	m.group.barred = b.Reason
	m.examine(ctx, m.state)
}

func (m *manager) leadershipGained(ctx actor.Context, g messages.LeadershipGained) messages.State {
	m.hear(g.At)
	if m.cfg.Settings.Ownership == partition.Available {
		m.answered(ctx, g.At) // no later: the term looks for the dead at once
	}
	m.life.fresh = false // it was the term's
	m.group.leading, m.group.term, m.group.leader, m.group.leads = true, g.Term, m.life.worker, stable
	m.lookBare(ctx)
	if m.state != rebalancing {
		return m.state
	}
	m.reason = "this worker leads"
	return m.calmDown(ctx)
}

func (m *manager) leadershipLost(ctx actor.Context, l messages.LeadershipLost) messages.State {
	if !m.ours(l.Term, l.At) {
		return m.state
	}
	m.group.leading, m.group.term, m.group.leads, m.group.fault, m.group.stall = false, 0, stable, "", ""
	m.group.coverage, m.group.unplaced, m.group.measure = messages.Coverage{}, nil, partition.Measure{}
	m.examine(ctx, m.state)
	m.lookBare(ctx)
	m.reason = "leadership lost: " + l.Reason
	return m.calmDown(ctx)
}

// lookBare ends a session that dropped what it had for a head that was lost, once the
// term that did so is over: the head may be there, and give it all that. Only a session
// that ends is noticed by others. First it gives up its lead, for which they would have
// to wait as well.
func (m *manager) lookBare(ctx actor.Context) {
	if m.bare() {
		ctx.Send(ctx.Self(), bared{m.life.session})
	}
}

func (m *manager) bare() bool {
	a := m.group.applied
	return a.Bare != 0 && a.Session == m.life.session && (!m.group.leading || m.group.term != a.Bare)
}

func (m *manager) endBare(ctx actor.Context, b bared) {
	switch {
	case b.Session != m.life.session || !m.bare():
	case m.children.election == nil: // it failed
		ctx.Send(ctx.Self(), messages.StoodDown{})
	default:
		ctx.Send(m.children.election, messages.StandDown{})
	}
}

// stoodBare: no lead is kept. What was given anew meanwhile is not given up for that.
func (m *manager) stoodBare(ctx actor.Context, _ messages.StoodDown) messages.State {
	m.children.dismiss(ctx, &m.children.election)
	switch {
	case m.bare():
	case m.life.worker == "":
		return m.state
	default:
		m.children.spawnElection(ctx, m)
		return m.state
	}
	const reason = "it dropped what it had for a head that was lost, and did not publish another"
	m.dropAll(ctx, reason)
	return m.sessionLost(ctx, messages.SessionLost{Session: m.life.session, Reason: reason, At: m.now})
}

// ours hears a fact of the leader's, if it is about the present term of this worker.
func (m *manager) ours(term partition.Revision, at time.Time) bool {
	if !m.group.leading || term != m.group.term {
		return false
	}
	m.hear(at)
	return true
}

func (m *manager) windowOpened(ctx actor.Context, w messages.WindowOpened) messages.State {
	if !m.ours(w.Term, w.At) {
		return m.state
	}
	m.group.leads, m.group.cause = scaling, w.Cause
	if m.state == rebalancing || m.state == emergency {
		m.reason = "handed over"
		return m.byStable(ctx)
	}
	return m.show()
}

func (m *manager) windowClosed(ctx actor.Context, w messages.WindowClosed) messages.State {
	if !m.ours(w.Term, w.At) || m.group.leads != scaling {
		return m.state
	}
	m.group.leads = stable
	m.reason = "nothing needs to move"
	return m.calmDown(ctx)
}

func (m *manager) decisionStarted(_ actor.Context, d messages.DecisionStarted) messages.State {
	if !m.ours(d.Term, d.At) {
		return m.state
	}
	m.group.leads, m.group.cause, m.group.coverage = rebalancing, d.Cause, d.Coverage
	if d.Emergency {
		m.group.leads = emergency
	}
	return m.show()
}

func (m *manager) decisionDone(ctx actor.Context, d messages.DecisionDone) messages.State {
	if !m.ours(d.Term, d.At) {
		return m.state
	}
	m.group.coverage, m.group.unplaced, m.group.fault = d.Coverage, d.Unplaced, ""
	if d.Measure != (partition.Measure{}) { // otherwise it is an older one that comes nearer to its target
		m.group.measure = d.Measure
	}
	m.count(d)
	m.group.leads = stable
	m.examine(ctx, m.state)
	m.reason = "handed over"
	if d.Moves == 0 {
		m.reason = "nothing needs to move"
	}
	return m.calmDown(ctx)
}

func (m *manager) decisionFailed(ctx actor.Context, d messages.DecisionFailed) messages.State {
	if !m.ours(d.Term, d.At) {
		return m.state
	}
	m.group.leads, m.group.fault, m.group.coverage = stable, "the decision failed: "+d.Reason, d.Coverage
	m.examine(ctx, m.state)
	m.reason = m.group.fault
	return m.calmDown(ctx)
}

// decisionsResumed: what had failed works again, though there is nothing to decide.
func (m *manager) decisionsResumed(ctx actor.Context, r messages.DecisionsResumed) {
	if m.ours(r.Term, r.At) {
		m.group.fault = ""
		m.examine(ctx, m.state)
	}
}

func (m *manager) coverageChanged(_ actor.Context, c messages.CoverageChanged) {
	if m.ours(c.Term, c.At) {
		m.group.coverage = c.Coverage
	}
}

// quarantined: nothing is assigned until the next decision.
func (m *manager) quarantined(ctx actor.Context, q messages.Quarantined) {
	if m.ours(q.Term, q.At) {
		m.group.fault = "nothing is assigned before every earlier lease is over: " + q.Reason
		m.examine(ctx, m.state)
	}
}

// applied tells subscribers what this worker owns now.
func (m *manager) applied(ctx actor.Context, a messages.AssignmentApplied) messages.State {
	m.hear(a.At)
	first := !m.group.assigned && a.Session == m.life.session && a.Session != ""
	if m.children.election != nil && a.Version != m.group.applied.Version {
		ctx.Send(m.children.election, messages.Reassigned{})
	}
	m.group.applied, m.group.draining = a, a.Draining
	m.life.fresh = m.life.fresh && a.Step == 0
	m.subs.assign(ctx, a)
	m.confirm(ctx)
	m.lookBare(ctx)
	if first {
		m.group.assigned = true
		m.examine(ctx, m.state)
	}
	m.drainStep(ctx)
	switch {
	case m.state == waitingAssignment && m.group.assigned:
		m.reason = "the first assignment"
		return m.byStable(ctx)
	case (m.state == stable || m.state == rebalancing) && !m.group.leading:
		return m.show()
	}
	return m.state
}

// drained: something that was revoked has been let go, or was written off.
func (m *manager) drained(ctx actor.Context, d messages.DrainingChanged) messages.State {
	m.group.draining, m.group.applied.Abandoned = d.Draining, d.Abandoned
	m.drainStep(ctx)
	if m.state != rebalancing {
		return m.state
	}
	m.reason = "let go"
	return m.calmDown(ctx)
}

// wanted is the state that the facts call for, once there is an assignment. A
// follower hands over while something of its own is on its way.
func (m *manager) wanted() (to messages.State, reason string) {
	mine := m.group.draining > 0 || len(m.group.applied.Pending) > 0
	switch {
	case m.group.leading && m.group.leads != stable:
		return m.group.leads, m.group.cause
	case !m.group.leading && mine:
		return rebalancing, "partitions of this worker are handed over"
	}
	return stable, "handed over"
}

// settled reports whether the facts of leader and holder are shown in this state.
func (m *manager) settled() bool {
	return slices.Contains([]messages.State{stable, scaling, rebalancing, emergency}, m.state)
}

// show goes where the facts call for.
func (m *manager) show() messages.State {
	if !m.settled() {
		return m.state
	}
	to, reason := m.wanted()
	if to != m.state {
		m.reason = reason
	}
	return to
}

// calmDown goes to Stable, unless the facts call for the present state.
func (m *manager) calmDown(ctx actor.Context) messages.State {
	if !m.settled() || m.state == stable {
		return m.state
	}
	if to, _ := m.wanted(); to == m.state {
		return to
	}
	return m.byStable(ctx)
}

// byStable goes to Stable, and onward if the facts call for more: some states
// follow each other by way of Stable only.
func (m *manager) byStable(ctx actor.Context) messages.State {
	if to, _ := m.wanted(); to != stable {
		ctx.Send(ctx.Self(), onward{})
	}
	return stable
}

func (m *manager) goOn(ctx actor.Context, _ onward) messages.State {
	if m.state == waitingAssignment && m.group.assigned {
		m.reason = "the first assignment"
		return m.byStable(ctx)
	}
	return m.show()
}
