package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

func partitions(n int) []partition.Partition {
	out := make([]partition.Partition, n)
	for i := range out {
		out[i] = partition.Of(fmt.Sprintf("p%d", i+1))
	}
	return out
}

// group is a world of three processes with instance keys, in which all is quiet.
func group(t *testing.T, seed uint64) (*sim.World, []*sim.Process) { return groupOn(t, seed, 1) }

func groupOn(t *testing.T, seed uint64, replicas int) (*sim.World, []*sim.Process) {
	w := sim.NewWorld(sim.Config{Seed: seed, Settings: partition.Fast(), Partitions: partitions(12), Replicas: replicas})
	t.Cleanup(w.Close)
	var all []*sim.Process
	for i := range 3 {
		all = append(all, w.Start(fmt.Sprintf("w%d", i+1), sim.Habits{InstanceKey: fmt.Sprintf("key-%d", i+1), Rate: w.Clocks()}))
		well(t, w, 100*time.Millisecond)
	}
	well(t, w, 10*time.Second)
	covered(t, w)
	return w, all
}

func well(t *testing.T, w *sim.World, d time.Duration) {
	t.Helper()
	require.True(t, w.Run(d), "%s", w.Broken(100))
}

func covered(t *testing.T, w *sim.World) {
	t.Helper()
	require.Empty(t, w.Check.Unowned(), "%s", w.Trace.End(60))
	require.Empty(t, w.Check.Idle(), "%s", w.Trace.End(60))
}

func ids(list []partition.Owned) []partition.PartitionID {
	out := make([]partition.PartitionID, len(list))
	for i, o := range list {
		out[i] = o.ID
	}
	return out
}

// hazard 67
func TestACleanLifeLeavesNothing(t *testing.T) {
	w, all := group(t, 1)
	heads := w.Check.Heads()
	well(t, w, time.Minute)
	require.Equal(t, heads, w.Check.Heads(), "nothing is published while nothing changes")
	for _, p := range all {
		p.Stop(false)
		well(t, w, 3*time.Second)
		require.True(t, p.Ended())
	}
	require.Empty(t, w.Check.Claimed())
	require.Empty(t, w.Check.Working())
	require.Empty(t, w.Processes())
	require.Zero(t, w.DeadLetters(), "%s", w.Trace.End(100))
}

// A worker that comes back in time under its instance key has its partitions
// again, and nothing else moves: after a crash within the wait for its lease,
// after an announced stop within the hold-down, and if the leader changes too.
//
// hazard 16
func TestNothingMovesWhenAWorkerComesBack(t *testing.T) {
	for _, c := range []struct {
		name      string
		announced bool
		leader    bool
		away      time.Duration
	}{
		{"crash", false, false, 700 * time.Millisecond},
		{"announced", true, false, 4 * time.Second},
		{"announced, and a new leader", true, true, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(5) {
				comesBack(t, seed, c.announced, c.leader, c.away)
			}
		})
	}
}

func comesBack(t *testing.T, seed uint64, announced, leader bool, away time.Duration) {
	w, all := group(t, seed)
	gone, stays := all[1], all[2]
	had, kept := ids(gone.Heard.Assignment.All), slices.Clone(stays.Heard.Assignment.All)
	require.Len(t, had, 4)
	if announced {
		gone.Stop(true)
		well(t, w, 100*time.Millisecond)
		require.True(t, gone.Ended())
	} else {
		gone.Crash()
	}
	if leader {
		require.Same(t, all[0], w.Leader())
		all[0].Stop(true)
		w.Plan(away, func() { w.Start("w5", all[0].Habits) })
	}
	well(t, w, away)
	back := w.Start("w4", gone.Habits)
	well(t, w, 15*time.Second)
	covered(t, w)
	require.Equal(t, had, ids(back.Heard.Assignment.All), "seed %d: %s", seed, w.Trace.End(80))
	require.Equal(t, kept, stays.Heard.Assignment.All, "seed %d: %s", seed, w.Trace.End(80))
}

func TestAWorldAnswersQuestions(t *testing.T) {
	w, all := group(t, 2)
	all[2].Ask()
	all[2].AskOwner("p1")
	well(t, w, time.Second)
	require.Equal(t, partition.WorkerID("worker-2"), all[2].Heard.Snapshot.Worker)
	require.True(t, all[2].Heard.Health.Healthy)
	owner := all[2].Heard.Owner
	require.NotEmpty(t, owner.Worker)
	w.List(append(w.Partitions(), partition.Of("more")))
	well(t, w, 10*time.Second)
	require.Len(t, w.Partitions(), 13)
	covered(t, w)
}

func TestAPausedProcessLosesItsPartitions(t *testing.T) {
	w, all := group(t, 3)
	all[2].Pause(10 * time.Second)
	require.True(t, all[2].Paused())
	well(t, w, 5*time.Second)
	covered(t, w)
	well(t, w, 20*time.Second)
	require.False(t, all[2].Paused())
	covered(t, w)
	require.Len(t, all[2].Heard.Assignment.All, 4, "it is back with its share: %s", w.Trace.End(60))
}
