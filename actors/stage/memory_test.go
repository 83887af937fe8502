package stage

import (
	"fmt"
	"runtime"
	"testing"
	"weak"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

// An actor that had many children is left with nothing of those that have ended.
func TestMailbox_NothingIsKeptOfChildrenThatHaveEnded(t *testing.T) {
	const many = 10
	w := newWorld(t)
	var ended []weak.Pointer[script]
	parent := &script{on: func(ctx actor.Context, m any) {
		switch m.(type) {
		case *actor.Started:
			for i := range many {
				child := &script{}
				ended = append(ended, weak.Make(child))
				pid := Spawn(ctx, actor.PropsFromProducer(func() actor.Actor { return child }), fmt.Sprint(i))
				ctx.Send(pid, "work")
			}
		case string:
			for _, pid := range ctx.Children()[1:] {
				ctx.Stop(pid)
			}
		}
	}}
	pid := w.spawn(t, ours(parent))
	w.system.Root.Send(pid, "stop")
	w.drain()
	w.ready = nil // with the turns that were taken
	runtime.GC()
	kept := 0
	for _, p := range ended {
		if p.Value() != nil {
			kept++
		}
	}
	require.Equal(t, 1, kept, "the one that works on")
	runtime.KeepAlive(parent)
}
