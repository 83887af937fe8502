package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/partition"
)

// Subscriptions are core-NATS subscriptions, one for each partition that a worker
// owns: their Props are for actors.Config.Partition.
//
// A subscription begins when the partition is owned, and is there when the server has
// confirmed it. When the partition is taken away it ends, the messages that have
// arrived are handled, and only then may another worker own the partition. When the
// lease ends it ends at once. One that cannot be made is tried again, after 100 ms
// and up to 30 s.
//
// Core NATS delivers at most once: what is published while a partition moves, or while
// its owner is away, reaches nobody.
type Subscriptions struct {
	port     *natsPort
	subjects partition.Subjects
	handle   func(context.Context, partition.Owned, *nats.Msg)
	props    func(partition.Owned) *actor.Props
	troubles troubles
	log      *slog.Logger
}

// Subscribe returns the subscriptions of a worker, over a connection that the caller
// owns. The messages of a partition are handled one after the other. The context ends
// when the partition was taken away and the time to finish is over; with it handle
// must return. A handle that panics fails one message, which is lost: slog.Default hears
// of it, Err does not, and the subscription goes on.
func Subscribe(nc *nats.Conn, subjects partition.Subjects, handle func(context.Context, partition.Owned, *nats.Msg)) (*Subscriptions, error) {
	switch {
	case nc == nil:
		return nil, errNoConnection
	case handle == nil:
		return nil, errors.New("bridge.Subscribe: handle is nil; must be a function")
	}
	if err := subjects.Validate(); err != nil {
		return nil, fmt.Errorf("bridge.Subscribe: %w", err)
	}
	s := &Subscriptions{port: newNATSPort(nc, ""), subjects: subjects, handle: handle, log: slog.Default()}
	s.props = handlerFunc(s.work)
	return s, nil
}

// Props makes the actor of one partition, for actors.Config.Partition.
func (s *Subscriptions) Props(o partition.Owned) *actor.Props { return s.props(o) }

// Err joins the reasons why partitions that are owned are not subscribed now. It is
// nil if all are.
func (s *Subscriptions) Err() error { return s.troubles.join() }

// work keeps one partition subscribed until it is taken away.
func (s *Subscriptions) work(ctx, last context.Context, o partition.Owned) error {
	defer s.troubles.clear(o.ID)
	for failures := uint64(0); ctx.Err() == nil; failures++ {
		x := &subscription{s: s, owned: o, ctx: ctx, last: last, closed: make(chan struct{})}
		again, err := x.serve()
		if !again {
			return err
		}
		s.troubles.set(o.ID, err)
		select {
		case <-time.After(backoff(failures)):
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// subscription is one subscription of one partition.
type subscription struct {
	s         *Subscriptions
	owned     partition.Owned
	ctx, last context.Context
	sub       *nats.Subscription
	closed    chan struct{} // when it has ended, and the handler returned
}

// serve subscribes and ends when its context has. Otherwise there is no subscription,
// and it is to be tried again.
func (x *subscription) serve() (again bool, err error) {
	before := x.s.port.nc.LastError()
	subject, err := x.s.subjects.Of(x.owned.ID)
	if err != nil {
		return true, err
	}
	if x.sub, err = x.s.port.nc.Subscribe(subject, x.each); err != nil {
		return true, err
	}
	over := sync.OnceFunc(func() { close(x.closed) })
	x.sub.SetClosedHandler(func(string) { over() })
	if !x.sub.IsValid() {
		over() // it had ended before
	}
	connected := x.s.port.nc.StatusChanged(nats.CONNECTED)
	defer x.s.port.nc.RemoveStatusListener(connected)
	for {
		if err = x.sure(before, subject); err != nil && x.ctx.Err() == nil {
			_ = x.sub.Unsubscribe() // it fails only if there is none
			<-x.closed
			return true, err
		}
		x.s.troubles.clear(x.owned.ID)
		select {
		case <-connected: // again: with it the client has subscribed anew, and forgotten what was denied before
			before = nil
		case <-x.closed:
			return true, nats.ErrConnectionClosed
		case <-x.ctx.Done():
			x.end()
			return false, context.Cause(x.ctx)
		}
	}
}

// sure waits until it is known whether there is a subscription.
func (x *subscription) sure(before error, subject string) error {
	err := x.confirm(before, subject)
	for doubts := uint64(0); errors.Is(err, errDoubt); doubts++ {
		x.s.troubles.set(x.owned.ID, err)
		select {
		case <-time.After(backoff(doubts)):
			err = x.ask(subject)
		case <-x.closed:
			err = nats.ErrConnectionClosed
		case <-x.ctx.Done():
			err = nil
		}
	}
	return err
}

// each handles one message. When the time is over, no other is.
func (x *subscription) each(m *nats.Msg) {
	if x.last.Err() != nil {
		return
	}
	if err := x.call(m); err != nil {
		x.s.log.Error("a message was not handled", slog.String("partition", string(x.owned.ID)),
			slog.String("subject", m.Subject), slog.Any("reason", err))
	}
}

// call makes a panic the message's failure: it is none of the partition's actor, whose
// failures quarantine it.
func (x *subscription) call(m *nats.Msg) (err error) {
	defer caught(&err)
	x.s.handle(x.last, x.owned, m)
	return nil
}

// errDoubt: whatever else the server has denied meanwhile may hide a denial.
var errDoubt = errors.New("it is not known whether the server permits it")

// confirm waits until the server knows of a subscription. It says that it permits
// none only besides, and the client keeps only what was denied last: a denial of
// something else, since an error that was the last one then, leaves a doubt.
func (x *subscription) confirm(before error, subject string) error {
	within, cancel := context.WithTimeout(x.ctx, partition.Default().StoreTimeout)
	defer cancel()
	if err := x.s.port.nc.FlushWithContext(within); err != nil {
		return fmt.Errorf("the server has not confirmed %s: %w", subject, err)
	}
	switch err := x.s.port.nc.LastError(); {
	case before != nil && errors.Is(err, before): // it is older
	case denies(err, "Subscription", subject):
		return fmt.Errorf("not permitted: %w", err)
	case errors.Is(err, nats.ErrPermissionViolation):
		return fmt.Errorf("%s: %w: %w", subject, errDoubt, err)
	}
	return nil
}

// ask finds out whether a subject is permitted while its subscription, which may
// work, stays: another one, which handles nothing, is denied too.
func (x *subscription) ask(subject string) error {
	before := x.s.port.nc.LastError()
	again, err := x.s.port.nc.Subscribe(subject, func(*nats.Msg) {})
	if err != nil {
		return err
	}
	defer func() { _ = again.Unsubscribe() }() // it fails only if there is none
	return x.confirm(before, subject)
}

// end handles what is here and returns when the handler has.
func (x *subscription) end() {
	if x.s.port.nc.IsConnected() && x.last.Err() == nil {
		_ = x.sub.Drain() // it fails only if there is none
		select {
		case <-x.closed:
			return
		case <-x.last.Done():
		}
	}
	_ = x.sub.Unsubscribe()
	<-x.closed
}
