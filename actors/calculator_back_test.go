package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// back lets a worker be there again in another session, without telling the calculator.
func (r *reckoning) back(w partition.WorkerID) {
	r.live(w, partition.Live{Session: "again-" + partition.SessionID(w), Predecessor: partition.SessionID("s-" + w), PredecessorReleased: true})
}

// unheardOf is the table after a step of what was handed over, whose answer is still to come.
func (r *reckoning) unheardOf(m messages.HandOver) partition.Table {
	r.t.Helper()
	out := partition.Next(r.table, r.table.Version+1, m.Target, partition.Facts{
		Now: r.now, Rules: r.settings.Rules(time.Time{}), Roster: r.roster, Term: testTerm, Floor: 5000,
	})
	require.NotNil(r.t, out.Publish)
	return out.Publish.Table
}

// A crash that a decision on its way answers is told once, whoever is back meanwhile. Perhaps
// who was silent renewed after all: that is asked when the last one is handed over.
func TestCalculator_BackAfterACrash(t *testing.T) {
	for name, gone := range map[string]bool{"its record says nothing": false, "it has no record": true} {
		t.Run(name, func(t *testing.T) {
			r := started(t, nil, "w-0", "w-1", "w-2", "w-3")
			r.pass(r.settings.Wait(r.settings.Lease)-1, "w-0", "w-1", "w-3")
			r.live("w-1", partition.Live{Released: true})
			if gone {
				delete(r.roster, "w-2")
			}
			r.pass(tick, "w-0", "w-3")
			r.plan()
			require.Equal(t, "crash", heard[messages.HandOver](t, r.publisher).Cause)
			require.True(t, heard[messages.DecisionStarted](t, r.manager).Emergency)
			r.debouncer.forget()
			r.back("w-1")
			r.changed()
			r.plan()
			unheard[messages.DecisionStarted](t, r.manager)
			if gone { // it is waited for
				require.Equal(t, "restart", heard[messages.HandOver](t, r.publisher).Cause)
				return
			}
			r.hand()
			heard[messages.SendRoster](t, r.debouncer)
		})
	}
}

// The window of a cold start is one, whoever is back meanwhile: it is doubled at most.
func TestCalculator_BackInAColdStart(t *testing.T) {
	all := []partition.WorkerID{"w-0", "w-1", "w-2", "w-3", "w-4", "w-5"}
	r := started(t, func(s *partition.Settings) { s.SettleTime = partition.Off }, all...)
	for _, w := range all[1:] {
		r.live(w, partition.Live{Released: true})
	}
	r.changed()
	r.plan()
	require.Equal(t, "cold start", heard[messages.HandOver](t, r.publisher).Cause)
	for i := range all[:2] {
		r.pass(r.settings.ColdStartWindow-tick, all[:i+1]...)
		r.back(all[i+1])
		r.changed()
		r.plan()
		if i == 0 {
			require.Equal(t, "restart", heard[messages.HandOver](t, r.publisher).Cause)
		}
	}
	require.Equal(t, "restart", r.hand().Cause)
	r.pass(2*tick, all[:3]...)
	require.Equal(t, partition.Off, r.plan().Input.MoveLimit)
}

// A decision that may move some of what has an owner does not take back what was granted
// and not heard of when it was made.
func TestCalculator_BackWhileALimitIsKept(t *testing.T) {
	r := started(t, func(s *partition.Settings) { s.MoveLimit = 1 }, "w-0", "w-1", "w-2")
	r.live("w-1", partition.Live{Released: true})
	r.changed()
	r.plan()
	given := r.unheardOf(heard[messages.HandOver](t, r.publisher))
	r.live("w-0", partition.Live{Refresh: 1})
	r.back("w-1")
	r.join("w-3")
	r.plan()
	heard[messages.HandOver](t, r.publisher)
	r.list()
	require.Equal(t, 1, r.plan().Input.MoveLimit)
	r.table = given
	r.hand()
	require.Zero(t, r.owned()["w-1"])
	require.GreaterOrEqual(t, r.owned()["w-0"]+r.owned()["w-2"], 11)
	for r.pass(2*r.settings.PlannedScaleWindow, "w-0", "w-1", "w-2", "w-3"); len(r.strategy.mail) > 0; r.pass(2*r.settings.PlannedScaleWindow, "w-0", "w-1", "w-2", "w-3") {
		require.Equal(t, 1, r.plan().Input.MoveLimit)
		r.hand()
	}
	require.Equal(t, map[partition.WorkerID]int{"w-0": 3, "w-1": 3, "w-2": 3, "w-3": 3}, r.owned())
}

// What such a decision leaves where it is is due after it, however little that is, and also if
// it has moved nothing else.
func TestCalculator_WhatIsLeftIsStillDue(t *testing.T) {
	for name, c := range map[string]struct {
		threshold float64
		first     int
	}{"its first share": {100, 0}, "its second one": {0.1, 1}} {
		t.Run(name, func(t *testing.T) {
			r := started(t, func(s *partition.Settings) { s.MoveLimit, s.MinRebalanceThreshold = 1, c.threshold }, "w-0")
			pass := func() { r.pass(r.settings.PlannedScaleWindow+r.settings.MinRebalanceInterval, "w-0", "w-1") }
			r.join("w-1")
			for pass(); r.owned()["w-1"] < c.first; pass() {
				r.plan()
				r.hand()
			}
			r.plan()
			r.table.Rows = slices.Clone(r.table.Rows)
			r.table.Step++
			for i := range r.table.Rows {
				r.table.Rows[i].Token = partition.Token(r.table.Step)
			}
			r.hand()
			require.Equal(t, c.first, r.owned()["w-1"])
			pass()
			r.plan()
			r.hand()
			require.Equal(t, c.first+1, r.owned()["w-1"])
		})
	}
}
