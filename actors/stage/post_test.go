package stage

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

// Between the end of somebody and the word of it lies a moment, in which a reminder
// may be due; and what has come may wait when the end comes.
func TestPost_PassesWithWhomItIsFor(t *testing.T) {
	w, s := newWorld(t), &script{}
	tell := Post(w.system)
	pid := w.spawn(t, ours(s))
	tell(pid, 1)
	w.drain()
	tell(pid, "waits")
	w.system.Root.Send(pid, 2)
	w.system.Root.Stop(pid)
	tell(pid, "is late")
	w.drain()
	tell(pid, "is too late")
	w.drain()
	require.Equal(t, []string{"*actor.Started", "int", "*actor.Stopping", "*actor.Stopped"}, s.heard)
	require.Equal(t, []any{2}, w.dead, "what anybody else sends is no less dead")
}

func TestPost_IsMailLikeAllOther(t *testing.T) {
	w := newWorld(t)
	s := &script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(int); ok {
			require.Nil(t, ctx.Sender())
		}
	}}
	pid := w.spawn(t, ours(s))
	Post(w.system)(pid, nil)
	Post(w.system)(pid, 1)
	w.drain()
	require.Equal(t, []string{"*actor.Started", "int"}, s.heard)
}

// Of two that end at once, one may still have something to say to the other.
func TestTogether_NothingIsLostBetweenThem(t *testing.T) {
	w := newWorld(t)
	var one, other *actor.PID
	talks := &script{on: func(ctx actor.Context, m any) {
		switch m {
		case "ask":
			ctx.Request(other, "question")
		case "tell":
			ctx.Send(other, "word")
		}
	}}
	answers := &script{on: func(ctx actor.Context, m any) {
		if m == "question" {
			ctx.Respond("answer")
		}
	}}
	spawn := func(name string, s *script) *actor.PID {
		pid, err := w.system.Root.SpawnNamed(Under(Rooted(ours(s, Together)), w.steps), name)
		require.NoError(t, err)
		w.drain()
		return pid
	}
	one, other = spawn("one", talks), spawn("other", answers)
	w.system.Root.Send(one, "ask")
	w.drain()
	require.Contains(t, talks.heard, "string", "it is answered")
	w.system.Root.Send(one, "tell")
	w.ready[0]() // it waits in the other's mailbox
	w.system.Root.Stop(other)
	w.system.Root.Send(one, "tell")
	w.drain()
	w.system.Root.Send(one, "tell")
	w.drain()
	require.Empty(t, w.dead)
}
