package swarm

import (
	"flag"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

var hours = flag.Int("hours", 0, "how many simulated hours TestHeapIsFlat lives, six at least; less than one without it")

// churn happens to workers that live long: again and again one loses its connection or
// does not run for a while, so that sessions and terms end and others take over, the store
// elects a leader, and the source lists others. Nobody crashes: who does takes its memory along.
var churn = sim.Faults{
	sim.Disconnect: 10, sim.Partition: 10, sim.Isolated: 5, sim.Pause: 5, sim.Election: 3, sim.SourceChange: 5,
}

// mostGrowth is how much more KiB may be in use in the last third of a life than in the
// second one, in the mean. What maps and slices had room for once grows them in the first one.
const mostGrowth = 32

// What a group holds in memory does not grow with what has happened to it. After each of some
// spans of the same churn it is brought into the same situation, the simulator forgets what it
// knows of the past, and all that is in use is counted: 64 bytes for each session are too much
// after some hours, and in the short life that is always lived 64 bytes for each write.
//
//	make heap HOURS=24
func TestHeapIsFlat(t *testing.T) {
	spans, span := max(*hours, 6), time.Hour
	if *hours == 0 {
		spans, span = 6, 2*time.Minute
	}
	l, listed := longLife()
	defer l.world.Close()
	live := l.youth
	var heap []float64
	sessions, known := 0, 0
	for n := range spans {
		l.asks()
		require.True(t, live(span), "%s", l.world.Broken(lines))
		live = l.suffer
		sessions += l.world.Check.Sessions() - known
		require.Empty(t, l.alike(listed))
		known = l.world.Check.Sessions()
		heap = append(heap, inUse())
		t.Logf("after %v: %.0f KiB; %d sessions, %d steps, %d messages",
			l.world.Timeline.Now().Round(time.Second), heap[n], sessions, l.world.Check.Heads(), l.world.Steps())
	}
	for _, p := range l.world.Processes() {
		p.Crash()
	}
	require.True(t, l.world.Run(span), "what they planned is over")
	l.world.Forget()
	t.Logf("of that, the workers had %.0f KiB", heap[spans-1]-inUse())
	third := spans / 3
	growth := mean(heap[spans-third:]) - mean(heap[spans-2*third:spans-third])
	require.Less(t, growth, float64(mostGrowth), "KiB since the second third: %.0f", heap)
}

// longLife is one of four workers with 32 partitions. They have few IDs, so that soon all are
// in use, and their handlers and subscribers are late at times, but none hangs for ever: what
// is written off for them would be kept as long.
func longLife() (*life, []partition.Partition) {
	system := sim.NewSystem()
	system.Stretch()
	l := begin(max(*seed, 1), churn, system, func(s *partition.Settings) {
		*s = partition.Default()
		s.WorkerIDs.Count = 6
	})
	l.crowd = 4
	l.habits = func(h *sim.Habits) {
		for _, takes := range []*time.Duration{&h.Drain, &h.LetGo} {
			if *takes == sim.Never {
				*takes = 2 * l.settings.RevokeTimeout
			}
		}
	}
	listed := l.partitions(32)
	l.world.List(listed)
	return l, listed
}

// alike ends the faults and brings the group into a situation that is always the same: the
// same partitions, evenly owned, all workers asked the same, and nothing under way. It
// returns what is wrong.
func (l *life) alike(listed []partition.Partition) string {
	l.world.List(listed)
	if wrong := l.heal(); wrong != "" {
		return wrong
	}
	for _, p := range l.world.Processes() {
		p.Drain(true)
		p.Ask()
		p.AskOwner(listed[0].ID())
		p.AskWhy(listed[0].ID())
		p.AskJournal()
		p.Refresh(messages.RefreshPartitions{})
	}
	if !l.world.Run(4 * l.settings.RevokeTimeout) { // who is late has ended
		return l.world.Broken(lines)
	}
	if wrong := l.rest(); wrong != "" {
		return wrong
	}
	l.world.Forget()
	return ""
}

// inUse is how much memory is in use, in KiB.
func inUse() float64 {
	runtime.GC()
	runtime.GC() // the first one may have left what was to be finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 10)
}

func mean(of []float64) (sum float64) {
	for _, x := range of {
		sum += x / float64(len(of))
	}
	return sum
}
