package swarm

import (
	"flag"
	"math"
	"runtime"
	"strings"
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
	defer func(was int) { runtime.MemProfileRate = was }(runtime.MemProfileRate)
	runtime.MemProfileRate = sampled
	system := sim.NewSystem()
	system.Stretch()
	l := begin(max(*seed, 1), churn, system)
	defer l.world.Close()
	heap := make([]float64, spans+1)
	require.True(t, l.youth(span), "%s", l.world.Broken(lines))
	heap[0], _ = inUse()
	for n := range spans {
		require.True(t, l.world.Run(span), "%s", l.world.Broken(lines))
		l.world.Forget(3 * time.Minute)
		all := 0.0
		heap[n+1], all = inUse()
		t.Logf("after %v: %.2f of %.1f MiB, %d workers, %d messages", l.world.Timeline.Now().Round(time.Second), heap[n+1], all, len(l.world.Processes()), l.world.Steps())
	}
	require.Less(t, heap[spans], 1.25*heap[(spans+1)/2], "what it had half-way: %.1f", heap)
}

// sampled is how many bytes are allocated between two samples of where that is done.
const sampled = 512

// inUse is how much memory is in use, in MiB: what workers have allocated, by samples, and all.
// What the simulator allocates is not theirs: its own notes, what its server stores, what it
// reads there, and what the registry of actors begins with.
func inUse() (workers, all float64) {
	runtime.GC()
	runtime.GC() // the first one may have left what was to be finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	n, _ := runtime.MemProfile(nil, false)
	records := make([]runtime.MemProfileRecord, n+1000)
	n, _ = runtime.MemProfile(records, false)
	for _, r := range records[:n] {
		if bytes, objects := float64(r.InUseBytes()), float64(r.InUseObjects()); objects > 0 && ofWorkers(r.Stack()) {
			workers += bytes / (1 - math.Exp(-bytes/objects/sampled)) // large ones are sampled more often
		}
	}
	return workers / (1 << 20), float64(m.HeapAlloc) / (1 << 20)
}

// ofWorkers reports whether the innermost function of this module is not a test's, and not
// called to read what the store has accepted.
func ofWorkers(stack []uintptr) bool {
	const module = "github.com/troupe-actors/troupe/"
	known := false
	for frames := runtime.CallersFrames(stack); ; {
		frame, more := frames.Next()
		inner, ours := strings.CutPrefix(frame.Function, module)
		switch {
		case ours && !known && strings.HasPrefix(inner, "test/"), inner == "test/sim.(*World).committed":
			return false
		case !more:
			return known || ours
		}
		known = known || ours
	}
}
