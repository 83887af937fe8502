package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// workers are some that have settled, and the world they live in.
func workers(t *testing.T, n int) (*World, []*Process) {
	t.Helper()
	var parts []partition.Partition
	for i := range 2 * n {
		parts = append(parts, partition.Of(fmt.Sprintf("p%d", i)))
	}
	w := NewWorld(Config{Seed: 3, Settings: partition.Fast(), Partitions: parts, Replicas: 3})
	t.Cleanup(w.Close)
	var all []*Process
	for i := range n {
		all = append(all, w.Start(fmt.Sprintf("w%d", i), Habits{}))
		require.True(t, w.Run(100*time.Millisecond), "%s", w.Broken(100))
	}
	require.True(t, w.Run(time.Minute), "%s", w.Broken(100))
	return w, all
}

// watches names the keys that a process watches.
func (p *Process) watches() []string {
	var keys []string
	for _, w := range p.Port.watches {
		_, key, _ := strings.Cut(strings.TrimPrefix(w.filter, "$KV."+Group+"."), ".")
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func TestN16_WorkersWatchTheirOwnRecordsAndFewWatchTheLeader(t *testing.T) {
	w, all := workers(t, 9)
	leader, candidates := w.Leader(), 0
	require.NotNil(t, leader)
	for _, p := range all {
		mine := fmt.Sprintf("asg.%s.*", p.Heard.Assignment.Worker)
		switch keys := p.watches(); {
		case p == leader:
			require.Equal(t, []string{mine, "lead", "live.*"}, keys)
		case len(keys) > 1:
			candidates++
			require.Equal(t, []string{mine, "lead", "live." + string(leader.Heard.Assignment.Worker)}, keys)
		default:
			require.Equal(t, []string{mine}, keys, "the others poll the lead")
		}
	}
	require.Positive(t, candidates)
	require.LessOrEqual(t, candidates, w.settings.Candidates)
}

// A worker whose server is cut off goes to another one, and owns something again,
// although its server never comes back.
func TestN15_AWorkerLeavesAServerThatIsCutOff(t *testing.T) {
	for i, led := range []bool{true, false, true, false} {
		w, all := workers(t, 4)
		p := all[2]
		if i >= 2 { // it has lost its session, and only asks
			p.Port.Cut()
			require.True(t, w.Run(2*w.settings.Lease), "%s", w.Broken(100))
			p.Port.mute, p.Port.deaf = false, false
		}
		p.Port.isolate(led)
		require.True(t, w.Run(time.Minute), "%s", w.Broken(100))
		require.True(t, p.Port.isolated == nil, "it left")
		require.NotEmpty(t, p.Heard.Assignment.All)
		require.Empty(t, w.Check.Unowned())
	}
}

// deaf are the filters of those watches of a process that tell nothing.
func (p *Process) deaf() (filters []string) {
	for _, w := range p.Port.watches {
		if w.deaf {
			filters = append(filters, w.filter)
		}
	}
	return filters
}

// Any watch that runs may end, also twice in a row: it says so, and is begun again.
func TestAWatchThatRunsEnds(t *testing.T) {
	w, _ := workers(t, 3)
	p, ended, last, again := w.Leader(), map[string]bool{}, "", 0
	had := p.watches()
	require.Len(t, had, 3)
	for range 20 {
		p.EndWatch()
		require.Len(t, p.deaf(), 1)
		if p.deaf()[0] == last {
			again++
		}
		last = p.deaf()[0]
		ended[last] = true
		require.True(t, w.Run(w.settings.HeartbeatInterval), "%s", w.Broken(100))
		require.Empty(t, p.deaf())
		require.Equal(t, had, p.watches())
	}
	require.Len(t, ended, len(had))
	require.Positive(t, again)
}

// Any watch that runs may fall silent, and nobody is told. That of one record is begun again
// when a probe has found more than it told; lists make up for the one of all workers.
func TestAWatchThatRunsFallsSilent(t *testing.T) {
	w, _ := workers(t, 3)
	p, faded := w.Leader(), map[string]bool{}
	had := p.watches()
	for n := range 12 {
		p.FadeWatch()
		for _, filter := range p.deaf() {
			faded[filter] = true
		}
		var list []partition.Partition // each assignment is another one
		for i := range 6 {
			list = append(list, partition.Of(fmt.Sprintf("p%d-%d", n, i)))
		}
		w.List(list)
		require.True(t, w.Run(w.settings.StableBound(partition.Setbacks{})), "%s", w.Broken(100))
		require.Empty(t, w.Check.Unowned())
		require.Equal(t, had, p.watches())
	}
	require.Len(t, faded, len(had))
	require.Len(t, p.deaf(), 1)
	require.Contains(t, p.deaf()[0], ".live.*")
	require.Same(t, p, w.Leader())
	w.Start("w3", Habits{})
	require.True(t, w.Run(w.settings.StableBound(partition.Setbacks{})), "%s", w.Broken(100))
	require.NotEmpty(t, w.find("w3").Heard.Assignment.All)
}
