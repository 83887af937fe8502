package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func TestCalculator_PauseBetweenTwoMoves(t *testing.T) {
	r := started(t, nil, "w-0")
	r.join("w-1")
	r.pass(r.settings.SettleTime, "w-0", "w-1")
	r.plan()
	all := []partition.WorkerID{"w-0", "w-1"}
	for _, w := range []partition.WorkerID{"w-2", "w-3"} {
		r.hand()
		moved := r.now
		r.join(w)
		all = append(all, w)
		r.pass(r.settings.MinRebalanceInterval-100*time.Millisecond, all...)
		unheard[messages.MakePlan](t, r.strategy)
		r.pass(100*time.Millisecond, all...)
		r.plan()
		require.Equal(t, moved.Add(r.settings.MinRebalanceInterval), r.now)
	}
}

func TestCalculator_PausesDouble(t *testing.T) {
	c := calculator{calculatorConfig: calculatorConfig{settings: partition.Default()}, failed: map[activity]int{}}
	var pauses []time.Duration
	for range maxFailures - 1 {
		c.failed[toList]++
		pauses = append(pauses, c.pause(toList))
	}
	require.Equal(t, []time.Duration{c.settings.HeartbeatInterval, 2 * c.settings.HeartbeatInterval}, pauses)
}

func TestCalculator_LeaveIsCoveredAtOnceAndBalancedAboveTheThreshold(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	r.live("w-2", partition.Live{Released: true})
	r.changed()
	require.Zero(t, r.plan().Input.MoveLimit)
	require.Equal(t, "leave", r.hand().Cause)
	require.Equal(t, map[partition.WorkerID]int{"w-0": 6, "w-1": 6}, r.owned())
	r.manager.forget()
	r.pass(time.Minute, "w-0", "w-1")
	require.Empty(t, r.manager.kinds(), "it is balanced")
}

func TestCalculator_ImbalanceAboveTheThresholdIsBalanced(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	// As if a term before had left it so.
	for i := range r.table.Rows {
		r.table.Rows[i].Seat = min(int32(i), 1)
	}
	next := r.next(t)
	next.read()
	next.beats("w-0", "w-1")
	next.changed()
	require.Equal(t, "balance", heard[messages.WindowOpened](t, next.manager).Cause)
	next.pass(next.settings.SettleTime, "w-0", "w-1")
	next.plan()
	next.hand()
	require.Equal(t, map[partition.WorkerID]int{"w-0": 6, "w-1": 6}, next.owned())
}

// next is the calculator of the next term.
func (r *reckoning) next(t *testing.T) *reckoning {
	n := newReckoning(t, nil)
	n.table, n.roster, n.rev, n.now = r.table, r.roster, r.rev, r.now
	return n
}

// What zones mean to the strategy is known from its first plan: a new term asks for one
// that moves nothing if something is in another zone. Only where zones are hard the
// window opens for it.
func TestCalculator_StraysMoveWhereZonesAreHard(t *testing.T) {
	for rule, moves := range map[partition.ZoneRule]bool{partition.AnyZone: false, partition.PreferZone: false, partition.RequireZone: true} {
		r := started(t, nil, "w-0", "w-1")
		next := r.next(t)
		next.zone, next.rule = "a", rule
		next.live("w-0", partition.Live{Zone: "a"})
		next.live("w-1", partition.Live{Zone: "b"})
		next.read()
		next.changed()
		require.Zero(t, next.plan().Input.MoveLimit)
		next.hand()
		require.Equal(t, map[partition.WorkerID]int{"w-0": 6, "w-1": 6}, next.owned(), "%d", rule)
		if moves {
			next.pass(next.settings.SettleTime, "w-0", "w-1")
			require.Equal(t, partition.Off, next.plan().Input.MoveLimit)
			next.hand()
			require.Equal(t, map[partition.WorkerID]int{"w-0": 12}, next.owned())
		}
		next.pass(time.Minute, "w-0", "w-1")
		unheard[messages.MakePlan](t, next.strategy)
	}
}

// Whoever is left of a group that starts cold, and whoever joined while a partition
// had no owner, got what there was: the balance that is due to them comes, also if the
// difference is below the threshold.
func TestCalculator_WhatIsOwedIsBalancedBelowTheThreshold(t *testing.T) {
	for name, tc := range map[string]struct {
		gone, joins, stay []partition.WorkerID
		window            func(partition.Settings) time.Duration
	}{
		"most are gone": {
			[]partition.WorkerID{"w-2", "w-3", "w-4"},
			nil,
			[]partition.WorkerID{"w-0", "w-1"},
			func(s partition.Settings) time.Duration { return s.ColdStartWindow },
		},
		"one leaves and one joins": {
			[]partition.WorkerID{"w-4"},
			[]partition.WorkerID{"w-5"},
			[]partition.WorkerID{"w-0", "w-1", "w-2", "w-3", "w-5"},
			func(s partition.Settings) time.Duration { return s.PlannedScaleWindow },
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReckoning(t, func(s *partition.Settings) { s.MinRebalanceThreshold, s.SettleTime = 100, partition.Off })
			r.partitions = 13
			r.read()
			r.join("w-0", "w-1", "w-2", "w-3", "w-4")
			r.plan()
			r.hand()
			r.pass(r.settings.ColdStartWindow, "w-0", "w-1", "w-2", "w-3", "w-4")
			r.plan()
			r.hand()
			r.quiet("w-0", "w-1", "w-2", "w-3", "w-4")
			for _, w := range tc.gone {
				r.live(w, partition.Live{Released: true})
			}
			r.join(tc.joins...)
			require.Zero(t, r.plan().Input.MoveLimit)
			r.hand()
			r.pass(tc.window(r.settings)-tick, tc.stay...)
			unheard[messages.MakePlan](t, r.strategy)
			r.pass(tick, tc.stay...)
			require.Equal(t, partition.Off, r.plan().Input.MoveLimit)
			r.hand()
			r.pass(time.Minute, tc.stay...)
			unheard[messages.MakePlan](t, r.strategy) // once
		})
	}
}

// A balance that was on its way when somebody left is part of what covers that, and is
// due as a whole: the joiners did not get their share.
func TestCalculator_ABalanceThatWasReplacedIsOwed(t *testing.T) {
	r := newReckoning(t, func(s *partition.Settings) {
		s.MinRebalanceThreshold, s.SettleTime, s.MoveLimit = 100, partition.Off, 1
		s.MinRebalanceInterval = 2 * s.PlannedScaleWindow
	})
	r.partitions = 30
	r.read()
	r.join("w-0", "w-1", "w-2")
	r.plan()
	r.hand()
	r.quiet("w-0", "w-1", "w-2")
	r.join("w-3", "w-4")
	r.pass(r.settings.PlannedScaleWindow, "w-0", "w-1", "w-2", "w-3", "w-4")
	require.Equal(t, 1, r.plan().Input.MoveLimit)
	heard[messages.HandOver](t, r.publisher) // which takes its time

	r.live("w-2", partition.Live{Released: true})
	r.changed()
	require.Zero(t, r.plan().Input.MoveLimit)
	replaced := r.now
	r.hand()
	stay := []partition.WorkerID{"w-0", "w-1", "w-3", "w-4"}
	r.pass(r.settings.MinRebalanceInterval-tick, stay...)
	unheard[messages.MakePlan](t, r.strategy)
	r.pass(tick, stay...)
	require.Equal(t, 1, r.plan().Input.MoveLimit)
	require.Equal(t, replaced.Add(r.settings.MinRebalanceInterval), r.now)
}

// What drains and is taken back while the answer to a grant is to come: the decision that follows
// has nothing to publish, but what was even before is not any more.
func TestCalculator_UndrainedWhileAGrantIsUnheardIsEvenAgain(t *testing.T) {
	even := map[partition.WorkerID]int{"w-0": 4, "w-1": 4, "w-2": 4}
	r, ask := joining(t)
	plan, err := partition.Sticky{}.Plan(ask.Input)
	require.NoError(t, err)
	r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: plan})
	r.hand()
	r.quiet("w-0", "w-1", "w-2")
	require.Equal(t, even, r.owned())

	r.live("w-1", partition.Live{Draining: true})
	r.changed()
	r.plan()
	drain := heard[messages.HandOver](t, r.publisher)
	step := func() partition.Outlook {
		facts := partition.Facts{Now: r.now, Rules: r.settings.Rules(time.Time{}), Roster: r.roster, Term: testTerm, Floor: 5000}
		return partition.Next(r.table, 9, drain.Target, facts)
	}
	r.table = step().Publish.Table
	r.tell(r.pid, messages.PublishBegun{Round: drain.Round, At: r.now})
	r.tell(r.pid, messages.Published{Round: drain.Round, Table: r.table, At: r.now})
	r.live("w-1", partition.Live{Draining: true, Applied: r.table.Step})
	grant := step().Publish

	r.live("w-1", partition.Live{Applied: r.table.Step})
	r.changed()
	r.plan()
	r.table = grant.Table
	r.tell(r.pid, messages.Published{Round: drain.Round, Table: r.table, Moves: len(grant.Moves), At: r.now})
	r.hand()
	r.pass(r.settings.ColdStartWindow+r.settings.MinRebalanceInterval, "w-0", "w-1", "w-2")
	r.plan()
	r.hand()
	require.Equal(t, even, r.owned())
}
