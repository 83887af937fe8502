package actors

import (
	"cmp"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// decide asks the strategy. Unless the decision is a full one, it may place only
// what nobody owns. before is what was due, in case that it is not carried out.
func (c *calculator) decide(ctx actor.Context, ch partition.Change, full bool, before arrears) calculatorState {
	limit := 0
	if full {
		limit = c.settings.MoveLimit
	}
	var previous *partition.Target
	if c.flight != nil && !c.flight.rejected {
		previous = &c.flight.target
	}
	c.round++
	d := &decision{
		round: c.round, cause: ch.Cause(), full: full, before: before, crashed: ch.Crashed, roster: c.roster, at: c.rosterAt, answers: c.list.answers,
		evidence: ch.Grounds(c.roster),
		question: partition.Ask(c.table, previous, ch, c.list.set, partition.Asking{
			Now: c.rosterAt, Rules: c.rules(), MoveLimit: limit, Listed: c.list.answers, Homes: c.homes,
		}),
	}
	c.date(d, ch)
	told := func(w partition.WorkerID) bool { return c.flight != nil && slices.Contains(c.flight.crashed, w) }
	if len(slices.DeleteFunc(slices.Clone(ch.Crashed), told)) > 0 {
		ctx.Send(c.manager, messages.DecisionStarted{Term: c.term, Cause: d.cause, Emergency: true, Coverage: c.shows(), At: c.now})
	}
	c.told = false
	if !d.question.Plannable() {
		return c.send(ctx, d, d.question.AsIs())
	}
	c.plan = d
	ctx.Request(c.strategy, messages.MakePlan{Round: d.round, Input: d.question.Input})
	after := c.settings.StrategyTimeout
	ctx.Request(c.outside, messages.Remind{After: after, Mail: planDue{d.round, c.now.Add(after)}})
	return planning
}

// date notes when a decision was made, and since when there was a reason for it.
func (c *calculator) date(d *decision, ch partition.Change) {
	since := cmp.Or(ch.Evidence(c.roster), c.noticed, c.now)
	d.began, d.detected, c.noticed = c.now, c.now.Sub(since), time.Time{}
}

// planned trusts nothing: a plan is checked before anybody acts on it.
func (c *calculator) planned(ctx actor.Context, m messages.PlanMade) calculatorState {
	if m.Round != c.plan.round || c.plan.failure != "" {
		return planning
	}
	d := c.plan
	if err := partition.ValidatePlan(d.question.Input, m.Plan); err != nil {
		return c.noPlan(ctx, err.Error())
	}
	c.plan, c.failed[toPlan], c.zones = nil, 0, zoning{true, m.Zones}
	return c.send(ctx, d, d.question.Answer(partition.KeepOwned(d.question.Input, m.Plan), m.Zones))
}

func (c *calculator) planFailed(ctx actor.Context, m messages.PlanFailed) calculatorState {
	if m.Round != c.plan.round || c.plan.failure != "" {
		return planning
	}
	return c.noPlan(ctx, m.Reason)
}

// noPlan: a plan and its failure carry no instant, and the pause begins now.
func (c *calculator) noPlan(ctx actor.Context, reason string) calculatorState {
	c.plan.failure = cmp.Or(reason, "no reason was given")
	ctx.Request(c.outside, messages.GetTime{})
	return planning
}

func (c *calculator) planLate(ctx actor.Context, m planDue) calculatorState {
	if m.Round != c.plan.round {
		return planning
	}
	c.now = later(c.now, m.At)
	return c.planless(ctx, cmp.Or(c.plan.failure, "there was no plan within "+c.settings.StrategyTimeout.String()))
}

// planless: the last assignment stays, and so does what is handed over. It is
// tried again after a pause.
func (c *calculator) planless(ctx actor.Context, reason string) calculatorState {
	c.plan = nil
	if c.failure(ctx, toPlan, reason) {
		return spent
	}
	after := c.pause(toPlan)
	c.rest = c.now.Add(after)
	ctx.Request(c.outside, messages.Remind{After: after, Mail: retryDue{c.rest}})
	if c.flight != nil {
		return handingOver
	}
	return c.waiting()
}

// send hands the decision over. If there is one on its way, this one replaces it:
// what that had planned is part of it.
func (c *calculator) send(ctx actor.Context, d *decision, target partition.Target) calculatorState {
	if c.flight != nil && c.flight.full {
		c.owed, d.before.owed, c.moved = true, true, c.now
	}
	d.target, c.flight = target, d
	c.covered = c.left(d, target.Planned())
	ctx.Send(c.publisher, messages.HandOver{Round: d.round, Cause: d.cause, Evidence: d.evidence, Target: target, At: c.now})
	return c.reweigh(ctx)
}

// left identifies what a decision does not change, by what it rested on: that is
// no reason to decide again.
func (c *calculator) left(d *decision, t partition.Table) uint64 {
	ch := partition.Classify(t, d.roster, d.target.Set, d.at, c.rules(), c.settings.RestartDetectionRatio)
	return printOf(ch, d.target.Set, d.answers)
}

func (c *calculator) begun(ctx actor.Context, m messages.PublishBegun) {
	c.now = later(c.now, m.At)
	if c.flight != nil && m.Round == c.flight.round {
		ctx.Send(c.manager, messages.DecisionStarted{Term: c.term, Cause: c.flight.cause, Coverage: c.shows(), At: m.At})
	}
}

func (c *calculator) published(ctx actor.Context, m messages.Published) {
	c.now = later(c.now, m.At)
	c.learn(m.Table)
	c.failed[toPublish] = 0
	if c.flight != nil && m.Round == c.flight.round {
		c.flight.rejected = false
	}
	if m.Moves > 0 { // what an earlier decision had evened out may be uneven now
		c.settled = 0
	}
	revoking := func(r partition.Row) bool { return r.Revoking != 0 }
	if c.coverage.Unowned+c.coverage.Awaited > 0 && slices.ContainsFunc(c.table.Rows, revoking) {
		c.tellCoverage(ctx) // others may take long to let go
	}
}

// rejected: nobody was told of what that step moves, so a decision that replaces this one
// has no reason to move it.
func (c *calculator) rejected(_ actor.Context, m messages.StepRejected) {
	if c.flight != nil && m.Round == c.flight.round {
		c.flight.rejected = true
	}
}

func (c *calculator) handedOver(ctx actor.Context, m messages.HandedOver) calculatorState {
	c.now = later(c.now, m.At)
	c.learn(m.Table)
	if c.flight == nil || m.Round != c.flight.round {
		return c.state
	}
	d := c.flight
	c.flight, c.failed[toPublish] = nil, 0
	if m.Changed { // what an earlier decision had evened out may be uneven now
		c.settled = 0
	}
	if d.full && m.Changed {
		c.moved = c.now
	}
	if c.plan != nil {
		c.owed, c.plan.before.owed = c.owed || d.full, c.plan.before.owed || d.full
		return planning // the next decision tells what becomes of both
	}
	if len(m.Misjudged) > 0 {
		return c.misjudge(ctx, m, d)
	}
	c.covered = c.left(d, c.table)
	if d.full {
		left := d.target.Leaves(c.table) // the next one may move it
		c.window, c.owed = nil, left
		if !left && (c.settings.MoveLimit == partition.Off || !m.Changed) {
			c.settled = c.covered
		}
	}
	c.unplaced = d.target.Unplaced(maxUnplaced)
	c.tellDone(ctx, m, d)
	if len(d.target.Silent) > 0 { // perhaps they renewed after all, and nobody has to wait until that settles
		ctx.Request(c.debouncer, messages.SendRoster{At: c.now})
	}
	return c.weigh(ctx)
}

// misjudge: the decision is not carried out, so all is due that was due before it, and it is
// made again when it is known who renews.
func (c *calculator) misjudge(ctx actor.Context, m messages.HandedOver, d *decision) calculatorState {
	c.arrears, c.covered, c.misjudged = d.before, 0, m.Misjudged
	c.tellDone(ctx, m, &decision{})
	ctx.Request(c.debouncer, messages.SendRoster{At: c.now})
	return c.weigh(ctx)
}

// uninformed reports whether the publisher knows that somebody renews who is gone as far as
// is known here.
func (c *calculator) uninformed() bool {
	return slices.ContainsFunc(c.misjudged, func(w partition.Witness) bool { return c.roster[w.Worker].Revision < w.Revision })
}

// unstuck: the publisher could bring an older decision nearer to its target.
func (c *calculator) unstuck(ctx actor.Context, m messages.HandedOver) calculatorState {
	c.now = later(c.now, m.At)
	c.learn(m.Table)
	c.tellDone(ctx, m, &decision{})
	c.told = false // the manager takes it for the end: it hears of an open window again
	return c.weigh(ctx)
}

// tellDone tells of a decision that is handed over; one without a cause is an older one.
func (c *calculator) tellDone(ctx actor.Context, m messages.HandedOver, d *decision) {
	c.trouble = false
	ctx.Send(c.manager, messages.DecisionDone{
		Term: c.term, Version: c.table.Version, Step: c.table.Step, Moves: m.Moves, Measure: d.target.Measure,
		Cause: d.cause, Detected: d.detected, Took: m.At.Sub(d.began), Coverage: c.shows(), Unplaced: c.unplaced, At: m.At,
	})
}

// publishFailed: the publisher goes on trying by itself. When it cannot, somebody
// else should.
func (c *calculator) publishFailed(ctx actor.Context, m messages.HandOverFailed) calculatorState {
	c.now = later(c.now, m.At)
	if c.failure(ctx, toPublish, m.Reason) {
		return spent
	}
	c.tellCoverage(ctx)
	return c.state
}

// failure counts what failed, and gives the term up after three times in a row.
func (c *calculator) failure(ctx actor.Context, what activity, reason string) (over bool) {
	c.failed[what]++
	over = c.failed[what] >= maxFailures
	if over || c.flight == nil && c.plan == nil && what != toPublish {
		c.told, c.trouble = false, true
		ctx.Send(c.manager, messages.DecisionFailed{Term: c.term, Reason: string(what) + ": " + reason, Coverage: c.shows(), At: c.now})
	}
	if over {
		ctx.Send(ctx.Parent(), messages.TermFailed{Term: c.term, Reason: string(what) + " failed again and again: " + reason, Resign: true})
	}
	return over
}

// pause doubles with each failure in a row.
func (c *calculator) pause(what activity) time.Duration {
	return c.settings.HeartbeatInterval << max(c.failed[what]-1, 0)
}
