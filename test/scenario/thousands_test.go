package scenario

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// Thousands of partitions are revoked at once, let go one by one and granted: in one
// publish for each time that so many stop as may at a time. Nobody is late with a heartbeat for it. (As a play it
// would be a megabyte of names.)
func TestThousandsAreRevokedAtOnce(t *testing.T) {
	const half = 1000
	p := begin(2*half, partition.Fast(), sim.NewSystem())
	defer p.world.Close()
	for _, command := range []string{"start w1 drain=100ms confirm", "run 3s", "start w2", "run 3s", "stop w1", "run 3s"} {
		require.NoError(t, p.command(command), command)
	}
	for _, fact := range []string{
		"covered", "owns w2 2000", "ended w1", "transfers 2000",
		"says 256 freed by ack", "says 232 freed by ack", "first is released then 1000 freed by release",
		"never abandons", "never fenced", "never Degraded", "dead letters 0",
	} {
		require.NoError(t, p.check(fact), fact)
	}
	heads := 0
	for _, line := range p.everything() {
		if strings.Contains(line, " head: ") {
			heads++
		}
	}
	require.LessOrEqual(t, heads, 7)
}
