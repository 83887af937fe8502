package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Guest is a further subscriber of a process, which comes and goes as it likes. As long as
// it has subscribed it works on what the process owns, and confirms what it let go.
type Guest struct {
	process *Process
	name    string
	pid     *actor.PID
	letGo   time.Duration // how long it works on what is lost
	all     []partition.Owned
	step    partition.Step
	owes    []letGo
	anew    bool // it hears of all next
	present bool // it has subscribed, and heard so
	visits  int  // how often it began to
	// asked and heard are how often it asked to subscribe and was answered; what is answered
	// up to left was asked before it unsubscribed, and counts for nothing.
	asked, heard, left int
}

// Invite lets a guest subscribe that works for so long on what is lost.
func (p *Process) Invite(letGo time.Duration) *Guest {
	g := &Guest{process: p, name: fmt.Sprintf("guest-%d", len(p.guests)+1), letGo: letGo}
	p.lane.Do(func() { g.pid = p.spawn(stage.Props(func() actor.Actor { return g }), p.Name+"-"+g.name) })
	p.guests = append(p.guests, g.pid)
	g.Subscribe()
	return g
}

// Subscribe lets the guest subscribe, maybe again: it is told of all that is owned anew.
func (g *Guest) Subscribe() { g.does("subscribes", guestComes{}) }

// Unsubscribe lets it unsubscribe, and work on nothing from then on.
func (g *Guest) Unsubscribe() { g.does("unsubscribes", guestGoes{}) }

// End ends it without a word.
func (g *Guest) End() { g.does("ends", guestEnds{}) }

// What a guest is asked to do, and its reminder to let go.
type (
	guestComes struct{}
	guestGoes  struct{}
	guestEnds  struct{}
	guestLets  struct{ visit int }
)

func (g *Guest) does(what string, mail any) {
	p := g.process
	if p.lane.Ended() {
		return
	}
	p.say(g.name + " " + what)
	p.lane.Do(func() { p.world.system.system.Root.Send(g.pid, mail) })
}

// Receive implements actor.Actor.
func (g *Guest) Receive(ctx actor.Context) {
	manager := g.process.manager
	switch m := ctx.Message().(type) {
	case guestComes:
		g.asked++
		ctx.Request(manager, messages.Subscribe{PID: ctx.Self(), Confirm: true})
	case guestGoes:
		g.rest()
		g.left = g.asked
		ctx.Request(manager, messages.Unsubscribe{PID: ctx.Self()})
	case guestEnds:
		ctx.Stop(ctx.Self())
	case *actor.Stopping:
		g.rest()
	case messages.StateChanged:
		if m.Reason == "subscribed" {
			g.subscribed()
		}
	case messages.AssignmentChanged:
		if g.present {
			g.changed(ctx, m)
		}
	case guestLets:
		if m.visit == g.visits && g.present {
			g.lets(ctx)
		}
	}
}

func (g *Guest) subscribed() {
	if g.heard++; g.heard <= g.left {
		return
	}
	if !g.present {
		g.visits++
	}
	g.present, g.anew = true, true
}

// changed checks that every message continues the one before; one that tells all anew, that
// it names what is not let go yet.
func (g *Guest) changed(ctx actor.Context, m messages.AssignmentChanged) {
	p, check := g.process, g.process.world.Check
	if m.Step < g.step {
		check.violate("I2", "%s of %s heard of step %d after step %d", g.name, p.Name, Step(m.Step), Step(g.step))
	}
	gained, lost := differ(g.all, m.All)
	if g.anew {
		g.forgotten(m)
	} else if !equal(gained, m.Gained) || !equal(lost, m.Lost) {
		check.violate("I2", "%s of %s heard of gains %v and losses %v; its lists differ by %v and %v",
			g.name, p.Name, m.Gained, m.Lost, gained, lost)
	}
	g.all, g.step, g.anew = m.All, m.Step, false
	for _, o := range m.Lost {
		check.Told(p.Name, g.name, o)
	}
	for _, o := range gained {
		check.Begins(p.Name, g.name, o)
	}
	if len(m.Lost) > 0 {
		g.owes = append(g.owes, letGo{m.Step, m.Lost})
		p.later(g.letGo, ctx.Self(), guestLets{g.visits})
	}
}

// forgotten checks that all is gained, and that what was lost and is still worked on is
// lost.
func (g *Guest) forgotten(m messages.AssignmentChanged) {
	p, check := g.process, g.process.world.Check
	if !equal(m.Gained, m.All) {
		check.violate("I2", "%s of %s subscribed and heard of gains %v; it owns %v", g.name, p.Name, m.Gained, m.All)
	}
	for _, due := range g.owes {
		for _, o := range due.lost {
			if !slices.Contains(m.All, o) && !slices.Contains(m.Lost, o) {
				check.violate("I2", "%s of %s subscribed anew and owes %s; it heard of losses %v", g.name, p.Name, o.ID, m.Lost)
			}
		}
	}
}

// lets go of what was lost first.
func (g *Guest) lets(ctx actor.Context) {
	due := g.owes[0]
	g.owes = g.owes[1:]
	for _, o := range due.lost {
		g.process.world.Check.Stops(g.process.Name, g.name, o)
	}
	ctx.Request(g.process.manager, messages.LetGo{Step: due.step})
}

// rest lets it work on nothing any more, and owe nothing.
func (g *Guest) rest() {
	for _, due := range append(g.owes, letGo{lost: g.all}) {
		for _, o := range due.lost {
			g.process.world.Check.Stops(g.process.Name, g.name, o)
		}
	}
	g.all, g.owes, g.present = nil, nil, false
}
