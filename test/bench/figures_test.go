package bench

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// idle is how long a group at rest is looked at.
const idle = 10 * time.Second

// BenchmarkIdle: what a group at rest writes in a second, with Default settings.
func BenchmarkIdle(b *testing.B) {
	for _, n := range []int{50, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := newCrowd(b, 1000)
			c.join(n)
			c.shared()
			var writes, bytes, seconds float64
			for b.Loop() {
				began := time.Now()
				w, n := c.count(func() { <-time.NewTimer(idle).C })
				writes, bytes, seconds = writes+w, bytes+n, seconds+time.Since(began).Seconds()
			}
			b.ReportMetric(writes/seconds, "writes/s")
			b.ReportMetric(bytes/seconds, "bytes/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkManager: what one manager of a group at rest costs its process, beside
// its connection and the actor system. The aims are 4 goroutines and 64 KiB.
func BenchmarkManager(b *testing.B) {
	const n = 50
	size := func() (goroutines, heap float64) {
		for range 3 { // what is freed by finalizers needs more than one
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(runtime.NumGoroutine()), float64(m.HeapAlloc)
	}
	for _, partitions := range []int{n, 1000} {
		b.Run(fmt.Sprint(partitions), func(b *testing.B) {
			var goroutines, heap float64
			for b.Loop() {
				c := newCrowd(b, partitions)
				c.join(1)
				c.shared()
				g, h := size()
				c.join(n)
				c.shared()
				<-time.NewTimer(idle).C // who joined looks once more, and leaves the lead to the candidates
				after, bytes := size()
				goroutines, heap = goroutines+(after-g)/n, heap+(bytes-h)/n
			}
			b.ReportMetric(goroutines/float64(b.N), "goroutines")
			b.ReportMetric(heap/float64(b.N)/1024, "KiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkJoinBytes: what one join writes in a group of ten with ten thousand
// partitions, until everybody has its share.
func BenchmarkJoinBytes(b *testing.B) {
	c := newCrowd(b, 10_000)
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
	b.ReportMetric(writes/float64(b.N), "writes")
	b.ReportMetric(bytes/float64(b.N), "bytes")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkElection: from the instant that the lead is free until the first publish
// of the next term, which gives the former leader's partitions away.
func BenchmarkElection(b *testing.B) {
	c := newCrowd(b, partitions)
	c.join(workers)
	c.shared()
	for b.Loop() {
		c.stopLeader()
		c.shared()
		c.join(1)
		c.shared()
	}
	report(b, "election", c.elected)
	b.ReportMetric(0, "ns/op")
}
