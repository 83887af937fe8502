package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// What the journal's record adds to a decision: it is made of what is published anyway,
// and encoded. The decision around it, with what its owners and the store need, takes
// milliseconds (docs/tuning.md).
func BenchmarkJournal(b *testing.B) {
	for _, moves := range []int{91, 1000, 2000} {
		b.Run(fmt.Sprint(moves), func(b *testing.B) {
			p := partition.Publish{Table: partition.Table{Version: 7, Step: 9000, Term: 12}}
			for i := range moves {
				p.Moves = append(p.Moves, partition.Move{
					Partition: partition.Of(fmt.Sprintf("p%05d", i)).ID(), From: "worker-1", To: "worker-10",
					Why: "over its share", By: partition.FreedByAck, Revision: 4711,
				})
			}
			evidence := []string{"session 5dca62bc82a4cb4c1d8958a5 of worker-10 is new at revision 4700", "the imbalance is 0.11"}
			took, bytes := time.Duration(0), 0
			for b.Loop() {
				began := time.Now()
				data, _, err := encode(p.Journal("worker-0", "join", evidence, partition.Measure{Moves: moves, Least: moves}))
				took += time.Since(began)
				require.NoError(b, err)
				bytes = len(data)
			}
			b.ReportMetric(float64(took.Microseconds())/float64(b.N), "µs/decision")
			b.ReportMetric(float64(bytes), "bytes")
		})
	}
}
