package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func (r *reckoning) owned() map[partition.WorkerID]int {
	n := map[partition.WorkerID]int{}
	for _, row := range r.table.Rows {
		if row.Seat != partition.None {
			n[r.table.Seats[row.Seat].Worker]++
		}
	}
	return n
}

func TestCalculator_ColdStartCoversAtOnceAndBalancesOnce(t *testing.T) {
	r := newReckoning(t, func(s *partition.Settings) { s.SettleTime = partition.Off })
	r.read()
	unheard[messages.MakePlan](t, r.strategy) // not before the workers are known
	r.join("w-0")
	require.Zero(t, r.plan().Input.MoveLimit)
	require.Equal(t, "cold start", r.hand().Cause)
	started := heard[messages.DecisionStarted](t, r.manager)
	require.False(t, started.Emergency)
	require.Equal(t, testTerm, started.Term)
	require.Equal(t, messages.Coverage{Known: true, Members: []partition.WorkerID{}, Unowned: 12, Since: r.now}, started.Coverage)
	done := heard[messages.DecisionDone](t, r.manager)
	require.EqualValues(t, 1, done.Version)
	require.Equal(t, 12, done.Moves)
	require.Equal(t, partition.Measure{Moves: 12, Least: 12, After: 1}, done.Measure)
	require.Equal(t, messages.Coverage{Known: true, Members: []partition.WorkerID{"w-0"}}, done.Coverage)
	unheard[messages.WindowOpened](t, r.manager) // a lone leader has nothing to show

	r.pass(10*time.Second, "w-0")
	r.join("w-1")
	opened := heard[messages.WindowOpened](t, r.manager)
	require.Equal(t, r.now.Add(r.settings.ColdStartWindow), opened.Until)
	r.pass(20*time.Second, "w-0", "w-1")
	r.join("w-2")
	unheard[messages.MakePlan](t, r.strategy)
	r.pass(30*time.Second, "w-0", "w-1", "w-2")
	require.Equal(t, partition.Off, r.plan().Input.MoveLimit)
	r.hand()
	require.Equal(t, map[partition.WorkerID]int{"w-0": 4, "w-1": 4, "w-2": 4}, r.owned())
	require.EqualValues(t, 2, r.table.Version)
	r.manager.forget()
	r.pass(time.Minute, "w-0", "w-1", "w-2")
	require.Empty(t, r.manager.kinds())
}

// Who was gone and comes back under its ID gets what it had, out of what moves anyway.
func TestCalculator_WhoComesBackIsAtHome(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	had := map[partition.PartitionID]bool{}
	for _, row := range r.table.Rows {
		had[row.Partition] = r.table.Seats[row.Seat].Worker == "w-1"
	}
	r.live("w-1", partition.Live{Released: true})
	r.changed()
	r.plan()
	why := r.hand().Target.Why
	require.Contains(t, why, partition.OwnerGone)
	require.NotContains(t, why, partition.OverTheBand)
	r.quiet("w-0", "w-2")
	r.live("w-1", partition.Live{Session: "again"})
	r.changed()
	r.pass(r.settings.PlannedScaleWindow, "w-0", "w-1", "w-2")
	require.NotNil(t, r.plan().Input.Home)
	require.Contains(t, r.hand().Target.Why, partition.ReturnedHome)
	for _, row := range r.table.Rows {
		require.Equal(t, had[row.Partition], r.table.Seats[row.Seat].Worker == "w-1", row.Partition)
	}
}

func TestCalculator_JoinWaitsForTheWindow(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.join("w-2")
	opened := heard[messages.WindowOpened](t, r.manager)
	require.Equal(t, "join", opened.Cause)
	require.Equal(t, r.now.Add(r.settings.SettleTime), opened.Until, "quiet for the settle time ends it")
	r.pass(r.settings.SettleTime-100*time.Millisecond, "w-0", "w-1", "w-2")
	r.join("w-3") // begins again
	r.pass(r.settings.SettleTime-100*time.Millisecond, "w-0", "w-1", "w-2", "w-3")
	unheard[messages.MakePlan](t, r.strategy)
	r.pass(100*time.Millisecond, "w-0", "w-1", "w-2", "w-3")
	r.plan()
	before := r.table.Version
	r.hand()
	require.Equal(t, before+1, r.table.Version, "one version exactly")
	require.Equal(t, map[partition.WorkerID]int{"w-0": 3, "w-1": 3, "w-2": 3, "w-3": 3}, r.owned())
	done := heard[messages.DecisionDone](t, r.manager)
	require.Equal(t, "join", done.Cause)
	require.Equal(t, 2*r.settings.SettleTime-100*time.Millisecond, done.Detected, "since the first one joined")
	unheard[messages.WindowOpened](t, r.manager)
}

func TestCalculator_JoinerThatLeavesClosesTheWindow(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.join("w-2")
	heard[messages.WindowOpened](t, r.manager)
	r.live("w-2", partition.Live{Released: true})
	r.changed()
	heard[messages.WindowClosed](t, r.manager)
	r.pass(time.Minute, "w-0", "w-1")
	unheard[messages.MakePlan](t, r.strategy)
}

func TestCalculator_CrashIsAnEmergency(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	r.beats("w-0", "w-1", "w-2")
	r.changed()
	crashed := r.now
	r.pass(r.settings.Wait(r.settings.Lease)-1, "w-0", "w-1")
	unheard[messages.MakePlan](t, r.strategy)
	r.pass(time.Millisecond, "w-0", "w-1")
	first := heard[messages.DecisionStarted](t, r.manager)
	require.True(t, first.Emergency)
	require.Equal(t, "crash", first.Cause)
	require.WithinDuration(t, crashed.Add(r.settings.Wait(r.settings.Lease)), r.now, time.Millisecond)
	require.Zero(t, r.plan().Input.MoveLimit)
	r.hand()
	require.False(t, heard[messages.DecisionStarted](t, r.manager).Emergency)
	heard[messages.DecisionDone](t, r.manager)
	heard[messages.SendRoster](t, r.debouncer)
}

// hazard 22
func TestCalculator_SilentOneRenewedAfterAll(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.after(r.settings.Wait(r.settings.Lease))
	r.beats("w-0")
	r.changed()
	require.Equal(t, 6, heard[messages.DecisionStarted](t, r.manager).Coverage.Unowned)
	r.plan()
	m := heard[messages.HandOver](t, r.publisher)
	r.tell(r.pid, messages.HandedOver{Round: m.Round, Table: r.table, At: r.now})
	done := heard[messages.DecisionDone](t, r.manager)
	require.Zero(t, done.Moves)
	require.Equal(t, 6, done.Coverage.Unowned)
	unheard[messages.MakePlan](t, r.strategy) // the same again would bring nothing
	heard[messages.SendRoster](t, r.debouncer)
	r.beats("w-1")
	r.changed()
	unheard[messages.MakePlan](t, r.strategy)
	require.Zero(t, heard[messages.CoverageChanged](t, r.manager).Coverage.Unowned)
	require.Empty(t, r.manager.kinds())
}

// Who is back in another session keeps what nobody was given, also if nothing else happens.
func TestCalculator_BackBeforeAnythingIsPublished(t *testing.T) {
	for name, others := range map[string][]partition.WorkerID{"alone": {"w-1"}, "with another": {"w-1", "w-2"}} {
		t.Run(name, func(t *testing.T) {
			r := started(t, nil, "w-0", "w-1", "w-2")
			r.live("w-1", partition.Live{Released: true})
			r.changed()
			r.plan()
			require.Len(t, heard[messages.HandOver](t, r.publisher).Target.Seats, 2)
			for _, w := range others {
				r.live(w, partition.Live{Session: "again", Predecessor: partition.SessionID("s-" + w), PredecessorReleased: true})
			}
			r.changed()
			r.plan()
			require.Equal(t, "restart", r.hand().Cause)
			require.Equal(t, map[partition.WorkerID]int{"w-0": 4, "w-1": 4, "w-2": 4}, r.owned())
			moved := 0
			for _, row := range r.table.Rows {
				if row.Token > 5001 {
					moved++
				}
			}
			require.Equal(t, 4*len(others), moved)
		})
	}
}

// If it was given to others, and the leader has not heard of that when it decides anew, these
// keep it.
func TestCalculator_BackAfterSomethingWasPublished(t *testing.T) {
	r := started(t, nil, "w-0", "w-1", "w-2")
	r.live("w-1", partition.Live{Released: true})
	r.changed()
	r.plan()
	m := heard[messages.HandOver](t, r.publisher)
	out := partition.Next(r.table, r.table.Version+1, m.Target, partition.Facts{Now: r.now, Roster: r.roster, Term: testTerm, Floor: 5000})
	r.live("w-1", partition.Live{Session: "again", Predecessor: "s-w-1", PredecessorReleased: true})
	r.changed()
	r.plan()
	r.table = out.Publish.Table
	r.hand()
	require.Equal(t, map[partition.WorkerID]int{"w-0": 6, "w-2": 6}, r.owned())
}

func TestCalculator_AnnouncedRestartMovesNothing(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	step := r.table.Step
	r.live("w-1", partition.Live{Draining: true, Restarting: true})
	r.changed()
	r.live("w-1", partition.Live{Draining: true, Restarting: true, Released: true})
	r.changed()
	unheard[messages.MakePlan](t, r.strategy)
	r.pass(r.settings.RestartHoldDown-time.Second, "w-0")
	unheard[messages.MakePlan](t, r.strategy)
	require.Equal(t, step, r.table.Step)

	r.live("w-1", partition.Live{Session: "again", Predecessor: "s-w-1", PredecessorReleased: true})
	r.changed()
	r.plan()
	require.Equal(t, "restart", r.hand().Cause)
	require.Equal(t, map[partition.WorkerID]int{"w-0": 6, "w-1": 6}, r.owned())
}

func TestCalculator_AnnouncedRestartThatDoesNotHappen(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.live("w-1", partition.Live{Draining: true, Restarting: true, Released: true})
	r.changed()
	r.pass(r.settings.RestartHoldDown, "w-0")
	r.plan()
	r.hand()
	require.Equal(t, map[partition.WorkerID]int{"w-0": 12}, r.owned())
}

func TestCalculator_DrainGivesEverythingUpAtOnce(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.live("w-1", partition.Live{Draining: true})
	r.changed()
	r.plan()
	require.Equal(t, "drain", r.hand().Cause)
	require.Equal(t, map[partition.WorkerID]int{"w-0": 12}, r.owned())
	require.Len(t, r.table.Seats, 2, "it stays a member")
	r.pass(time.Minute, "w-0", "w-1")
	unheard[messages.MakePlan](t, r.strategy)
}

// hazard 44
func TestCalculator_TakeoverFinishesWhatTheLastTermBegan(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	for i := range r.table.Rows[:3] {
		r.table.Rows[i].Revoking, r.table.Rows[i].Pending = 77, 1-r.table.Rows[i].Seat
	}
	next := newReckoning(t, nil)
	next.table, next.roster, next.rev, next.now = r.table, r.roster, r.rev, r.now
	next.read()
	next.beats("w-0", "w-1")
	next.changed()
	ask := next.plan()
	require.Equal(t, r.table.Rows[0].Pending, ask.Input.Previous[0], "what is on its way counts as there")
	require.Equal(t, "unfinished hand-over", heard[messages.HandOver](t, next.publisher).Cause)
}

// Who is to take part again in the middle of a drain keeps what it was not told to
// let go of yet.
func TestCalculator_UndrainInTheMiddle(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.live("w-1", partition.Live{Draining: true})
	r.changed()
	r.plan()
	given := heard[messages.HandOver](t, r.publisher)
	require.Equal(t, "drain", given.Cause)
	on := 0
	r.table.Step++
	for i, row := range r.table.Rows { // a first round
		if r.table.Seats[row.Seat].Worker == "w-1" && on < 2 {
			r.table.Rows[i].Revoking, r.table.Rows[i].Pending = r.table.Step, r.table.SeatOf("w-0")
			on++
		}
	}
	r.tell(r.pid, messages.Published{Round: given.Round, Table: r.table, At: r.now})
	unheard[messages.MakePlan](t, r.strategy)
	r.live("w-1", partition.Live{Applied: r.table.Step})
	r.changed()
	input := r.plan().Input
	stays := 0
	for _, was := range input.Previous {
		if input.Members[was].ID == "w-1" {
			stays++
		}
	}
	require.Equal(t, 4, stays)
	require.Zero(t, input.MoveLimit)
	r.hand()
	require.Equal(t, map[partition.WorkerID]int{"w-0": 8, "w-1": 4}, r.owned())
}
