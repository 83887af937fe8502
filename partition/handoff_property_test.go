package partition

import (
	"cmp"
	"iter"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func mapKeys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

func compareIDs(a, b PartitionID) int { return cmp.Compare(a, b) }

// retarget decides anew from what the leader has seen, with any plan.
func (w *world) retarget(plan func(in Input, k int) int32) Change {
	ch := Classify(w.table, w.roster, w.set, w.now, testRules, Off)
	q := Ask(w.table, w.target, ch, w.set, Asking{Now: w.now, Rules: testRules, MoveLimit: Off})
	target := q.AsIs()
	if q.Plannable() {
		p := make(Plan, q.Input.Partitions.Len())
		for k := range p {
			p[k] = plan(q.Input, k)
		}
		target = q.Answer(p, AnyZone)
	}
	w.target = &target
	w.version++
	return ch
}

func (w *world) anyPlan(in Input, _ int) int32 {
	for {
		if m := rapid.Int32Range(0, int32(len(in.Members)-1)).Draw(w.t, "owner"); !in.Members[m].Draining {
			return m
		}
	}
}

// anyProc draws one of the latest processes.
func (w *world) anyProc() *proc {
	return w.procs[rapid.IntRange(max(0, len(w.procs)-6), len(w.procs)-1).Draw(w.t, "process")]
}

// stir lets something happen.
func (w *world) stir() {
	id := WorkerIDAt("w", rapid.IntRange(0, 3).Draw(w.t, "worker"))
	switch what := rapid.IntRange(0, 23).Draw(w.t, "what"); {
	case what < 4:
		w.beat(w.anyProc())
	case what < 8:
		w.apply(w.anyProc())
	case what < 10:
		w.drained(w.anyProc())
	case what == 10:
		w.abandon(w.anyProc())
	case what < 14:
		w.look(id)
	case what < 18:
		w.post()
	case what == 18:
		w.start(id)
	case what == 19:
		w.release(w.anyProc(), rapid.Bool().Draw(w.t, "comes back"))
	case what == 20:
		w.anyProc().end() // it crashes
	case what == 21:
		w.retarget(w.anyPlan)
	default: // near the lengths of leases and timeouts
		steps := []time.Duration{time.Millisecond, testLease / 3, testLease, testLease / 10, testRules.RevokeTimeout}
		w.now = w.now.Add(rapid.SampledFrom(steps).Draw(w.t, "time"))
	}
}

// heal lets everybody work until every wait is over and the leader has nothing
// left to do.
func (w *world) heal() {
	began, quiet := w.now, w.now
	for w.now.Before(quiet.Add(testRules.HoldDown + 2*testRules.RevokeTimeout + 2*testLease)) {
		for _, p := range w.procs {
			if p.alive {
				w.apply(p)
				clear(p.drains)
				clear(p.written) // old handlers end
				w.beat(p)
			}
		}
		for id := range w.records {
			w.look(id)
		}
		before := w.table.Step
		ch := w.retarget(func(in Input, k int) int32 {
			if was := in.Previous[k]; was != None && !in.Members[was].Draining {
				return was
			}
			return int32(k % len(in.Members))
		})
		out := w.post()
		w.checkOwners()
		if w.table.Step != before || out.Outstanding > 0 || ch.Urgent() {
			quiet = w.now
		}
		w.now = w.now.Add(testLease / 4)
		require.Less(w.t, w.now.Sub(began), time.Minute, "nothing is ever done: %+v\n%+v\n%+v\n%+v", ch, out, w.table, *w.target)
	}
}

// hazard 22
// hazard 46
func TestNext_NeverTwoOwners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for n := range 3 {
			w.start(WorkerIDAt("w", n))
			w.look(WorkerIDAt("w", n))
		}
		w.retarget(w.anyPlan)
		for range rapid.IntRange(0, 150).Draw(t, "length") {
			w.stir()
			w.checkOwners()
		}
		w.start("w-3") // somebody is there
		w.heal()
		for _, id := range w.set.IDs {
			require.Len(t, w.owners(id), 1, "%s has one owner in the end", id)
		}
		quiet := w.table
		w.heal()
		require.Equal(t, quiet, w.table, "I6: nothing is written while nothing changes")
	})
}

// Acknowledgements that come together are answered together, however many
// partitions move: one publish revokes, one grants.
func TestNext_TwoPublishesForAnyNumberOfMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.set = manyPartitions(rapid.IntRange(1, 200).Draw(t, "partitions"))
		for n := range rapid.IntRange(2, 20).Draw(t, "workers") {
			w.start(WorkerIDAt("w", n))
			w.look(WorkerIDAt("w", n))
		}
		w.retarget(w.anyPlan)
		w.post()
		require.Equal(t, 1, w.posted, "a cold start is one publish")
		w.serveAll()
		w.retarget(w.anyPlan)
		out := w.post()
		if out.Publish == nil {
			return
		}
		require.Empty(t, out.Publish.Moves, "nothing is granted before it is let go")
		require.Equal(t, out.Publish.Revokes, out.Outstanding)
		w.serveAll()
		out = w.post()
		require.Len(t, out.Publish.Moves, out.Outstanding)
		require.Equal(t, 3, w.posted)
		require.EqualValues(t, 2, w.table.Version, "both steps are one version")
		out = w.post()
		require.Zero(t, out.Outstanding)
		require.Nil(t, out.Publish)
		for k, id := range w.set.IDs {
			owner, _, _ := w.table.Owner(id)
			require.Equal(t, w.target.Seats[w.target.Owner[k]].Worker, owner)
		}
	})
}

// serveAll lets every worker apply, drain and say so.
func (w *world) serveAll() {
	for _, p := range w.procs {
		w.apply(p)
		clear(p.drains)
		w.beat(p)
		w.look(p.worker)
	}
}
