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
	s := &stopper{manager: manager, answer: make(chan messages.Stopped, 1), ended: make(chan struct{})}
	asker := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return s }))
	defer system.Root.Stop(asker)
	select {
	case a := <-s.answer:
		if len(a.Running) > 0 {
			return unfinished(a) // what is stuck keeps its parents from ending
		}
		select {
		case <-s.ended:
			return unfinished(a)
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	err := stage.StopTree(ctx, system, manager)
	if err == nil { // at the last moment
		err = context.Cause(ctx)
	}
	return fmt.Errorf("bridge: the manager did not stop in time: %w", err)
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

// stopper asks a manager to stop. A manager that has ended already is stopped.
// It watches from the beginning: see stage.StopTree.
type stopper struct {
	manager *actor.PID
	answer  chan messages.Stopped
	ended   chan struct{}
}

// Receive implements actor.Actor.
func (s *stopper) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(s.manager)
		ctx.Request(s.manager, messages.Stop{})
	case messages.Stopped:
		s.tell(m)
	case *actor.Terminated:
		ctx.Send(ctx.Self(), over{}) // it overtakes mail, so the answer may be waiting
	case over:
		s.tell(messages.Stopped{}) // it had ended, or crashed
		close(s.ended)
	}
}

// over follows the last mail of a manager that has ended.
type over struct{}

func (s *stopper) tell(m messages.Stopped) {
	select {
	case s.answer <- m:
	default: // it was answered
	}
}
