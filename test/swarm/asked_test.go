package swarm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// three is a group of three at rest, and one of them that follows.
func three(t *testing.T, h sim.Habits) (w *sim.World, follows *sim.Process) {
	t.Helper()
	w = sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: named(20)})
	t.Cleanup(w.Close)
	for i := range 3 {
		w.Start(fmt.Sprintf("w%d", i+1), h)
	}
	require.True(t, w.RunUntil(time.Minute, func() bool { return settled(w) }), w.Broken(lines))
	require.True(t, w.Run(5*time.Second), w.Broken(lines))
	all := w.Processes()
	return w, all[slices.IndexFunc(all, func(p *sim.Process) bool { return p != w.Leader() })]
}

// Whoever asks a worker that does not lead for a refresh gets an answer, also while
// it goes on asking: changes that do not end put no decision off for longer than
// DebounceCap.
func TestAskedToRefresh(t *testing.T) {
	w, p := three(t, sim.Habits{})
	s := w.Settings()
	asking := false
	var ask func()
	ask = func() {
		if asking {
			p.Refresh(messages.RefreshPartitions{})
			w.Plan(s.Debounce*2/3, ask)
		}
	}
	for range 4 { // a poll in time may be the reason of some
		heads := w.Check.Heads()
		asking = true
		ask()
		answered := func() bool { return w.Check.Heads() > heads }
		require.True(t, w.RunUntil(s.DebounceCap+s.Debounce, answered), w.Trace.End(lines))
		asking = false
		require.True(t, w.Run(2*s.Debounce), w.Broken(lines))
	}
	require.True(t, w.Run(s.HeartbeatInterval), w.Broken(lines))
	require.Positive(t, p.Heard.Refreshed.Version)
	require.Empty(t, p.Heard.Refreshed.Reason)
}

// Who was asked to drain gets nothing, in a later session either.
func TestAskedToDrain(t *testing.T) {
	w, p := three(t, sim.Habits{})
	p.Drain(false)
	require.True(t, w.RunUntil(10*time.Second, func() bool { return p.Heard.Drained > 0 }), w.Trace.End(lines))
	p.Port.Cut()
	require.True(t, w.Run(3*w.Settings().Lease), w.Broken(lines))
	require.NotEqual(t, messages.Stable, p.Heard.State, "it has lost its session")
	p.Port.Heal()
	require.True(t, w.RunUntil(time.Minute, func() bool { return p.Heard.State == messages.Stable }), w.Trace.End(lines))
	require.True(t, w.Run(30*time.Second), w.Broken(lines))
	require.Empty(t, p.Heard.Assignment.All, w.Trace.End(lines))
	p.Drain(true)
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(p.Heard.Assignment.All) > 0 }), w.Trace.End(lines))
}

// A source that lists nothing for a moment takes nothing from anybody.
func TestASourceThatListsNothing(t *testing.T) {
	w, _ := three(t, sim.Habits{})
	list, heads := w.Partitions(), w.Check.Heads()
	w.List(nil)
	require.True(t, w.Run(time.Second), w.Broken(lines))
	w.List(list)
	require.True(t, w.Run(time.Minute), w.Broken(lines))
	require.Equal(t, heads, w.Check.Heads(), w.Trace.End(lines))
}

// moody plans well, or nonsense.
type moody struct {
	partition.Sticky
	spoil func(partition.Input, partition.Plan) partition.Plan
}

func (m *moody) Plan(in partition.Input) (partition.Plan, error) {
	p, err := m.Sticky.Plan(in)
	if m.spoil != nil && err == nil {
		p = m.spoil(in, slices.Clone(p))
	}
	return p, err
}

// Nobody follows a plan that is none; as soon as there is a good one everybody does.
func TestAStrategyThatPlansNonsense(t *testing.T) {
	for name, spoil := range map[string]func(partition.Input, partition.Plan) partition.Plan{
		"too short": func(_ partition.Input, p partition.Plan) partition.Plan { return p[1:] },
		"nobody":    func(_ partition.Input, p partition.Plan) partition.Plan { p[0] = partition.None; return p },
		"a stranger": func(in partition.Input, p partition.Plan) partition.Plan {
			p[0] = int32(len(in.Members))
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			mood := &moody{}
			w, _ := three(t, sim.Habits{Strategy: mood})
			mood.spoil = spoil
			heads := w.Check.Heads()
			p := w.Start("w4", sim.Habits{Strategy: mood})
			require.True(t, w.Run(20*time.Second), w.Broken(lines))
			require.Equal(t, heads, w.Check.Heads(), w.Trace.End(lines))
			mood.spoil = nil
			bound := w.Settings().StableBound(partition.Setbacks{Resigned: true})
			require.True(t, w.RunUntil(bound, func() bool { return len(p.Heard.Assignment.All) > 0 && settled(w) }), w.Trace.End(lines))
		})
	}
}

// Only where a fault is final does anybody say that only a restart helps.
func TestFinalWithoutAReason(t *testing.T) {
	system := sim.NewSystem()
	for f, allowed := range map[sim.Fault]bool{sim.Denied: true, sim.TooLarge: true, sim.Crash: false} {
		l := begin(1, sim.Strong(f), system)
		p := l.join("")
		require.True(t, l.world.RunUntil(l.bound(), l.covered), l.world.Broken(lines))
		p.Port.Deny(sim.ToWrite)
		well := l.world.RunUntil(l.bound(), p.Ended)
		broken := l.world.Broken(0)
		l.world.Close()
		require.Equal(t, allowed, well, "%s: %s", f, broken)
		require.Equal(t, !allowed, strings.HasPrefix(broken, "Final is broken"), "%s: %s", f, broken)
	}
}
