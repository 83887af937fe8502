package bridge

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

// Between the end of a client and the word of it lies a moment, in which a reminder
// may be due.
func TestPost_WhoeverHasEndedGetsNoMail(t *testing.T) {
	system := actor.NewActorSystem()
	t.Cleanup(system.Shutdown)
	var dead []any
	system.EventStream.Subscribe(func(m any) {
		if d, ok := m.(*actor.DeadLetterEvent); ok {
			dead = append(dead, d.Message)
		}
	})
	mail := make(chan any, 10)
	who := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(string); ok {
			mail <- m
		}
	}))
	tell := post(system)
	tell(who, "there")
	require.Equal(t, "there", await(t, mail, "mail"))
	require.NoError(t, system.Root.StopFuture(who).Wait())
	tell(who, "gone")
	require.Empty(t, dead)
	require.Empty(t, mail)
}
