package observe

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// What an observer does about a decision that moves a thousand partitions from this worker
// and to it: two states, their durations, and what came and went.
func BenchmarkDecision(b *testing.B) {
	h := newHeard()
	at := time.Unix(1000, 0)
	begins := messages.StateChanged{From: messages.Stable, To: messages.Rebalancing, At: at}
	ends := messages.StateChanged{From: messages.Rebalancing, To: messages.Stable, At: at.Add(time.Second)}
	change := messages.AssignmentChanged{Gained: make([]partition.Owned, 1000), Lost: make([]partition.Owned, 1000)}
	var decided messages.Decided
	for b.Loop() {
		h.entered(ends, begins)
		h.entered(begins, ends)
		h.gained.Add(float64(len(change.Gained)))
		h.lost.Add(float64(len(change.Lost)))
		decided.Detected.Add(4 * time.Second)
		decided.Took.Add(20 * time.Millisecond)
	}
}

// A scrape, the answers of the manager included.
func BenchmarkScrape(b *testing.B) {
	t := newBench(b)
	registry := prometheus.NewRegistry()
	registry.MustRegister(t.observer)
	for b.Loop() {
		_, err := registry.Gather()
		require.NoError(b, err)
	}
}
