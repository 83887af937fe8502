package stage

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
)

// player is an actor of ours: its mailbox stops it when it panics, and it hears
// nothing any more once it stops, not even that its children have ended.
type player struct {
	actor.Actor
	stopping bool
}

// Receive implements actor.Actor.
func (p *player) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Stopping, *actor.Stopped:
		defer swallow(ctx)
	default:
		if p.stopping {
			return
		}
	}
	p.Actor.Receive(ctx)
}

// Inside is the actor of which Props were made, for whoever watches mail in a test.
func Inside(a actor.Actor) actor.Actor {
	if p, ours := a.(*player); ours {
		return p.Actor
	}
	return a
}

// Option changes the Props that are made.
type Option func(*actor.Props) *actor.Props

// Props are those of an actor of ours: under our mailbox, stopped by a panic, and
// with children of which the same is true.
func Props(producer func() actor.Actor, options ...Option) *actor.Props {
	props := actor.PropsFromProducer(
		func() actor.Actor { return &player{Actor: producer()} },
		actor.WithMailbox(newMailbox), actor.WithSupervisor(stopFailed{}))
	for _, o := range options {
		props = o(props)
	}
	return props
}

// OnPoison delivers a PoisonPill as this message, so that an actor can end in its
// own time. This works for Poison only: Stop is immediate, by design.
func OnPoison(message func() any) Option {
	return func(props *actor.Props) *actor.Props {
		return props.Configure(actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
			return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
				if _, pill := e.Message.(*actor.PoisonPill); pill {
					e = &actor.MessageEnvelope{Header: e.Header, Sender: e.Sender, Message: message()}
				}
				next(c, e)
			}
		}))
	}
}

// OnFailure lets an actor note, as if it were mail of its own, which child failed before
// that is stopped: that it has ended says nothing about why.
func OnFailure(note func(child *actor.PID)) Option {
	return func(props *actor.Props) *actor.Props { return props.Configure(actor.WithSupervisor(stopFailed{note})) }
}

// Rooted makes Props from which a whole tree grows, in whatever system: every
// descendant is under our mailbox, also those of actors that a user gave us.
// proto.Actor passes nothing on to children by itself.
func Rooted(props *actor.Props) *actor.Props { return inherited(props, nil) }

// Doorkeeper is a dispatcher that is asked about all mail for its mailboxes, on the goroutine
// that posts it: of a mailbox that has mail already, Schedule hears nothing. What it does not
// admit is dropped. That of production is none.
type Doorkeeper interface {
	actor.Dispatcher
	// Admits is told the mail as it is posted: in an envelope, or bare.
	Admits(to *actor.PID, mail any) bool
}

// Under makes Props whose actor, with all its descendants, is scheduled by the
// dispatcher and has our mailbox. Tests step through a system with it.
func Under(props *actor.Props, d actor.Dispatcher) *actor.Props {
	return inherited(decorated(props, d), d)
}

func inherited(props *actor.Props, d actor.Dispatcher) *actor.Props {
	return props.Clone(actor.WithSpawnMiddleware(func(next actor.SpawnFunc) actor.SpawnFunc {
		return func(system *actor.ActorSystem, id string, child *actor.Props, parent actor.SpawnerContext) (*actor.PID, error) {
			return next(system, id, inherited(decorated(child, d), d), parent)
		}
	}))
}

// decorated gives Props our mailbox, and the dispatcher if there is one. A panic
// while stopping is swallowed: it would cancel the stop. What stops does not hear
// that its children end: if it replaced them, it would never end itself.
func decorated(props *actor.Props, d actor.Dispatcher) *actor.Props {
	props = props.Clone(actor.WithMailbox(newMailbox), actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
		stopping := false
		return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
			switch e.Message.(type) {
			case *actor.Started:
				stopping = false
			case *actor.Stopping:
				stopping = true
				defer swallow(c)
			case *actor.Stopped:
				defer swallow(c)
			case *actor.Terminated:
				if stopping {
					return
				}
			}
			next(c, e)
		}
	}))
	if d != nil {
		props = props.Configure(actor.WithDispatcher(d))
	}
	return props
}

func swallow(c actor.ReceiverContext) {
	if r := recover(); r != nil {
		c.Logger().Error("an actor panicked while it stopped", "actor", c.Self().Id, "reason", r)
	}
}

// Spawn starts a child under a name that no other child of the actor ever had:
// names carry no incarnation, so a name that is used again is a bug and panics.
func Spawn(ctx actor.SpawnerContext, props *actor.Props, name string) *actor.PID {
	pid, err := ctx.SpawnNamed(props, name)
	if err != nil {
		panic(fmt.Sprintf("stage: %s/%s: %v", ctx.Self().GetId(), name, err))
	}
	return pid
}

// stopFailed stops a child that failed. Its parent hears Terminated and decides;
// no statistics with a clock of their own are involved.
type stopFailed struct{ note func(child *actor.PID) }

// HandleFailure implements actor.SupervisorStrategy.
func (s stopFailed) HandleFailure(system *actor.ActorSystem, supervisor actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	if s.note != nil {
		s.note(child)
	}
	system.Logger().Error("an actor failed and is stopped", "actor", child.Id, "reason", reason)
	failed(system, child)
	supervisor.StopChildren(child)
}
