package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// errRevoked is why a handler's context ends.
var errRevoked = errors.New("the partition is taken away, or the lease is in doubt")

// HandlerFunc makes partition actors of a function, for actors.Config.Partition.
// The function works on one partition until its context ends: when the partition is
// taken away, or when the lease is in doubt, whichever is first. Only when it has
// returned, or RevokeTimeout is over, can the partition have another owner. A
// function that returns earlier, fails or panics is called again after a second
// while the partition is owned; one that panics as often as PoisonBudget says has its
// partition quarantined, an error never does. Two calls for one partition never overlap here;
// effects elsewhere are fenced with the token.
func HandlerFunc(work func(ctx context.Context, o partition.Owned) error) func(partition.Owned) *actor.Props {
	return handlerFunc(func(ctx, _ context.Context, o partition.Owned) error { return work(ctx, o) })
}

// patient is a function that may finish what it has begun: after the end of its
// context, at which it begins nothing more, it has until the end of last.
type patient func(ctx, last context.Context, o partition.Owned) error

func handlerFunc(work patient) func(partition.Owned) *actor.Props {
	calls := &calls{running: map[partition.PartitionID]chan struct{}{}}
	return func(o partition.Owned) *actor.Props {
		return actor.PropsFromProducer(
			func() actor.Actor { return &handler{work: work, owned: o, calls: calls} },
			actor.WithReceiverMiddleware(keepRevoke))
	}
}

// keepRevoke saves a Revoke from becoming a PoisonPill: the actor ends by itself,
// after the function.
func keepRevoke(next actor.ReceiverFunc) actor.ReceiverFunc {
	return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
		if m, ok := e.Message.(messages.Revoke); ok {
			e = &actor.MessageEnvelope{Header: e.Header, Sender: e.Sender, Message: revoked{m}}
		}
		next(c, e)
	}
}

type (
	revoked  struct{ messages.Revoke }
	returned struct{ err error }
)

// calls makes a call wait for an older one of the same partition: an actor that is
// stopped at once, as when a lease ends, may leave its function behind.
type calls struct {
	mu      sync.Mutex
	running map[partition.PartitionID]chan struct{} // closed when the latest call is over
}

func (c *calls) enter(id partition.PartitionID) (before, over chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, over = c.running[id], make(chan struct{})
	c.running[id] = over
	return before, over
}

func (c *calls) leave(id partition.PartitionID, over chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(over)
	if c.running[id] == over {
		delete(c.running, id)
	}
}

// handler runs the function for one partition.
type handler struct {
	work   patient
	owned  partition.Owned
	calls  *calls
	cancel context.CancelCauseFunc // begin nothing more
	finish context.CancelCauseFunc // be done, which is last
	timer  func()                  // of the latter, nil if there is none
}

// Receive implements actor.Actor.
func (h *handler) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		h.begin(ctx)
	case revoked:
		h.cancel(errRevoked)
		h.stopTimer()
		h.timer = RealClock{}.AfterFunc(time.Until(m.Deadline), func() { h.finish(errRevoked) })
	case *actor.Stopping:
		h.stopTimer()
		h.finish(errRevoked)
	case returned:
		if panicked := new(panicError); errors.As(m.err, &panicked) {
			panic(m.err) // a failure of this actor, which its supervisor counts and tells
		}
		if m.err != nil && !errors.Is(m.err, context.Canceled) && !errors.Is(m.err, errRevoked) {
			ctx.Logger().Error("a partition handler failed", slog.String("partition", string(h.owned.ID)),
				slog.Uint64("token", uint64(h.owned.Token)), slog.Any("reason", m.err))
		}
		ctx.Stop(ctx.Self())
	}
}

// begin runs the function on a goroutine of its own, which ends with it.
func (h *handler) begin(ctx actor.Context) {
	var work, last context.Context
	last, h.finish = context.WithCancelCause(context.Background())
	work, h.cancel = context.WithCancelCause(last)
	root, self := ctx.ActorSystem().Root, ctx.Self()
	before, over := h.calls.enter(h.owned.ID)
	go func() {
		if before != nil {
			select {
			case <-before:
			case <-work.Done():
				root.Send(self, returned{context.Cause(work)})
				<-before
				h.calls.leave(h.owned.ID, over)
				return
			}
		}
		root.Send(self, returned{h.call(work, last, over)})
	}()
}

func (h *handler) stopTimer() {
	if h.timer != nil {
		h.timer()
	}
}

// call is over before the actor hears of it, so that whoever follows has nothing to wait for.
func (h *handler) call(ctx, last context.Context, over chan struct{}) (err error) {
	defer h.calls.leave(h.owned.ID, over)
	defer caught(&err)
	return h.work(ctx, last, h.owned)
}

// panicError is a panic of the user's code.
type panicError struct{ reason any }

func (e *panicError) Error() string { return fmt.Sprintf("it panicked: %v", e.reason) }

// caught makes an error of a panic of the user's code, deferred.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = &panicError{r}
	}
}
