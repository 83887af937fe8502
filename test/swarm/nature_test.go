package swarm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// features are what a nature has of what others may have, by name.
func (n nature) features() map[string]bool {
	has := map[string]bool{
		"default": n.settings.HeartbeatInterval == time.Second, "long": n.long, "asked": n.asked, "limited": n.rounds > 0,
		"available": n.settings.Ownership == partition.Available, "no window": n.settings.PlannedScaleWindow == partition.Off,
	}
	for _, f := range []sim.Fault{
		sim.Crash, sim.Panic, sim.Denied, sim.NoResponders, sim.FailingHandler, sim.WatchEnds, sim.WatchFades, sim.HeavyTail,
		sim.Lasting, sim.Coincidence, sim.StuckHandler, sim.Unconfirming, sim.NeverLeading, sim.Poisoned,
	} {
		has[f.String()] = n.faults[f] > 0
	}
	return has
}

// In mixed lives each fault, habit and setting is there or not whatever the others are: of any
// two, both, either and none. The settings are within their rules.
func TestMixed(t *testing.T) {
	type pair struct {
		a, b       string
		hasA, hasB bool
	}
	met := map[pair]bool{}
	for seed := range uint64(1000) {
		n := mixed(seed)
		require.NoError(t, n.settings.Validate())
		require.GreaterOrEqual(t, happening(n.faults), leastKinds)
		has := n.features()
		for a := range has {
			for b := range has {
				if a < b {
					met[pair{a, b, has[a], has[b]}] = true
				}
			}
		}
	}
	const features = 20
	require.Len(t, met, features*(features-1)/2*4)
}

// One life in twenty of those of ci is mixed, and half of those after them, none of those whose
// seeds were kept before, and some since. Nothing else is another life for it.
func TestWhichLivesAreMixed(t *testing.T) {
	count := func(from, to uint64) (n int) {
		for s := from; s < to; s++ {
			if mixes(s) {
				n++
			}
		}
		return n
	}
	require.InDelta(t, enough/rare, count(1, afterFirst), 30)
	require.InDelta(t, 500, count(afterFirst, afterFirst+1000), 60)
	since := []uint64{
		45010, 85023, 50201, 50253, 51680, 53015, 57744, 57708, 56119, 5076, 8327, 4110, 10764, 61256, 59328, 11898, 10432, 13411, 17591,
		7114, 24728, 25188, 70507, 72971,
	}
	for _, s := range slices.DeleteFunc(former(t), func(s uint64) bool { return slices.Contains(since, s) }) {
		require.False(t, mixes(s), s)
		require.Equal(t, ordinary(s), natural(s))
	}
}

// Watches end and fade in some mixed lives, of ci too, and in no other: in none of those that were
// kept before that came.
func TestInWhichLivesWatchesEnd(t *testing.T) {
	for _, f := range []sim.Fault{sim.WatchEnds, sim.WatchFades} {
		for _, first := range []uint64{1, afterFirst} {
			mixing, with := 0, 0
			for s := first; s < first+enough; s++ {
				has := natural(s).faults[f] > 0
				require.False(t, has && !mixes(s), s)
				if mixes(s) {
					mixing++
				}
				if has {
					with++
				}
			}
			require.InDelta(t, mixing/8, with, float64(7+mixing/40), f)
		}
		for _, s := range former(t) {
			require.Zero(t, natural(s).faults[f], "%s in %d", f, s)
		}
		l := begin(1, sim.Strong(f), sim.NewSystem())
		require.True(t, l.youth(10*time.Second))
		before := l.world.Trace.Count()
		l.strike(f)
		require.Len(t, l.world.Trace.Since(before), 1, "it strikes")
		l.world.Close()
	}
}

// What processes are like is left out with its name, and some are like that with it.
func TestHabitsHaveNames(t *testing.T) {
	system := sim.NewSystem()
	for _, f := range []sim.Fault{sim.StuckHandler, sim.Unconfirming, sim.NeverLeading} {
		for _, is := range []bool{true, false} {
			n := ordinary(1)
			if !is {
				n.faults[f] = 0
			}
			l := n.begin(1, system)
			l.crowd = 40
			some := false
			for range l.crowd {
				h := l.join("").Habits
				some = some || map[sim.Fault]bool{
					sim.StuckHandler: h.Drain == sim.Never, sim.Unconfirming: h.LetGo == sim.Never, sim.NeverLeading: h.NeverLead,
				}[f]
			}
			require.Equal(t, is, some, f)
			require.Equal(t, is, l.world.Net.Struck()[f] > 0, f)
			l.world.Close()
		}
	}
	for f, whole := range of {
		n := ordinary(1)
		n.faults = usual(1, sim.Strong(whole))
		require.Positive(t, n.faults[f])
		for _, is := range []bool{true, false} {
			if !is {
				n.faults[f] = 0
			}
			l := n.begin(1, system)
			p := l.join("")
			for range 40 {
				if f == sim.Twin {
					l.comeback(l.join(""), time.Second)
				} else {
					l.strike(whole)
				}
			}
			require.Equal(t, is, l.world.Net.Struck()[f] > 0, f)
			require.False(t, p.Ended() && f != sim.Twin)
			l.world.Close()
		}
	}
	require.Zero(t, usual(1, sim.Strong(sim.Crash))[sim.Twin], "nobody comes back")
}

// Where times coincide a fault ends as often as that when some timer is due, and what lasts
// does so for longer than all else.
func TestHowLongFaultsLast(t *testing.T) {
	n := ordinary(1)
	n.faults = sim.Faults{sim.Coincidence: 1}
	l := n.begin(1, sim.NewSystem())
	defer l.world.Close()
	l.join("")
	l.plagues()
	require.True(t, l.world.Run(10*time.Second))
	for range 50 {
		require.Less(t, l.exactly(time.Hour), time.Hour)
	}
	l.world.Net.Faults = sim.Faults{sim.Lasting: 1}
	for range 50 {
		require.GreaterOrEqual(t, l.lasts(), 2*l.settings.RevokeTimeout, "it is among the lengths")
	}
	require.GreaterOrEqual(t, l.strays(), 4*l.settings.RevokeTimeout)
}

// Mixed lives end as well as all others.
func TestMixedLives(t *testing.T) {
	list, trace := seeds(few)
	parallel(list, func(s uint64, system *sim.System) Result { return mixed(s).begin(s, system).live(s, trace) }, func(r Result) {
		if r.Again = fmt.Sprintf("go test -run '^TestMixedLives$' ./test/swarm -args -seed=%d -runs=1", r.Seed); r.Broken != "" {
			t.Errorf("%s", r)
		}
	})
}
