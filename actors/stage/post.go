package stage

import "github.com/asynkron/protoactor-go/actor"

// passing marks mail that passes with its receiver. It is only read.
var passing = map[string]string{passingKey: ""}

const passingKey = "passing"

// Post returns a way to send mail that ends with its receiver: reminders, and
// answers to what was asked. They may be under way, or wait in the mailbox, when the
// receiver ends, and then nothing is lost with them. What is sent otherwise is a
// dead letter.
func Post(system *actor.ActorSystem) func(to *actor.PID, mail any) {
	return func(to *actor.PID, mail any) {
		if process, there := system.ProcessRegistry.Get(to); there {
			process.SendUserMessage(to, &actor.MessageEnvelope{Header: passing, Message: mail})
		}
	}
}

// Ended reports whether an actor is no more. Who asked may be one that only waits for
// its answer, and takes anything else that it hears for it: it cannot be watched.
func Ended(system *actor.ActorSystem, pid *actor.PID) bool {
	_, there := system.ProcessRegistry.Get(pid)
	return !there
}

// Together is for actors that end at once, in any order, whatever they are doing:
// their mail ends in the same way. Most of it is for one another.
func Together(props *actor.Props) *actor.Props {
	return props.Configure(actor.WithSenderMiddleware(func(next actor.SenderFunc) actor.SenderFunc {
		return func(c actor.SenderContext, to *actor.PID, e *actor.MessageEnvelope) {
			if _, there := c.ActorSystem().ProcessRegistry.Get(to); there {
				e.SetHeader(passingKey, "")
				next(c, to, e)
			}
		}
	}))
}

// passes reports whether mail passes with its receiver.
func passes(mail any) bool {
	e, enclosed := mail.(*actor.MessageEnvelope)
	if !enclosed {
		return false
	}
	_, marked := e.Header[passingKey]
	return marked
}
