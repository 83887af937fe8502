package bridge

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// keeper is a parent of partition actors: it spawns what it is sent, decorated as
// a holder does, and reports who has terminated.
type keeper struct{ ended chan *actor.PID }

type stopChild struct{ pid *actor.PID }

type spawn struct {
	props *actor.Props
	pid   chan *actor.PID
}

func (k *keeper) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case spawn:
		m.pid <- ctx.Spawn(m.props.Clone(actor.WithReceiverMiddleware(poisonRevoked)))
	case stopChild:
		ctx.Stop(m.pid)
	case *actor.Terminated:
		k.ended <- m.Who
	}
}

// poisonRevoked does to a Revoke what is done to that of an actor which does not
// understand it.
func poisonRevoked(next actor.ReceiverFunc) actor.ReceiverFunc {
	return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
		if _, ok := e.Message.(messages.Revoke); ok {
			e = &actor.MessageEnvelope{Message: &actor.PoisonPill{}}
		}
		next(c, e)
	}
}

// shop runs handlers of one function.
type shop struct {
	t      *testing.T
	system *actor.ActorSystem
	keeper *actor.PID
	ended  chan *actor.PID
	failed chan any // why actors failed, before they ended
	props  func(partition.Owned) *actor.Props
}

func openShop(t *testing.T, work func(context.Context, partition.Owned) error) *shop {
	s := &shop{t: t, system: newSystem(t), ended: make(chan *actor.PID, 10), failed: make(chan any, 10), props: HandlerFunc(work)}
	stops := actor.NewOneForOneStrategy(0, 0, func(reason any) actor.Directive {
		s.failed <- reason
		return actor.StopDirective
	})
	s.keeper = s.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &keeper{s.ended} }, actor.WithSupervisor(stops)))
	t.Cleanup(func() { s.system.Root.Stop(s.keeper) })
	return s
}

func (s *shop) begin(token partition.Token) *actor.PID {
	s.t.Helper()
	pid := make(chan *actor.PID, 1)
	s.system.Root.Send(s.keeper, spawn{s.props(partition.Owned{ID: "p", Token: token}), pid})
	return await(s.t, pid, "a partition actor")
}

// run is one call of the function, which goes on until it is told how to end.
type run struct {
	ctx   context.Context
	owned partition.Owned
	end   chan error
}

func calling(calls chan run) func(context.Context, partition.Owned) error {
	return func(ctx context.Context, o partition.Owned) error {
		r := run{ctx, o, make(chan error)}
		calls <- r
		return <-r.end
	}
}

func TestHandler_EndsWithItsFunctionAfterARevoke(t *testing.T) {
	calls := make(chan run, 10)
	s := openShop(t, calling(calls))
	pid := s.begin(7)
	r := await(t, calls, "the call")
	require.Equal(t, partition.Owned{ID: "p", Token: 7}, r.owned)
	require.NoError(t, r.ctx.Err())
	s.system.Root.Send(pid, messages.Revoke{Deadline: time.Now().Add(time.Minute)})
	await(t, r.ctx.Done(), "the end of the context")
	require.ErrorIs(t, context.Cause(r.ctx), errRevoked)
	require.Empty(t, s.ended, "it still works")
	r.end <- r.ctx.Err()
	require.Equal(t, pid, await(t, s.ended, "the end of the actor"))
}

// A function that finishes what it has begun is told when it must be done: by the
// deadline, the latest one said, or when the actor is stopped.
func TestHandler_MayFinishUntilTheDeadline(t *testing.T) {
	lasts, end := make(chan context.Context, 1), make(chan struct{})
	s := openShop(t, nil)
	s.props = handlerFunc(func(ctx, last context.Context, _ partition.Owned) error {
		<-ctx.Done()
		lasts <- last
		<-end
		return nil
	})
	for _, hasten := range []func(*actor.PID){
		func(pid *actor.PID) { s.system.Root.Send(pid, messages.Revoke{Deadline: time.Now()}) },
		func(pid *actor.PID) { s.system.Root.Send(s.keeper, stopChild{pid}) },
	} {
		pid := s.begin(1)
		s.system.Root.Send(pid, messages.Revoke{Deadline: time.Now().Add(time.Hour)})
		last := await(t, lasts, "the end of the context")
		require.NoError(t, last.Err(), "it may finish")
		hasten(pid)
		await(t, last.Done(), "the end of the other")
		end <- struct{}{}
		require.Equal(t, pid, await(t, s.ended, "the end of the actor"))
	}
}

func TestHandler_EndsWhenItsFunctionFails(t *testing.T) {
	for name, work := range map[string]func(context.Context, partition.Owned) error{
		"error":  func(context.Context, partition.Owned) error { return errors.New("it failed") },
		"panic":  func(context.Context, partition.Owned) error { panic("it failed") },
		"return": func(context.Context, partition.Owned) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, work)
			require.Equal(t, s.begin(1), await(t, s.ended, "the end of the actor"))
			require.Equal(t, name == "panic", len(s.failed) == 1, "only a panic is a failure of the actor")
		})
	}
}

// Whoever is spawned when an actor has ended because its function returned has nothing to
// wait for: a Revoke that comes at once would end the wait, and the function were not called.
func TestHandler_LeavesNothingToWaitFor(t *testing.T) {
	calls, free := &calls{running: map[partition.PartitionID]chan struct{}{}}, make(chan bool, 1)
	quick := func(context.Context, context.Context, partition.Owned) error { return nil }
	newSystem(t).Root.Spawn(actor.PropsFromProducer(
		func() actor.Actor { return &handler{work: quick, owned: partition.Owned{ID: "p"}, calls: calls} },
		actor.WithDispatcher(actor.NewSynchronizedDispatcher(1)), // it ends while its goroutine tells it
		actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
			return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
				next(c, e)
				if _, ok := e.Message.(*actor.Stopped); ok {
					before, _ := calls.enter("p")
					free <- before == nil
				}
			}
		})))
	require.True(t, await(t, free, "the end of the actor"))
}

func TestHandler_CallsOfAPartitionNeverOverlap(t *testing.T) {
	calls := make(chan run, 10)
	s := openShop(t, calling(calls))
	pid := s.begin(1)
	first := await(t, calls, "the first call")
	s.system.Root.Send(s.keeper, stopChild{pid}) // as when a lease ends: at once
	require.Equal(t, pid, await(t, s.ended, "the end of the actor"))
	await(t, first.ctx.Done(), "the end of the context")

	skipped := s.begin(2)
	s.system.Root.Send(skipped, messages.Revoke{})
	require.Equal(t, skipped, await(t, s.ended, "one that was never called"))
	s.begin(3)
	require.Empty(t, calls, "the first still works")
	first.end <- nil
	second := await(t, calls, "the call after the first")
	require.Equal(t, partition.Token(3), second.owned.Token)
	second.end <- nil
	await(t, s.ended, "the end of the actor")
}
