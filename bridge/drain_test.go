package bridge

import (
	"context"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
)

func TestDrain_WaitsForTheAnswer(t *testing.T) {
	system, manager, d := newDesk(t, func(ctx actor.Context) { ctx.Respond(messages.Drained{}) })
	require.NoError(t, Drain(t.Context(), system, manager))
	require.Equal(t, messages.Drain{}, await(t, d.mail, "the question"))
}

func TestDrain_SaysWhyItEnded(t *testing.T) {
	for range 50 { // the end of the manager overtakes its answer
		system, manager, _ := newDesk(t, func(ctx actor.Context) {
			ctx.Respond(messages.Drained{Reason: "Undrain was asked for"})
			ctx.Stop(ctx.Self())
		})
		require.EqualError(t, Drain(t.Context(), system, manager), "bridge: the drain ended: Undrain was asked for")
		require.EqualError(t, Drain(t.Context(), system, manager), "bridge: the manager has ended")
	}
}

func TestDrain_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	system, manager, _ := newDesk(t, func(actor.Context) { cancel() })
	err := Drain(ctx, system, manager)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "has not drained yet")
}
