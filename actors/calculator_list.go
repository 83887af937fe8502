package actors

import (
	"cmp"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// catalogue is what is known of the partitions, and what was asked.
type catalogue struct {
	set   partition.Set
	known bool // the source was heard
	// guessed: it was not, and the set is what the table knows.
	guessed bool
	asking  bool // an answer is awaited
	// failure is why there is no list, until it is known since when.
	failure string
	// pushed: the question under way, or the latest one, is due to the source's own
	// word; again and pushedAgain are the same of the next one.
	pushed, again, pushedAgain bool
	nudged                     bool // the source said so, and is asked soon
	round                      partition.Round
	polls                      partition.Round
	empty                      int // empty answers in a row that are not believed yet
	// asked are the refreshes that the question under way, or the latest one, was
	// asked for; answers are those that the set answers.
	asked, answers map[partition.SessionID]uint64
}

// look asks the source, unless it is being asked: then once more afterwards.
func (c *calculator) look(ctx actor.Context) { c.lookBecause(ctx, false) }

func (c *calculator) lookBecause(ctx actor.Context, pushed bool) {
	l := &c.list
	if l.asking {
		l.again, l.pushedAgain = true, pushed && (l.pushedAgain || !l.again)
		return
	}
	l.asking, l.pushed, l.again, l.asked = true, pushed, false, map[partition.SessionID]uint64{}
	for _, w := range c.roster {
		l.asked[w.Live.Session] = w.Live.Refresh
	}
	l.round++
	l.polls++ // the question stands for a poll that is due later
	ctx.Request(c.source, messages.ListPartitions{Round: l.round})
	after := c.settings.SourceTimeout
	ctx.Request(c.outside, messages.Remind{After: after, Mail: listDue{l.round, c.now.Add(after)}})
}

// lookFor asks the source if a refresh asks for it. After a failure the next try
// is set already.
func (c *calculator) lookFor(ctx actor.Context, ch partition.Change) {
	for _, w := range ch.Refreshing {
		if c.list.asked[w.Live.Session] < w.Live.Refresh && c.failed[toList] == 0 {
			c.look(ctx)
			return
		}
	}
}

// answered are the members whose refresh a list answers that answers these.
func answered(ch partition.Change, answers map[partition.SessionID]uint64) []partition.Witness {
	var out []partition.Witness
	for _, w := range ch.Refreshing {
		if answers[w.Live.Session] >= w.Live.Refresh {
			out = append(out, w)
		}
	}
	return out
}

// listed has the list, or hears that there is another (Round 0).
func (c *calculator) listed(ctx actor.Context, m messages.PartitionsListed) {
	switch {
	case m.Round == 0:
		if after := c.settings.Debounce; c.known && !c.list.nudged {
			c.list.nudged = true
			ctx.Request(c.outside, messages.Remind{After: after, Mail: nudgeDue{c.now.Add(after)}})
		}
		return
	case !c.awaited(m.Round):
		return
	}
	set, err := partition.NewSet(m.Partitions)
	if err != nil {
		c.noList(ctx, err.Error())
		return
	}
	l := &c.list
	l.asking, c.failed[toList] = false, 0
	ctx.Request(c.outside, messages.GetTime{})
	if c.doubtful(set) {
		c.guess()
		c.pollAfter(ctx, c.interval())
		return
	}
	l.set, l.known, l.guessed, l.empty, l.answers = set, true, false, 0, l.asked
	if c.settings.SourcePollInterval > 0 {
		c.pollAfter(ctx, c.settings.SourcePollInterval)
	}
	if l.again {
		c.lookBecause(ctx, l.pushedAgain)
	}
}

// awaited reports whether this is the answer of the source that is waited for.
func (c *calculator) awaited(round partition.Round) bool {
	return round == c.list.round && c.list.asking && c.list.failure == ""
}

// timed: what source and strategy say carries no instant, and the window or the pause
// that it may open begins now. So that is weighed when the outside has told what time it
// is, which it is asked for each of them.
func (c *calculator) timed(ctx actor.Context, m messages.Time) calculatorState {
	c.now = later(c.now, m.At)
	switch {
	case c.list.failure != "":
		return c.unlisted(ctx, c.list.failure)
	case c.plan != nil && c.plan.failure != "":
		return c.planless(ctx, c.plan.failure)
	}
	return c.news(ctx)
}

// nudge: several words of the source within the debounce are one question.
func (c *calculator) nudge(ctx actor.Context, m nudgeDue) {
	c.now = later(c.now, m.At)
	c.list.nudged = false
	c.lookBecause(ctx, true)
}

// doubtful reports whether an empty list is to be confirmed first: a source that
// is broken often lists nothing, and may say so again and again: after the first
// time that counts only when it was asked for another reason.
func (c *calculator) doubtful(set partition.Set) bool {
	had := c.list.set.Len() > 0 || !c.list.known && (c.lost || len(c.table.Rows) > 0)
	if set.Len() > 0 || !had || c.settings.EmptyConfirmations < 0 {
		return false
	}
	if c.list.empty == 0 || !c.list.pushed {
		c.list.empty++
	}
	return c.list.empty < c.settings.EmptyConfirmations
}

// guess goes on with what the table knows, without weights, as long as the source
// was never heard: what has no owner gets one.
func (c *calculator) guess() {
	if !c.list.known && !c.list.guessed && len(c.table.Rows) > 0 {
		c.list.set, c.list.guessed = c.table.Set(), true
	}
}

func (c *calculator) interval() time.Duration {
	if c.settings.SourcePollInterval > 0 {
		return c.settings.SourcePollInterval
	}
	return c.settings.SourceTimeout
}

func (c *calculator) listingFailed(ctx actor.Context, m messages.ListingFailed) {
	if c.awaited(m.Round) {
		c.noList(ctx, m.Reason)
	}
}

func (c *calculator) noList(ctx actor.Context, reason string) {
	c.list.failure = cmp.Or(reason, "no reason was given")
	ctx.Request(c.outside, messages.GetTime{})
}

func (c *calculator) listingLate(ctx actor.Context, m listDue) calculatorState {
	if m.Round != c.list.round || !c.list.asking {
		return c.state
	}
	c.now = later(c.now, m.At)
	return c.unlisted(ctx, cmp.Or(c.list.failure, "there was no list within "+c.settings.SourceTimeout.String()))
}

// unlisted keeps the last list, and asks again after a pause.
func (c *calculator) unlisted(ctx actor.Context, reason string) calculatorState {
	c.list.asking, c.list.failure = false, ""
	if c.failure(ctx, toList, reason) {
		return spent
	}
	c.guess()
	c.pollAfter(ctx, c.pause(toList))
	return c.news(ctx)
}

func (c *calculator) pollAfter(ctx actor.Context, after time.Duration) {
	c.list.polls++
	ctx.Request(c.outside, messages.Remind{After: after, Mail: sourceDue{c.list.polls, c.now.Add(after)}})
}

func (c *calculator) poll(ctx actor.Context, m sourceDue) {
	if m.Round != c.list.polls {
		return
	}
	c.now = later(c.now, m.At)
	c.look(ctx)
}
