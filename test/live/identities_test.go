//go:build unix

package live

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// identified demands that each process has an ID of its own, that nobody else has
// one, and that all of it came about soundly.
func (g *group) identified(all ...*process) *history {
	g.t.Helper()
	var ids []partition.WorkerID
	for _, p := range all {
		is := p.ask()
		require.NotContains(g.t, ids, is.worker, "an ID is one process's")
		ids = append(ids, is.worker)
	}
	h := g.history()
	h.sound(g.t)
	require.ElementsMatch(g.t, ids, h.check.Claimed(), "claims are those of the processes, and no other is left")
	return h
}

// named waits until a process has an ID.
func (p *process) named() partition.WorkerID {
	p.g.t.Helper()
	p.g.ledger.await(p.name+" has an ID", func() bool { return p.is.session != "" })
	return p.is.worker
}

// Processes that claim at the same time get an ID each.
func TestIdentities_ClaimedAtOnce(t *testing.T) {
	g := groupWithHistory(t, childSettings(), childPartitions)
	crew := g.crew()
	var all []*process
	for i := range 4 {
		all = append(all, crew.spawn(fmt.Sprint("p", i), func(o *orders) { o.Patient, o.Waits = true, true }))
	}
	for _, p := range all {
		_, err := fmt.Fprintln(p.asks, "begin")
		require.NoError(t, err)
	}
	g.atRest(workersOf(all)...)
	g.identified(all...)
	for _, p := range all {
		p.stop()
	}
	g.identified()
}

// Two processes with one InstanceKey: the second one takes the ID of the first,
// which learns it, takes another one, warns, and never replaces back.
func TestIdentities_Twins(t *testing.T) {
	g := groupWithHistory(t, childSettings(), childPartitions)
	crew := g.crew()
	leads := crew.spawn("leads", func(o *orders) { o.Patient = true })
	g.atRest(leads.worker)
	twin := func(o *orders) { o.Key, o.Patient = "twin", true }
	first := crew.spawn("first", twin)
	g.atRest(leads.worker, first.worker)
	was := first.ask()
	second := crew.spawn("second", twin)
	g.atRest(leads.worker, first.worker, second.worker)

	h := g.identified(leads, first, second)
	require.Equal(t, was.worker, second.ask().worker)
	require.Contains(t, first.warning, `InstanceKey "twin" is used by another process`)
	require.Empty(t, second.warning)
	require.Equal(t, map[partition.WorkerID][]partition.SessionID{
		leads.ask().worker: {leads.ask().session}, first.ask().worker: {first.ask().session},
		was.worker: {was.session, second.ask().session},
	}, h.sessions())
}

// A process sleeps past its lease, and another one takes its ID: when it wakes it
// has neither ID nor partitions, and takes what is free.
//
// hazard 11
func TestIdentities_TakenWhileAsleep(t *testing.T) {
	g := groupWithHistory(t, childSettings(), childPartitions)
	crew := g.crew()
	sleeper, other := crew.spawn("sleeper"), crew.spawn("other")
	g.atRest(sleeper.worker, other.worker)
	was := sleeper.ask()
	sleeper.pause()
	g.atRest(other.worker)
	heir := crew.spawn("heir")
	g.atRest(other.worker, heir.worker)
	require.Equal(t, was.worker, heir.ask().worker, "the ID is free: its session was fenced")

	sleeper.resume()
	sleeper.wakesWithNothing()
	g.atRest(other.worker, heir.worker, sleeper.worker)
	g.identified(other, heir, sleeper)
	require.Equal(t, was.worker, heir.ask().worker)
}

// A range in which every ID is somebody's: whoever comes next says so and waits,
// and takes the ID of the first who leaves.
func TestIdentities_RangeExhausted(t *testing.T) {
	g := groupWithHistory(t, childSettings(), childPartitions)
	crew := g.crew()
	few := func(o *orders) { o.IDs, o.Patient = 2, true }
	one, two := crew.spawn("one", few), crew.spawn("two", few)
	g.atRest(one.worker, two.worker)
	late := crew.spawn("late", few)
	g.ledger.await("the third says what it lacks", func() bool {
		return strings.Contains(g.ledger.pages[late.worker].health.Reason, "no worker ID from worker-0 to worker-1 is free")
	})
	require.Empty(t, late.ask().session)
	g.identified(one, two)

	id := one.ask().worker
	one.stop()
	g.atRest(two.worker, late.worker)
	require.Equal(t, id, late.ask().worker)
	g.identified(two, late)
}

// A process that crashes again and again does not use the range up: the ID of the
// one before is free when its lease is over.
//
// hazard 15
func TestIdentities_CrashLoop(t *testing.T) {
	g := groupWithHistory(t, childSettings(), childPartitions)
	crew := g.crew()
	few := func(o *orders) { o.IDs = 2 }
	steady := crew.spawn("steady", few)
	g.atRest(steady.worker)
	for range 2 {
		p := crew.spawn("crashes", few)
		p.named()
		p.kill()
	}
	last := crew.spawn("last", few)
	g.atRest(steady.worker, last.worker)
	g.identified(steady, last)
}

// Processes that are told to stop while they claim leave no claim behind.
//
// hazard 13
func TestIdentities_StoppedWhileClaiming(t *testing.T) {
	g := groupWithHistory(t, childSettings(), childPartitions)
	crew := g.crew()
	first := crew.spawn("first")
	g.atRest(first.worker)
	for range 5 {
		p := crew.spawn("brief")
		g.ledger.await("it claims, or is just done", func() bool {
			states := g.ledger.pages[p.worker].states
			return len(states) > 0 && states[len(states)-1] != messages.Init
		})
		p.signal(syscall.SIGTERM)
		require.NoError(t, p.wait())
	}
	g.atRest(first.worker)
	g.identified(first)
}
