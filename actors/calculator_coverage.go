package actors

import (
	"slices"
	"time"

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
	is := messages.Coverage{Members: make([]partition.WorkerID, len(c.table.Seats))}
	for i, s := range c.table.Seats {
		is.Members[i] = s.Worker
	}
	is.Unowned, is.Since = partition.Uncovered(c.table, c.roster, c.list.set, c.rosterAt, c.rules())
	switch {
	case is.Unowned == 0:
		is.Since = time.Time{}
	case c.coverage.Unowned > 0:
		is.Since = c.coverage.Since
	case is.Since.IsZero():
		is.Since = c.now
	}
	c.coverage, c.covers = is, true
	return is
}

// tellCoverage tells it if it changed, where no decision is about to.
func (c *calculator) tellCoverage(ctx actor.Context) {
	was, told := c.coverage, c.covers
	is := c.shows()
	if c.covers && (!told || was.Unowned != is.Unowned || !slices.Equal(was.Members, is.Members)) {
		ctx.Send(c.manager, messages.CoverageChanged{Term: c.term, Coverage: is, At: c.now})
	}
}

// fails reports whether a decision may not come to anything.
func (c *calculator) fails() bool {
	return c.failed[toList]+c.failed[toPlan]+c.failed[toPublish] > 0
}
