package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// term is one leadership. It owns the actors that do a leader's work, which live
// exactly as long as it does. It hears renewals from the election, and tells the
// election when the term cannot go on. It is never restarted: the election ends
// the leadership if it panics.
type term struct {
	termConfig
	state termState

	publisher, debouncer, calculator *actor.PID
	observers                        map[string]observer // by the name of the actor
	born                             int
}

// observer makes one of the two actors that look at the workers' records.
type observer struct {
	name  string
	props func() *actor.Props
}

type termConfig struct {
	settings                                   partition.Settings
	outside, manager, holder, strategy, source *actor.PID
	worker                                     partition.WorkerID
	session                                    partition.SessionID
	term                                       partition.Revision
	dice                                       partition.Dice
	fresh, headed                              bool
	until, grace                               time.Time
	seen                                       partition.Roster // before the term
}

type termState string

const presiding termState = "presiding" // waiting for the end of the leadership

// introduce tells an actor of the term who calculator and debouncer are.
type introduce struct{ calculator, debouncer *actor.PID }

// reopenDue is a reminder to spawn an observer anew.
type reopenDue struct{ observer observer }

var termTable = fsm.New(
	fsm.Stay((*term).begin, presiding), // Started
	fsm.Stay((*term).renewed, presiding),
	fsm.Stay((*term).give, presiding),
	fsm.Stay((*term).sourceChanged, presiding),
	fsm.Stay((*term).failed, presiding),
	fsm.Stay((*term).ended, presiding), // Terminated
	fsm.Stay((*term).reopen, presiding),
)

func termProps(cfg termConfig) *actor.Props {
	return stage.Props(func() actor.Actor { return &term{termConfig: cfg, state: presiding, observers: map[string]observer{}} }, stage.Together)
}

// Receive implements actor.Actor.
func (t *term) Receive(ctx actor.Context) { termTable.Receive(ctx, t, &t.state, nil) }

func (t *term) begin(ctx actor.Context, _ *actor.Started) {
	t.publisher = stage.Spawn(ctx, publisherProps(publisherConfig{
		settings: t.settings, outside: t.outside, manager: t.manager, holder: t.holder, worker: t.worker, session: t.session,
		term: t.term, fresh: t.fresh, headed: t.headed, dice: t.dice, until: t.until, grace: t.grace,
	}), "publisher")
	t.debouncer = stage.Spawn(ctx, debouncerProps(debouncerConfig{
		settings: t.settings, outside: t.outside, publisher: t.publisher, seen: t.seen, term: t.term,
	}), "debouncer")
	t.calculator = stage.Spawn(ctx, calculatorProps(calculatorConfig{
		settings: t.settings, outside: t.outside, manager: t.manager, strategy: t.strategy, source: t.source,
		publisher: t.publisher, debouncer: t.debouncer, worker: t.worker, term: t.term, grace: t.grace,
	}), "calculator")
	ctx.Send(t.publisher, introduce{t.calculator, t.debouncer})
	ctx.Send(t.debouncer, introduce{t.calculator, t.debouncer})
	t.open(ctx, observer{"watcher", func() *actor.Props { return watcherProps(t.outside, t.debouncer) }})
	t.open(ctx, observer{"poller", func() *actor.Props { return pollerProps(t.settings, t.outside, t.debouncer) }})
}

// open spawns an observer, under a name that none had before.
func (t *term) open(ctx actor.Context, o observer) {
	t.born++
	pid := stage.Spawn(ctx, o.props(), fmt.Sprintf("%s-%d", o.name, t.born))
	t.observers[pid.Id] = o
}

func (t *term) renewed(ctx actor.Context, m messages.LeadRenewed) { ctx.Send(t.publisher, m) }

func (t *term) give(ctx actor.Context, m messages.GiveGrace) {
	ctx.Send(t.publisher, m)
	ctx.Send(t.calculator, m)
}

func (t *term) sourceChanged(ctx actor.Context, m messages.PartitionsListed) {
	ctx.Send(t.calculator, m)
}

func (t *term) failed(ctx actor.Context, m messages.TermFailed) { ctx.Send(ctx.Parent(), m) }

// ended: one of the observers is spawned again, the other looks meanwhile. A leader
// without both is blind. That, and whatever else fails, ends the term, and the
// next is left to others for a while: what made an actor panic is still there.
func (t *term) ended(ctx actor.Context, m *actor.Terminated) {
	if o, known := t.observers[m.Who.Id]; known {
		delete(t.observers, m.Who.Id)
		if len(t.observers) == 0 {
			ctx.Send(ctx.Parent(), messages.TermFailed{Term: t.term, Reason: "neither watcher nor poller looks at the workers", Resign: true})
			return
		}
		ctx.Request(t.outside, messages.Remind{After: retryDelay, Mail: reopenDue{o}})
		return
	}
	ctx.Send(ctx.Parent(), messages.TermFailed{Term: t.term, Reason: m.Who.Id + " failed", Resign: true})
}

func (t *term) reopen(ctx actor.Context, m reopenDue) { t.open(ctx, m.observer) }
