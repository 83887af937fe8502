package stage

import "github.com/asynkron/protoactor-go/actor"

// passing marks mail that is of no use to anybody but whom it is for.
var passing = map[string]string{"passing": ""}

// Post returns a way to send mail that passes with whom it is for: reminders, and
// answers to what was asked. They may be under way, or wait in the mailbox, when it
// ends, and then nothing is lost with them. What is sent otherwise is a dead letter.
func Post(system *actor.ActorSystem) func(to *actor.PID, mail any) {
	return func(to *actor.PID, mail any) {
		pass(system, to, &actor.MessageEnvelope{Message: mail})
	}
}

// Together is for actors that end at once, in any order, in the middle of whatever
// they do: what they say to one another then passes too.
func Together(props *actor.Props) *actor.Props {
	return props.Configure(actor.WithSenderMiddleware(func(actor.SenderFunc) actor.SenderFunc {
		return func(c actor.SenderContext, to *actor.PID, e *actor.MessageEnvelope) { pass(c.ActorSystem(), to, e) }
	}))
}

func pass(system *actor.ActorSystem, to *actor.PID, e *actor.MessageEnvelope) {
	if process, there := system.ProcessRegistry.Get(to); there {
		e.Header = passing
		process.SendUserMessage(to, e)
	}
}

// passes reports whether mail passes with whom it is for.
func passes(mail any) bool {
	e, enclosed := mail.(*actor.MessageEnvelope)
	if !enclosed {
		return false
	}
	_, marked := e.Header["passing"]
	return marked
}
