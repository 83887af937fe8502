//go:build unix

package bench

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// multitude is how many partitions a large group has.
const multitude = 100_000

// watch is Sticky with a watch: it notes what the latest plan took.
type watch struct {
	mu    sync.Mutex
	took  time.Duration
	ended time.Time
	moves int
}

// Plan implements partition.Strategy.
func (w *watch) Plan(in partition.Input) (partition.Plan, error) {
	began := time.Now()
	plan, err := partition.Sticky{}.Plan(in)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took, w.ended, w.moves = time.Since(began), time.Now(), partition.MeasurePlan(in, plan, partition.AnyZone).Moves
	return plan, err
}

// BenchmarkScale: a hundred thousand partitions. start is until everybody has its share:
// one worker is there, and the others join together. Of one more that joins and of one
// that stops: the plan, until the last publish of it was written, until the last worker
// has told its subscriber, and what was written. In one process, so that all workers
// share its processors.
func BenchmarkScale(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("Workers%d", n), func(b *testing.B) {
			once(b, func() {
				c := newCrowd(b, presets()["Large"], multitude)
				defer c.close()
				w := &watch{}
				c.plan = w
				began := time.Now()
				c.join(1)
				c.shared()
				if n > 1 {
					c.join(n - 1)
					c.shared()
				}
				metric(b, time.Since(began).Seconds(), "start-s")
				c.observe(w, "join", func() { c.join(1) })
				c.observe(w, "leave", c.stopOther)
				metric(b, float64(c.largest)/1024, "largest-KiB")
				if c.largest > 512<<10 {
					b.Errorf("a message has %d bytes", c.largest)
				}
			})
		})
	}
}

// BenchmarkScaleHeap: the memory of a leader of so many, whose workers are in another
// process, without that of the source's list.
func BenchmarkScaleHeap(b *testing.B) {
	once(b, func() {
		c := newCrowd(b, presets()["Large"], multitude)
		defer c.close()
		c.cover()
		before := heap()
		c.join(1)
		c.shared()
		alone := heap()
		c.others = newHelper(b, "workers", c.url, "Large", 99, multitude)
		c.others.line()
		c.seated(100)
		pass(calm)
		metric(b, (alone-before)/(1<<20), "alone-MiB")
		metric(b, (heap()-before)/(1<<20), "leader-MiB")
	})
}

// heap is what is in use after all is freed that can be, also of a group that is still
// coming to its end.
func heap() float64 {
	for last := math.Inf(1); ; {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		now := float64(m.HeapAlloc)
		if last-now < 1<<18 {
			return now
		}
		last = now
		pass(calm)
	}
}

// observe reports one event of a group in which everybody has its share.
func (c *crowd) observe(w *watch, name string, happens func()) {
	pass(calm)
	began := time.Now()
	writes, bytes := c.count(func() {
		happens()
		c.shared()
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	metric(c.b, ms(time.Since(began)), name+"-ms")
	metric(c.b, ms(w.took), name+"-plan-ms")
	metric(c.b, ms(c.headAt.Sub(w.ended)), name+"-publish-ms")
	metric(c.b, ms(time.Since(c.headAt)), name+"-apply-ms")
	metric(c.b, float64(w.moves), name+"-moves")
	metric(c.b, writes, name+"-writes")
	metric(c.b, bytes/1024, name+"-KiB")
}

// stopOther stops a worker that does not lead.
func (c *crowd) stopOther() {
	for i, pid := range c.there {
		if c.snapshot(pid).Leading {
			continue
		}
		_ = bridge.Stop(c.b.Context(), c.system, pid)
		c.there = append(c.there[:i:i], c.there[i+1:]...)
		return
	}
}
