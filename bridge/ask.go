package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
)

// ask asks a manager something. Its answer comes on the channel, which is closed when
// the manager has ended: then none comes any more. Who asks hangs up at last.
func ask[T any](system *actor.ActorSystem, manager *actor.PID, question any) (answer <-chan T, hangUp func()) {
	c := &caller[T]{manager: manager, question: question, answer: make(chan T, 1)}
	pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return c }))
	return c.answer, func() { system.Root.Stop(pid) }
}

// answerOf waits for the answer to a question.
func answerOf[T any](ctx context.Context, system *actor.ActorSystem, manager *actor.PID, question any) (answer T, err error) {
	answers, hangUp := ask[T](system, manager, question)
	defer hangUp()
	select {
	case a, answered := <-answers:
		if !answered {
			return answer, errors.New("bridge: the manager has ended")
		}
		return a, nil
	case <-ctx.Done():
		return answer, fmt.Errorf("bridge: the manager has not answered yet: %w", context.Cause(ctx))
	}
}

// caller puts the question. It watches from the beginning: see stage.StopTree.
type caller[T any] struct {
	manager  *actor.PID
	question any
	answer   chan T
	answered bool
	alone    bool // the manager has ended
}

// over follows the last mail of a manager that has ended.
type over struct{}

// Receive implements actor.Actor.
func (c *caller[T]) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(c.manager)
		ctx.Request(c.manager, c.question)
	case T:
		if !c.answered {
			c.answered = true
			c.answer <- m
		}
	case *actor.Terminated:
		c.alone = true
		ctx.Send(ctx.Self(), over{}) // it overtakes mail, so the answer may be waiting
	case over:
		close(c.answer)
	case *actor.Stopping:
		if !c.alone {
			ctx.Unwatch(c.manager)
		}
	}
}
