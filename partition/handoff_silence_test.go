package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Who renews although the decision took it for silent keeps all, and its seat.
func TestNext_WrongfulSilenceTakesNothing(t *testing.T) {
	table, roster, set := group()
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}}, Owner: []int32{0, 0, 0, 0}}
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster}
	o := Next(table, 3, target, facts)
	require.Nil(t, o.Publish)
	require.Equal(t, 2, o.Blocked)
	table.Rows = table.Rows[:2]
	target.Set, target.Owner = manyPartitions(2), target.Owner[:2]
	require.Nil(t, Next(table, 3, target, facts).Publish)
}

// What a decision would leave to nobody, as it took for gone who renews, waits for the next
// one: what was let go for another, and what is new.
func TestNext_NothingIsLeftToNobodyByMistake(t *testing.T) {
	for name, tc := range map[string]struct {
		silent []Unheard
		later  time.Duration // until w-1 is silent, after w-0 was seen again
		more   int           // partitions that the source lists anew
		who    []WorkerID    // renew, and were taken for gone
	}{
		"all spoke since":                   {silent: []Unheard{{"w-0", 1}, {"w-1", 1}}, who: []WorkerID{"w-0", "w-1"}},
		"one of them did":                   {silent: []Unheard{{"w-0", 1}, {"w-1", 2}}, later: testWait, who: []WorkerID{"w-0"}},
		"nobody was seen":                   {who: []WorkerID{"w-0", "w-1"}},
		"and something is new":              {silent: []Unheard{{"w-0", 1}, {"w-1", 1}}, more: 1, who: []WorkerID{"w-0", "w-1"}},
		"who is there has a longer lease":   {silent: []Unheard{{"w-0", 2}, {"w-1", 2}}},
		"a longer lease, and something new": {silent: []Unheard{{"w-0", 2}, {"w-1", 2}}, more: 1},
	} {
		t.Run(name, func(t *testing.T) {
			table, roster, _ := group()
			table.Rows[3].Revoking = 7
			roster.show("w-1", Live{Session: "s1", Applied: 7})
			roster.show("w-0", Live{Session: "s0"}, tc.later)
			target := Target{Set: manyPartitions(4 + tc.more), Silent: tc.silent}
			for range target.Set.IDs {
				target.Owner = append(target.Owner, None)
			}
			o := Next(table, 3, target, Facts{Now: atFirst.Add(tc.later), Rules: testRules, Roster: roster})
			if tc.who != nil {
				want := Outlook{Blocked: 4 + tc.more}
				for _, w := range tc.who {
					want.Misjudged = append(want.Misjudged, roster[w])
				}
				require.Equal(t, want, o)
				return
			}
			require.Equal(t, None, o.Publish.Table.Rows[3].Seat)
			require.Len(t, o.Publish.Table.Rows, 4+tc.more)
			require.Equal(t, 3, o.Blocked)
		})
	}
}

// What none of those could own who renew has no owner by the next decision either: nothing
// waits for that.
func TestNext_NobodysForGoodIsNoMistake(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Set, *Live)
		waits  bool
	}{
		"it could own all":    {func(*Set, *Live) {}, true},
		"it lacks a label":    {func(s *Set, _ *Live) { s.Labels = [][]string{nil, nil, {"gpu"}, {"gpu"}} }, false},
		"it has the label":    {func(s *Set, l *Live) { s.Labels, l.Labels = [][]string{nil, nil, {"gpu"}, {"gpu"}}, []string{"gpu"} }, true},
		"it lacks one of two": {func(s *Set, _ *Live) { s.Labels = [][]string{nil, nil, nil, {"gpu"}} }, true},
		"pinned to it": {func(s *Set, _ *Live) {
			s.Labels, s.Pins = [][]string{nil, nil, {"gpu"}, {"gpu"}}, []WorkerID{"", "", "", "w-1"}
		}, true},
		"pinned elsewhere": {func(s *Set, _ *Live) {
			s.Labels, s.Pins = [][]string{nil, nil, {"gpu"}, {"gpu"}}, []WorkerID{"", "", "", "w-0"}
		}, false},
		"it drains": {func(_ *Set, l *Live) { l.Draining = true }, false},
		"old handlers still run": {func(_ *Set, l *Live) {
			l.Abandoned = []Abandoned{{Partition: "p0000002", Token: 5}, {Partition: "p0000003", Token: 5}}
		}, false},
		"an old handler still runs": {func(_ *Set, l *Live) { l.Abandoned = []Abandoned{{Partition: "p0000003", Token: 5}} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			table, roster, set := group()
			table.Rows[2].Seat, table.Rows[2].Token = None, 0
			table.Rows[3].Seat, table.Rows[3].Token = None, 0
			live := Live{Session: "s1", Applied: 7}
			tc.change(&set, &live)
			roster.show("w-1", live)
			roster.show("w-2", Live{Session: "s2"})
			target := Target{
				Set: set, Silent: []Unheard{{"w-1", 1}}, Owner: []int32{1, 0, None, None},
				Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-2", Session: "s2"}},
			}
			o := Next(table, 3, target, Facts{Now: atFirst, Rules: testRules, Roster: roster})
			require.Equal(t, tc.waits, o.Publish == nil)
			require.Equal(t, tc.waits, len(o.Misjudged) > 0)
		})
	}
}

// Who announced its return is given away if the silence that the decision rests on lasts:
// it counted the hold-down from an earlier sight. Who was heard since is waited for.
func TestNext_SilenceThatLasts(t *testing.T) {
	table, roster, set := group()
	roster.show("w-1", Live{Session: "s1", Restarting: true})
	roster.show("w-0", Live{Session: "s0"}, testWait)
	seen := roster["w-1"].Revision
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}}, Owner: []int32{0, 0, 0, 0}}
	facts := Facts{Now: atFirst.Add(testWait), Rules: testRules, Roster: roster, Term: 9}
	for revision, moves := range map[Revision]int{seen - 1: 0, seen: 2} {
		target.Silent = []Unheard{{"a-0", seen - 1}, {"w-1", revision}}
		o := Next(table, 3, target, facts)
		require.Len(t, o.Publish.Fences, 1)
		require.Len(t, o.Publish.Moves, moves, "left out at revision %d of %d", revision, seen)
	}
}

// Who announced its return, or is back, is waited for if the decision saw nothing of its session:
// no record, or one that is older than what the table says. What it saw counts otherwise.
func TestNext_LeftOutUnseen(t *testing.T) {
	left := Live{Session: "s1", Released: true}
	back := Live{Session: "t1", Predecessor: "s1", PredecessorReleased: true}
	for name, tc := range map[string]struct {
		saw   []Live // after nothing
		known Revision
		then  Live
		moves int
	}{
		"no record, and it will be back":      {then: testBack},
		"no record, and it is back":           {then: back},
		"no record, and it left":              {then: left, moves: 2},
		"an older one, and it will be back":   {saw: []Live{{Session: "r1", Released: true}}, known: 2, then: testBack},
		"an older one, and it left":           {saw: []Live{{Session: "r1", Released: true}}, known: 2, then: left, moves: 2},
		"that it left, and it is back":        {saw: []Live{left}, known: 1, then: back, moves: 2},
		"the latest of all, and it left then": {saw: []Live{left}, known: 1, then: left, moves: 2},
	} {
		t.Run(name, func(t *testing.T) {
			table, roster, set := group()
			delete(roster, "w-1")
			for _, l := range tc.saw {
				roster.show("w-1", l)
			}
			table.Seats[1].Live = tc.known
			silent := Classify(table, roster, set, atFirst, testRules, 0.5).Silent
			target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}}, Owner: []int32{0, 0, 0, 0}, Silent: silent}
			roster.show("w-1", tc.then)
			o := Next(table, 3, target, Facts{Now: atFirst, Rules: testRules, Roster: roster})
			require.Equal(t, tc.moves == 0, o.Publish == nil)
			if o.Publish != nil {
				require.Len(t, o.Publish.Moves, tc.moves)
			}
		})
	}
}

// A decision that names the table that it saw leaves what was granted since with its owner,
// unless that one gives everything up.
func TestNext_GrantedSinceTheTableThatADecisionSaw(t *testing.T) {
	for name, tc := range map[string]struct {
		saw     Step
		drains  bool
		removed bool
		revokes int
	}{
		"granted since":               {saw: 5, revokes: 1},
		"none was":                    {saw: 6, revokes: 2},
		"owners may be others":        {revokes: 2},
		"it drains":                   {saw: 5, drains: true, revokes: 2},
		"the source lists it no more": {saw: 5, removed: true, revokes: 2},
	} {
		t.Run(name, func(t *testing.T) {
			table, roster, set := group()
			table.Rows[3].Token = 6
			target := Target{Set: set, Owner: []int32{0, 0, 0, 0}, Saw: tc.saw, Seats: []TargetSeat{
				{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1", Drains: tc.drains},
			}}
			if tc.removed {
				target.Set, target.Owner = manyPartitions(3), target.Owner[:3]
			}
			o := Next(table, 3, target, Facts{Now: atFirst, Rules: testRules, Roster: roster})
			require.Equal(t, tc.revokes, o.Publish.Revokes)
			require.Equal(t, tc.revokes, o.Outstanding)
			require.Zero(t, o.Blocked)
			require.Equal(t, name == "granted since", target.Leaves(table))
		})
	}
}

// It waits for an owner that is back in another session, and leaves it to nobody who is gone.
func TestNext_GrantedSinceToSomebodyWhoIsBack(t *testing.T) {
	table, roster, set := group()
	roster.show("w-1", Live{Session: "t1", Predecessor: "s1", PredecessorReleased: true})
	target := Target{Set: set, Owner: []int32{0, 0, 0, 0}, Saw: 4, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "t1"}}}
	for _, to := range []WorkerID{"w-1", "w-0"} {
		o := Next(table, 3, target, Facts{Now: atFirst, Rules: testRules, Roster: roster})
		require.Len(t, o.Publish.Moves, 2)
		require.Equal(t, to, o.Publish.Moves[0].To)
		target.Seats = target.Seats[:1]
	}
}

func TestNext_SilentOnesWithoutASeatAreFencedToo(t *testing.T) {
	table, roster, set := group()
	for _, w := range []WorkerID{"w-3", "w-2"} {
		roster.show(w, Live{Session: "x"}, -time.Hour)
	}
	roster.show("w-4", Live{Session: "x", Released: true}, -time.Hour)
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1"}}, Owner: []int32{0, 0, 1, 1}}
	o := Next(table, 3, target, Facts{Now: atFirst, Rules: testRules, Roster: roster, Term: 4})
	require.Len(t, o.Publish.Fences, 2)
	require.Equal(t, WorkerID("w-2"), o.Publish.Fences[0].Worker)
	require.Equal(t, table.Rows, o.Publish.Table.Rows)
}
