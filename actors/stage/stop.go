package stage

import (
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
)

// StopTree stops an actor with all below it, from outside of any actor, and calls ended
// once when they have ended, if giveUp was not called before. Until then Running names
// what still runs: it is stuck in a handler, which cannot be stopped.
func StopTree(system *actor.ActorSystem, pid *actor.PID, ended func()) (giveUp func()) {
	watcher := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &undertaker{pid: pid, ended: ended} }))
	return func() { system.Root.Stop(watcher) }
}

// undertaker stops an actor and says when it has ended. It watches before it stops:
// whoever watches an actor that is stopping is told at once that it has ended, although
// it has not.
type undertaker struct {
	pid   *actor.PID
	ended func()
}

// Receive implements actor.Actor.
func (u *undertaker) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(u.pid)
		ctx.Stop(u.pid)
	case *actor.Terminated:
		if m.Who.Equal(u.pid) {
			u.ended()
		}
	}
}

// Running lists the names of an actor and its descendants that have not ended.
func Running(system *actor.ActorSystem, pid *actor.PID) []string {
	var names []string
	for _, shard := range system.ProcessRegistry.LocalPIDs.LocalPIDs {
		for _, name := range shard.Keys() {
			if name == pid.Id || strings.HasPrefix(name, pid.Id+"/") {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}
