package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// joining is a group whose joiner waits for a plan.
func joining(t *testing.T) (*reckoning, messages.MakePlan) {
	r := started(t, func(s *partition.Settings) { s.PlannedScaleWindow = partition.Off }, "w-0", "w-1")
	r.join("w-2")
	return r, heard[messages.MakePlan](t, r.strategy)
}

// hazard 31
// hazard 32
// hazard 33
func TestCalculator_PlansThatCannotBeUsed(t *testing.T) {
	for name, answer := range map[string]func(r *reckoning, ask messages.MakePlan){
		"too short": func(r *reckoning, ask messages.MakePlan) {
			r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: partition.Plan{0}})
		},
		"unknown worker": func(r *reckoning, ask messages.MakePlan) {
			plan := make(partition.Plan, ask.Input.Partitions.Len())
			plan[3] = 17
			r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: plan})
		},
		"a gap": func(r *reckoning, ask messages.MakePlan) {
			plan := make(partition.Plan, ask.Input.Partitions.Len())
			plan[3] = partition.None
			r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: plan})
		},
		"one twice": func(r *reckoning, ask messages.MakePlan) {
			r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: make(partition.Plan, ask.Input.Partitions.Len()+1)})
		},
		"failed": func(r *reckoning, ask messages.MakePlan) {
			r.tell(r.pid, messages.PlanFailed{Round: ask.Round, Reason: "it panicked"})
		},
		"late": func(r *reckoning, _ messages.MakePlan) {
			r.pass(r.settings.StrategyTimeout, "w-0", "w-1", "w-2")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, ask := joining(t)
			for n := range maxFailures {
				r.tell(r.pid, messages.PlanMade{Round: ask.Round - 1}) // an old one
				r.tell(r.pid, messages.PlanFailed{Round: ask.Round - 1})
				answer(r, ask)
				if name != "late" {
					unheard[messages.DecisionFailed](t, r.manager) // it is not known since when
					r.tell(r.pid, messages.PlanMade{Round: ask.Round})
					r.clock()
				}
				unheard[messages.HandOver](t, r.publisher)
				require.Contains(t, heard[messages.DecisionFailed](t, r.manager).Reason, "strategy")
				if n < maxFailures-1 {
					unheard[messages.MakePlan](t, r.strategy)
					r.pass(r.settings.HeartbeatInterval<<n, "w-0", "w-1", "w-2")
					ask = heard[messages.MakePlan](t, r.strategy)
				}
			}
			failed := heard[messages.TermFailed](t, r.parent)
			require.True(t, failed.Resign)
			require.Equal(t, testTerm, failed.Term)
		})
	}
}

// A failure carries no instant, and the calculator may have heard of none for a while:
// the pause begins when the failure arrives, not when something was heard before.
func TestCalculator_PausesBeginWithTheFailure(t *testing.T) {
	pause := partition.Default().HeartbeatInterval
	t.Run("plan", func(t *testing.T) {
		r, ask := joining(t)
		r.after(2 * pause)
		r.tell(r.pid, messages.PlanFailed{Round: ask.Round, Reason: "it panicked"})
		r.clock()
		failed := heard[messages.DecisionFailed](t, r.manager)
		require.Equal(t, "strategy: it panicked", failed.Reason)
		require.Equal(t, r.now, failed.At)
		r.after(pause - 1)
		r.beats("w-0", "w-1", "w-2")
		r.changed()
		unheard[messages.MakePlan](t, r.strategy)
		r.after(1)
		r.beats("w-0", "w-1", "w-2")
		r.changed()
		heard[messages.MakePlan](t, r.strategy)
	})
	t.Run("plan that is late", func(t *testing.T) {
		r, ask := joining(t)
		due := remindOf[planDue](t, r.outside)
		r.tell(r.pid, messages.PlanFailed{Round: ask.Round, Reason: "it panicked"})
		r.after(r.settings.StrategyTimeout)
		r.tell(r.pid, due.Mail)
		require.Equal(t, "strategy: it panicked", heard[messages.DecisionFailed](t, r.manager).Reason)
		r.clock()
		unheard[messages.DecisionFailed](t, r.manager)
	})
	t.Run("list", func(t *testing.T) {
		r := started(t, nil, "w-0", "w-1")
		r.push()
		ask := heard[messages.ListPartitions](t, r.source)
		r.after(2 * pause)
		r.tell(r.pid, messages.ListingFailed{Round: ask.Round})
		r.tell(r.pid, messages.ListingFailed{Round: ask.Round, Reason: "again"})
		unheard[messages.DecisionFailed](t, r.manager)
		r.clock()
		failed := heard[messages.DecisionFailed](t, r.manager)
		require.Equal(t, "source: no reason was given", failed.Reason)
		require.Equal(t, r.now, failed.At)
		next := remindOf[sourceDue](t, r.outside)
		require.Equal(t, pause, next.After)
		require.Equal(t, r.now.Add(pause), next.Mail.(sourceDue).At)
	})
}

func TestCalculator_SuccessEndsTheRowOfFailures(t *testing.T) {
	r, ask := joining(t)
	for range 2 {
		r.tell(r.pid, messages.PlanFailed{Round: ask.Round})
		r.clock()
		r.pass(4*time.Second, "w-0", "w-1", "w-2")
		ask = heard[messages.MakePlan](t, r.strategy)
	}
	plan, _ := partition.Sticky{}.Plan(ask.Input)
	r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: plan})
	r.hand()
	r.beats("w-0", "w-1", "w-2")
	r.pass(r.settings.MinRebalanceInterval, "w-0", "w-1", "w-2")
	r.join("w-3")
	r.tell(r.pid, messages.PlanFailed{Round: heard[messages.MakePlan](t, r.strategy).Round})
	r.clock()
	unheard[messages.TermFailed](t, r.parent)
}

// hazard 43
func TestCalculator_CrashReplacesADecisionOnItsWay(t *testing.T) {
	r, ask := joining(t)
	plan, _ := partition.Sticky{}.Plan(ask.Input)
	r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: plan})
	first := heard[messages.HandOver](t, r.publisher)
	r.join("w-3")
	unheard[messages.MakePlan](t, r.strategy) // no hurry

	r.after(r.settings.Wait(r.settings.Lease))
	r.beats("w-0", "w-2", "w-3")
	r.changed()
	require.True(t, heard[messages.DecisionStarted](t, r.manager).Emergency)
	ask = r.plan()
	require.Zero(t, ask.Input.MoveLimit)
	for k, owner := range first.Target.Owner {
		if was := first.Target.Seats[owner].Worker; was != "w-1" {
			require.Equal(t, was, ask.Input.Members[ask.Input.Previous[k]].ID, "what was on its way counts as there")
		}
	}
	r.tell(r.pid, messages.HandedOver{Round: first.Round, Table: r.table, At: r.now}) // void
	unheard[messages.DecisionDone](t, r.manager)
	second := r.hand()
	require.Greater(t, second.Round, first.Round)
	heard[messages.DecisionDone](t, r.manager)
	require.Equal(t, map[partition.WorkerID]int{"w-0": 4, "w-2": 4, "w-3": 4}, r.owned())
	r.pass(time.Minute, "w-0", "w-2", "w-3")
	unheard[messages.MakePlan](t, r.strategy)
}

// Who was taken for silent and renewed before anything was published keeps what it has,
// whatever else is decided meanwhile.
//
// hazard 22
func TestCalculator_SilentOneRenewedBeforeTheNextDecision(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	r.after(r.settings.Wait(r.settings.Lease))
	r.beats("w-0", "w-2")
	r.changed()
	r.plan()
	given := heard[messages.HandOver](t, r.publisher)
	for _, owner := range given.Target.Owner {
		require.NotEqual(t, partition.WorkerID("w-1"), given.Target.Seats[owner].Worker)
	}
	before := r.table
	r.beats("w-1")
	r.live("w-2", partition.Live{Released: true})
	r.changed()
	r.plan()
	r.hand()
	require.Equal(t, map[partition.WorkerID]int{"w-0": 6, "w-1": 6}, r.owned())
	moved := 0
	for i, row := range r.table.Rows {
		if was := before.Rows[i]; row.Token != was.Token {
			require.Equal(t, partition.WorkerID("w-2"), before.Seats[was.Seat].Worker)
			moved++
		}
	}
	require.Equal(t, 4, moved)
}

func TestCalculator_ResignsWhenPublishingFails(t *testing.T) {
	r, _ := joining(t)
	for range maxFailures - 1 {
		r.tell(r.pid, messages.HandOverFailed{Reason: "no answer", At: r.now})
	}
	r.tell(r.pid, messages.Published{Table: r.table, At: r.now})
	for range maxFailures {
		unheard[messages.TermFailed](t, r.parent)
		r.tell(r.pid, messages.HandOverFailed{Reason: "no answer", At: r.now})
	}
	require.True(t, heard[messages.TermFailed](t, r.parent).Resign)
	require.Contains(t, heard[messages.DecisionFailed](t, r.manager).Reason, "publish")
}

func TestCalculator_NobodyToGiveTo(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.live("w-0", partition.Live{Draining: true})
	r.live("w-1", partition.Live{Draining: true})
	r.changed()
	unheard[messages.MakePlan](t, r.strategy)
	r.hand()
	require.Equal(t, map[partition.WorkerID]int{"w-0": 6, "w-1": 6}, r.owned())
	r.pass(time.Minute, "w-0", "w-1")
	unheard[messages.HandOver](t, r.publisher)
}

func TestCalculator_MoveLimitTakesSeveralDecisions(t *testing.T) {
	r := started(t, func(s *partition.Settings) { s.MoveLimit = 3 }, "w-0")
	r.join("w-1")
	for _, want := range []int{3, 6} {
		r.pass(r.settings.MinRebalanceInterval+r.settings.SettleTime, "w-0", "w-1")
		require.Equal(t, 3, r.plan().Input.MoveLimit)
		r.hand()
		require.Equal(t, want, r.owned()["w-1"])
	}
	r.manager.forget()
	r.pass(time.Minute, "w-0", "w-1")
	require.Empty(t, r.manager.kinds())
}

// hazard 34
func TestCalculator_BalancesOnceFromOneState(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.partitions = 1 // cannot be balanced at all
	r.push()
	r.list()
	r.hand2()
	r.pass(time.Minute, "w-0", "w-1")
	r.plan()
	r.hand()
	r.pass(5*time.Minute, "w-0", "w-1")
	unheard[messages.MakePlan](t, r.strategy)
}

func (r *reckoning) hand2() {
	r.plan()
	r.hand()
}
