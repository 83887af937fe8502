package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
)

// watcher is the leader's quick way to see the workers. It owns one watch of
// their records, hears what the watch sees, and tells the debouncer. If it is
// spawned anew, the watch reports everything anew.
type watcher struct {
	state              watcherState
	outside, debouncer *actor.PID
}

type watcherState string

const (
	catching watcherState = "catching" // waiting for all records that exist
	current  watcherState = "current"  // waiting for the next change
)

var watcherTable = fsm.New(
	fsm.On(catching, (*watcher).begin, catching), // Started
	fsm.On(catching, (*watcher).see, catching),
	fsm.On(catching, (*watcher).complete, current),
	fsm.On(current, (*watcher).see, current),
	fsm.On(current, (*watcher).complete, current), // the watch was begun again
)

func watcherProps(outside, debouncer *actor.PID) *actor.Props {
	return stage.Props(func() actor.Actor { return &watcher{state: catching, outside: outside, debouncer: debouncer} }, stage.Together)
}

// Receive implements actor.Actor.
func (w *watcher) Receive(ctx actor.Context) { watcherTable.Receive(ctx, w, &w.state, nil) }

func (w *watcher) begin(ctx actor.Context, _ *actor.Started) watcherState {
	ctx.Request(w.outside, messages.Watch{Key: messages.AllLive})
	return catching
}

func (w *watcher) see(ctx actor.Context, m messages.Seen) watcherState {
	ctx.Send(w.debouncer, messages.Sighted{Entries: []messages.Entry{m.Entry}, At: m.At})
	return w.state
}

// complete: records are never deleted, so that one which is missing tells of
// damage. The leader finds out by a conditional write, not by its absence.
func (w *watcher) complete(ctx actor.Context, m messages.WatchSynced) watcherState {
	ctx.Send(w.debouncer, messages.Sighted{Complete: true, At: m.At})
	return current
}
