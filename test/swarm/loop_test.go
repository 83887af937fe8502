package swarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// looped is how often somebody crashes in a loop, at most.
const looped = 12

// loops lets somebody crash and come back under its instance key again and again, now and
// then, mostly faster than its lease is over.
func (l *life) loops() {
	l.habits = func(h *sim.Habits) {
		if h.InstanceKey == "" {
			h.InstanceKey = fmt.Sprintf("loop-%d", l.born)
		}
	}
	l.later(l.world.Soon(20*time.Second), func() {
		if p := l.somebody(); p != nil {
			l.loop(p, 2+l.world.Random.IntN(looped-1))
		}
		l.loops()
	})
	l.mend = func() { l.loopsOn(l.join("")) }
}

// loopsOn lets somebody crash and come back again and again, until everything is owned all
// the same. Then somebody is sometime there for long enough to be given something.
func (l *life) loopsOn(p *sim.Process) {
	l.world.Plan(l.world.Soon(l.settings.Lease), func() {
		if p.Ended() || l.covered() {
			return
		}
		p.Crash()
		l.world.Plan(l.world.Soon(l.settings.Lease/4), func() { l.loopsOn(l.join(p.Habits.InstanceKey)) })
	})
}

// loop is so many crashes of who has the key of this process, unless it ends otherwise.
func (l *life) loop(p *sim.Process, times int) {
	if times == 0 || p.Ended() {
		return
	}
	p.Crash()
	l.world.Plan(l.world.Soon(l.settings.Lease/4), func() {
		next := l.join(p.Habits.InstanceKey)
		l.later(l.world.Soon(l.settings.Lease), func() { l.loop(next, times-1) })
	})
}

// Who crashes and is back again and again, before its lease is over, gets its partitions
// whenever the lease of the one who had them is over, however long that goes on. Nobody
// else gives anything up.
func TestACrashLoop(t *testing.T) {
	w, _ := three(t, sim.Habits{})
	p := w.Start("w4", sim.Habits{InstanceKey: "key"})
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(p.Heard.Assignment.All) > 0 && settled(w) }), w.Broken(lines))
	has := len(p.Heard.Assignment.All)
	wait, transfers := w.Settings().Wait(w.Settings().Lease), w.Check.Transfers()
	born := 4
	for range 10 {
		moves, began := w.Check.Moves(), w.Timeline.Now()
		for w.Check.Moves() == moves {
			require.Less(t, w.Timeline.Now()-began, 3*wait, w.Trace.End(lines))
			p.Crash()
			require.True(t, w.Run(w.Soon(wait/10)), w.Broken(lines))
			born++
			p = w.Start(fmt.Sprintf("w%d", born), sim.Habits{InstanceKey: "key"})
			require.True(t, w.Run(wait/10+w.Soon(wait/2)), w.Broken(lines))
		}
		require.Equal(t, moves+has, w.Check.Moves())
	}
	require.Equal(t, transfers, w.Check.Transfers())
	require.True(t, w.RunUntil(w.Settings().StableBound(partition.Setbacks{}), func() bool { return settled(w) }), w.Trace.End(lines))
}
