package sim_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// What has a heavy tail is four times as late in a quarter as many cases, up to its limit; what
// lasts does so for longer than what is picked of the same lengths.
func TestLengths(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	lengths := sim.Lengths{time.Second, 4 * time.Second}
	const draws = 20_000
	longer := map[time.Duration]float64{}
	for range draws {
		d := lengths.Tail(rng)
		require.GreaterOrEqual(t, d, 20*time.Millisecond)
		require.LessOrEqual(t, d, sim.Longest*4*time.Second)
		for _, x := range []time.Duration{40, 160, 640, 2560, 10_240} {
			if d > x*time.Millisecond {
				longer[x]++
			}
		}
		last := lengths.Last(rng)
		require.GreaterOrEqual(t, last, 8*time.Second)
		require.Less(t, last, sim.Longest*4*time.Second)
	}
	for x, n := range longer {
		require.InEpsilon(t, draws*20/float64(x), n, 0.4, "later than %d ms", x)
	}
	require.Len(t, longer, 5)

	s := partition.Fast().WithDefaults()
	all := sim.AllLengths(s)
	for _, d := range []time.Duration{s.Lease, s.RevokeTimeout, 2 * s.RevokeTimeout, s.RestartHoldDown, s.PlannedScaleWindow, s.Debounce, s.SourceTimeout, s.StrategyTimeout} {
		require.Contains(t, all, d)
	}
	require.NotContains(t, all, s.Quarantine(), "nobody lives so long")
	s.QuarantineFor, s.MinRebalanceInterval = 5*time.Second, partition.Off
	require.Contains(t, sim.AllLengths(s), s.QuarantineFor)
	require.NotContains(t, sim.AllLengths(s), s.MinRebalanceInterval)
}
