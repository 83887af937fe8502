package sim

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/messages"
)

// Trouble is what is wrong with the source of a process.
type Trouble struct {
	// Reason is what it answers instead of a list; empty if it works.
	Reason string
	// Silent: it does not answer at all.
	Silent bool
	// Empty is how many lists in a row are empty, before one is right, if there is a head:
	// a group that has decided nothing yet believes the first one.
	Empty int
	// Flaps: of what it is asked, every other time it answers rightly.
	Flaps bool
}

// Trouble changes what is wrong with the process's source, from the next question
// on.
func (p *Process) Trouble(t Trouble) {
	if p.trouble == t {
		return
	}
	p.trouble = t
	flaps := map[bool]string{true: ", every other time"}[t.Flaps]
	switch {
	case t.Silent:
		p.say("its source does not answer any more" + flaps)
	case t.Reason != "":
		p.say("its source fails: " + t.Reason + flaps)
	case t.Empty > 0:
		p.say(fmt.Sprintf("its source lists nothing, %d times in a row%s", t.Empty, flaps))
	default:
		p.say("its source works again")
	}
}

// Refresh asks the manager for a refresh.
func (p *Process) Refresh(m messages.RefreshPartitions) {
	p.say("is asked for a refresh")
	p.send(m)
}

// relist tells the source what it lists, as a user does whose update was refused, or whose
// source has failed and begins with what it listed first.
func (p *Process) relist() {
	p.later(time.Second, p.user, relistDue{})
}

// relistDue is a user's reminder of that.
type relistDue struct{}

// source is the process's: it says what it lists when that changes, unless it is
// quiet.
func (p *Process) source() *actor.Props {
	if !p.Habits.Quiet {
		return p.troubled(actors.StaticSource(p.world.partitions))
	}
	return p.troubled(actor.PropsFromProducer(func() actor.Actor { return &lister{p} }))
}

// troubled are Props of a source that may be in Trouble.
func (p *Process) troubled(props *actor.Props) *actor.Props {
	return props.Clone(actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
			if m, ok := e.Message.(messages.ListPartitions); !ok || !p.ails(e.Sender, m) {
				next(c, e)
			}
		}
	}))
}

// ails does something else than to list, if the source is in trouble.
func (p *Process) ails(asks *actor.PID, m messages.ListPartitions) bool {
	t, root := p.trouble, p.world.system.system.Root
	if t == (Trouble{}) {
		return false
	}
	if p.ailing.flips = !p.ailing.flips; t.Flaps && p.ailing.flips {
		p.ailing.empty = 0
		return false
	}
	switch {
	case t.Silent:
		p.meets(listSilent)
	case t.Reason != "":
		p.meets(listFails)
		root.Send(asks, messages.ListingFailed{Round: m.Round, Reason: t.Reason})
	case p.ailing.empty < t.Empty && p.world.Check.book.head.Version > 0:
		p.ailing.empty++
		p.meets(listEmpty)
		root.Send(asks, messages.PartitionsListed{Round: m.Round})
	default:
		p.ailing.empty = 0
		return false
	}
	return true
}

// ailing is what a source in trouble did: how many lists in a row were empty, and whether
// it answered otherwise than before.
type ailing struct {
	empty int
	flips bool
}

// lister lists what the world has when it is asked.
type lister struct{ process *Process }

// Receive implements actor.Actor.
func (l *lister) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(messages.ListPartitions)
	if !ok {
		return
	}
	p := l.process
	p.world.Trace.Hum(p.Name, fmt.Sprintf("the source is asked, round %d", m.Round))
	ctx.Respond(messages.PartitionsListed{Round: m.Round, Partitions: p.world.Partitions()})
}
