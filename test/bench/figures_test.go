//go:build unix

package bench

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
)

const (
	// idle is how long a group at rest is looked at.
	idle = 20 * time.Second
	// calm is when a group is at rest: who joined looks once more after
	// 2·LeaderLease, and leaves the lead to the candidates.
	calm = 10 * time.Second
)

// BenchmarkIdle: what a group of 50 at rest writes in a second, and how many
// milliseconds a second its leader, each other worker and the server keep a processor
// busy; the leader is a process of its own. start says how the group began: one worker
// is there, and 49 join at once.
func BenchmarkIdle(b *testing.B) {
	b.Run("Default", func(b *testing.B) { idleGroup(b, "Default", 50) })
}

// BenchmarkIdleCrowd: the same with 500, which is half of two cores' work at Default,
// and all of it while they begin.
func BenchmarkIdleCrowd(b *testing.B) {
	for _, name := range []string{"Default", "Conservative"} {
		b.Run(name, func(b *testing.B) { idleGroup(b, name, 500) })
	}
}

func idleGroup(b *testing.B, name string, n int) {
	const partitions = 1000
	once(b, func() {
		c := newCrowd(b, presets()[name], partitions)
		defer c.close()
		c.join(1)
		c.shared()
		began := time.Now()
		writes, bytes := c.count(func() {
			c.others = newHelper(b, "workers", c.url, name, n-1, partitions)
			require.Equal(b, "started", c.others.line())
			c.seated(n)
		})
		joined := float64(n - 1)
		metric(b, time.Since(began).Seconds(), "start-s")
		metric(b, writes/joined, "start-writes/worker")
		metric(b, bytes/joined, "start-bytes/worker")
		metric(b, float64(c.others.usage().in)/joined, "start-heard/worker")
		pass(calm)
		writes, bytes = c.count(func() { pass(idle) })
		metric(b, writes/idle.Seconds(), "writes/s")
		metric(b, bytes/idle.Seconds(), "bytes/s")

		c.cover()
		leader, rest, server := processor(), c.others.usage(), c.server.usage()
		pass(idle)
		busy := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / idle.Seconds() }
		metric(b, busy(processor()-leader), "leader-ms/s")
		metric(b, busy(c.others.usage().processor-rest.processor)/joined, "follower-ms/s")
		metric(b, busy(c.server.usage().processor-server.processor), "server-ms/s")
		s := c.snapshot(c.there[0])
		require.True(b, s.Leading && len(s.Members) == n, "it leads the same group at the end: %+v", s)
	})
}

// seated waits until the first worker of the crowd leads so many, and is at rest.
func (c *crowd) seated(n int) {
	c.b.Helper()
	late := time.Now().Add(patience)
	for {
		s := c.snapshot(c.there[0])
		if s.Leading && len(s.Members) == n && s.Unowned == 0 && s.State == messages.Stable {
			return
		}
		require.False(c.b, time.Now().After(late), "%d workers do not come to rest: %+v", n, s)
		pass(50 * time.Millisecond)
	}
}

// size is how many goroutines there are, and how much memory is in use.
func size() (goroutines, heap float64) {
	for range 3 { // what is freed by finalizers needs more than one
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(runtime.NumGoroutine()), float64(m.HeapAlloc)
}

// BenchmarkManager: what one manager of a group at rest costs its process, beside
// its connection, the actor system and the source. The aims are 4 goroutines and 64 KiB.
func BenchmarkManager(b *testing.B) {
	const n = 50
	for name, partitions := range map[string]int{"OnePartition": n, "TwentyPartitions": 20 * n} {
		b.Run(name, func(b *testing.B) {
			once(b, func() {
				c := newCrowd(b, presets()[windowless], partitions)
				defer c.close()
				c.join(1)
				c.shared()
				pass(calm) // also for what was measured before
				g, h := size()
				c.join(n)
				c.shared()
				pass(calm)
				after, bytes := size()
				metric(b, (after-g)/n, "goroutines")
				metric(b, (bytes-h)/n/1024, "KiB")
			})
		})
	}
}

// BenchmarkJoinBytes: what one join writes in a group of ten with ten thousand
// partitions, until everybody has its share.
func BenchmarkJoinBytes(b *testing.B) {
	c := newCrowd(b, presets()[windowless], 10_000)
	defer c.close()
	c.join(workers)
	c.shared()
	var writes, bytes float64
	for b.Loop() {
		w, n := c.count(func() {
			c.join(1)
			c.shared()
		})
		writes, bytes = writes+w, bytes+n
	}
	metric(b, writes/float64(b.N), "writes")
	metric(b, bytes/float64(b.N), "bytes")
}

// BenchmarkElection: from the instant that the lead is free until the first publish
// of the next term, which gives the former leader's partitions away.
func BenchmarkElection(b *testing.B) {
	c := newCrowd(b, presets()[windowless], partitions)
	defer c.close()
	c.join(workers)
	c.shared()
	for b.Loop() {
		c.stopLeader()
		c.shared()
		c.join(1)
		c.shared()
	}
	report(b, "election", c.elected)
}
