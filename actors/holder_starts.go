package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	// maxStarting is how many partition actors start at a time: each of them may ask a
	// database for something first. The others wait for their turn.
	maxStarting = 256
	// startPatience is how long one that starts keeps another from it at least, and
	// twice that at most: what is stuck must not hold up everybody.
	startPatience = time.Second
)

// starts are the partition actors that start: from when they are made until it is known
// that they have handled Started, or have ended. They are asked when others wait for them.
type starts struct {
	under int
	// queue has those whose turn comes. They may have been taken away meanwhile.
	queue []*item
	// round counts the reminders that what starts takes long.
	round    partition.Round
	reminded bool // there will be one
}

type (
	// tellStart asks a partition actor whether it has handled Started: it answers then.
	tellStart struct{}
	begun     struct{ Child *actor.PID }
)

// startsDue: what started in this round or before has had its time.
type startsDue struct{ Round partition.Round }

// inTurn reports whether an actor may start now, and otherwise has it wait.
func (h *holder) inTurn(ctx actor.Context, it *item) bool {
	s := &h.starts
	if s.under < maxStarting {
		return true
	}
	if len(s.queue) == 0 {
		for other := range h.items.all() {
			if other.starts {
				h.askStart(ctx, other)
			}
		}
	}
	s.queue = append(s.queue, it)
	h.hurryStarts(ctx)
	return false
}

func (h *holder) askStart(ctx actor.Context, it *item) {
	stage.Post(ctx.ActorSystem())(it.child, tellStart{})
}

func (h *holder) hurryStarts(ctx actor.Context) {
	if s := &h.starts; !s.reminded {
		s.reminded = true
		ctx.Request(h.outside, messages.Remind{After: startPatience, Mail: startsDue{s.round}})
		s.round++
	}
}

// spawn returns nil if the user's code, which makes the actor, panics or makes
// none: one partition's trouble must not become everybody's.
func (h *holder) spawn(ctx actor.Context, o partition.Owned) (child *actor.PID) {
	h.born++
	defer func() {
		if r := recover(); r != nil {
			ctx.Logger().Error("a partition actor could not be made", "partition", string(o.ID), "reason", r)
			child = nil
		}
	}()
	return stage.Spawn(ctx, drainable(h.props(o)), fmt.Sprintf("%s@%d.%d", o.ID, o.Token, h.born))
}

func (h *holder) begun(ctx actor.Context, m begun) {
	if it := h.items.byChild[m.Child.Id]; it != nil {
		h.started(ctx, it)
	}
}

// started: an actor is not one that starts any more, which makes room for another.
func (h *holder) started(ctx actor.Context, it *item) {
	if it.starts {
		it.starts = false
		h.starts.under--
		h.startMore(ctx)
	}
}

func (h *holder) startsLate(ctx actor.Context, m startsDue) {
	h.starts.reminded = false
	for it := range h.items.all() {
		if it.starts && it.round <= m.Round {
			it.starts = false
			h.starts.under--
		}
	}
	h.startMore(ctx)
}

func (h *holder) startMore(ctx actor.Context) {
	s := &h.starts
	for h.state == following && s.under < maxStarting && len(s.queue) > 0 {
		var it *item
		it, s.queue = pop(s.queue)
		if it.phase == starting {
			h.start(ctx, it)
		}
	}
	if h.state == following && len(s.queue) > 0 {
		h.hurryStarts(ctx)
	}
}

// pop takes the first one of a queue, which has nothing of it any more.
func pop(queue []*item) (*item, []*item) {
	first := queue[0]
	queue[0] = nil
	return first, queue[1:]
}
