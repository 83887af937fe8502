package sim

import (
	"reflect"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/internal/rows"
)

// delays are what is late of the mail inside a process.
type delays struct {
	asked []kind
	late  []*interruption
	said  []*actor.MessageEnvelope // was late, and is under way
}

// kind is what mail is: which message, to which of the actors.
type kind struct{ role, message string }

func (k kind) String() string { return k.message + " to its " + k.role }

// interruption is what one actor has not said yet to another, in its order.
type interruption struct {
	kind       kind       // of the first message
	sender, to *actor.PID // sender is nil for what has none
	unsaid     []*actor.MessageEnvelope
}

type letter struct {
	to   *actor.PID
	mail *actor.MessageEnvelope
}

// Delay keeps the next message of this type to an actor of this role for later, as if its
// sender were interrupted before it says it: Delay("holder", "HoldFor"). What that sender
// asks of the same actor after it is late, too, so that the two stay in order, until Deliver.
//
// All else goes on. The sender talks to others, as nobody does who is interrupted, and may
// have ended by then; mail that names no sender overtakes what is late. So this shows what
// an actor does about late mail, and not that a process comes so far.
func (p *Process) Delay(role, message string) {
	if !p.world.cfg.Delays {
		panic("sim: mail can be delayed in a world with Config.Delays only")
	}
	p.delays.asked = append(p.delays.asked, kind{role, message})
}

// Deliver delivers what was delayed first. What has no receiver any more is lost with that.
// It reports false if nothing is late.
func (p *Process) Deliver() bool {
	d := &p.delays
	if len(d.late) == 0 {
		return false
	}
	i := d.late[0]
	d.late = d.late[1:]
	p.say(i.kind.String() + " comes")
	p.lane.Do(func() {
		process, there := p.world.system.system.ProcessRegistry.Get(i.to)
		for _, mail := range i.unsaid {
			if there {
				d.said = append(d.said, mail)
				process.SendUserMessage(i.to, mail)
			}
		}
	})
	return true
}

// late reports whether mail does not come now, and then keeps it.
func (p *Process) late(l letter) bool {
	d := &p.delays
	if at := slices.Index(d.said, l.mail); at >= 0 {
		d.said = slices.Delete(d.said, at, at+1)
		return false
	}
	for _, i := range d.late {
		if i.sender != nil && i.sender.Equal(l.mail.Sender) && i.to.Equal(l.to) {
			i.unsaid = append(i.unsaid, l.mail)
			return true
		}
	}
	at := slices.IndexFunc(d.asked, func(k kind) bool { return k == l.kind() })
	if at < 0 {
		return false
	}
	d.asked = slices.Delete(d.asked, at, at+1)
	d.late = append(d.late, &interruption{l.kind(), l.mail.Sender, l.to, []*actor.MessageEnvelope{l.mail}})
	p.say(l.kind().String() + " is late")
	return true
}

// kind: w1/holder-6 is one of the actors whose role is holder.
func (l letter) kind() kind {
	role, _, _ := strings.Cut(l.to.Id[strings.LastIndex(l.to.Id, "/")+1:], "-")
	return kind{role, reflect.TypeOf(l.mail.Message).Name()}
}

// overheard lets mail to an actor of the process, and to those below it, be late, and
// the rows that holders take be heard of, if anybody wants to.
func (p *Process) overheard(props *actor.Props) *actor.Props {
	if rows.Taken == nil && !p.world.cfg.Delays {
		return props
	}
	hears := func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
			if p.late(letter{c.Self(), e}) {
				return
			}
			if row := rows.Of(c.Actor(), e.Message); rows.Taken != nil && row != "" {
				rows.Taken(row)
			}
			next(c, e)
		}
	}
	spawns := func(next actor.SpawnFunc) actor.SpawnFunc {
		return func(system *actor.ActorSystem, id string, child *actor.Props, parent actor.SpawnerContext) (*actor.PID, error) {
			return next(system, id, p.overheard(child), parent)
		}
	}
	return props.Clone(actor.WithReceiverMiddleware(hears), actor.WithSpawnMiddleware(spawns))
}
