package stage

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

// steps is a dispatcher that runs nothing by itself.
type steps struct {
	ready []func()
	most  int // messages in a turn
}

func (s *steps) Schedule(run func()) { s.ready = append(s.ready, run) }
func (s *steps) Throughput() int     { return s.most }

// drain runs until nothing is ready, and returns how many turns that took.
func (s *steps) drain() (turns int) {
	for len(s.ready) > 0 {
		run := s.ready[0]
		s.ready = s.ready[1:]
		run()
		turns++
	}
	return turns
}

// world is an actor system under a stepping dispatcher that notes dead letters.
type world struct {
	*steps
	system *actor.ActorSystem
	dead   []any
}

// quietSystem makes an actor system whose logger prints nothing: the default one
// prints a line for each system.
func quietSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(
		func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{steps: &steps{most: 1}, system: quietSystem()}
	w.system.EventStream.Subscribe(func(e any) {
		if d, ok := e.(*actor.DeadLetterEvent); ok {
			w.dead = append(w.dead, d.Message)
		}
	})
	t.Cleanup(w.system.Shutdown)
	return w
}

func (w *world) spawn(t *testing.T, props *actor.Props) *actor.PID {
	t.Helper()
	pid, err := w.system.Root.SpawnNamed(Under(Rooted(props), w.steps), t.Name())
	require.NoError(t, err)
	w.drain()
	return pid
}

// script is an actor that notes what it hears and does what a test says.
type script struct {
	heard []string
	on    func(ctx actor.Context, message any)
}

func (s *script) Receive(ctx actor.Context) {
	s.heard = append(s.heard, fmt.Sprintf("%T", ctx.Message()))
	if s.on != nil {
		s.on(ctx, ctx.Message())
	}
}

// ours makes Props of a script.
func ours(s *script, o ...Option) *actor.Props { return Props(func() actor.Actor { return s }, o...) }

func TestMailbox_OneMessageATurn(t *testing.T) {
	w, s := newWorld(t), &script{}
	pid := w.spawn(t, ours(s))
	for i := range 5 {
		w.system.Root.Send(pid, i)
	}
	require.Equal(t, 5, w.drain())
	require.Equal(t, []string{"*actor.Started", "int", "int", "int", "int", "int"}, s.heard)
}

func TestMailbox_ATurnHandlesUpToTheThroughput(t *testing.T) {
	w, s := newWorld(t), &script{}
	pid := w.spawn(t, ours(s))
	w.most = 3
	for i := range 5 {
		w.system.Root.Send(pid, i)
	}
	require.Equal(t, 2, w.drain(), "three messages, and the two that are left")
	require.Equal(t, []string{"*actor.Started", "int", "int", "int", "int", "int"}, s.heard)
}

func TestMailbox_NilSaysNothing(t *testing.T) {
	w, s := newWorld(t), &script{}
	pid := w.spawn(t, ours(s))
	w.system.Root.Send(pid, nil)
	w.system.Root.Send(pid, 1)
	require.Equal(t, 1, w.drain(), "proto.Actor's own mailbox spins on nil for ever")
	require.Equal(t, []string{"*actor.Started", "int"}, s.heard)
}

func TestMailbox_WhatIsLeftAtStopIsDead(t *testing.T) {
	w, s := newWorld(t), &script{}
	pid := w.spawn(t, ours(s))
	w.system.Root.Send(pid, 1)
	w.system.Root.Stop(pid)
	w.system.Root.Send(pid, 2)
	w.drain()
	require.Equal(t, []string{"*actor.Started", "*actor.Stopping", "*actor.Stopped"}, s.heard)
	require.Equal(t, []any{1, 2}, w.dead)
}

func TestMailbox_NothingIsHeardWhileChildrenEnd(t *testing.T) {
	w := newWorld(t)
	parent := &script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			Spawn(ctx, ours(&script{}), "child")
		}
	}}
	pid := w.spawn(t, ours(parent))
	w.system.Root.Stop(pid)
	w.system.Root.Send(pid, "late")
	w.drain()
	require.Equal(t, []any{"late"}, w.dead)
	require.Equal(t, []string{"*actor.Started", "*actor.Stopping", "*actor.Stopped"}, parent.heard)
}

func TestMailbox_LongQueueKeepsItsOrder(t *testing.T) {
	var q queue
	next := 0
	for i := range 5000 {
		q.push(i)
		if i%3 == 0 {
			require.Equal(t, next, q.pop())
			next++
		}
	}
	for q.len() > 0 {
		require.Equal(t, next, q.pop())
		next++
	}
	require.Equal(t, 5000, next)
	require.Nil(t, q.pop())
}

func TestProps_APanicStops(t *testing.T) {
	w := newWorld(t)
	made := 0
	pid := w.spawn(t, Props(func() actor.Actor {
		made++
		return &script{on: func(_ actor.Context, m any) {
			if m == "fail" {
				panic("a bug")
			}
		}}
	}))
	w.system.Root.Send(pid, "fail")
	w.system.Root.Send(pid, "late")
	w.drain()
	require.Equal(t, 1, made, "it must not go on with empty state")
	require.Equal(t, []any{"late"}, w.dead)
	_, registered := w.system.ProcessRegistry.GetLocal(pid.Id)
	require.False(t, registered)
}

func TestProps_AChildThatPanicsIsToldOnce(t *testing.T) {
	for name, child := range map[string]func(*script) *actor.Props{
		"of ours":     func(s *script) *actor.Props { return ours(s) },
		"of the user": func(s *script) *actor.Props { return actor.PropsFromProducer(func() actor.Actor { return s }) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			failing := &script{on: func(_ actor.Context, m any) {
				if m == "fail" {
					panic("a bug")
				}
			}}
			var ended []string
			parent := &script{}
			parent.on = func(ctx actor.Context, m any) {
				switch m := m.(type) {
				case *actor.Started:
					ctx.Send(Spawn(ctx, child(failing), "child"), "fail")
				case *actor.Terminated:
					ended = append(ended, m.Who.Id)
				}
			}
			pid := w.spawn(t, ours(parent))
			require.Equal(t, []string{pid.Id + "/child"}, ended)
			require.Equal(t, 1, count(failing.heard, "*actor.Started"))
		})
	}
}

func count(list []string, what string) int {
	n := 0
	for _, x := range list {
		if x == what {
			n++
		}
	}
	return n
}

func TestUnder_ReachesTheChildrenOfForeignActors(t *testing.T) {
	w := newWorld(t)
	grandchild := &script{}
	child := &script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			ctx.Send(ctx.Spawn(actor.PropsFromProducer(func() actor.Actor { return grandchild })), "hello")
		}
	}}
	parent := &script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			Spawn(ctx, actor.PropsFromProducer(func() actor.Actor { return child }), "child")
		}
	}}
	_, err := w.system.Root.SpawnNamed(Under(Rooted(ours(parent)), w.steps), t.Name())
	require.NoError(t, err)
	require.Empty(t, parent.heard, "nothing runs but by steps")
	require.Equal(t, 4, w.drain())
	require.Equal(t, []string{"*actor.Started", "string"}, grandchild.heard)
}

func TestOnPoison_BecomesAMessage(t *testing.T) {
	type finish struct{}
	w := newWorld(t)
	s := &script{}
	s.on = func(ctx actor.Context, m any) {
		if _, ok := m.(finish); ok {
			ctx.Stop(ctx.Self())
		}
	}
	pid := w.spawn(t, ours(s, OnPoison(func() any { return finish{} })))
	w.system.Root.Send(pid, "first")
	w.system.Root.Poison(pid)
	w.drain()
	require.Equal(t, []string{"*actor.Started", "string", "stage.finish", "*actor.Stopping", "*actor.Stopped"}, s.heard)
}

// Who has failed is told apart from who ends by itself, before either has ended.
func TestOnFailure_NamesWhoFailed(t *testing.T) {
	w := newWorld(t)
	child := &script{on: func(_ actor.Context, m any) {
		if m == "fail" {
			panic("a bug")
		}
	}}
	var pid *actor.PID
	parent := &script{}
	parent.on = func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			pid = Spawn(ctx, actor.PropsFromProducer(func() actor.Actor { return child }), "child")
		}
	}
	w.spawn(t, ours(parent, OnFailure(func(who *actor.PID) { parent.heard = append(parent.heard, who.Id) })))
	w.drain()
	w.system.Root.Send(pid, "fail")
	w.drain()
	require.Equal(t, []string{"*actor.Started", pid.Id, "*actor.Terminated"}, parent.heard)
}

func TestUnder_APanicInStoppingCancelsNothing(t *testing.T) {
	w := newWorld(t)
	s := &script{on: func(_ actor.Context, m any) {
		if _, ok := m.(*actor.Stopping); ok {
			panic("a bug in user code")
		}
	}}
	pid := w.spawn(t, actor.PropsFromProducer(func() actor.Actor { return s }))
	w.system.Root.Stop(pid)
	w.drain()
	require.Equal(t, []string{"*actor.Started", "*actor.Stopping", "*actor.Stopped"}, s.heard)
}

func TestSpawn_ANameIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	var panicked any
	parent := &script{}
	parent.on = func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			defer func() { panicked = recover() }()
			Spawn(ctx, ours(&script{}), "twin")
			Spawn(ctx, ours(&script{}), "twin")
		}
	}
	w.spawn(t, ours(parent))
	require.Contains(t, panicked, "twin: spawn: name exists")
}
