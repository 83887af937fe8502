package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

// Drain lets a manager give everything up and stay a member of its group, and waits
// until it owns nothing: see messages.Drain, and messages.Undrain for the way back. If
// the context ends first the drain goes on, and may be asked for again.
func Drain(ctx context.Context, system *actor.ActorSystem, manager *actor.PID) error {
	d := &drainer{manager: manager, answer: make(chan error, 2)}
	asker := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return d }))
	defer system.Root.Stop(asker)
	select {
	case err := <-d.answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("bridge: the manager has not drained yet: %w", context.Cause(ctx))
	}
}

// drainer asks a manager to drain. It is answered twice at most: by the manager, and
// by its end.
type drainer struct {
	manager *actor.PID
	answer  chan error
}

// Receive implements actor.Actor.
func (d *drainer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(d.manager)
		ctx.Request(d.manager, messages.Drain{})
	case messages.Drained:
		var err error
		if m.Reason != "" {
			err = fmt.Errorf("bridge: the drain ended: %s", m.Reason)
		}
		d.answer <- err
	case *actor.Terminated:
		ctx.Send(ctx.Self(), over{}) // it overtakes mail, so the answer may be waiting
	case over:
		d.answer <- errors.New("bridge: the manager has ended")
	}
}
