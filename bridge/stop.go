package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
)

// Stop lets a manager give everything up and waits until it has ended. Mains call
// it when they are told to end; the library installs no signal handlers. The error
// names user code that still runs, what else did not go as planned, or that the
// context ended first: then the manager is stopped hard, which equals a crash. The
// actor system is the caller's: its Shutdown, which stops no actor, comes after.
func Stop(ctx context.Context, system *actor.ActorSystem, manager *actor.PID) error {
	answer, hangUp := ask[messages.Stopped](system, manager, messages.Stop{})
	defer hangUp()
	var said messages.Stopped // nothing, if it had ended or crashed
	for more := true; more && len(said.Running) == 0; {
		var m messages.Stopped
		select {
		case m, more = <-answer:
			if more {
				said = m // what is stuck keeps its parents from ending
			}
		case <-ctx.Done():
			err := stopTree(ctx, system, manager)
			if err == nil { // at the last moment
				err = context.Cause(ctx)
			}
			return fmt.Errorf("bridge: the manager did not stop in time: %w", err)
		}
	}
	return unfinished(said)
}

// stopTree returns when an actor and all below it have ended. If the context ends first,
// the error names those that still run.
func stopTree(ctx context.Context, system *actor.ActorSystem, pid *actor.PID) error {
	done := make(chan struct{})
	defer stage.StopTree(system, pid, func() { close(done) })()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w; still running: %s", context.Cause(ctx), strings.Join(stage.Running(system, pid), ", "))
	}
}

func unfinished(s messages.Stopped) error {
	var faults []error
	if s.Reason != "" {
		faults = append(faults, fmt.Errorf("bridge: stopped, but %s", s.Reason))
	}
	if len(s.Running) > 0 {
		faults = append(faults, fmt.Errorf("bridge: still running: %s", strings.Join(s.Running, "; ")))
	}
	return errors.Join(faults...)
}
