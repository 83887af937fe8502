//go:build unix

package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// BenchmarkConsumeStop is how long a worker takes to stop that has thousands of partition
// actors, whose handlers take so long to end each: ended is until the last of them has,
// stopped until the worker has. at-once is how many of them were told to and had not ended
// yet, at most.
func BenchmarkConsumeStop(b *testing.B) {
	for _, c := range []struct {
		partitions int
		takes      time.Duration
	}{{10_000, 0}, {2000, 10 * time.Millisecond}} {
		b.Run(fmt.Sprintf("%d/%v", c.partitions, c.takes), func(b *testing.B) {
			once(b, func() { stopHandlers(b, c.partitions, c.takes) })
		})
	}
}

func stopHandlers(b *testing.B, partitions int, takes time.Duration) {
	m := openMill(b, partitions, 0)
	defer m.close()
	begun := make(chan struct{}, partitions)
	told := make(chan int64, partitions) // how many have been told to end and have not
	var ending, last atomic.Int64
	m.manage(m.dial(), bridge.HandlerFunc(func(ctx context.Context, _ partition.Owned) error {
		begun <- struct{}{}
		<-ctx.Done()
		told <- ending.Add(1)
		pass(takes)
		last.Store(time.Now().UnixNano())
		ending.Add(-1)
		return nil
	}))
	for range partitions {
		<-begun
	}
	began := time.Now()
	m.leave()
	metric(b, time.Since(began).Seconds(), "stopped-s")
	require.Len(b, told, partitions)
	metric(b, time.Unix(0, last.Load()).Sub(began).Seconds(), "ended-s")
	most := int64(0)
	for range partitions {
		most = max(most, <-told)
	}
	metric(b, float64(most), "at-once")
}

// leave stops the worker that came last.
func (m *mill) leave() {
	last := len(m.ends) - 1
	m.ends[last]()
	m.ends = m.ends[:last]
}
