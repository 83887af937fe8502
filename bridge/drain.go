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
	answer, hangUp := ask[messages.Drained](system, manager, messages.Drain{})
	defer hangUp()
	select {
	case d, answered := <-answer:
		switch {
		case !answered:
			return errors.New("bridge: the manager has ended")
		case d.Reason != "":
			return fmt.Errorf("bridge: the drain ended: %s", d.Reason)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("bridge: the manager has not drained yet: %w", context.Cause(ctx))
	}
}
