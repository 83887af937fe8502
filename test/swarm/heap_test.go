package swarm

import (
	"flag"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

var hours = flag.Int("hours", 0, "how many simulated hours TestHeapIsFlat lives; a quarter of one without it")

// churn happens to workers that live long: again and again one loses its connection or
// does not run for a while, so that sessions and terms end and others take over, the store
// elects a leader, and the source lists others. Nobody crashes: who does takes its memory along.
var churn = sim.Faults{
	sim.Disconnect: 1, sim.Partition: 1, sim.Isolated: 0.5, sim.Pause: 0.5, sim.Election: 0.3, sim.SourceChange: 0.5,
}

// What a group holds in memory does not grow with what has happened to it: workers and all
// that the simulator keeps of them are measured after each of some spans of the same churn.
//
//	make heap HOURS=24
func TestHeapIsFlat(t *testing.T) {
	spans, span := 5, 3*time.Minute
	if *hours > 0 {
		spans, span = *hours, time.Hour
	}
	l := begin(max(*seed, 1), churn, sim.NewSystem())
	defer l.world.Close()
	heap := make([]float64, spans+1)
	require.True(t, l.youth(span), "%s", l.world.Broken(lines))
	heap[0] = inUse()
	for n := range spans {
		require.True(t, l.world.Run(span), "%s", l.world.Broken(lines))
		l.world.Forget(3 * time.Minute)
		heap[n+1] = inUse()
		t.Logf("after %v: %.1f MiB, %d workers, %d messages", l.world.Timeline.Now().Round(time.Second), heap[n+1], len(l.world.Processes()), l.world.Steps())
	}
	require.Less(t, heap[spans], 1.25*heap[(spans+1)/2], "what it had half-way: %.1f", heap)
}

// inUse is how much memory is in use, in MiB.
func inUse() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one may have left what was to be finalized
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
