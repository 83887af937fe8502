package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
)

// Drains marks the Props of partition actors that finish by themselves: they get
// messages.Revoke when their partition is taken away, and must stop themselves
// (ctx.Stop(ctx.Self())) by its deadline, when what they had begun is done. All
// other partition actors are poisoned: they stop after the mail they have.
func Drains(props *actor.Props) *actor.Props {
	return props.Clone(actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
			if m, ok := e.Message.(messages.Revoke); ok {
				e = &actor.MessageEnvelope{Header: e.Header, Sender: e.Sender, Message: drainsItself{m}}
			}
			next(c, e)
		}
	}))
}

// drainsItself is a Revoke on its way to an actor that understands it.
type drainsItself struct{ messages.Revoke }

// drainable turns a Revoke into what the partition actor understands, and answers for it
// whether it has started. It stands behind the middleware of Drains, if that is there.
func drainable(props *actor.Props) *actor.Props {
	return props.Clone(actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
			switch m := e.Message.(type) {
			case tellStart:
				stage.Post(c.ActorSystem())(c.Parent(), begun{c.Self()})
				return
			case drainsItself:
				e = &actor.MessageEnvelope{Header: e.Header, Sender: e.Sender, Message: m.Revoke}
			case messages.Revoke:
				e = &actor.MessageEnvelope{Message: &actor.PoisonPill{}}
			}
			next(c, e)
		}
	}))
}
