package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	// maxStopping is how many partition actors are told to stop at a time: each of them
	// may write to a database when it does. The others work on until their turn comes.
	maxStopping = maxStarting
	// stopPatience is how long one that stops keeps another from being told to, and twice
	// that at most. It is less if otherwise somebody would be told too late.
	stopPatience = time.Second
	// stopShare is the part of its time, one in so many, in which an actor is told to
	// stop, though all before it are stuck.
	stopShare = 10
)

// stops are the partition actors that stop: from when they are told to until they have
// ended, or have taken too long to count.
type stops struct {
	// queue has those whose turn comes, the first revoked first. They may have ended
	// meanwhile.
	queue []*item
	// round counts the reminders that what stops takes long. What was told to stop in this
	// round is young, what was told before is old, and what was told in the round late or
	// before does not count any more.
	round, late partition.Round
	young, old  int
	due         time.Time // when the reminder comes; zero if none is to
	now         time.Time // the latest that is known of when something stops: no later than it is
}

// stopsDue: what was told to stop before this round has had its time.
type stopsDue struct{ Round partition.Round }

func newStops() stops { return stops{round: 1} }

func (s *stops) room() bool { return s.young+s.old < maxStopping }

// over: an item does not count any more.
func (s *stops) over(it *item) {
	switch {
	case it.told <= s.late: // it does not, or never did
	case it.told == s.round:
		s.young--
	default:
		s.old--
	}
	it.told, it.waits = 0, false
}

// reset begins anew: nothing waits, and nothing of before counts.
func (s *stops) reset() {
	for _, it := range s.queue {
		it.waits = false
	}
	*s = stops{round: s.round + 1, late: s.round, now: s.now}
}

// revoke begins the drain of one partition, which has so long before it is
// written off.
func (h *holder) revoke(ctx actor.Context, key itemKey, step partition.Step, within time.Duration) {
	it := h.items.byKey[key]
	was := it.phase
	h.items.turn(it, draining)
	it.step, it.change, it.since = step, h.change, h.now
	if was == working {
		h.stopInTurn(ctx, it, within)
	}
}

// stopInTurn gives an actor so long to stop, from now on. If many do, it is told later,
// and works on until then.
func (h *holder) stopInTurn(ctx actor.Context, it *item, within time.Duration) {
	it.deadline = h.now.Add(within)
	h.stops.now = later(h.stops.now, h.now)
	if it.child == nil {
		return
	}
	if h.stops.room() || !h.tellBy(it).After(it.since) {
		h.tellStop(ctx, it)
		return
	}
	it.waits = true
	h.stops.queue = append(h.stops.queue, it)
}

func (h *holder) tellStop(ctx actor.Context, it *item) {
	it.told = h.stops.round
	h.stops.young++
	h.stopChild(ctx, it, it.deadline)
}

func (h *holder) stopChild(ctx actor.Context, it *item, deadline time.Time) {
	it.deadline, it.waits = deadline, false
	if it.child != nil {
		ctx.Send(it.child, messages.Revoke{Deadline: deadline})
	}
}

// tellBy is when an item has been told to stop at the latest. DrainTimeout is left to it
// then, as to every handler.
func (h *holder) tellBy(it *item) time.Time {
	given := it.deadline.Sub(it.since)
	return it.since.Add(min(given/stopShare, given-h.settings.DrainTimeout))
}

// hurryStops has the next ones told soon enough, though nothing ends: at each reminder as
// many as may stop at a time.
func (h *holder) hurryStops(ctx actor.Context) {
	s := &h.stops
	if len(s.queue) == 0 {
		return
	}
	after := stopPatience
	for i := 0; i < len(s.queue); i += maxStopping {
		after = min(after, h.tellBy(s.queue[i]).Sub(s.now)/time.Duration(i/maxStopping+1))
	}
	after = max(after, 0)
	if due := s.now.Add(after); s.due.IsZero() || due.Before(s.due) {
		s.round++
		s.young, s.old, s.due = 0, s.old+s.young, due
		ctx.Request(h.outside, messages.Remind{After: after, Mail: stopsDue{s.round}})
	}
}

func (h *holder) stopsLate(ctx actor.Context, m stopsDue) {
	s := &h.stops
	if m.Round != s.round {
		return // another one comes, or nothing waits any more
	}
	s.now, s.due, s.late, s.old = later(s.due, later(s.now, h.now)), time.Time{}, s.round-1, 0
	h.stopMore(ctx)
	h.hurryStops(ctx)
}

// stopMore tells the next ones, as far as there is room.
func (h *holder) stopMore(ctx actor.Context) {
	s := &h.stops
	for s.room() && len(s.queue) > 0 {
		var it *item
		it, s.queue = pop(s.queue)
		if it.waits {
			h.tellStop(ctx, it)
		}
	}
}

// hurry tells what drains already that it has less time than it was told. What is not
// told yet hears it with that.
func (h *holder) hurry(ctx actor.Context, deadline time.Time) {
	for it := range h.items.all() {
		switch {
		case it.phase != draining || !deadline.Before(it.deadline): // it need not
		case it.waits:
			it.deadline = deadline
		default:
			h.stopChild(ctx, it, deadline)
		}
	}
}

// stopAll tells all that wait: it is no time to be gentle.
func (h *holder) stopAll(ctx actor.Context) {
	for _, it := range h.stops.queue {
		if it.waits {
			h.stopChild(ctx, it, it.deadline)
		}
	}
	h.stops.reset()
}
