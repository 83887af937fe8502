package sim

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/messages"
)

// Trouble is what is wrong with the source of a process whose habit is Quiet.
type Trouble struct {
	// Reason is what it answers instead of a list; empty if it works.
	Reason string
	// Silent: it does not answer at all.
	Silent bool
}

// Trouble changes what is wrong with the process's source, from the next question
// on.
func (p *Process) Trouble(t Trouble) {
	p.trouble = t
	switch {
	case t.Silent:
		p.say("its source does not answer any more")
	case t.Reason != "":
		p.say("its source fails: " + t.Reason)
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
		return actors.StaticSource(p.world.partitions)
	}
	return actor.PropsFromProducer(func() actor.Actor { return &lister{p} })
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
	switch t := p.trouble; {
	case t.Silent:
	case t.Reason != "":
		ctx.Respond(messages.ListingFailed{Round: m.Round, Reason: t.Reason})
	default:
		ctx.Respond(messages.PartitionsListed{Round: m.Round, Partitions: p.world.Partitions()})
	}
}
