package bridge

import (
	"context"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
)

func TestStop_WaitsForTheEnd(t *testing.T) {
	system, manager, d := newDesk(t, func(ctx actor.Context) {
		ctx.Respond(messages.Stopped{})
		ctx.Stop(ctx.Self())
	})
	require.NoError(t, Stop(t.Context(), system, manager))
	require.Equal(t, messages.Stop{}, await(t, d.mail, "the question"))
	require.NoError(t, Stop(t.Context(), system, manager), "what has ended is stopped")
}

func TestStop_TellsWhatDidNotGoAsPlanned(t *testing.T) {
	for range 50 { // the end of the manager overtakes its answer
		system, manager, _ := newDesk(t, func(ctx actor.Context) {
			ctx.Respond(messages.Stopped{Reason: "the store is away"})
			ctx.Stop(ctx.Self())
		})
		require.ErrorContains(t, Stop(t.Context(), system, manager), "the store is away")
	}
}

func TestStop_NamesUserCodeThatStillRuns(t *testing.T) {
	system, manager, _ := newDesk(t, func(ctx actor.Context) {
		ctx.Respond(messages.Stopped{Running: []string{"partition p", "partition q"}})
	})
	require.ErrorContains(t, Stop(t.Context(), system, manager), "still running: partition p; partition q")
}

func TestStop_GivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	system, manager, _ := newDesk(t, func(actor.Context) { cancel() })
	err := Stop(ctx, system, manager)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "did not stop in time")
	require.NoError(t, Stop(t.Context(), system, manager), "it was stopped hard")
}

func TestStop_NamesActorsThatAreStuck(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	system, manager, _ := newDesk(t, func(actor.Context) {
		cancel()
		<-release
	})
	err := Stop(ctx, system, manager)
	close(release)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "still running: "+manager.Id)
}
