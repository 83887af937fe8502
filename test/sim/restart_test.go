package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// A leader restarts as the last of a group, and the others already have another
// strategy: what the new leader balances, it balances once for all, with whoever comes
// back and with whatever windows.
func TestARestartThatChangesTheStrategyMovesTheLeast(t *testing.T) {
	const count = 120
	for name, change := range map[string]func(*partition.Settings){
		"windows": func(*partition.Settings) {},
		"no windows": func(s *partition.Settings) {
			s.PlannedScaleWindow, s.MinRebalanceInterval = partition.Off, partition.Off
		},
	} {
		t.Run(name, func(t *testing.T) {
			settings := partition.Fast()
			change(&settings)
			w := sim.NewWorld(sim.Config{Seed: 1, Settings: settings, Partitions: partitions(count)})
			t.Cleanup(w.Close)
			var all []*sim.Process
			for i, s := range []partition.Strategy{partition.ConsistentHash{VirtualNodes: 3}, partition.Sticky{}, partition.Sticky{}} {
				all = append(all, w.Start(fmt.Sprintf("w%d", i+1), sim.Habits{InstanceKey: fmt.Sprintf("key-%d", i+1), Strategy: s}))
				well(t, w, 100*time.Millisecond)
			}
			well(t, w, 10*time.Second)
			covered(t, w)
			require.Same(t, all[0], w.Leader())
			had, counts := map[partition.PartitionID]string{}, []int{}
			for i, p := range all {
				counts = append(counts, len(p.Heard.Assignment.All))
				for _, id := range ids(p.Heard.Assignment.All) {
					had[id] = fmt.Sprintf("key-%d", i+1)
				}
			}
			least := partition.LeastMoves(counts, 0, count)
			require.Positive(t, least, "the ring is uneven")

			all[0].Stop(true)
			well(t, w, 3*time.Second)
			all[0] = w.Start("w4", sim.Habits{InstanceKey: "key-1", Strategy: partition.Sticky{}})
			well(t, w, 15*time.Second)
			covered(t, w)
			moved := 0
			for _, p := range all {
				require.Len(t, p.Heard.Assignment.All, count/3)
				for _, id := range ids(p.Heard.Assignment.All) {
					if had[id] != p.Habits.InstanceKey {
						moved++
					}
				}
			}
			require.Equal(t, least, moved, "of %v", counts)
		})
	}
}

// Two take turns to restart, so that somebody is always to come back. Who joins waits
// for that, but no longer than two hold-downs.
func TestWhoeverRestartsForEverHoldsNobodyUp(t *testing.T) {
	w, all := group(t, 1)
	hold := w.Settings().RestartHoldDown
	joined := w.Start("joins", sim.Habits{InstanceKey: "key-4"})
	well(t, w, 100*time.Millisecond)
	here, away := all[1], all[2]
	away.Stop(true)
	for turn := range 3 {
		well(t, w, hold-2*time.Second)
		require.True(t, turn > 1 || len(joined.Heard.Assignment.All) == 0, "turn %d", turn)
		here.Stop(true)
		well(t, w, time.Second)
		here, away = w.Start(fmt.Sprintf("back-%d", turn), away.Habits), here
	}
	require.NotEmpty(t, joined.Heard.Assignment.All, "%s", w.Trace.End(100))
}

// The leader restarts first, in all orders of the others. Whoever leads then has one
// strategy or the other: what the first new one that leads evens out is all that ever moves.
func TestARestartThatChangesTheStrategyMayBeginWithTheLeader(t *testing.T) {
	const count = 120
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: partitions(count)})
			t.Cleanup(w.Close)
			all := make([]*sim.Process, 3)
			start := func(name string, i int, s partition.Strategy) {
				all[i] = w.Start(name, sim.Habits{InstanceKey: fmt.Sprintf("key-%d", i), Strategy: s})
			}
			for i := range all {
				start(fmt.Sprintf("w%d", i), i, partition.ConsistentHash{VirtualNodes: 3})
				well(t, w, 100*time.Millisecond)
			}
			well(t, w, 10*time.Second)
			require.Same(t, all[0], w.Leader())
			owners := func() (map[partition.PartitionID]int, []int) {
				covered(t, w)
				who, counts := map[partition.PartitionID]int{}, make([]int, len(all))
				for i, p := range all {
					for _, id := range ids(p.Heard.Assignment.All) {
						who[id] = i
						counts[i]++
					}
				}
				return who, counts
			}
			had, counts := owners()
			least, moved := partition.LeastMoves(counts, 0, count), 0
			require.Positive(t, least, "the ring is uneven")
			for _, i := range order {
				all[i].Stop(true)
				well(t, w, 3*time.Second)
				start(fmt.Sprintf("new-%d", i), i, partition.Sticky{})
				well(t, w, 15*time.Second)
				now, _ := owners()
				for id, owner := range now {
					if had[id] != owner {
						moved++
					}
				}
				had = now
			}
			_, counts = owners()
			require.Equal(t, []int{count / 3, count / 3, count / 3}, counts)
			require.Equal(t, least, moved)
		})
	}
}
