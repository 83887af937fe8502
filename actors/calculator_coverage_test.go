package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// What nobody works on is told as soon as its owner is gone: when the decision begins, when
// it fails, and between two of them.
func TestCalculator_TellsWhatNobodyWorksOnWhileDecisionsFail(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	r.beats("w-2")
	stopped := r.now.Add(r.settings.Lease)
	r.pass(r.settings.Wait(r.settings.Lease), "w-0", "w-1")
	three := []partition.WorkerID{"w-0", "w-1", "w-2"}
	gap := messages.Coverage{Members: three, Unowned: 4, Since: stopped} // its lease was over by then
	require.Equal(t, gap, heard[messages.DecisionStarted](t, r.manager).Coverage)

	ask := heard[messages.MakePlan](t, r.strategy)
	r.tell(r.pid, messages.PlanFailed{Round: ask.Round, Reason: "it panicked"})
	r.clock()
	require.Equal(t, gap, heard[messages.DecisionFailed](t, r.manager).Coverage)
	unheard[messages.CoverageChanged](t, r.manager)
	r.live("w-1", partition.Live{Released: true})
	r.changed()
	unheard[messages.MakePlan](t, r.strategy) // it rests
	gap.Unowned = 8                           // since the same instant: there was none without
	require.Equal(t, messages.CoverageChanged{Term: testTerm, Coverage: gap, At: r.now}, heard[messages.CoverageChanged](t, r.manager))
	r.changed()
	unheard[messages.CoverageChanged](t, r.manager) // it is as it was

	r.pass(r.settings.HeartbeatInterval, "w-0")
	r.plan()
	r.hand()
	require.Equal(t, messages.Coverage{Members: three[:1]}, heard[messages.DecisionDone](t, r.manager).Coverage)
}

// A publish that fails ends nothing: what nobody works on meanwhile is told.
func TestCalculator_TellsWhatNobodyWorksOnWhilePublishesFail(t *testing.T) {
	r, ask := joining(t)
	plan, _ := partition.Sticky{}.Plan(ask.Input)
	r.tell(r.pid, messages.PlanMade{Round: ask.Round, Plan: plan})
	r.live("w-1", partition.Live{Released: true})
	r.changed()
	unheard[messages.CoverageChanged](t, r.manager) // a decision is about to tell it
	r.tell(r.pid, messages.HandOverFailed{Reason: "no answer", At: r.now})
	told := heard[messages.CoverageChanged](t, r.manager)
	require.Equal(t, 6, told.Coverage.Unowned)
	require.Equal(t, r.now, told.Coverage.Since)
}

// What was covered while others still let go is not told late.
func TestCalculator_TellsWhatIsCoveredWhileOthersLetGo(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	r.live("w-2", partition.Live{Released: true})
	r.changed()
	r.plan()
	r.tell(r.pid, messages.PublishBegun{Round: heard[messages.HandOver](t, r.publisher).Round, At: r.now})
	require.Equal(t, 4, heard[messages.DecisionStarted](t, r.manager).Coverage.Unowned)
	given := r.table
	given.Rows = slices.Clone(given.Rows)
	for i, row := range given.Rows {
		if given.Seats[row.Seat].Worker == "w-2" {
			given.Rows[i].Seat = 0
		}
	}
	given.Step++
	given.Rows[0].Revoking = given.Step
	r.tell(r.pid, messages.Published{Table: given, At: r.now})
	require.Zero(t, heard[messages.CoverageChanged](t, r.manager).Coverage.Unowned)
}

// A leader that finds nothing to decide tells all the same who has a seat.
func TestCalculator_TellsItsFirstLook(t *testing.T) {
	before := started(t, nil, "w-0", "w-1")
	r := newReckoning(t, nil)
	r.table, r.roster, r.now = before.table, before.roster, before.now
	r.read()
	r.changed()
	told := heard[messages.CoverageChanged](t, r.manager)
	require.Equal(t, messages.Coverage{Members: []partition.WorkerID{"w-0", "w-1"}}, told.Coverage)
	r.changed()
	unheard[messages.CoverageChanged](t, r.manager)
	r.after(time.Second)
	r.partitions += 3
	r.push()
	r.list()
	r.plan()
	r.hand()
	require.Equal(t, messages.Coverage{Members: told.Coverage.Members, Unowned: 3, Since: r.now}, heard[messages.DecisionStarted](t, r.manager).Coverage)
}
