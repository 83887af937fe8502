package sim

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors/stage"
)

// A World asks of one message in so many where it comes from, and takes the others for its own.
func TestAWorldKnowsItsGoroutineNowAndThen(t *testing.T) {
	w := NewWorld(Config{})
	defer w.Close()
	root := w.system.system.Root
	pid := root.Spawn(stage.Under(stage.Props(func() actor.Actor { return echo{} }), w.scheduler.Dispatcher()))
	require.True(t, w.Run(time.Second), w.Broken(0))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range sampled {
			root.Send(pid, "noise")
		}
	}()
	<-done
	taken := 0
	stage.Waiting(w.system.system, pid, func(_ string, n int) { taken = n })
	require.Equal(t, sampled-1, taken)
	defer func() { require.Regexp(t, `^sim: somebody sent string noise to \$1 from another goroutine`, recover()) }()
	w.Run(time.Second)
}
