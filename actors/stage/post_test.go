package stage

import (
	"fmt"
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

// wary is a dispatcher that admits no strings.
type wary struct {
	*steps
	asked []string
}

func (w *wary) Admits(to *actor.PID, mail any) bool {
	w.asked = append(w.asked, fmt.Sprintf("%s %T", to.Id, mail))
	_, refused := body(mail).(string)
	return !refused
}

// A dispatcher that wants to is asked about all mail: of children, too, and of those who
// have mail already.
func TestDoorkeeper_IsAskedAboutAllMail(t *testing.T) {
	w, child := newWorld(t), &script{}
	door := &wary{steps: w.steps}
	s := parentOf(foreign(child))
	pid, err := w.system.Root.SpawnNamed(Under(Rooted(ours(s)), door), "w")
	require.NoError(t, err)
	w.drain()
	for range 2 {
		w.system.Root.Send(pid, 1)
		w.system.Root.Send(pid, "noise")
		w.system.Root.Request(actor.NewPID(pid.Address, "w/a"), &actor.MessageEnvelope{Message: "noise"})
	}
	require.Equal(t, []string{
		"w *actor.Started", "w/a *actor.Started",
		"w int", "w string", "w/a *actor.MessageEnvelope", "w int", "w string", "w/a *actor.MessageEnvelope",
	}, door.asked)
	w.drain()
	require.Equal(t, []string{"*actor.Started", "int", "int"}, s.heard)
	require.Equal(t, []string{"*actor.Started"}, child.heard)
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
