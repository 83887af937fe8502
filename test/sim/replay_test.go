package sim_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// What the leaders of a life decided, of whom the first stops, is decided again; and by
// another strategy it would not have been.
func TestReplay(t *testing.T) {
	settings := partition.Fast()
	settings.Record = filepath.Join(t.TempDir(), "is [no] pattern*")
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: settings, Partitions: partitions(12), Replicas: 1})
	t.Cleanup(w.Close)
	for _, name := range []string{"w1", "w2", "w3"} {
		w.Start(name, sim.Habits{Rate: w.Clocks()})
		well(t, w, 3*time.Second)
	}
	ends := func(p *sim.Process) {
		p.Stop(false)
		well(t, w, 3*time.Second)
		require.True(t, p.Ended())
	}
	ends(w.Leader())
	for _, p := range w.Processes() {
		if p != w.Leader() {
			p.Crash()
		}
	}
	well(t, w, 10*time.Second)
	w.List(partitions(20))
	well(t, w, 10*time.Second)
	covered(t, w)
	ends(w.Leader())

	torn := filepath.Join(settings.Record, "torn.jsonl") // as a crash leaves it
	require.NoError(t, os.WriteFile(torn, []byte(`{"actor":"calc`), 0o600))
	older := filepath.Join(settings.Record, "older.jsonl")
	require.NoError(t, os.WriteFile(older, []byte(`{"actor":"calculator","term":1,"parent":"w1","state":["*actors.calculator",[{}]]}`+"\n"), 0o600))
	sum := map[string]int{}
	for _, r := range sim.Replay(t, settings.Record, partition.Sticky{}) {
		require.False(t, r.Torn)
		require.Equal(t, sim.Group, r.Group)
		require.Regexp(t, `^worker-\d$`, r.Worker)
		require.NotEmpty(t, r.Build)
		sum[r.Actor]++
		sum["decisions"] += r.Decisions
		sum["publishes"] += r.Publishes
	}
	require.Equal(t, []int{2, 2}, []int{sum["calculator"], sum["publisher"]})
	require.GreaterOrEqual(t, sum["decisions"], 5, "two joins, two that ended, a larger list")
	require.GreaterOrEqual(t, sum["publishes"], 5)
	require.Contains(t, fails(t, func(f sim.T) { sim.Replay(f, settings.Record, partition.RoundRobin{}) }), "the strategy answers otherwise")
	require.Contains(t, fails(t, func(f sim.T) { sim.Replay(f, t.TempDir(), nil) }), "no recording is there that is whole and of this build")
}

// A folder that cannot be had is a fault of the settings, for good.
func TestReplay_AFolderThatCannotBeHad(t *testing.T) {
	settings := partition.Fast()
	settings.Record = filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(settings.Record, nil, 0o600))
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: settings, Partitions: partitions(1), Replicas: 1})
	t.Cleanup(w.Close)
	p := w.Start("w1", sim.Habits{})
	well(t, w, time.Second)
	require.True(t, p.Heard.Health.Final)
	require.Contains(t, p.Heard.Health.Reason, "Record is \""+settings.Record+"\"; must be a folder that can be made, and written to")
}

// In a test, t is its *testing.T, and the folder is that of a worker which led.
func ExampleReplay() {
	var t sim.T = &testing.B{}
	folder, _ := os.MkdirTemp("", "recording-*")
	defer func() { _ = os.RemoveAll(folder) }()
	settings := partition.Fast()
	settings.Record = folder
	w := sim.NewWorld(sim.Config{Settings: settings, Partitions: partitions(6), Replicas: 1, Fresh: true})
	defer w.Close()
	p := w.Start("w1", sim.Habits{})
	w.Run(5 * time.Second)
	p.Stop(false)
	w.Run(5 * time.Second)

	for _, r := range sim.Replay(t, folder, partition.Sticky{}) {
		fmt.Println(r.Actor, r.Decisions, r.Publishes)
	}
	// Output:
	// publisher 0 1
	// calculator 1 0
}
