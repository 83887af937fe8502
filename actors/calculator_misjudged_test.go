package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// misjudges lets the leader hear of nobody until it takes these for gone, and decides by
// that. They renew, as the publisher finds out: nothing of it is carried out.
func (r *reckoning) misjudges(workers ...partition.WorkerID) {
	r.t.Helper()
	r.after(r.settings.Wait(r.settings.Lease))
	r.changed()
	r.debouncer.forget()
	r.beats(workers...)
	before := r.table.Step
	require.Equal(r.t, "cold start", r.hand().Cause)
	require.Equal(r.t, before, r.table.Step)
	heard[messages.SendRoster](r.t, r.debouncer)
	done := heard[messages.DecisionDone](r.t, r.manager)
	require.Empty(r.t, done.Cause, "it is no decision that was handed over")
	require.Empty(r.t, done.Unplaced)
	r.changed()
	unheard[messages.HandOver](r.t, r.publisher)
}

// A cold start that was none begins no window: the one that is open goes on, and is doubled at
// most.
func TestCalculator_MisjudgedKeepsItsWindow(t *testing.T) {
	all := []partition.WorkerID{"w-0", "w-1", "w-2"}
	long := func(s *partition.Settings) { s.SettleTime = partition.Off }
	t.Run("of a cold start", func(t *testing.T) {
		r := newReckoning(t, long)
		r.read()
		r.join(all...)
		r.plan()
		r.hand()
		end := r.now.Add(2 * r.settings.ColdStartWindow)
		r.join("w-3")
		all := append(all, "w-3")
		for range 2 {
			r.pass(r.settings.ColdStartWindow-r.settings.Wait(r.settings.Lease)-tick, all...)
			r.manager.forget()
			r.misjudges(all...)
		}
		r.pass(end.Sub(r.now)-tick, all...)
		unheard[messages.MakePlan](t, r.strategy)
		r.pass(2*tick, all...)
		require.Equal(t, partition.Off, r.plan().Input.MoveLimit)
	})
	t.Run("of a join", func(t *testing.T) {
		r := started(t, long, all...)
		r.join("w-3")
		heard[messages.WindowOpened](t, r.manager)
		all := append(all, "w-3")
		r.misjudges(all...)
		end := r.now.Add(r.settings.PlannedScaleWindow)
		require.Equal(t, end, heard[messages.WindowOpened](t, r.manager).Until, "all are back: it began again, as they were gone")
		r.pass(end.Sub(r.now), all...)
		require.Equal(t, partition.Off, r.plan().Input.MoveLimit)
	})
}

// misread answers a hand-over as one that took w for gone, who renewed since.
func (r *reckoning) misread(m messages.HandOver, w partition.WorkerID) {
	r.beats(w)
	r.tell(r.pid, messages.HandedOver{Round: m.Round, Table: r.table, Misjudged: []partition.Witness{r.roster[w]}, At: r.now})
}

// owes is a group of two that started cold, as most were gone: what evens it out, though little,
// is on its way.
func owes(t *testing.T) (*reckoning, messages.HandOver) {
	all := []partition.WorkerID{"w-0", "w-1", "w-2", "w-3", "w-4"}
	r := newReckoning(t, func(s *partition.Settings) { s.MinRebalanceThreshold = 100 })
	r.partitions = 13
	r.read()
	r.join(all...)
	r.plan()
	r.hand()
	r.pass(r.settings.ColdStartWindow, all...)
	r.plan()
	r.hand()
	r.quiet(all...)
	for _, w := range all[2:] {
		r.live(w, partition.Live{Released: true})
	}
	r.changed()
	r.plan()
	r.hand()
	r.pass(r.settings.ColdStartWindow, all[:2]...)
	require.Equal(t, partition.Off, r.plan().Input.MoveLimit)
	r.debouncer.forget()
	return r, heard[messages.HandOver](t, r.publisher)
}

// What was owed before such a decision is owed after it: it is made again, but not before it is
// known who renews, or before all are looked at again.
func TestCalculator_MisjudgedIsDecidedAgain(t *testing.T) {
	for name, known := range map[string]bool{"it is known who renews": true, "all are looked at": false} {
		t.Run(name, func(t *testing.T) {
			r, m := owes(t)
			former := r.roster["w-1"]
			r.misread(m, "w-1")
			heard[messages.SendRoster](t, r.debouncer)
			renewed := r.roster["w-1"]
			r.roster["w-1"] = former
			r.changed()
			unheard[messages.MakePlan](t, r.strategy)
			if known {
				r.roster["w-1"] = renewed
				r.changed()
			} else {
				for r.after(r.settings.PollInterval); len(r.debouncer.mail) == 0; r.after(r.settings.PollInterval) {
					r.due()
				}
				unheard[messages.MakePlan](t, r.strategy)
				r.beats("w-0")
				r.changed()
			}
			require.Equal(t, partition.Off, r.plan().Input.MoveLimit)
			r.hand()
			r.pass(time.Minute, "w-0", "w-1")
			unheard[messages.MakePlan](t, r.strategy) // once
		})
	}
}

// One that replaced another, which was to even something out, owes that; so does one that was
// planned when that ended.
func TestCalculator_MisjudgedOwesWhatItReplaced(t *testing.T) {
	t.Run("on its way", func(t *testing.T) { misjudgedOwes(t, false) })
	t.Run("handed over meanwhile", func(t *testing.T) { misjudgedOwes(t, true) })
}

func misjudgedOwes(t *testing.T, ended bool) {
	all := []partition.WorkerID{"w-0", "w-1", "w-2", "w-3"}
	r := started(t, func(s *partition.Settings) { s.MoveLimit, s.MinRebalanceThreshold = 1, 100 }, all[:3]...)
	r.join("w-3")
	r.pass(r.settings.PlannedScaleWindow, all...)
	require.Equal(t, 1, r.plan().Input.MoveLimit)
	m := heard[messages.HandOver](t, r.publisher)
	r.table = r.unheardOf(m)
	r.tell(r.pid, messages.Published{Round: m.Round, Table: r.table, At: r.now})
	r.live("w-2", partition.Live{Released: true})
	r.changed()
	if ended {
		r.tell(r.pid, messages.HandedOver{Round: m.Round, Table: r.table, Changed: true, Moves: 1, At: r.now})
	}
	r.plan()
	m = heard[messages.HandOver](t, r.publisher)
	require.Equal(t, "leave", m.Cause)
	r.misread(m, "w-0")
	r.live("w-2", partition.Live{Session: "t-w-2", Predecessor: "s-w-2", PredecessorReleased: true})
	r.changed()
	require.Zero(t, r.plan().Input.MoveLimit)
	for _, w := range all {
		is := r.roster[w].Live
		is.Applied = r.table.Step
		r.live(w, is)
	}
	r.hand()
	require.Equal(t, 1, r.owned()["w-3"])
	r.pass(time.Minute, all...)
	require.Equal(t, 1, r.plan().Input.MoveLimit)
}

// A cold start that was none owes nothing.
func TestCalculator_MisjudgedOwesNothingElse(t *testing.T) {
	all := []partition.WorkerID{"w-0", "w-1"}
	r := started(t, nil, all...)
	next := r.next(t)
	next.partitions = 15 // 8 and 7
	for i, id := range []partition.PartitionID{"p012", "p013", "p014"} {
		next.table.Rows = append(next.table.Rows, partition.Row{Partition: id, Seat: int32(i % 2), Token: 5, Pending: partition.None})
	}
	next.read()
	next.changed()
	next.misjudges(all...)
	next.pass(2*next.settings.ColdStartWindow, all...)
	unheard[messages.MakePlan](t, next.strategy)
}
