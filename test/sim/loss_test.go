package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// An older copy of the store is noticed by everybody who remembers more, by the next
// heartbeat. Nothing is granted in it, however long it stays, and nobody says that all is
// well. When it was deleted the group goes on, under later tokens.
//
// hazards 47, 57 and 60
func TestNobodyTrustsAnOlderCopy(t *testing.T) {
	for seed := range uint64(20) {
		w, all := groupOn(t, seed, 1+2*int(seed%2))
		copied := w.Backup()
		require.False(t, w.GoBack(copied), "nobody has seen more than it has")
		all = append(all, w.Start("late", sim.Habits{}))
		well(t, w, 20*time.Second)
		require.True(t, w.GoBack(copied))
		heads := w.Check.Heads()
		for _, while := range []time.Duration{w.Settings().HeartbeatInterval + w.Settings().StoreTimeout/2, time.Minute} {
			well(t, w, while)
			for _, p := range all {
				require.Empty(t, p.Heard.Assignment.All)
				require.False(t, p.Heard.Health.Healthy, p.Name)
				require.Contains(t, p.Heard.Health.Reason, "older copy", "seed %d: %s", seed, w.Trace.End(60))
			}
			require.Empty(t, w.Check.Working())
			require.Equal(t, heads, w.Check.Heads())
		}
		require.False(t, w.Replaced(copied))
		w.Recreate()
		require.True(t, w.Replaced(copied))
		well(t, w, 30*time.Second)
		covered(t, w)
	}
}

// Who remembers more marks an older copy. Whoever remembers nothing trusts it until then, and
// may even lead in it; then it has no lead any more, and grants nothing. Nor does who comes
// later, also when nobody is left who remembers, until the stream was deleted.
//
// hazards 47, 57 and 60
func TestNobodyTrustsAMarkedCopy(t *testing.T) {
	for seed := range uint64(10) {
		w, all := groupOn(t, seed, 1+2*int(seed%2))
		s, copied := w.Settings(), w.Backup()
		well(t, w, 20*time.Second)
		for _, p := range all {
			p.Pause(s.LeadWait() + 200*time.Millisecond)
		}
		require.True(t, w.GoBack(copied))
		heads := w.Check.Heads()
		fresh := []*sim.Process{w.Start("f1", sim.Habits{}), w.Start("f2", sim.Habits{}), w.Start("f3", sim.Habits{NeverLead: true})}
		well(t, w, s.LeadWait()+100*time.Millisecond)
		require.Contains(t, w.Trace.End(60), "this worker leads", "seed %d", seed)
		require.False(t, w.Check.Marked())
		well(t, w, 100*time.Millisecond+s.HeartbeatInterval+s.StoreTimeout)
		require.True(t, w.Check.Marked(), "seed %d: %s", seed, w.Trace.End(60))

		nobody := func(processes []*sim.Process) {
			for _, p := range processes {
				require.Empty(t, p.Heard.Assignment.All, p.Name)
				require.False(t, p.Heard.Health.Healthy, p.Name)
				require.Contains(t, p.Heard.Health.Reason, "older copy", "seed %d, %s: %s", seed, p.Name, w.Trace.End(60))
			}
			require.Empty(t, w.Check.Working())
			require.Equal(t, heads, w.Check.Heads())
		}
		well(t, w, 2*s.LeaderLease+s.LeadRenewal()+s.StoreTimeout)
		nobody(slices.Concat(all, fresh))
		for _, p := range slices.Concat(all, fresh) {
			p.Crash()
		}
		fresh = []*sim.Process{w.Start("f4", sim.Habits{}), w.Start("f5", sim.Habits{})}
		for _, while := range []time.Duration{3 * time.Second, time.Minute} {
			well(t, w, while)
			nobody(fresh)
		}
		w.Recreate()
		well(t, w, 35*time.Second)
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

// The record of somebody who crashed expires before it was fenced, and the leader began its
// term since: it has no older record of its own. It finds out that there is nothing to fence,
// and gives everything away when the lease must have ended.
//
// hazard 57
func TestARecordExpiresOfWhoIsToBeFenced(t *testing.T) {
	for seed := range uint64(10) {
		w, all := group(t, seed)
		s := w.Settings()
		first := w.Leader()
		dead := all[slices.IndexFunc(all, func(p *sim.Process) bool { return p != first })]
		dead.Crash()
		well(t, w, 200*time.Millisecond)
		first.Stop(false)
		well(t, w, 600*time.Millisecond)
		require.True(t, first.Ended())
		require.NotNil(t, w.Leader(), w.Trace.End(60))
		w.Expire(780 * time.Millisecond)
		well(t, w, 2*s.Wait(s.Lease)+s.StoreTimeout)
		covered(t, w)
	}
}

// The stream is deleted while workers own partitions, and hear nothing of it: whoever
// joins then makes it anew, and waits until their leases have ended. That the checker
// would see it shows a joiner that says, against the truth, that the store is fresh.
//
// hazard 57
func TestAJoinerThatMakesTheStreamAnewWaitsForTheLeasesOfBefore(t *testing.T) {
	settings := partition.Fast()
	settings.ColdStartWindow, settings.PlannedScaleWindow = partition.Off, partition.Off
	begin := func(seed uint64, fresh bool) (*sim.World, *sim.Process) {
		w := sim.NewWorld(sim.Config{Seed: seed, Settings: settings, Partitions: partitions(12), Fresh: true})
		t.Cleanup(w.Close)
		var all []*sim.Process
		for _, name := range []string{"w1", "w2", "w3"} {
			all = append(all, w.Start(name, sim.Habits{Rate: w.Clocks()}))
		}
		well(t, w, 500*time.Millisecond)
		covered(t, w) // it was fresh for them: nobody waited
		for _, p := range all {
			p.Pause(settings.Lease - settings.StoreTimeout)
		}
		w.Recreate()
		return w, w.Start("late", sim.Habits{Fresh: fresh, Rate: w.Clocks()})
	}
	for seed := range uint64(20) {
		w, late := begin(seed, false)
		well(t, w, settings.Lease-settings.StoreTimeout-time.Millisecond)
		require.Empty(t, late.Heard.Assignment.All, "seed %d", seed)
		well(t, w, 20*time.Second)
		covered(t, w)
		require.Len(t, late.Heard.Assignment.All, 3)

		w, _ = begin(seed, true)
		require.False(t, w.Run(20*time.Second))
		require.Regexp(t, `^I4 is broken at .*: late begins with p\d+ .* while the handler of w\d owns it`, w.Broken(0))
	}
}
