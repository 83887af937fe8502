package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

// An older copy of the store is noticed by everybody who remembers more, by the next
// heartbeat. Nothing is granted in it. When it was deleted the group goes on, under
// later tokens.
//
// hazards 47, 57 and 60
func TestNobodyTrustsAnOlderCopy(t *testing.T) {
	for seed := range uint64(20) {
		w, all := groupOn(t, seed, 1+2*int(seed%2))
		copied := w.Backup()
		require.False(t, w.GoBack(copied), "nobody has seen more than it has")
		w.Start("late", sim.Habits{})
		well(t, w, 20*time.Second)
		require.True(t, w.GoBack(copied))
		heads := w.Check.Heads()
		well(t, w, w.Settings().HeartbeatInterval+w.Settings().StoreTimeout/2)
		for _, p := range all {
			require.Empty(t, p.Heard.Assignment.All)
			require.Contains(t, p.Heard.Health.Reason, "older copy", "seed %d: %s", seed, w.Trace.End(60))
		}
		require.Empty(t, w.Check.Working())
		require.Equal(t, heads, w.Check.Heads())
		require.False(t, w.Replaced(copied))
		w.Recreate()
		require.True(t, w.Replaced(copied))
		well(t, w, 30*time.Second)
		covered(t, w)
	}
}

// Records that expire are noticed, sooner or later by how old they are: the group
// goes on in the same incarnation, and nobody owns what another one may still own.
//
// hazards 47 and 57
func TestRecordsExpire(t *testing.T) {
	for seed := range uint64(10) {
		w, all := group(t, seed)
		w.Expire(time.Duration(seed) * 100 * time.Millisecond)
		well(t, w, 10*time.Second)
		all[0].Stop(false)
		well(t, w, 30*time.Second)
		covered(t, w)
	}
	s := sim.NewStore(&sim.Timeline{})
	require.Nil(t, s.Copy("none"))
	require.Empty(t, s.Expire("none", 0))
}
