package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// sink is where effects arrive: it refuses those of a token below the highest.
type sink map[partition.PartitionID]partition.Token

func (s sink) takes(o partition.Owned) bool {
	if o.Token < s[o.ID] {
		return false
	}
	s[o.ID] = o.Token
	return true
}

// work lets a process have an effect for all that it believes to own, and counts
// what the sink takes.
func (s sink) work(p *sim.Process) (taken int) {
	for _, o := range p.Heard.Assignment.All {
		if s.takes(o) {
			taken++
		}
	}
	return taken
}

// A machine that is suspended has a clock that stands still. When it goes on, its
// worker has a lease by its own clock, and works beside the new owners until it
// hears from the store: no lease can prevent that. Its tokens are refused where
// effects arrive, and when it has heard, it is a worker like all others.
//
// hazard 20
func TestASuspendedOwnerIsCaughtByItsTokens(t *testing.T) {
	for seed := range uint64(10) {
		w, all := group(t, seed)
		stale := all[seed%3]
		effects := sink{}
		for _, p := range all {
			require.Equal(t, 4, effects.work(p))
		}
		stale.Ask()
		well(t, w, time.Millisecond)
		leased := stale.Heard.Snapshot.LeaseEnd

		stale.Suspend(20 * time.Second)
		well(t, w, 19*time.Second)
		require.Empty(t, w.Check.Unowned(), "%s", w.Trace.End(60))
		sum := 0
		for _, p := range all {
			if p != stale {
				sum += effects.work(p)
			}
		}
		require.Equal(t, 12, sum, "the others have it all")

		require.True(t, w.RunUntil(2*time.Second, func() bool { return !stale.Paused() }), "%s", w.Broken(60))
		require.True(t, stale.Clock.Now().Before(leased), "it believes in its lease")
		require.Len(t, stale.Heard.Assignment.All, 4, "and in what it owns")
		require.Zero(t, effects.work(stale), "the sink does not")

		well(t, w, 20*time.Second)
		require.Empty(t, w.Check.Unowned(), "%s", w.Trace.End(60))
		for _, p := range all {
			require.Equal(t, 4, effects.work(p), "%s: %s", p.Name, w.Trace.End(60))
		}
	}
}
