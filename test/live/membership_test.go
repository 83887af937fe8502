package live

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func TestLifecycle(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	w := g.join("alone")
	g.atRest(w)

	life := []messages.State{messages.Init, messages.ClaimingID, messages.Election, messages.WaitingAssignment, messages.Stable}
	seen := withoutRepeats(g.ledger.read(w).states) // from the subscription on
	seen = seen[:slices.Index(seen, messages.Stable)+1]
	require.LessOrEqual(t, len(seen), len(life), "%v", seen)
	require.Equal(t, life[len(life)-len(seen):], seen)
	var s messages.Snapshot
	g.until("it leads", func() bool { s = w.snapshot(); return s.Leading })
	require.Equal(t, partition.WorkerID("worker-0"), s.Worker)
	require.True(t, s.Healthy, s.Reason)
	require.Len(t, s.Owned, 24)

	require.NoError(t, w.stop())
	p := g.ledger.read(w)
	require.Equal(t, messages.Shutdown, p.states[len(p.states)-1])
	require.Empty(t, p.owned, "everything is let go before the end")

	next := g.join("next")
	g.atRest(next)
	require.Equal(t, partition.WorkerID("worker-0"), next.id(), "a released ID is used again")
	require.Greater(t, next.snapshot().Version, s.Version)
	require.NoError(t, next.stop())
}

// withoutRepeats drops states that follow themselves, as after a subscription.
func withoutRepeats(states []messages.State) []messages.State {
	var out []messages.State
	for _, s := range states {
		if len(out) == 0 || out[len(out)-1] != s {
			out = append(out, s)
		}
	}
	return out
}

func TestJoinAndLeave(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	all := g.start(3)
	leads, others := g.leader(all...)
	require.ElementsMatch(t, []partition.WorkerID{all[0].id(), all[1].id(), all[2].id()}, leads.snapshot().Members)
	require.Zero(t, leads.snapshot().Unowned)

	require.NoError(t, others[0].stop())
	g.atRest(leads, others[1])
	require.NoError(t, leads.stop())
	g.atRest(others[1])
	g.until("the last one leads", func() bool { return others[1].snapshot().Leading })
	require.NoError(t, others[1].stop())
}

func TestCrash(t *testing.T) {
	beside(t)
	g := newGroup(t, mortal(), 24)
	all := g.start(3)
	leads, others := g.leader(all...)

	others[0].crash()
	g.atRest(leads, others[1])
	require.Contains(t, g.ledger.read(leads).states, messages.Emergency)
	require.Len(t, leads.snapshot().Members, 2)
}

func TestLeaderCrash(t *testing.T) {
	beside(t)
	g := newGroup(t, mortal(), 24)
	all := g.start(3)
	leads, others := g.leader(all...)
	term, version := leads.snapshot().Term, leads.snapshot().Version

	leads.crash()
	g.atRest(others...)
	next, _ := g.leader(others...)
	require.Greater(t, next.snapshot().Term, term)
	require.Greater(t, next.snapshot().Version, version)
}

func TestLeaderAndWorkerCrashTogether(t *testing.T) {
	beside(t)
	g := newGroup(t, mortal(), 24)
	all := g.start(4)
	leads, others := g.leader(all...)

	leads.crash()
	others[0].crash()
	g.atRest(others[1:]...)
}

// A worker that was cut off for longer than its lease has let everything go by
// itself, and comes back under a new session.
func TestIsolation(t *testing.T) {
	beside(t)
	g := newGroup(t, mortal(), 24)
	all := g.start(3)
	leads, others := g.leader(all...)
	away := others[0]
	session := away.snapshot().Session

	away.cable.cut()
	g.atRest(leads, others[1])
	g.ledger.await("the isolated worker has let go", func() bool { return len(g.ledger.pages[away].owned) == 0 })
	require.Equal(t, messages.Degraded, away.snapshot().State)
	require.False(t, away.snapshot().Healthy)

	away.cable.mend()
	g.atRest(all...)
	require.NotEqual(t, session, away.snapshot().Session)
	require.True(t, away.snapshot().Healthy)
}

func TestGetOwner(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 12)
	all := g.start(3)
	for _, w := range all {
		for _, o := range w.snapshot().Owned {
			for _, asked := range all {
				got := ask[messages.Owner](asked, messages.GetOwner{Partition: o.ID})
				require.Equal(t, messages.Owner{Partition: o.ID, Worker: w.id(), Token: o.Token, Entered: o.Entered}, got)
			}
		}
	}
	got := ask[messages.Owner](all[0], messages.GetOwner{Partition: "nowhere"})
	require.Empty(t, got.Worker)

	// Everybody tells why, too, from the same journal.
	mine := all[1].snapshot().Owned[0]
	for _, asked := range all {
		b, err := bridge.Why(t.Context(), asked.system, asked.manager, mine.ID)
		require.NoError(t, err)
		require.Equal(t, all[1].id(), b.Owner)
		require.Equal(t, partition.Step(mine.Token), b.Granted.Step)
		require.Equal(t, all[1].id(), b.Move.To, b.String())
		require.NotEmpty(t, b.Granted.Evidence)
		journal, err := bridge.Journal(t.Context(), asked.system, asked.manager, 5)
		require.NoError(t, err)
		require.NotEmpty(t, journal)
		require.GreaterOrEqual(t, journal[0].Step, partition.Step(mine.Token))
	}
	b, err := bridge.Why(t.Context(), all[0].system, all[0].manager, "nowhere")
	require.NoError(t, err)
	require.True(t, b.Gone)
	require.NoError(t, all[2].stop())
	_, err = bridge.Why(t.Context(), all[2].system, all[2].manager, mine.ID)
	require.ErrorContains(t, err, "the manager has ended")
}
