//go:build unix

package bench

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// BenchmarkCapacity: what a group of so many workers and partitions needs at rest, and what
// one more worker writes. The leader is alone in this process: leader is its heap beside
// the source's list, its connection and the actor system.
func BenchmarkCapacity(b *testing.B) {
	for _, size := range []struct{ workers, partitions int }{
		{10, 1000}, {10, 10_000}, {100, 1000}, {100, 10_000}, {100, 100_000},
	} {
		b.Run(fmt.Sprintf("%dx%d", size.workers, size.partitions), func(b *testing.B) {
			once(b, func() {
				c := newCrowd(b, presets()["Large"], size.partitions)
				defer c.close()
				before := heap()
				c.join(1)
				c.shared()
				c.others = newHelper(b, "workers", c.url, "Large", size.workers-1, size.partitions)
				require.Equal(b, "started", c.others.line())
				c.seated(size.workers)
				metric(b, (heap()-before)/(1<<20), "leader-MiB")
				metric(b, float64(runtime.NumGoroutine()), "goroutines")
				writes, bytes := c.count(func() { pass(idle) })
				metric(b, writes/idle.Seconds(), "writes/s")
				metric(b, bytes/idle.Seconds(), "bytes/s")
				c.stored()
				writes, bytes = c.count(func() {
					c.join(1)
					c.seated(size.workers + 1)
				})
				metric(b, writes, "join-writes")
				metric(b, bytes/1024, "join-KiB")
			})
		})
	}
}

// stored reports what the group's stream holds.
func (c *crowd) stored() {
	c.b.Helper()
	js, err := jetstream.New(c.nc)
	require.NoError(c.b, err)
	stream, err := js.Stream(c.b.Context(), "KV_crowd")
	require.NoError(c.b, err)
	state := stream.CachedInfo().State
	metric(c.b, float64(state.Bytes)/1024, "store-KiB")
	metric(c.b, float64(state.Msgs), "store-messages")
}
