package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// hazard 38
func TestCalculator_SourceIsPolledAndMayPush(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.partitions = 16
	r.pass(r.settings.SourcePollInterval, "w-0", "w-1")
	require.Zero(t, r.plan().Input.MoveLimit)
	require.Equal(t, "partitions added", r.hand().Cause)
	require.Equal(t, map[partition.WorkerID]int{"w-0": 8, "w-1": 8}, r.owned())

	r.partitions = 10
	r.push()
	r.push() // while it is asked
	r.list()
	r.plan()
	require.Equal(t, "partitions removed", r.hand().Cause)
	require.Len(t, r.table.Rows, 10)
	r.list() // once more, as there was news meanwhile
	unheard[messages.ListPartitions](t, r.source)
	unheard[messages.MakePlan](t, r.strategy)
}

// push lets the source say that it lists something else, and the debounce pass.
func (r *reckoning) push() {
	r.t.Helper()
	r.tell(r.pid, messages.PartitionsListed{})
	due := remindOf[nudgeDue](r.t, r.outside)
	require.Equal(r.t, r.settings.Debounce, due.After)
	r.tell(r.pid, due.Mail)
}

// hazard 37
func TestCalculator_SourceThatFlapsIsAskedOncePerDebounce(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	owned := r.table
	for round := range 6 {
		r.partitions = 12 + 2*(round%2)
		for range 50 {
			r.tell(r.pid, messages.PartitionsListed{})
			unheard[messages.ListPartitions](t, r.source)
		}
		r.tell(r.pid, remindOf[nudgeDue](t, r.outside).Mail)
		require.False(t, slices.ContainsFunc(r.outside.mail, func(m any) bool {
			remind, _ := m.(messages.Remind)
			_, again := remind.Mail.(nudgeDue)
			return again
		}), "50 words are one question")
		r.list()
		unheard[messages.ListPartitions](t, r.source)
		if round > 0 {
			r.plan()
			r.hand()
		}
	}
	for i, row := range owned.Rows {
		require.Equal(t, row, r.table.Rows[i], "what does not flap does not move")
	}
}

// hazard 36
func TestCalculator_SourceThatSaysEmptyAgainAndAgain(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.partitions = 0
	for range 10 { // it counts once
		r.push()
		r.list()
		unheard[messages.HandOver](t, r.publisher)
	}
	for i := range r.settings.EmptyConfirmations - 1 {
		unheard[messages.HandOver](t, r.publisher)
		r.live("w-1", partition.Live{Refresh: uint64(i + 1)})
		r.changed()
		r.list()
	}
	r.hand()
	require.Empty(t, r.table.Rows)
}

// A failure that is over is told, if no decision tells it.
func TestCalculator_SourceWorksAgain(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.push()
	r.tell(r.pid, messages.ListingFailed{Round: heard[messages.ListPartitions](t, r.source).Round, Reason: "unreachable"})
	r.clock()
	heard[messages.DecisionFailed](t, r.manager)
	r.changed()
	unheard[messages.DecisionsResumed](t, r.manager)
	r.pass1(r.settings.HeartbeatInterval, "w-0", "w-1")
	r.list()
	require.EqualValues(t, testTerm, heard[messages.DecisionsResumed](t, r.manager).Term)
	r.changed()
	unheard[messages.DecisionsResumed](t, r.manager)
}

func TestCalculator_RefreshListsFirstAndBypassesTheWindow(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.join("w-2")
	heard[messages.WindowOpened](t, r.manager)
	r.partitions = 18
	r.live("w-1", partition.Live{Refresh: 1})
	r.changed()
	unheard[messages.MakePlan](t, r.strategy)
	r.live("w-0", partition.Live{Refresh: 4}) // asked after the question
	r.changed()
	r.list()
	require.Equal(t, partition.Off, r.plan().Input.MoveLimit)
	require.Equal(t, "refresh", r.hand().Cause)
	require.Equal(t, map[partition.WorkerID]int{"w-0": 6, "w-1": 6, "w-2": 6}, r.owned())
	require.EqualValues(t, 1, r.table.Seats[1].Refresh)
	require.Zero(t, r.table.Seats[0].Refresh, "the list is older than this one")
	r.list()
	r.plan()
	version := r.table.Version
	r.hand()
	require.EqualValues(t, 4, r.table.Seats[0].Refresh)
	require.Equal(t, version+1, r.table.Version)
	r.manager.forget()
	r.pass(20*time.Second, "w-0", "w-1", "w-2")
	require.Empty(t, r.manager.kinds())
}

// The list that a refresh asks for may come while a decision is made that does not know it.
func TestCalculator_RefreshThatIsAnsweredWhileAPlanIsMade(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.partitions = 18
	r.push()
	r.live("w-1", partition.Live{Refresh: 1})
	r.changed() // asked after the question
	r.list()
	r.list()
	r.plan()
	r.hand()
	require.Zero(t, r.table.Seats[1].Refresh)
	r.plan()
	require.Equal(t, "refresh", r.hand().Cause)
	require.EqualValues(t, 1, r.table.Seats[1].Refresh)
}

// hazard 36
func TestCalculator_EmptyListIsConfirmed(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	r.partitions = 0
	r.push()
	for range r.settings.EmptyConfirmations {
		unheard[messages.HandOver](t, r.publisher)
		r.list()
		r.pass1(r.settings.SourcePollInterval, "w-0", "w-1")
	}
	r.hand()
	require.Empty(t, r.table.Rows)
}

// Who reads no table, as what was decided is lost, does not know that there were no partitions.
//
// hazard 36
func TestCalculator_EmptyListAfterALossIsConfirmed(t *testing.T) {
	for _, lost := range []bool{false, true} {
		r := newReckoning(t, nil)
		r.beats("w-0")
		r.changed()
		r.partitions = 0
		r.tell(r.pid, messages.TableRead{Lost: lost, At: r.now})
		for range r.settings.EmptyConfirmations - 1 {
			if lost {
				r.list()
				unheard[messages.HandOver](t, r.publisher)
				r.pass1(r.settings.SourcePollInterval, "w-0")
			}
		}
		r.list()
		r.hand()
		require.Empty(t, r.table.Rows)
	}
}

// pass1 is pass, but leaves the source alone.
func (r *reckoning) pass1(d time.Duration, workers ...partition.WorkerID) {
	for end := r.now.Add(d); r.now.Before(end); {
		r.after(min(tick, end.Sub(r.now)))
		r.beats(workers...)
		r.due()
		r.debouncer.forget()
		r.changed()
	}
}

func TestCalculator_EmptyListIsBelievedIfSaid(t *testing.T) {
	r := started(t, func(s *partition.Settings) { s.EmptyConfirmations = partition.Off }, "w-0", "w-1")
	r.partitions = 0
	r.push()
	r.list()
	r.hand()
	require.Empty(t, r.table.Rows)
}

// hazard 35
// hazard 7
func TestCalculator_SourceFails(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	next := newReckoning(t, nil)
	next.table, next.roster, next.rev, next.now = r.table, r.roster, r.rev, r.now
	next.tell(next.pid, messages.TableRead{Table: next.table, At: next.now})
	next.live("w-1", partition.Live{Released: true})
	next.changed()
	unheard[messages.MakePlan](t, next.strategy)
	ask := heard[messages.ListPartitions](t, next.source)
	next.tell(next.pid, messages.ListingFailed{Round: ask.Round - 1})
	unheard[messages.DecisionFailed](t, next.manager)
	next.tell(next.pid, messages.ListingFailed{Round: ask.Round, Reason: "unreachable"})
	next.clock()
	require.Contains(t, heard[messages.DecisionFailed](t, next.manager).Reason, "unreachable")
	next.plan() // what is known from the table has an owner all the same
	next.hand()
	require.Equal(t, map[partition.WorkerID]int{"w-0": 12}, next.owned())

	next.pass1(next.settings.HeartbeatInterval, "w-0")
	ask = heard[messages.ListPartitions](t, next.source)
	twice := []partition.Partition{partition.Of("a"), partition.Of("a")}
	next.tell(next.pid, messages.PartitionsListed{Round: ask.Round, Partitions: twice})
	next.clock()
	require.Contains(t, heard[messages.DecisionFailed](t, next.manager).Reason, "listed once")
	next.pass1(2*next.settings.HeartbeatInterval, "w-0")
	heard[messages.ListPartitions](t, next.source)
	unheard[messages.TermFailed](t, next.parent)
	next.pass1(next.settings.SourceTimeout, "w-0")
	require.True(t, heard[messages.TermFailed](t, next.parent).Resign)
}

func TestCalculator_WeightsWaitForTheWindow(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	heavy := func(round partition.Round) {
		var list []partition.Partition
		for _, id := range r.table.Rows {
			x := partition.Of(string(id.Partition))
			if id.Seat == 0 {
				x.Weight = 300
			}
			list = append(list, x)
		}
		r.tell(r.pid, messages.PartitionsListed{Round: round, Partitions: list})
		r.clock()
	}
	r.after(r.settings.PollInterval) // nothing is heard for a while, and the source is slow
	r.push()
	ask := heard[messages.ListPartitions](t, r.source)
	r.after(r.settings.PollInterval)
	heavy(ask.Round)
	opened := heard[messages.WindowOpened](t, r.manager)
	require.Equal(t, "balance", opened.Cause)
	require.Equal(t, r.now.Add(r.settings.SettleTime), opened.Until, "the window begins with the list")
	r.pass1(r.settings.SettleTime-1, "w-0", "w-1")
	unheard[messages.MakePlan](t, r.strategy)
	r.pass1(1, "w-0", "w-1")
	heard[messages.MakePlan](t, r.strategy)
}

// hazard 7
func TestCalculator_ListsThatBreakARuleEndTheTerm(t *testing.T) {
	r := started(t, nil, "w-0", "w-1")
	twice := []partition.Partition{partition.Of("a"), partition.Of("a")}
	r.push()
	for i := range maxFailures {
		unheard[messages.TermFailed](t, r.parent)
		r.tell(r.pid, messages.PartitionsListed{Round: heard[messages.ListPartitions](t, r.source).Round, Partitions: twice})
		r.clock()
		r.pass1(r.settings.HeartbeatInterval<<i, "w-0", "w-1")
	}
	require.True(t, heard[messages.TermFailed](t, r.parent).Resign)
	unheard[*actor.Terminated](t, r.parent) // it waits for the term to end
	require.Len(t, r.owned(), 2, "the last list stays")
}
