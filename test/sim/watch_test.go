package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// watched is what a watch told.
type watched struct {
	seen   []string
	seqs   []uint64
	synced bool
	calls  int
	gone   int
	w      bridge.Watching
	hold   bool // no Next
}

func (b *bench) watch(filter string) *watched {
	w := &watched{}
	w.w = b.one.Watch("$KV.g.A."+filter, time.Second, func(s bridge.Sights) {
		w.calls++
		w.synced = w.synced || s.Synced
		for _, m := range s.Messages {
			w.seen = append(w.seen, string(m.Data))
			w.seqs = append(w.seqs, m.Sequence)
		}
		if !w.hold {
			w.w.Next()
		}
	}, func(error) { w.gone++ })
	return w
}

func TestWatchTellsWhatIsThereAndWhatComes(t *testing.T) {
	b := newBench(t)
	b.put(b.two, "live.a", "a1")
	b.put(b.two, "other", "x")
	b.pass(time.Second)
	w := b.watch("live.*")
	require.Zero(t, w.calls, "never on the caller's stack")
	b.pass(time.Second)
	require.Equal(t, []string{"a1"}, w.seen)
	require.True(t, w.synced)
	b.put(b.two, "live.b", "b1")
	b.pass(time.Second)
	require.Equal(t, []string{"a1", "b1"}, w.seen)
	w.w.Stop()
	require.Zero(t, b.one.Watches())
	b.put(b.two, "live.b", "b2")
	b.pass(time.Second)
	require.Len(t, w.seen, 2)
}

func TestWatchOfNothingIsSynced(t *testing.T) {
	b := newBench(t)
	w := b.watch("lead")
	b.pass(time.Second)
	require.True(t, w.synced)
	require.Empty(t, w.seen)
}

func TestWatchCoalescesUntilNext(t *testing.T) {
	b := newBench(t)
	w := b.watch("live.*")
	b.pass(time.Second)
	w.hold = true
	calls := w.calls
	for _, v := range []string{"1", "2", "3"} {
		b.put(b.two, "live.a", v)
		b.put(b.two, "live.b", v)
		b.pass(time.Second)
	}
	require.Equal(t, calls+1, w.calls, "one call without credit")
	w.hold = false
	w.w.Next()
	b.pass(time.Second)
	require.Equal(t, calls+2, w.calls)
	require.ElementsMatch(t, []string{"3", "3"}, w.seen[len(w.seen)-2:], "only the newest of each subject")
}

func TestWatchFaults(t *testing.T) {
	for _, c := range []struct {
		fault Fault
		check func(w *watched)
	}{
		{DroppedSight, func(w *watched) { require.Empty(t, w.seen) }},
		{DoubledSight, func(w *watched) { require.Len(t, w.seen, 6) }},
		{StaleSight, func(w *watched) { require.Greater(t, len(w.seen), 3); require.False(t, slices.IsSorted(w.seqs)) }},
		{EarlySight, func(w *watched) { require.Len(t, w.seen, 3) }},
	} {
		b := newBench(t)
		w := b.watch("x")
		b.pass(time.Second)
		b.net.Faults[c.fault] = 1
		for _, v := range []string{"1", "2", "3"} {
			b.put(b.two, "x", v)
			b.pass(10 * time.Second)
		}
		c.check(w)
	}
}

func TestWatchClosesOrFallsSilent(t *testing.T) {
	b := newBench(t)
	b.net.Faults[ClosedWatch] = 1
	w := b.watch("x")
	b.pass(time.Second)
	require.Equal(t, 1, w.gone)
	require.Zero(t, w.calls)

	b = newBench(t)
	b.net.Faults[SilentWatch] = 1
	w = b.watch("x")
	b.put(b.two, "x", "1")
	b.pass(time.Minute)
	require.Zero(t, w.gone)
	require.Zero(t, w.calls)

	b = newBench(t)
	b.store.Delete("KV_g", 0)
	w = b.watch("x")
	b.pass(time.Second)
	require.Equal(t, 1, w.gone, "there is no stream")
}

func TestWatchIsDeafAfterTheServerRestarts(t *testing.T) {
	deaf, closed := 0, 0
	b := newBench(t)
	var all []*watched
	for range 20 {
		all = append(all, b.watch("x"))
	}
	b.pass(time.Second)
	b.net.RestartServer(100 * time.Millisecond)
	b.pass(time.Second)
	b.put(b.two, "x", "1")
	b.pass(time.Second)
	for _, w := range all {
		closed += w.gone
		if w.gone == 0 && len(w.seen) == 0 {
			deaf++
		}
	}
	require.Positive(t, closed)
	require.Positive(t, deaf)
	b.pass(time.Minute)
	for _, w := range all {
		require.True(t, w.gone == 1 || len(w.seen) > 0, "in the end each says so or tells")
	}
}
