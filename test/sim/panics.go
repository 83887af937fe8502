package sim

import (
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
)

// Planted is what an actor panics with that is made to.
const Planted = "it is made to panic"

// Roles are the kinds of actors of a process, as they are named: the manager, and what is
// below it. A user is an actor of a user's, which a keeper, strategy or source, stands for.
var Roles = [...]string{
	"manager", "outside", "holder", "strategy", "source", "owners", "session", "election", "refresher", "historian",
	"term", "publisher", "debouncer", "calculator", "watcher", "poller", "user",
}

// role is the kind of an actor of this name.
func role(id string) string {
	below := strings.LastIndexByte(id, '/')
	if below < 0 {
		return Roles[0]
	}
	name, _, _ := strings.Cut(id[below+1:], "-")
	return name
}

// doom is that the next actor of a role panics, at some message that it hears.
type doom struct {
	role string // empty: nobody does
	// said is how much the actor says before it panics; it has handled all of the message
	// if that is not so much.
	said int
	// falls is the actor that handles its message now.
	falls string
}

// spared is of how many messages of a doomed role one is the last.
const spared = 3

// Panic makes the next actor of a role panic that the process has, at some message: before
// it is handled, when so much was said of it, or after it if that is less. It is for a
// process whose habit is to be Mortal.
func (p *Process) Panic(role string, said int) { p.doom = doom{role: role, said: said} }

// Spare takes back what Panic and Fail began.
func (p *Process) Spare() { p.doom, p.failing = doom{}, [Moments]bool{} }

// mortal are Props whose actor, and all below it, may be made to panic.
func (p *Process) mortal(props *actor.Props) *actor.Props {
	hears := func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
			if p.doom.role == "" || p.doom.falls != "" || !p.falls(c, e.Message) {
				next(c, e)
				return
			}
			p.doom.falls = c.Self().Id
			if p.doom.said > 0 {
				next(c, e)
			}
			p.panics()
		}
	}
	says := func(next actor.SenderFunc) actor.SenderFunc {
		return func(c actor.SenderContext, to *actor.PID, e *actor.MessageEnvelope) {
			if p.doom.falls != "" && p.doom.falls == c.Self().GetId() {
				if p.doom.said--; p.doom.said == 0 {
					p.panics()
				}
			}
			next(c, to, e)
		}
	}
	spawns := func(next actor.SpawnFunc) actor.SpawnFunc {
		return func(system *actor.ActorSystem, id string, child *actor.Props, parent actor.SpawnerContext) (*actor.PID, error) {
			return next(system, id, p.mortal(child), parent)
		}
	}
	return props.Clone(actor.WithReceiverMiddleware(hears), actor.WithSenderMiddleware(says), actor.WithSpawnMiddleware(spawns))
}

// falls reports whether this is the message at which the actor panics. One that ends
// handles nothing any more.
func (p *Process) falls(c actor.ReceiverContext, mail any) bool {
	switch mail.(type) {
	case *actor.Stopping, *actor.Stopped, *actor.Restarting:
		return false
	}
	return role(c.Self().Id) == p.doom.role && p.world.Random.IntN(spared) == 0
}

// panics has the actor that falls panic.
func (p *Process) panics() {
	id := p.doom.falls
	p.doom = doom{}
	p.say(id + " panics")
	if role(id) == "user" {
		p.relist()
	}
	is := slices.Index(Roles[:], role(id))
	p.world.encounters.met[panicked+Situation(is)]++
	p.fatal = p.fatal || slices.Contains(fatal, role(id))
	panic(Planted)
}

// fatal are the Roles without which a manager does not go on, but panics itself.
var fatal = []string{"outside", "strategy", "source"}

// meant reports whether an error is of a panic that is planted, or the end of a manager
// because of it.
func (w *World) meant(text string) bool {
	if strings.Contains(text, "reason="+Planted) {
		return true
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(text, "an actor panicked and stops actor="), " ")
	p := w.find(name)
	return p != nil && p.fatal
}
