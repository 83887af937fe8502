package live

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// What two leaders decided, one after the other, is decided again from what they kept: with
// clocks, answers and an order of mail that nobody planned.
func TestRecord(t *testing.T) {
	s := calm(partition.Default())
	s.Record = t.TempDir()
	g := newGroup(t, s, 50)
	all := g.start(2)
	leads, others := g.leader(all...)
	require.NoError(t, leads.stop())
	g.atRest(others...)
	require.NoError(t, others[0].stop())

	decisions, files := 0, sim.Replay(t, s.Record, partition.Sticky{})
	for _, r := range files {
		require.False(t, r.Torn)
		decisions += r.Decisions
	}
	require.Len(t, files, 4)
	require.GreaterOrEqual(t, decisions, 3)
}
