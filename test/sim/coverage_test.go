package sim_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// moody is a strategy that fails while it is told to.
type moody struct {
	partition.Sticky
	fails *bool
}

func (m moody) Plan(in partition.Input) (partition.Plan, error) {
	if *m.fails {
		return nil, errors.New("it has no mind to")
	}
	return m.Sticky.Plan(in)
}

// An owner crashes while every plan fails, so that one leader after the other gives up.
// Each knows from its first look how many partitions nobody works on, and since when: that
// does not begin again with the term.
func TestWhatNobodyWorksOnIsToldWhileDecisionsFail(t *testing.T) {
	r := sim.New(t, 1)
	s, fails := partition.Fast(), false
	s.ColdStartWindow, s.PlannedScaleWindow = partition.Off, partition.Off
	var list []partition.Partition
	for i := range 12 {
		list = append(list, partition.Of(fmt.Sprint("p", i)))
	}
	var there []*actor.PID
	for i := range 3 {
		props, err := actors.PartitionManager(
			actors.Config{Settings: s, Source: actors.StaticSource(list), Strategy: actors.StrategyFrom(moody{fails: &fails})},
			r.Outside(bridge.Config{Group: "g", Fresh: true}))
		require.NoError(t, err)
		there = append(there, r.Spawn(fmt.Sprint("m", i), props))
	}
	asked := 0
	leader := func() (s messages.Snapshot, leads bool) {
		for _, w := range there {
			asked++
			asker := r.Probe(fmt.Sprint("asker-", asked))
			asker.Send(w, messages.GetSnapshot{})
			r.Run()
			if s = sim.Next[messages.Snapshot](asker); s.Leading {
				return s, true
			}
		}
		return messages.Snapshot{}, false
	}
	covered := func() bool {
		s, leads := leader()
		return leads && len(s.Members) == len(there) && s.Unowned == 0 && s.State == messages.Stable
	}
	require.True(t, r.RunUntil(time.Minute, covered))
	r.RunFor(s.MinRebalanceInterval)

	fails = true
	first := there[2]
	there = there[:2]
	r.System.Root.Stop(first)
	crashed := r.Clock().Now()
	r.RunFor(s.Wait(s.Lease) + s.HeartbeatInterval)
	terms := map[partition.Revision]bool{}
	for range 300 {
		r.RunFor(100 * time.Millisecond)
		s, leads := leader()
		if !leads || len(s.Members) == 0 {
			continue // between two terms, or before the first look
		}
		terms[s.Term] = true
		require.Equal(t, 4, s.Unowned, "term %d", s.Term)
		require.WithinDuration(t, crashed.Add(partition.Fast().Lease), s.UnownedSince, partition.Fast().HeartbeatInterval, "term %d", s.Term)
	}
	require.Greater(t, len(terms), 2, "leaders gave up")

	fails = false
	require.True(t, r.RunUntil(time.Minute, covered))
	last, _ := leader()
	require.Zero(t, last.UnownedSince)
}
