package partition

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/placements.txt anew: every group would move when it is upgraded")

const placementsFile = "testdata/placements.txt"

// Placements are the same in every process, on every machine and in every release:
// these are committed. Who changes one lets every group move when it is upgraded.
func TestStrategies_Placements(t *testing.T) {
	var b strings.Builder
	shapes := []struct {
		name string
		wide
	}{
		{"equal", wide{members: 4, partitions: 24, last: 3, limit: Off, seed: 1}},
		{"weights", wide{members: 4, partitions: 24, last: 2, limit: Off, weighing: 2, seed: 2}},
		{"all at once", wide{
			members: 6, partitions: 24, last: 5, limit: 9, weighing: 2, seed: 3,
			capacities: true, zones: true, labels: true, pins: true, homes: true, drained: true,
		}},
	}
	for _, shape := range shapes {
		in := shape.input(rand.New(rand.NewPCG(shape.seed, 0)))
		fmt.Fprintf(&b, "%s, from %s\n", shape.name, line(in.Previous))
		for _, s := range append(slices.Clip(strategies), ConsistentHash{}, WeightedConsistentHash{}) {
			fmt.Fprintf(&b, "  %-60s %s\n", strings.TrimPrefix(fmt.Sprintf("%#v", s), "partition."), line(mustPlan(t, s, in)))
		}
	}
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(placementsFile, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(placementsFile)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

// line writes a plan with a character for each owner.
func line(plan []int32) string {
	var b strings.Builder
	for _, m := range plan {
		b.WriteByte("-0123456789"[m+1])
	}
	return b.String()
}
