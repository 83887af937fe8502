package stage

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

func TestWaiting_CountsTheMailOfATree(t *testing.T) {
	w := newWorld(t)
	var child *actor.PID
	parent := &script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			child = Spawn(ctx, actor.PropsFromProducer(func() actor.Actor { return &script{} }), "child")
		}
	}}
	pid := w.spawn(t, ours(parent))
	other, err := w.system.Root.SpawnNamed(Under(ours(&script{}), w.steps), t.Name()+"-other")
	require.NoError(t, err)
	w.drain()
	for range 3 {
		w.system.Root.Send(child, 1)
	}
	w.system.Root.Send(pid, 1)
	w.system.Root.Send(other, 1)
	count := func() map[string]int {
		found := map[string]int{}
		Waiting(w.system, pid, func(id string, waiting int) { found[id] = waiting })
		return found
	}
	require.Equal(t, map[string]int{pid.Id: 1, child.Id: 3}, count())
	w.drain()
	require.Equal(t, map[string]int{pid.Id: 0, child.Id: 0}, count())
}

func TestFailed_IsToldOfOursAndOfUsers(t *testing.T) {
	w := newWorld(t)
	var failed []any
	w.system.EventStream.SubscribeWithPredicate(func(e any) { failed = append(failed, e) },
		func(e any) bool { _, is := e.(Failed); return is })
	var child *actor.PID
	fails := func(_ actor.Context, m any) {
		if m == "fail" {
			panic("a bug")
		}
	}
	pid := w.spawn(t, ours(&script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			child = Spawn(ctx, actor.PropsFromProducer(func() actor.Actor { return &script{on: fails} }), "user")
		}
		fails(ctx, m)
	}}))
	w.system.Root.Send(child, "fail")
	w.drain()
	w.system.Root.Send(pid, "fail")
	w.drain()
	require.Equal(t, []any{Failed{child.Id}, Failed{pid.Id}}, failed)
}
