package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// alive is how many lives are lived in which all are to be available.
const alive = 10

// Workers that keep what they have while the store is away may overlap, for which
// I4 is left out. All else holds: whoever was replaced learns it, everything is
// covered after the faults, and then each partition has one owner.
//
// hazard 56
func TestAvailable(t *testing.T) {
	var list []uint64
	for i := range uint64(alive) {
		list = append(list, 1+i)
	}
	met := make(chan []sim.Overlap, alive)
	parallel(list, func(seed uint64, system *sim.System) Result {
		l := begin(seed, sim.Strong(sim.Partition, sim.Isolated, sim.Disconnect, sim.ServerRestart, sim.Crash), system,
			func(s *partition.Settings) { s.Ownership = partition.Available })
		defer l.world.Close()
		wrong := l.all()
		if n := l.world.Check.Overlapping(); wrong == "" && n > 0 {
			wrong = "in the end two own the same"
		}
		met <- l.world.Check.Overlaps()
		return l.result(seed, wrong, lines)
	}, func(r Result) {
		if r.Broken != "" {
			r.Again = "go test -run '^TestAvailable$' ./test/swarm"
			t.Errorf("%s", r)
		}
	})
	close(met)
	n, longest := 0, time.Duration(0)
	for overlaps := range met {
		n += len(overlaps)
		for _, o := range overlaps {
			longest = max(longest, o.Until-o.From)
		}
	}
	t.Logf("%d overlaps, the longest of %v", n, longest)
	require.Positive(t, n, "otherwise it would not be known that they end")
}
