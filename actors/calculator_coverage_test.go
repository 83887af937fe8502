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
	gap := messages.Coverage{Known: true, Members: three, Unowned: 4, Since: stopped} // its lease was over by then
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
	require.Equal(t, messages.Coverage{Known: true, Members: three[:1]}, heard[messages.DecisionDone](t, r.manager).Coverage)
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
	r.tell(r.pid, messages.Published{Table: r.grants("w-2"), At: r.now})
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
	require.Equal(t, messages.Coverage{Known: true, Members: []partition.WorkerID{"w-0", "w-1"}}, told.Coverage)
	r.changed()
	unheard[messages.CoverageChanged](t, r.manager)
	r.after(time.Second)
	r.partitions += 3
	r.push()
	r.list()
	r.plan()
	r.hand()
	require.Equal(t, messages.Coverage{Known: true, Members: told.Coverage.Members, Unowned: 3, Since: r.now}, heard[messages.DecisionStarted](t, r.manager).Coverage)
}

// Restarts that are announced, one after the other, leave nothing unowned: what is kept on
// purpose is told apart. It counts from when its owner stopped, if that does not come back.
func TestCalculator_TellsRestartsApart(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	back := partition.Live{Released: true, Restarting: true}
	all := []partition.WorkerID{"w-0", "w-1", "w-2"}
	told := func() messages.Coverage { return heard[messages.CoverageChanged](t, r.manager).Coverage }
	r.live("w-2", back)
	r.changed()
	require.Equal(t, messages.Coverage{Known: true, Members: all, Awaited: 4}, told())
	stopped := r.now
	r.after(time.Second)
	r.live("w-1", back)
	r.changed()
	require.Equal(t, messages.Coverage{Known: true, Members: all, Awaited: 8}, told())
	unheard[messages.MakePlan](t, r.strategy)

	r.after(r.settings.RestartHoldDown - time.Second)
	r.beats("w-0")
	r.changed()
	r.plan()
	r.tell(r.pid, messages.PublishBegun{Round: heard[messages.HandOver](t, r.publisher).Round, At: r.now})
	require.Equal(t, messages.Coverage{Known: true, Members: all, Unowned: 4, Awaited: 4, Since: stopped},
		heard[messages.DecisionStarted](t, r.manager).Coverage)
}

// Since when there is nobody follows the partitions that are meant: those of one that is
// covered again do not make the others' older.
func TestCalculator_TellsSinceWhenOfWhatIsMeant(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	r.live("w-2", partition.Live{Released: true})
	r.changed()
	r.plan()
	first := r.now
	r.tell(r.pid, messages.PublishBegun{Round: heard[messages.HandOver](t, r.publisher).Round, At: first})
	require.Equal(t, first, heard[messages.DecisionStarted](t, r.manager).Coverage.Since)
	r.after(time.Second)
	r.live("w-1", partition.Live{Released: true})
	r.changed()
	r.tell(r.pid, messages.Published{Table: r.grants("w-2"), At: r.now})
	told := heard[messages.CoverageChanged](t, r.manager).Coverage
	require.Equal(t, 4, told.Unowned)
	require.Equal(t, r.now, told.Since)
}

// grants is the table with what this worker had given to the first one, of which something is to
// be let go yet.
func (r *reckoning) grants(had partition.WorkerID) partition.Table {
	given := r.table
	given.Rows = slices.Clone(given.Rows)
	for i, row := range given.Rows {
		if given.Seats[row.Seat].Worker == had {
			given.Rows[i].Seat = 0
		}
	}
	given.Step++
	given.Step++
	given.Rows[0].Revoking = given.Step
	return given
}
