package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// The machines of the server, of the leader and of two others lose power, and with it the last
// batch, which gave what a dead worker had to the others. The one that is left cannot reach the
// store for a while, and by then as much was written as was lost: it notices nothing, and says
// what it has applied. Who comes anew remembers nothing, leads, sees that, and gives the table
// up: nothing is granted before every lease that may run is over. Whoever had noticed would
// have marked the store, and nothing would be granted at all.
//
// hazards 57 and 60
func TestABatchIsLost(t *testing.T) {
	for _, seed := range []uint64{1, 5} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { aBatchIsLost(t, seed) })
	}
}

func aBatchIsLost(t *testing.T, seed uint64) {
	set := partition.Fast()
	set.ColdStartWindow, set.PlannedScaleWindow, set.SettleTime = 3*time.Second, 3*time.Second, 3*time.Second
	w := sim.NewWorld(sim.Config{Seed: seed, Settings: set, Partitions: named(24), Replicas: 3})
	defer w.Close()
	for i := range 5 {
		w.Start(fmt.Sprintf("w%d", i+1), sim.Habits{})
	}
	require.True(t, w.RunUntil(time.Minute, func() bool { return settled(w) }), w.Broken(lines))
	var others []*sim.Process
	for _, p := range w.Processes() {
		if p != w.Leader() {
			others = append(others, p)
		}
	}
	before, lost, fenced, given := w.Store.Copy("KV_"+sim.Group), false, time.Duration(0), time.Duration(0)
	w.Store.Observe(func(c sim.Commit) {
		batch := make([]bridge.Message, len(c.Messages))
		for i, m := range c.Messages {
			batch[i].Subject = m.Subject
		}
		head := writes(batch, "head")
		switch now := w.Timeline.Now(); {
		case lost && head && given == 0:
			given = now
		case lost && writes(batch, "journal") && given == 0:
			fenced = now
		case lost:
		case head && writes(batch, "live"):
			lost = true
			copied := before
			w.Plan(3500*time.Microsecond, func() { others[1].Port.Disconnect(900 * time.Millisecond) })
			w.Plan(4*time.Millisecond, func() {
				for _, p := range []*sim.Process{w.Leader(), others[2], others[3]} {
					p.Crash()
				}
				w.Store.GoBack(copied)
				w.Check.WentBack()
			})
			for i := range 3 {
				w.Plan(300*time.Millisecond, func() { w.Start(fmt.Sprintf("n%d", i+1), sim.Habits{}) })
			}
		default:
			before = w.Store.Copy("KV_" + sim.Group)
		}
	})
	others[0].Crash()
	require.True(t, w.RunUntil(time.Minute, func() bool { return lost }), w.Broken(lines))
	require.True(t, w.RunUntil(20*time.Second, func() bool { return given != 0 && restful(w, w.Processes()) }), w.Trace.End(lines))
	require.Positive(t, fenced, "the table is given up")
	require.GreaterOrEqual(t, given-fenced, w.Settings().Lease)
	require.Len(t, w.Processes(), 4)
	require.False(t, w.Check.Marked(), "nobody noticed")
	w.Recreate()
	again := 5*time.Second + w.Settings().StableBound(partition.Setbacks{Recreated: true})
	require.True(t, w.RunUntil(again, func() bool { return settled(w) }), w.Trace.End(lines))
}
