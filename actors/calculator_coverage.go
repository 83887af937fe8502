package actors

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// shows returns what the manager is about to be told of who has a seat and what nobody
// works on. No decision is needed to know it, and one that fails does not hide it.
func (c *calculator) shows() messages.Coverage {
	if !c.ready() {
		return c.coverage
	}
	is := messages.Coverage{Known: true, Members: make([]partition.WorkerID, len(c.table.Seats))}
	for i, s := range c.table.Seats {
		is.Members[i] = s.Worker
	}
	gaps, awaited := partition.Uncovered(c.table, c.roster, c.list.set, c.rosterAt, c.rules())
	is.Unowned, is.Awaited, is.Since = len(gaps), awaited, gaps.Date(c.gaps, c.now)
	c.coverage, c.gaps = is, gaps
	return is
}

// tellCoverage tells it if it changed, where no decision is about to.
func (c *calculator) tellCoverage(ctx actor.Context) {
	was := c.coverage
	is := c.shows()
	if was.Known != is.Known || was.Unowned != is.Unowned || was.Awaited != is.Awaited || !was.Since.Equal(is.Since) || !slices.Equal(was.Members, is.Members) {
		ctx.Send(c.manager, messages.CoverageChanged{Term: c.term, Coverage: is, At: c.now})
	}
}

// fails reports whether a decision may not come to anything.
func (c *calculator) fails() bool {
	return c.failed[toList]+c.failed[toPlan]+c.failed[toPublish] > 0
}
