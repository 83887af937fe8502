package stage

import (
	"testing"
	"testing/synctest"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

// alive reports whether the actor system still knows the actor.
func (w *world) alive(pid *actor.PID) bool {
	_, there := w.system.ProcessRegistry.GetLocal(pid.Id)
	return there
}

// spawnAs spawns another root.
func (w *world) spawnAs(t *testing.T, props *actor.Props, name string) *actor.PID {
	t.Helper()
	pid, err := w.system.Root.SpawnNamed(Under(Rooted(props), w.steps), t.Name()+name)
	require.NoError(t, err)
	w.drain()
	return pid
}

// foreign makes Props as a user does, who knows nothing of the stage.
func foreign(s *script) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor { return s })
}

// parentOf makes a script that spawns these children when it starts.
func parentOf(children ...*actor.Props) *script {
	return &script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			for i, c := range children {
				Spawn(ctx, c, string(rune('a'+i)))
			}
		}
	}}
}

// failing panics on mail of the example's type.
func failing[M any]() *script {
	return &script{on: func(_ actor.Context, m any) {
		if _, ok := m.(M); ok {
			panic("a bug")
		}
	}}
}

func TestProps_APanicInStoppingCancelsNothing(t *testing.T) {
	for name, grow := range map[string]func(*actor.Props) *actor.Props{
		"rooted": Rooted, "plain": func(p *actor.Props) *actor.Props { return p },
	} {
		for what, fail := range map[string]*script{"Stopping": failing[*actor.Stopping](), "Stopped": failing[*actor.Stopped]()} {
			t.Run(name+" "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, s := newWorld(t), parentOf(ours(&script{}))
					begin := s.on
					s.on = func(ctx actor.Context, m any) { begin(ctx, m); fail.on(ctx, m) }
					pid := w.system.Root.Spawn(grow(ours(s)))
					synctest.Wait()
					w.system.Root.Stop(pid)
					synctest.Wait()
					require.Empty(t, Running(w.system, pid))
				})
			})
		}
	}
}

// A third actor stops an actor whose parent has just decided to restart it.
func TestMailbox_ARestartAfterAStopRevivesNothing(t *testing.T) {
	w := newWorld(t)
	s := parentOf(foreign(&script{}))
	pid := w.spawn(t, foreign(s))
	w.system.Root.Stop(pid)
	process, _ := w.system.ProcessRegistry.Get(pid)
	process.SendSystemMessage(pid, &actor.Restart{})
	w.drain()
	require.False(t, w.alive(pid))
	require.Equal(t, 1, count(s.heard, "*actor.Started"))
}

// The actor panics after a third one has told it to stop: the mailbox is
// suspended when it is stopping already.
func TestMailbox_WhatAPanicLeftAtStopIsDead(t *testing.T) {
	w := newWorld(t)
	s := &script{}
	s.on = func(ctx actor.Context, m any) {
		if m == "fail" {
			ctx.Stop(ctx.Self())
			panic("a bug")
		}
	}
	pid := w.spawn(t, foreign(s))
	w.system.Root.Send(pid, "fail")
	w.system.Root.Send(pid, "left")
	w.drain()
	require.False(t, w.alive(pid))
	require.Equal(t, []any{"left"}, w.dead)
}

func TestMailbox_MailBeforeItIsReadyWaits(t *testing.T) {
	m, d := newMailbox(), &steps{most: 1}
	require.NotPanics(t, func() { m.PostUserMessage(1) })
	m.RegisterHandlers(nil, d)
	m.PostSystemMessage(&actor.Started{})
	require.Len(t, d.ready, 1)
	require.Equal(t, 1, m.UserMessageCount())
}

// What has ended answers a late watch too.
func TestMailbox_AWatchThatCameTooLate(t *testing.T) {
	w := newWorld(t)
	s := &script{}
	pid := w.spawn(t, ours(s))
	process, _ := w.system.ProcessRegistry.Get(pid)
	w.system.Root.Stop(pid)
	w.drain()
	watcher := &script{}
	who := w.spawnAs(t, ours(watcher), "watcher")
	process.SendSystemMessage(pid, &actor.Watch{Watcher: who})
	w.drain()
	require.Equal(t, []string{"*actor.Started", "*actor.Terminated"}, watcher.heard)
}

// A user's actor below a user's actor is restarted by proto.Actor's default, with
// a new instance from its producer.
func TestUnder_AForeignChildOfAForeignActorRestartsAfresh(t *testing.T) {
	w := newWorld(t)
	var made []*script
	grandchild := actor.PropsFromProducer(func() actor.Actor {
		s := &script{on: func(_ actor.Context, m any) {
			if m == "fail" {
				panic("a bug")
			}
		}}
		made = append(made, s)
		return s
	})
	var pid *actor.PID
	child := &script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			pid = Spawn(ctx, grandchild, "grandchild")
		}
	}}
	w.spawn(t, ours(parentOf(foreign(child))))
	w.system.Root.Send(pid, "fail")
	w.system.Root.Send(pid, "next")
	w.drain()
	require.Len(t, made, 2)
	require.Equal(t, []string{"*actor.Started", "string"}, made[1].heard)
}

// Without a dispatcher of a test too, what a user's actor spawns is ours to decorate:
// its panic while it stops cancels nothing.
func TestRooted_ReachesTheChildrenOfForeignActors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		pid := w.system.Root.Spawn(Rooted(ours(parentOf(foreign(parentOf(foreign(failing[*actor.Stopping]())))))))
		synctest.Wait()
		w.system.Root.Stop(pid)
		synctest.Wait()
		require.Empty(t, Running(w.system, pid))
	})
}

// Who replaces a child that has ended would go on for ever while it stops itself.
func TestMailbox_NobodyIsReplacedByWhatStops(t *testing.T) {
	for name, made := range map[string]func(*script) *actor.Props{
		"of ours": func(s *script) *actor.Props { return ours(s) }, "of the user": foreign,
	} {
		t.Run(name, func(t *testing.T) {
			w, spawned := newWorld(t), 0
			s := &script{on: func(ctx actor.Context, m any) {
				switch m.(type) {
				case *actor.Started, *actor.Terminated:
					ctx.Spawn(foreign(&script{}))
					spawned++
				}
			}}
			pid := w.spawn(t, ours(parentOf(made(s))))
			w.system.Root.Stop(pid)
			w.drain()
			require.Empty(t, Running(w.system, pid))
			require.Equal(t, 1, spawned)
		})
	}
}

// A user's parent may restart all its children when one of them fails.
// hazard 65
func TestProps_ARestartIsAStop(t *testing.T) {
	w := newWorld(t)
	made := 0
	pid := w.spawn(t, Props(func() actor.Actor { made++; return &script{} }))
	process, _ := w.system.ProcessRegistry.Get(pid)
	process.SendSystemMessage(pid, &actor.Restart{})
	w.drain()
	require.Equal(t, 1, made, "it must not go on with empty state")
	require.False(t, w.alive(pid))
}
