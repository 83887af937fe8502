package stage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
)

// StopTree stops an actor with all below it, from outside of any actor, and
// returns when they have ended. If the context ends first, the error names the
// actors that still run: they are stuck in a handler, which cannot be stopped.
func StopTree(ctx context.Context, system *actor.ActorSystem, pid *actor.PID) error {
	done := make(chan struct{})
	watcher := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &undertaker{pid: pid, done: done} }))
	defer system.Root.Stop(watcher)
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w; still running: %s", context.Cause(ctx), strings.Join(Running(system, pid), ", "))
	}
}

// undertaker stops an actor and closes a channel when it has ended. It watches
// before it stops: whoever watches an actor that is stopping is told at once that
// it has ended, although it has not.
type undertaker struct {
	pid  *actor.PID
	done chan struct{}
}

// Receive implements actor.Actor.
func (u *undertaker) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(u.pid)
		ctx.Stop(u.pid)
	case *actor.Terminated:
		if m.Who.Equal(u.pid) {
			close(u.done)
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
