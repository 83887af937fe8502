package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/internal/rows"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// A message is late, with what its sender says to the same actor after it; the others go on.
func TestDelay(t *testing.T) {
	var taken []string
	rows.Taken = func(row string) { taken = append(taken, row) }
	defer func() { rows.Taken = nil }()
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: partitions(4), Fresh: true, Delays: true})
	defer w.Close()
	p := w.Start("w1", sim.Habits{})
	require.False(t, p.Deliver(), "nobody is interrupted")
	p.Delay("holder", "HoldFor")
	well(t, w, time.Second) // a heartbeat is due
	require.NotContains(t, taken, "absent: HoldFor")
	require.NotContains(t, taken, "absent: GetHoldings", "it would have overtaken")
	require.Equal(t, p, w.Leader())
	taken = nil
	require.True(t, p.Deliver())
	require.False(t, p.Deliver())
	well(t, w, time.Second)
	require.Equal(t, []string{"absent: HoldFor", "following: GetHoldings"}, taken[:2])
	require.Len(t, p.Heard.Assignment.All, 4)

	p.Delay("holder", "GetHoldings")
	well(t, w, 500*time.Millisecond)
	p.Stop(false)
	well(t, w, 10*time.Second)
	require.True(t, p.Ended())
	require.True(t, p.Deliver(), "which is lost with its receiver")
	well(t, w, time.Second)
}

func TestDelay_CostsSomething(t *testing.T) {
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: partitions(4)})
	defer w.Close()
	p := w.Start("w1", sim.Habits{})
	require.PanicsWithValue(t, "sim: mail can be delayed in a world with Config.Delays only", func() { p.Delay("holder", "HoldFor") })
}
