package sim

import (
	"fmt"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// handler makes the partition actors of a process.
func (p *Process) handler(o partition.Owned) *actor.Props {
	props := actor.PropsFromProducer(func() actor.Actor { return &handler{process: p, owned: o} })
	if p.Habits.Drain == 0 {
		return props
	}
	return actors.Drains(props)
}

// handler is one partition actor.
type handler struct {
	process *Process
	owned   partition.Owned
	begun   bool
	done    bool
}

// Habitual is why handlers panic that are to.
const Habitual = "it is its habit"

// Moment is a message at which a handler may panic.
type Moment int

// The moments of a handler.
const (
	AtStart Moment = iota
	// AtWork is at mail of its own.
	AtWork
	// AtRevoke and AtDrain are when it hears that it has to let go, and when it is done; of
	// handlers that stop by themselves only.
	AtRevoke
	AtDrain
	AtStop
	// Moments are how many there are.
	Moments
)

// finished is a handler's reminder that it has drained, work what it is there for.
type (
	finished struct{}
	work     struct{}
)

// Fail makes the next handler of the process panic that comes to this moment.
func (p *Process) Fail(m Moment) {
	p.failing[m] = true
	if m == AtWork && len(p.handlers) > 0 {
		to := p.handlers[p.world.Random.IntN(len(p.handlers))]
		p.lane.Do(func() { p.world.system.system.Root.Send(to, work{}) })
	}
}

// Receive implements actor.Actor.
func (h *handler) Receive(ctx actor.Context) {
	p, check := h.process, h.process.world.Check
	switch ctx.Message().(type) {
	case *actor.Started:
		check.Tries(p.Name, h.owned)
		if h.owned.ID == p.Habits.Fails {
			h.panics(ctx, AtStart)
		}
		h.comes(ctx, AtStart)
		p.world.Trace.Hum(p.Name, fmt.Sprintf("the handler of %s@%d starts", h.owned.ID, Step(h.owned.Token)))
		h.begun = true
		p.handlers = append(p.handlers, ctx.Self())
		check.Begins(p.Name, Handler, h.owned)
	case work:
		h.comes(ctx, AtWork)
	case messages.Revoke:
		check.Revoked(p.Name, h.owned)
		h.comes(ctx, AtRevoke)
		if p.Habits.Drain != Never {
			p.later(p.Habits.Drain, ctx.Self(), finished{})
		}
	case finished:
		h.comes(ctx, AtDrain)
		ctx.Stop(ctx.Self())
	case *actor.Stopping:
		if !h.done {
			h.comes(ctx, AtStop)
			p.world.Trace.Hum(p.Name, fmt.Sprintf("the handler of %s@%d stops", h.owned.ID, Step(h.owned.Token)))
			h.ends(ctx)
		}
	}
}

// ends: it works on nothing any more.
func (h *handler) ends(ctx actor.Context) {
	p := h.process
	h.done = true
	p.handlers = slices.DeleteFunc(p.handlers, func(pid *actor.PID) bool { return pid.Equal(ctx.Self()) })
	if h.begun {
		p.world.Check.Stops(p.Name, Handler, h.owned)
	}
}

// comes: it has come to a moment, at which it may have to panic.
func (h *handler) comes(ctx actor.Context, m Moment) {
	if h.process.failing[m] {
		h.process.failing[m] = false
		h.panics(ctx, m)
	}
}

func (h *handler) panics(ctx actor.Context, m Moment) {
	p := h.process
	h.ends(ctx)
	if m == AtStart || m == AtWork { // it has to let go otherwise, and is not begun again
		p.world.Check.Fails(p.Name, h.owned)
	}
	p.meets(failsAtStart + Situation(m))
	p.say(fmt.Sprintf("the handler of %s panics", h.owned.ID))
	panic(Habitual)
}
