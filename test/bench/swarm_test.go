//go:build unix

package bench

import (
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
	"github.com/troupe-actors/troupe/test/swarm"
)

// BenchmarkSwarm: random lives of the simulator, with so many workers and a hundred
// partitions, all faults and all checks: messages that are delivered, each of which is
// one step, and hours of their own time, in so much time of one processor.
func BenchmarkSwarm(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(1000)) // as the simulator's own tests have it
	for _, n := range []int{5, 10, 50} {
		b.Run(fmt.Sprintf("%dx100", n), func(b *testing.B) {
			system := sim.NewSystem()
			plan := swarm.Plan{Workers: n, Partitions: 100}
			var steps uint64
			var lasted time.Duration
			began := processor()
			for i := range b.N {
				r := plan.Live(uint64(i)+1, system, 0)
				require.Empty(b, r.Broken, "%s", r)
				steps, lasted = steps+r.Step, lasted+r.Lasted
			}
			used := processor() - began
			metric(b, float64(steps)/used.Seconds(), "steps/s")
			metric(b, lasted.Hours()/used.Minutes(), "simulated-h/min")
		})
	}
}
