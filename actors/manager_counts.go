package actors

import (
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

func (m *manager) snapshot(ctx actor.Context, _ messages.GetSnapshot) {
	if ctx.Sender() == nil {
		return
	}
	g, l := m.group, m.life
	ctx.Respond(messages.Snapshot{
		State: m.state, Worker: l.worker, Session: l.session, Leader: g.leader, Leading: g.leading, Term: g.term,
		LeaseEnd: l.leaseEnd, Version: g.applied.Version, Step: g.applied.Step, Owned: g.applied.All,
		Draining: g.draining, Abandoned: g.applied.Abandoned, Pending: g.applied.Pending, Quarantined: g.unworked, DrainAsked: l.flags.Draining,
		CoverageKnown: g.coverage.Known, Members: g.coverage.Members, Unowned: g.coverage.Unowned, Awaited: g.coverage.Awaited, UnownedSince: g.coverage.Since,
		Decision: g.measure, Decided: m.decisions(), Healthy: m.health.Healthy, Reason: m.health.Reason,
	})
}

// decisions are what was handed over, by cause.
func (m *manager) decisions() []messages.Decided {
	var all []messages.Decided
	for _, cause := range slices.Sorted(maps.Keys(m.decided)) {
		all = append(all, m.decided[cause])
	}
	return all
}

// count notes a decision that is handed over.
func (m *manager) count(d messages.DecisionDone) {
	if d.Cause == "" {
		return
	}
	is := m.decided[d.Cause]
	is.Cause = d.Cause
	is.Moves += d.Measure.Moves
	is.Least += d.Measure.Least
	is.Detected.Add(d.Detected)
	is.Took.Add(d.Took)
	m.decided[d.Cause] = is
}

// counts asks the outside, which answers.
func (m *manager) counts(ctx actor.Context, g messages.GetCounts) {
	switch {
	case ctx.Sender() == nil:
	case m.children.outside == nil:
		ctx.Respond(messages.Counts{})
	default:
		ctx.RequestWithCustomSender(m.children.outside, g, ctx.Sender())
	}
}
