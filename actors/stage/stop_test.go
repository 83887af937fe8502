package stage

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
)

// stopped waits until a tree has ended.
func stopped(system *actor.ActorSystem, pid *actor.PID) {
	done := make(chan struct{})
	defer StopTree(system, pid, func() { close(done) })()
	<-done
}

func TestStopTree_WaitsForAll(t *testing.T) {
	system := newWorld(t).system
	child := &script{}
	pid := system.Root.Spawn(Rooted(ours(&script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			Spawn(ctx, ours(child), "child")
		}
	}})))
	stopped(system, pid)
	require.True(t, slices.Contains(child.heard, "*actor.Stopped"))
	stopped(system, pid) // what has ended is ended
}

func TestStopTree_NamesWhatIsStuck(t *testing.T) {
	system := newWorld(t).system
	begun, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	pid := system.Root.Spawn(Rooted(ours(&script{on: func(ctx actor.Context, m any) {
		if _, ok := m.(*actor.Started); ok {
			ctx.Send(Spawn(ctx, ours(&script{on: func(_ actor.Context, m any) {
				if m == "work" {
					close(begun)
					<-release
				}
			}}), "child"), "work")
		}
	}})))
	<-begun
	StopTree(system, pid, func() { t.Error("the child still runs") })()
	require.Contains(t, strings.Join(Running(system, pid), " "), pid.Id+"/child")
}

// Whoever watches an actor that is stopping is told when it has ended; proto.Actor
// itself says so at once.
func TestStopTree_WaitsForWhatStopsAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := newWorld(t).system
		begun, release := make(chan struct{}), make(chan struct{})
		stuck := &script{on: func(_ actor.Context, m any) {
			if _, ok := m.(*actor.Stopping); ok {
				close(begun)
				<-release
			}
		}}
		pid := system.Root.Spawn(Rooted(ours(parentOf(ours(stuck)))))
		synctest.Wait()
		system.Root.Stop(pid)
		<-begun
		var ended bool
		defer StopTree(system, pid, func() { ended = true })()
		synctest.Wait()
		require.False(t, ended, "a child still runs")
		close(release)
		synctest.Wait()
		require.True(t, ended)
	})
}

// Shutdown stops no actor, and panics the second time: so first StopTree, then
// Shutdown, once.
func TestStopTree_ThenShutdown(t *testing.T) {
	for name, end := range map[string]struct {
		first func(system *actor.ActorSystem, pid *actor.PID)
		left  int
	}{
		"both":           {stopped, 0},
		"Shutdown alone": {func(*actor.ActorSystem, *actor.PID) {}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				system := quietSystem()
				grandchild := &script{}
				pid := system.Root.Spawn(Rooted(ours(parentOf(foreign(parentOf(foreign(grandchild)))))))
				synctest.Wait()
				end.first(system, pid)
				require.Len(t, Running(system, pid), end.left)
				heard := len(grandchild.heard)
				system.Shutdown()
				synctest.Wait()
				require.Len(t, grandchild.heard, heard, "Shutdown tells nobody")
				require.Len(t, Running(system, pid), end.left)
				require.Panics(t, system.Shutdown)
			})
		})
	}
}
