//go:build unix

package bench

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/bridge/observe"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// watched is a group whose metrics and journal can be left out.
type watched struct {
	*group
	without  atomic.Bool // of what the journal says; its message stays, for the fence on the term
	observed map[*worker]*observe.Observer
}

// blank takes what a journal says from whatever the leader asks the store for.
func (w *watched) blank(next actor.ReceiverFunc) actor.ReceiverFunc {
	return func(ctx actor.ReceiverContext, envelope *actor.MessageEnvelope) {
		if m, is := envelope.Message.(messages.Store); is && w.without.Load() {
			m.Writes = slices.Clone(m.Writes)
			for i := range m.Writes {
				if _, is := m.Writes[i].Record.(partition.Journal); is {
					m.Writes[i].Record = partition.Journal{}
				}
			}
			envelope.Message = m
		}
		next(ctx, envelope)
	}
}

// set has all workers observed, or none.
func (w *watched) set(with bool) {
	w.without.Store(!with)
	for _, one := range w.workers() {
		w.observe(one)
	}
	if with {
		return
	}
	for _, o := range w.observed {
		o.Stop()
	}
	clear(w.observed)
}

// observe has a worker observed, unless nobody is or it is.
func (w *watched) observe(one *worker) {
	if w.without.Load() || w.observed[one] != nil {
		return
	}
	w.observed[one] = observe.New(one.system, one.manager)
}

// took is how long decisions of one cause took this leader, all together.
func took(of *worker, cause string) time.Duration {
	for _, d := range of.snapshot().Decided {
		if d.Cause == cause {
			return d.Took.Sum
		}
	}
	return 0
}

// decide lets a worker join, and leave again, and returns how long the leader took for
// each, from the decision to the last publish of it, and for how long processors were
// busy with both, those of the server and of all workers.
func (w *watched) decide() (join, leave, busy time.Duration) {
	w.b.Helper()
	leads, _ := w.leader()
	began := processor()
	before := took(leads, "join")
	one := w.join()
	w.observe(one)
	w.rest()
	join = took(leads, "join") - before
	before = took(leads, "leave")
	if o := w.observed[one]; o != nil {
		o.Stop()
		delete(w.observed, one)
	}
	w.stop(one)
	w.rest()
	return join, took(leads, "leave") - before, processor() - began
}

// BenchmarkObserved: what metrics and journal add to a decision of ten workers with a
// thousand partitions, which moves 90 of them to an eleventh worker, and back. Each
// iteration takes both with and without, in turns, in the same group. added is the median of
// the differences, in percent of what it is without, from and to are its 95 % interval: of
// the time from the decision to its last publish, and of what processors do for it, which
// says more on a machine that has something else to do. A scrape is not in it: it comes once
// in some seconds, whatever is decided.
func BenchmarkObserved(b *testing.B) {
	g := newGroup(b, presets()[windowless])
	w := &watched{group: g, observed: map[*worker]*observe.Observer{}}
	g.door = func(outside *actor.Props) *actor.Props {
		return outside.Configure(actor.WithReceiverMiddleware(w.blank))
	}
	defer g.close()
	g.fill()
	var decision, cpu compared
	for i := 0; b.Loop(); i++ {
		var join, leave, busy [2]time.Duration
		for turn := range 2 {
			with := (i + turn) % 2 // who begins changes, so that what wears off does not count
			w.set(with == 1)
			join[with], leave[with], busy[with] = w.decide()
		}
		decision.add(join)
		decision.add(leave)
		cpu.add(busy)
	}
	w.set(false)
	decision.report(b, "decision")
	cpu.report(b, "processor")
}

// compared are pairs of samples, without something and with it.
type compared struct{ without, added []float64 }

func (c *compared) add(pair [2]time.Duration) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	c.without, c.added = append(c.without, ms(pair[0])), append(c.added, ms(pair[1]-pair[0]))
}

func (c *compared) report(b *testing.B, what string) {
	base, _, _ := medianOf(c.without)
	mid, from, to := medianOf(c.added)
	metric(b, base, what+"-ms")
	metric(b, 100*mid/base, what+"-added-%")
	metric(b, 100*from/base, what+"-from-%")
	metric(b, 100*to/base, what+"-to-%")
}

// medianOf returns the median of some samples and an interval that has the true one in 95
// of 100 runs, whatever they are distributed like.
func medianOf(samples []float64) (median, from, to float64) {
	all := slices.SortedFunc(slices.Values(samples), cmp.Compare)
	n := float64(len(all))
	at := func(rank float64) float64 { return all[min(max(int(rank), 0), len(all)-1)] }
	off := 0.98 * math.Sqrt(n)
	return at(n / 2), at(math.Floor(n/2 - off)), at(math.Ceil(n/2 + off))
}
