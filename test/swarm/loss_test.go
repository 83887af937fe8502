package swarm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// Who may own something yet when a head is lost, and was not fenced for that.

// loses lets the head of a group be lost, and waits for the first fence of the term that
// finds none.
func loses(t *testing.T, w *sim.World) {
	t.Helper()
	fenced := false
	w.Store.Observe(func(c sim.Commit) {
		for _, m := range c.Messages {
			_, record, _ := bridge.Inspect(m.Subject, m.Data)
			r, _ := record.(partition.Live)
			fenced = fenced || r.Fence != nil && !r.Fence.AfterSilence
		}
	})
	w.Expire(time.Second)
	w.Leader().Crash()
	require.True(t, w.RunUntil(time.Minute, func() bool { return fenced }), w.Broken(lines))
}

// recovers lives on until all is owned again. Some are away until their leases are over.
func recovers(t *testing.T, w *sim.World, away ...*sim.Process) {
	t.Helper()
	require.True(t, w.Run(6*w.Settings().Lease), w.Broken(lines))
	for _, p := range away {
		p.Port.Heal()
	}
	bound := w.Settings().StableBound(partition.Setbacks{Recreated: true})
	require.True(t, w.RunUntil(2*bound, func() bool { return settled(w) }), w.Trace.End(lines))
}

// The subscriber of the leader lets nothing go, and its record says so a while later.
func TestALossThatTheLeaderSharesLate(t *testing.T) {
	key := "none"
	holds := func(batch []bridge.Message) bool { return !writes(batch, "journal") && writes(batch, key) }
	w, _ := three(t, sim.Habits{Confirm: true, LetGo: sim.Never, Build: func(port bridge.Port) bridge.Port { return withheld{port, holds} }})
	loses(t, w)
	key = "live." + string(w.Leader().Heard.Assignment.Worker)
	require.True(t, w.Run(w.Settings().Lease/3), w.Broken(lines))
	key = "none"
	recovers(t, w)
}

// Somebody renews until its twin takes its place, and hears of neither that nor of a fence.
func TestALossAndATwin(t *testing.T) {
	key := "none"
	holds := func(batch []bridge.Message) bool { return fences(batch) && writes(batch, key) }
	w, _ := three(t, sim.Habits{Build: func(port bridge.Port) bridge.Port { return withheld{port, holds} }})
	old := w.Start("w4", sim.Habits{InstanceKey: "key", NeverLead: true})
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(old.Heard.Assignment.All) > 0 && settled(w) }), w.Broken(lines))
	require.True(t, w.Run(5*time.Second), w.Broken(lines))
	key = "live." + string(old.Heard.Assignment.Worker)
	loses(t, w)
	require.True(t, w.Run(w.Settings().Lease*9/10), w.Broken(lines))
	require.NotEmpty(t, old.Heard.Assignment.All)
	old.Port.Cut()
	w.Start("w5", sim.Habits{InstanceKey: "key", NeverLead: true})
	recovers(t, w, old)
}

// Somebody with a longer lease is fenced, hears nothing of it, and another one takes its ID.
func TestALossAndALongerLease(t *testing.T) {
	w, _ := three(t, sim.Habits{})
	old := w.Start("w4", sim.Habits{NeverLead: true, Differ: func(s *partition.Settings) { s.Lease *= 4 }})
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(old.Heard.Assignment.All) > 0 && settled(w) }), w.Broken(lines))
	require.True(t, w.Run(5*time.Second), w.Broken(lines))
	loses(t, w)
	old.Port.Cut()
	for _, name := range []string{"w5", "w6"} { // one has that of the former leader
		w.Start(name, sim.Habits{NeverLead: true})
	}
	recovers(t, w, old)
}

// deaf is a port whose process hears nothing of its own assignment while that holds.
type deaf struct {
	bridge.Port
	holds func() bool
}

func (d deaf) Watch(filter string, within time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	if !strings.Contains(filter, ".asg.worker") {
		return d.Port.Watch(filter, within, each, gone)
	}
	var late []bridge.Sights
	return d.Port.Watch(filter, within, func(s bridge.Sights) {
		if late = append(late, s); d.holds() {
			return
		}
		for _, s := range late {
			each(s)
		}
		late = nil
	}, gone)
}

// The table of a term is damaged, and the worker of its leader hears late what the term gave
// it before.
func TestALossThatTheLeaderHearsLate(t *testing.T) {
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: named(20)})
	t.Cleanup(w.Close)
	head, lost, fenced := "", false, false
	w.Store.Observe(func(c sim.Commit) {
		for _, m := range c.Messages {
			_, record, _ := bridge.Inspect(m.Subject, m.Data)
			if _, is := record.(partition.Head); is {
				head = m.Subject
			}
			r, _ := record.(partition.Live)
			fenced = fenced || lost && r.Fence != nil
		}
	})
	for i := range 3 {
		name := fmt.Sprintf("w%d", i+1)
		waits := func() bool { return !fenced && w.Leader() != nil && w.Leader().Name == name }
		w.Start(name, sim.Habits{Confirm: true, LetGo: 100 * time.Millisecond, Build: func(port bridge.Port) bridge.Port { return deaf{port, waits} }})
	}
	require.True(t, w.RunUntil(time.Minute, func() bool { return head != "" }), w.Broken(lines))
	lost = true
	w.Store.Publish(sim.Vandal, w.Timeline.Now(), []bridge.Message{{Subject: head, Data: []byte("no record")}})
	w.Start("w4", sim.Habits{})
	require.True(t, w.RunUntil(time.Minute, func() bool { return fenced }), w.Broken(lines))
	recovers(t, w)
}
