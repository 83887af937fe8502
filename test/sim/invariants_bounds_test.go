package sim

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// What a process takes is bounded; one more breaks I9.
func TestBounds(t *testing.T) {
	open := func(n int) []*bridge.Op { return make([]*bridge.Op, n) }
	for word, takes := range map[string]func(p *Process, over int){
		"messages at one instant":          func(p *Process, over int) { p.lane.steps += mostMail + over },
		"timers, of at most 800":           func(p *Process, over int) { p.lane.open[Timers] = mostTimers + over },
		"answers of the store":             func(p *Process, over int) { p.Port.open = open(mostOpen + over) },
		"asks the store 251 times within":  func(p *Process, over int) { p.Port.asked += mostAsked + over },
		"writes 101 times within a second": func(p *Process, over int) { p.Port.written += mostWritten + over },
	} {
		w, p := worldOfOne(t)
		takes(p, 0)
		w.bounded(p)
		require.Empty(t, w.Broken(0))
		w.Timeline.Advance(2 * time.Second)
		w.bounded(p) // another second begins
		takes(p, 1)
		w.bounded(p)
		require.Contains(t, w.Broken(0), "I9 is broken at 2.000 s: w1 ")
		require.Contains(t, w.Broken(0), word)
	}
}

// Each of many workers may have to be asked for, and to be fenced.
func TestBoundsOfACrowd(t *testing.T) {
	w, p := worldOfOne(t)
	for i := range crowd + 7 {
		w.Check.archive.latest[partition.WorkerIDAt("many", i)] = shown{}
	}
	more := len(w.Check.archive.latest) - crowd
	p.Port.open, p.Port.asked = make([]*bridge.Op, mostOpen+more), mostAsked+perWorker*more
	p.Port.written = mostWritten + perFence*more
	w.bounded(p)
	require.Empty(t, w.Broken(0))
	p.Port.open = append(p.Port.open, nil)
	w.bounded(p)
	require.Contains(t, w.Broken(0), "answers of the store")

	w, p = worldOfOne(t)
	p.Port.written = mostWritten + 1
	w.bounded(p)
	require.Contains(t, w.Broken(0), "writes 101 times", "of a few")
}

// While nothing happens less is taken.
func TestBoundsAtRest(t *testing.T) {
	s := partition.Fast()
	writes := int(9*s.Lease*time.Duration(FastestRate)/time.Duration(TrueRate)/s.HeartbeatInterval) + 2
	for word, takes := range map[string]func(p *Process){
		"writes 38 times":    func(p *Process) { p.Port.written++ },
		"asks the store 118": func(p *Process) { p.Port.asked += idleLooks*20 + 1 },
		"has set 61 timers":  func(p *Process) { p.lane.open[Timers] = idleTimers + 1 },
	} {
		w, p := worldOfOne(t)
		p.Port.written, p.Port.asked, p.lane.open[Timers] = 7, 7, idleTimers
		took := w.Took()
		p.Port.written += writes
		p.Port.asked += writes
		require.True(t, w.Idle(9*s.Lease, took), w.Broken(0))
		takes(p)
		require.False(t, w.Idle(9*s.Lease, took))
		require.Contains(t, w.Broken(0), "I9 is broken")
		require.Contains(t, w.Broken(0), word)
	}
}

// echo says to itself what it hears.
type echo struct{}

func (echo) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(string); ok {
		ctx.Send(ctx.Self(), m)
	}
}

// Mail that never ends ends the life.
func TestMailThatGoesRound(t *testing.T) {
	w, _ := worldOfOne(t)
	w.patience = 1000
	root := w.system.system.Root
	pid := root.Spawn(stage.Under(stage.Props(func() actor.Actor { return echo{} }), w.scheduler.Dispatcher()))
	require.True(t, w.Run(time.Second), w.Broken(0))
	root.Send(pid, "round")
	require.False(t, w.Run(time.Second))
	require.Contains(t, w.Broken(0), "I9 is broken at 1.000 s: mail goes round: 1000 messages")
}
