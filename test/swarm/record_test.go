package swarm

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// recordedLives is how many lives are recorded.
const recordedLives = 2

// Whatever befalls leaders, what they decided is decided again from what they kept.
func TestRecordedLives(t *testing.T) {
	list, trace := seeds(recordedLives)
	system := sim.NewSystem()
	decisions := 0
	for _, s := range list {
		folder, err := os.MkdirTemp("", "recorded-*") //nolint:usetesting // a crashed worker may still write: what it leaves is no failure
		require.NoError(t, err)
		r := begin(s, sim.Faults{}, system, func(s *partition.Settings) { s.Record = folder }).live(s, trace)
		require.Empty(t, r.Broken, r.Trace)
		for _, each := range sim.Replay(t, folder, partition.Sticky{}) {
			decisions += each.Decisions
		}
		_ = os.RemoveAll(folder)
	}
	require.Greater(t, decisions, recordedLives)
}
