package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// take has the table as the publisher read it. Only now the source is asked: what
// an empty list means depends on what there was.
func (c *calculator) take(ctx actor.Context, m messages.TableRead) calculatorState {
	c.now = later(c.now, m.At)
	c.learn(m.Table)
	c.lost = m.Lost
	if !c.known {
		c.known = true
		c.look(ctx)
	}
	return c.news(ctx)
}

// learn takes a table that is not older. One without a step is that of a term which gave up the
// former one.
func (c *calculator) learn(t partition.Table) {
	if t.Step != 0 && t.Step < c.table.Step {
		return
	}
	c.homes.Follow(c.table, t, c.gone)
	c.table = t
}

// gone reports whether a worker is not there to own partitions: it lost them for no
// other reason.
func (c *calculator) gone(w partition.WorkerID) bool {
	known := c.roster[w]
	return known.Live.Draining || known.Standing(c.rosterAt, c.rules()) != partition.Renewing
}

func (c *calculator) meet(ctx actor.Context, m messages.WorkersChanged) calculatorState {
	c.now = later(c.now, m.At)
	c.roster, c.rosterAt = m.Roster, later(c.rosterAt, m.At)
	return c.news(ctx)
}

func (c *calculator) rested(ctx actor.Context, m retryDue) calculatorState {
	c.now = later(c.now, m.At)
	return c.news(ctx)
}

func (c *calculator) closeWindow(ctx actor.Context, m windowDue) calculatorState {
	c.now = later(c.now, m.At)
	return c.weigh(ctx)
}

// news decides what to do about a change of anything. What arrives while a plan
// is made waits for the plan.
func (c *calculator) news(ctx actor.Context) calculatorState {
	if c.fails() {
		c.tellCoverage(ctx)
	}
	switch {
	case c.plan != nil:
		return planning
	case c.flight != nil:
		return c.reweigh(ctx)
	}
	return c.weigh(ctx)
}

func (c *calculator) ready() bool {
	return c.known && c.roster != nil && (c.list.known || c.list.guessed)
}

func (c *calculator) classify(t partition.Table) partition.Change {
	return partition.Classify(t, c.roster, c.list.set, c.rosterAt, c.rules(), c.settings.RestartDetectionRatio)
}

// give notes until when nobody is taken for dead.
func (c *calculator) give(_ actor.Context, m messages.GiveGrace) { c.grace = m.Until }

func (c *calculator) rules() partition.Rules { return c.settings.Rules(c.grace) }

// printOf identifies what a decision would rest on. A refresh counts from when the
// source was listed for it.
func printOf(ch partition.Change, set partition.Set, answers map[partition.SessionID]uint64) uint64 {
	ch.Refreshing = answered(ch, answers)
	return ch.Fingerprint(set)
}

// weigh compares the table with what there is, and decides at once, opens a
// window, waits for one, or has nothing to do.
func (c *calculator) weigh(ctx actor.Context) calculatorState {
	if !c.ready() {
		return idle
	}
	ch := c.classify(c.table)
	c.attend(ctx, ch)
	c.stir(ch)
	if c.now.Before(c.rest) || c.uninformed() {
		return c.waiting()
	}
	print := printOf(ch, c.list.set, c.list.answers)
	refresh := len(answered(ch, c.list.answers)) > 0 && print != c.covered
	uneven := c.uneven(ch, print)
	if c.noticed.IsZero() && (refresh || uneven) {
		c.noticed = c.now
	}
	switch {
	case refresh && uneven && !c.awaits(ch):
		return c.decide(ctx, ch, true, c.arrears)
	case refresh, (ch.Urgent() || c.wonders(ch)) && print != c.covered:
		return c.cover(ctx, ch)
	case uneven:
		return c.hold(ctx, ch)
	}
	c.tellCoverage(ctx)
	return c.relax(ctx)
}

// reweigh compares what is handed over with what there is now. Only what is
// urgent and new replaces a decision on its way.
func (c *calculator) reweigh(ctx actor.Context) calculatorState {
	if !c.ready() {
		return handingOver
	}
	ch := c.back(c.classify(c.flight.target.Planned()))
	c.attend(ctx, ch)
	print := printOf(ch, c.list.set, c.list.answers)
	refresh := len(answered(ch, c.list.answers)) > 0
	switch {
	case c.now.Before(c.rest), print == c.covered:
	case refresh && c.uneven(ch, print) && !c.awaits(ch):
		return c.decide(ctx, ch, true, c.arrears)
	case refresh, ch.Urgent(), c.undrained(ch):
		return c.cover(ctx, ch)
	}
	return handingOver
}

// undrained reports whether somebody who was to give everything up takes part again:
// what it has not given up yet stays with it.
func (c *calculator) undrained(ch partition.Change) bool {
	drained := map[partition.WorkerID]bool{}
	for _, m := range c.flight.question.Input.Members {
		drained[m.ID] = m.Draining
	}
	return slices.ContainsFunc(ch.Members, func(w partition.Witness) bool { return drained[w.Worker] && !w.Live.Draining })
}

// back tells who is back in another session from who is new. Both were not there when what is
// on its way was decided; but the one has a seat, and what nobody was given yet stays with it.
func (c *calculator) back(ch partition.Change) partition.Change {
	ch.Joined = slices.DeleteFunc(ch.Joined, func(w partition.WorkerID) bool {
		had := c.table.SeatOf(w)
		back := had != partition.None && c.table.Seats[had].Session != c.roster[w].Live.Session
		if back {
			ch.Returned = append(ch.Returned, w)
		}
		return back
	})
	slices.SortFunc(ch.Returned, partition.CompareWorkers)
	return ch
}

// attend asks for what a decision may need later: the source, for a refresh, and
// the roster, when somebody's standing changes without news.
func (c *calculator) attend(ctx actor.Context, ch partition.Change) {
	c.lookFor(ctx, ch)
	c.watchTurn(ctx, ch.Turns)
}

func (c *calculator) watchTurn(ctx actor.Context, at time.Time) {
	if !at.IsZero() && (c.turn.IsZero() || at.Before(c.turn)) {
		c.turn = at
		ctx.Request(c.outside, messages.Remind{From: at, Mail: turnDue{at}})
	}
}

// turned: somebody may be silent, if nothing was heard since. Heartbeats are not
// told one by one, so the roster has to be asked for.
func (c *calculator) turned(ctx actor.Context, m turnDue) {
	if !m.At.Equal(c.turn) {
		return
	}
	c.now = later(c.now, m.At)
	ctx.Request(c.debouncer, messages.SendRoster{At: m.At})
	c.turn, c.misjudged = time.Time{}, nil
	c.watchTurn(ctx, m.At.Add(c.settings.PollInterval))
}

// uneven reports whether partitions that have an owner should move.
func (c *calculator) uneven(ch partition.Change, print uint64) bool {
	switch {
	case c.list.guessed, print == c.settled:
		return false
	case len(ch.Joined) > 0, ch.Misplaced > 0, ch.Strays > 0 && c.zones.rule == partition.RequireZone:
		return true
	case ch.Imbalance == 0:
		return false
	}
	return c.owed || ch.Imbalance > c.settings.MinRebalanceThreshold
}

// wonders reports whether something is in another zone, and nobody knows yet whether it
// may be: a plan that moves nothing tells.
func (c *calculator) wonders(ch partition.Change) bool { return ch.Strays > 0 && !c.zones.known }

// awaits reports whether to balance only when somebody is back: what is evened out among
// the others until then might move again. Who announces it again and again holds nobody
// up for longer than two hold-downs.
func (c *calculator) awaits(ch partition.Change) bool {
	return ch.Awaited && (c.window == nil || c.now.Before(c.patience()))
}

func (c *calculator) patience() time.Time {
	return c.window.Opened.Add(2 * max(c.settings.RestartHoldDown, 0))
}

// stir lets the window begin again when the members are others than before.
func (c *calculator) stir(ch partition.Change) {
	members := partition.Change{Members: ch.Members}.Fingerprint(c.list.set)
	if members != c.members && c.window != nil {
		c.window.Changed = c.now
	}
	c.members = members
}

// cover decides for the partitions without an owner. Whoever is seated by it gets
// its share later; a group that starts cold gets a window of its own.
func (c *calculator) cover(ctx actor.Context, ch partition.Change) calculatorState {
	before := c.arrears
	c.owed = c.owed || ch.Cold || len(ch.Joined) > 0
	if ch.Cold {
		c.open(c.settings.ColdStartWindow, true)
	}
	return c.decide(ctx, ch, false, before)
}

func (c *calculator) open(length time.Duration, cold bool) {
	c.window, c.told = &hold{partition.Window{Opened: c.now, Changed: c.now, Length: length, Settle: c.settings.SettleTime}, cold}, false
}

// hold waits for the window, for the pause between two moves and for whoever is to come
// back, before owned partitions are moved.
func (c *calculator) hold(ctx actor.Context, ch partition.Change) calculatorState {
	if c.window == nil {
		c.open(c.settings.PlannedScaleWindow, false)
	}
	end := c.window.End()
	if !c.moved.IsZero() {
		end = later(end, c.moved.Add(max(c.settings.MinRebalanceInterval, 0)))
	}
	if c.awaits(ch) {
		end = later(end, c.patience())
	}
	if !c.now.Before(end) {
		return c.decide(ctx, ch, true, c.arrears)
	}
	c.tellCoverage(ctx)
	if !c.told && len(ch.Members) > 1 {
		c.told = true
		ctx.Send(c.manager, messages.WindowOpened{Term: c.term, Cause: ch.Cause(), Until: end, At: c.now})
	}
	return c.holdUntil(ctx, end)
}

func (c *calculator) holdUntil(ctx actor.Context, end time.Time) calculatorState {
	ctx.Request(c.outside, messages.Remind{From: end, Mail: windowDue{end}})
	return holding
}

// relax: there is nothing to decide. The window of a cold start stays open for
// those who are still to come.
func (c *calculator) relax(ctx actor.Context) calculatorState {
	if c.trouble && c.failed[toList] == 0 {
		c.trouble = false
		ctx.Send(c.manager, messages.DecisionsResumed{Term: c.term, At: c.now})
	}
	if c.window != nil && c.window.cold && c.now.Before(c.window.End()) {
		return c.holdUntil(ctx, c.window.End())
	}
	if c.told {
		ctx.Send(c.manager, messages.WindowClosed{Term: c.term, At: c.now})
	}
	c.noticed = time.Time{}
	c.window, c.told, c.owed = nil, false, c.owed && c.list.guessed
	return idle
}

func (c *calculator) waiting() calculatorState {
	if c.window != nil {
		return holding
	}
	return idle
}
