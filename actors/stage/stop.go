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
	system.Root.Stop(pid)
	return Ended(ctx, system, pid)
}

// Ended waits until an actor has ended, or the context has.
func Ended(ctx context.Context, system *actor.ActorSystem, pid *actor.PID) error {
	done := make(chan struct{})
	watcher := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &watcher{pid: pid, done: done} }))
	defer system.Root.Stop(watcher)
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w; still running: %s", context.Cause(ctx), strings.Join(below(system, pid), ", "))
	}
}

// watcher closes a channel when an actor has ended.
type watcher struct {
	pid  *actor.PID
	done chan struct{}
}

// Receive implements actor.Actor.
func (w *watcher) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(w.pid)
	case *actor.Terminated:
		if m.Who.Equal(w.pid) {
			close(w.done)
		}
	}
}

// below lists the names of an actor and its descendants that are registered.
func below(system *actor.ActorSystem, pid *actor.PID) []string {
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
