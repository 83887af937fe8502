package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While a replica lags, some watches begin at it: they tell what it had, and in the end all
// that there is.
//
// hazard 27
func TestWatchAtAReplicaThatLags(t *testing.T) {
	for _, heals := range []bool{false, true} {
		had := map[string]bool{}
		for seed := range uint64(20) {
			b := newBenchOf(t, seed)
			b.put(b.two, "live.a", "a1")
			b.pass(time.Second)
			b.net.Lag("KV_g", 8*time.Second)
			b.put(b.two, "live.a", "a2")
			b.pass(time.Second)
			w, other := b.watch("live.*"), b.watch("other")
			b.pass(time.Second)
			require.True(t, w.synced && other.synced)
			had[w.latest()] = true
			b.put(b.two, "live.b", "b1")
			b.pass(time.Second)
			require.Equal(t, w.latest() == "b1", len(w.seen) > 0 && w.seen[0] == "a2", "who lags tells nothing new")
			if b.net.Lag("KV_g", time.Hour); heals { // one lags already
				b.net.Heal()
			}
			b.pass(6 * time.Second)
			require.Subset(t, w.seen, []string{"a2", "b1"})
			require.Nil(t, b.net.lagging)
		}
		require.Equal(t, map[string]bool{"": true, "a1": true, "a2": true}, had)
	}
}

func (w *watched) latest() string {
	if len(w.seen) == 0 {
		return ""
	}
	return w.seen[len(w.seen)-1]
}
