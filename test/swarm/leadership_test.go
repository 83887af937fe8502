package swarm

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// A leader alone sees a second worker join, goes through Scaling and Rebalancing
// to Stable, loses its lead while its lease lasts, and is Stable as a follower
// while the other leads.
func TestLeadershipLoss(t *testing.T) {
	settings := partition.Fast()
	settings.Lease = 8 * time.Second // outlasts the lead
	system := sim.NewSystem()
	list, _ := seeds(takeovers)
	for _, seed := range list {
		loseLeadership(t, sim.Config{Seed: seed, Settings: settings, Partitions: named(8), System: system})
	}
}

func named(n int) (list []partition.Partition) {
	l := life{}
	return l.partitions(n)
}

func loseLeadership(t *testing.T, c sim.Config) {
	w := sim.NewWorld(c)
	defer func() { // also if the test ends in the middle
		w.Close()
		if t.Failed() {
			t.Logf("repeat it with: go test ./test/swarm -run LeadershipLoss -seed %d -runs 1", c.Seed)
		}
	}()
	until := func(what string, so func() bool) {
		t.Helper()
		require.True(t, w.RunUntil(time.Minute, so), "%s\n%s", what, w.Trace.End(lines))
	}
	is := func(p *sim.Process, s messages.State, owns int) bool {
		return p.Heard.State == s && len(p.Heard.Assignment.All) == owns
	}
	leader := w.Start("w1", sim.Habits{})
	until("it leads alone", func() bool { return is(leader, messages.Stable, 8) && w.Leader() == leader })
	require.True(t, w.Run(w.Soon(5*time.Second)))
	joined := w.Trace.Count()
	other := w.Start("w2", sim.Habits{})
	until("each has its share", func() bool { return is(leader, messages.Stable, 4) && is(other, messages.Stable, 4) })
	require.Equal(t, []string{"Scaling", "Rebalancing", "Stable"}, path(w, joined, "w1"))

	lost := w.Trace.Count()
	leader.Pause(w.Settings().LeadWait() + w.Soon(2*time.Second))
	until("the other leads", func() bool { return w.Leader() == other })
	until("the former leader has noticed", func() bool {
		leader.Ask()
		w.Run(100 * time.Millisecond)
		return !leader.Paused() && !leader.Heard.Snapshot.Leading && leader.Heard.Snapshot.Leader == "worker-1"
	})
	require.True(t, is(leader, messages.Stable, 4), w.Trace.End(lines))
	require.True(t, is(other, messages.Stable, 4), w.Trace.End(lines))
	require.NotContains(t, slices.Concat(path(w, lost, "w1"), path(w, lost, "w2")), "Degraded")
	require.Empty(t, w.Check.Unowned())
	require.Empty(t, w.Check.Broken())
}

var arrow = regexp.MustCompile(`^\w+ → (\w+)`)

// path is the states that a process went through since a line of the trace.
func path(w *sim.World, since uint64, who string) (states []string) {
	for _, l := range w.Trace.Since(since) {
		if found := arrow.FindStringSubmatch(l.Text); found != nil && l.Who == who {
			states = append(states, found[1])
		}
	}
	return states
}
