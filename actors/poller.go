package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// poller is the leader's sure way to see the workers. It owns the rhythm of
// lists, hears their answers, and tells the debouncer all records at once. It
// finds what a watch that fell silent does not tell. If it is spawned anew, it
// lists at once.
type poller struct {
	state              pollerState
	settings           partition.Settings
	outside, debouncer *actor.PID
	round              partition.Round
	waited             time.Duration // for the answer to the list under way
}

type pollerState string

const (
	listing pollerState = "listing" // waiting for the records
	pausing pollerState = "pausing" // waiting for the next list
)

// pollDue is a reminder of a poller to itself.
type pollDue struct{ Round partition.Round }

var pollerTable = fsm.New(
	fsm.On(listing, (*poller).begin, listing), // Started
	fsm.On(listing, (*poller).listed, listing, pausing),
	fsm.On(listing, (*poller).listFailed, listing, pausing),
	fsm.On(listing, (*poller).goOn, listing), // pollDue: no answer came
	fsm.On(pausing, (*poller).listAgain, pausing, listing),
	fsm.Late[*poller, pollerState](messages.ReadDone{}, messages.ReadFailed{}, pollDue{}),
)

func pollerProps(settings partition.Settings, outside, debouncer *actor.PID) *actor.Props {
	return stage.Props(func() actor.Actor {
		return &poller{state: listing, settings: settings, outside: outside, debouncer: debouncer}
	}, stage.Together)
}

// Receive implements actor.Actor.
func (p *poller) Receive(ctx actor.Context) { pollerTable.Receive(ctx, p, &p.state, nil) }

func (p *poller) begin(ctx actor.Context, _ *actor.Started) pollerState { return p.list(ctx) }

// list asks for all records, and to be reminded of the next list at once: an
// answer that never comes must not end the rhythm.
func (p *poller) list(ctx actor.Context) pollerState {
	p.round++
	p.waited = 0
	ctx.Request(p.outside, messages.Read{Round: p.round, Keys: []messages.Key{messages.AllLive}})
	p.remind(ctx)
	return listing
}

func (p *poller) remind(ctx actor.Context) {
	ctx.Request(p.outside, messages.Remind{After: p.settings.PollInterval, Mail: pollDue{p.round}})
}

// goOn lists again when the answer is late. Sooner, on a store that is slow, lists would
// pile up and make it slower.
func (p *poller) goOn(ctx actor.Context, m pollDue) pollerState {
	if m.Round != p.round {
		return listing
	}
	if p.waited += p.settings.PollInterval; p.waited < p.settings.StoreTimeout {
		p.remind(ctx)
		return listing
	}
	return p.list(ctx)
}

func (p *poller) listed(ctx actor.Context, m messages.ReadDone) pollerState {
	if m.Round != p.round {
		return listing
	}
	ctx.Send(p.debouncer, messages.Sighted{Entries: m.Entries, Complete: true, At: m.At})
	return pausing
}

func (p *poller) listFailed(_ actor.Context, m messages.ReadFailed) pollerState {
	if m.Round != p.round {
		return listing
	}
	return pausing
}

func (p *poller) listAgain(ctx actor.Context, m pollDue) pollerState {
	if m.Round != p.round {
		return p.state
	}
	return p.list(ctx)
}
