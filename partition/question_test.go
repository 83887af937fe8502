package partition

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func ask(t Table, r Roster, set Set, previous *Target) Question {
	c := Classify(t, r, set, atFirst, testRules, Off)
	return Ask(t, previous, c, set, Asking{Now: atFirst, Rules: testRules, MoveLimit: 2, Listed: map[SessionID]uint64{"s0": 4}})
}

func TestAsk_PreviousIsWhereThingsAreOrGo(t *testing.T) {
	table, roster, set := group()
	roster.show("w-2", Live{Session: "s2", Draining: true, Refresh: 3})
	roster.show("w-0", Live{Session: "s0", Refresh: 9})
	table.Rows[0].Revoking, table.Rows[0].Pending = 7, 1 // told by the table
	table.Rows[3].Seat = None
	q := ask(table, roster, set, nil)
	require.Equal(t, []int32{1, 0, 1, None}, q.Input.Previous)
	require.Equal(t, 2, q.Input.MoveLimit)
	require.Equal(t, []Member{{ID: "w-0"}, {ID: "w-1"}, {ID: "w-2", Draining: true}}, q.Input.Members)
	target := q.Answer(Plan{0, 1, 1, 0}, AnyZone)
	require.Equal(t, []int32{0, 1, 1, 0}, target.Owner)
	require.Equal(t, []TargetSeat{{Worker: "w-0", Session: "s0", Refresh: 4}, {Worker: "w-1", Session: "s1"}, {Worker: "w-2", Session: "s2", Drains: true}}, target.Seats, "what the list does not answer is not served")

	planned := target // told by the decision that is handed over
	planned.Owner = []int32{0, 1, 0, 2}
	require.Equal(t, []int32{0, 1, 0, 2}, ask(table, roster, set, &planned).Input.Previous)
	roster.show("w-1", Live{Session: "s1", Released: true})
	require.Equal(t, []int32{0, 0, 0, 1}, ask(table, roster, set, &planned).Input.Previous, "whoever is gone gets nothing")
}

// A decision that replaces another says why what that one moves is on its way; what is
// there already, or goes elsewhere now, has a reason of its own or none.
func TestAsk_ReasonsOfWhatIsOnItsWay(t *testing.T) {
	table, roster, set := group() // p0 and p1 at w-0, p2 and p3 at w-1
	planned := ask(table, roster, set, nil).AsIs()
	planned.Owner = []int32{1, 1, 1, 0}
	planned.Why = []Reason{ReturnedHome, OverTheBand, OverTheBand, PinnedThere}
	q := ask(table, roster, set, &planned)
	require.Equal(t, []int32{1, 1, 1, 0}, q.Input.Previous)
	target := q.Answer(Plan{1, 0, 1, 0}, AnyZone)
	require.Equal(t, []Reason{ReturnedHome, OverTheBand, NoReason, PinnedThere}, target.Why)
	roster.show("w-1", Live{Session: "s1", Released: true})
	require.Equal(t, []Reason{NoReason, NoReason, OwnerGone, PinnedThere}, ask(table, roster, set, &planned).Answer(Plan{0, 0, 0, 0}, AnyZone).Why)
}

// What is still in the seat of somebody who did not count when the decision on its way was
// made, or was to give everything up, stays there. What that one gives to others goes there,
// for it may have been published.
func TestAsk_WhoCountsAgainKeepsWhatIsStillThere(t *testing.T) {
	without := Target{Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-2", Session: "s2"}}, Owner: []int32{1, 0, 0, 1}}
	drains := Target{Seats: slices.Insert(slices.Clone(without.Seats), 1, TargetSeat{Worker: "w-1", Session: "s1", Drains: true}), Owner: []int32{2, 0, 0, 2}}
	for name, tc := range map[string]struct {
		planned Target
		live    Live
		want    []int32
	}{
		"renewed":               {without, Live{Session: "s1"}, []int32{2, 0, 1, 1}},
		"in another session":    {without, Live{Session: "t1"}, []int32{2, 0, 1, 1}},
		"drains":                {without, Live{Session: "s1", Draining: true}, []int32{2, 0, 0, 2}},
		"does not drain":        {drains, Live{Session: "t1"}, []int32{2, 0, 1, 1}},
		"drains still":          {drains, Live{Session: "s1", Draining: true}, []int32{2, 0, 0, 2}},
		"drains and comes back": {drains, Live{Session: "s1", Draining: true, Restarting: true, Released: true}, []int32{1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			table, roster, set := group() // p0 and p1 at w-0, p2 and p3 at w-1
			table.Rows[0].Seat = None
			roster.show("w-1", tc.live)
			roster.show("w-2", Live{Session: "s2"})
			tc.planned.Set = set
			require.Equal(t, tc.want, ask(table, roster, set, &tc.planned).Input.Previous)
		})
	}
	table, roster, set := group()
	table.Rows[3].Revoking, table.Rows[3].Pending = 7, 0
	without.Set = set
	roster.show("w-2", Live{Session: "s2"})
	require.Equal(t, []int32{2, 0, 1, 2}, ask(table, roster, set, &without).Input.Previous, "it was told to let go of one")
	table.Rows[0].Token, without.Saw = 6, 5
	require.Equal(t, []int32{0, 0, 1, 2}, ask(table, roster, set, &without).Input.Previous, "what was granted since is left there")
}

// A decision without a limit to what it moves does not say which table it saw.
func TestAsk_TellsWhichTableItSaw(t *testing.T) {
	table, roster, set := group()
	c := Classify(table, roster, set, atFirst, testRules, Off)
	for limit, saw := range map[int]Step{0: table.Step, 1: table.Step, Off: 0} {
		q := Ask(table, nil, c, set, Asking{Now: atFirst, Rules: testRules, MoveLimit: limit})
		require.Equal(t, saw, q.Answer(Plan{0, 0, 1, 1}, AnyZone).Saw)
	}
}

func TestAsk_AnnouncedRestartIsNoPartOfTheQuestion(t *testing.T) {
	table, roster, set := group()
	roster.show("w-1", Live{Session: "s1", Released: true, Restarting: true})
	planned := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0"}}, Owner: []int32{0, 0, 0, 0}}
	q := ask(table, roster, set, &planned)
	require.Len(t, q.Input.Members, 1)
	require.Equal(t, set.IDs[:2], q.Input.Partitions.IDs)
	require.Equal(t, []int32{0, 0, 1, 1}, q.Answer(Plan{0, 0}, AnyZone).Owner)
}

// Who only announces to come back keeps, too, what it was given since the table that was seen.
func TestAsk_AnnouncedRestartKeepsWhatWasGrantedSince(t *testing.T) {
	saw, roster, set := group()
	saw.Rows[2].Seat, saw.Rows[3].Seat = None, None
	restarts := Live{Session: "s1", Draining: true, Restarting: true}
	roster.show("w-1", restarts)
	target := ask(saw, roster, set, nil).Answer(Plan{0, 0, 0, 0}, AnyZone)
	table, _, _ := group()
	table.Step++
	table.Rows[2].Token, table.Rows[3].Token = Token(table.Step), Token(table.Step)
	target.Saw = saw.Step
	for _, w := range []Live{restarts, {Session: "s1", Released: true, Restarting: true}, {Session: "t1", Predecessor: "s1", PredecessorReleased: true}} {
		roster.show("w-1", w)
		if p := Next(table, 3, target, Facts{Now: atFirst, Rules: testRules, Roster: roster}).Publish; p != nil {
			for _, m := range p.Moves {
				require.Equal(t, WorkerID("w-1"), m.To)
			}
		}
	}
}

func TestAsk_TellsWhoseSilenceItRestsOn(t *testing.T) {
	table, roster, set := group()
	roster.show("w-0", Live{Session: "s0"}, testWait)
	c := Classify(table, roster, set, atFirst.Add(testWait), testRules, Off)
	q := Ask(table, nil, c, set, Asking{Now: atFirst.Add(testWait), Rules: testRules})
	require.Equal(t, []Unheard{{"w-1", roster["w-1"].Revision}}, q.Answer(Plan{0, 0, 0, 0}, AnyZone).Silent)
}

func TestAsk_NobodyThere(t *testing.T) {
	table, roster, set := group()
	require.False(t, ask(table, Roster{}, set, nil).Plannable())
	require.Equal(t, []int32{None, None, None, None}, ask(table, Roster{}, set, nil).AsIs().Owner)
	require.False(t, ask(table, roster, Set{}, nil).Plannable())
	roster.show("w-0", Live{Session: "s0", Draining: true})
	require.True(t, ask(table, roster, set, nil).Plannable())
	roster.show("w-1", Live{Session: "s1", Draining: true})
	require.False(t, ask(table, roster, set, nil).Plannable())
	require.Equal(t, []int32{0, 0, 1, 1}, ask(table, roster, set, nil).AsIs().Owner)
}

// While a worker lists a partition as written off, it is not eligible for it.
func TestAsk_WrittenOffGoesToAnother(t *testing.T) {
	table, roster, set := group()
	roster.show("w-0", Live{Session: "s0", Abandoned: []Abandoned{{Partition: set.IDs[3], Token: 5, Step: 6}}})
	roster.show("w-1", Live{Session: "s1", Released: true})
	require.Equal(t, []int32{0, 0, 0, 0}, ask(table, roster, set, nil).Answer(Plan{0, 0, 0, 0}, AnyZone).Owner, "there is no other")
	roster.show("w-2", Live{Session: "s2"})
	require.Equal(t, []int32{0, 0, 0, 1}, ask(table, roster, set, nil).Answer(Plan{0, 0, 0, 0}, AnyZone).Owner)
	roster.show("w-3", Live{Session: "s3", Abandoned: []Abandoned{{Partition: set.IDs[3], Token: 5, Step: 6}}})
	require.Equal(t, []int32{1, 1, 2, 1}, ask(table, roster, set, nil).Answer(Plan{1, 1, 2, 2}, AnyZone).Owner)
}

func TestAsk_PicksZonesLabelsAndPinsToo(t *testing.T) {
	set, err := NewSet([]Partition{{Keys: []string{"a"}, Zone: "x"}, {Keys: []string{"b"}, Labels: []string{"gpu"}}, {Keys: []string{"c"}, Weight: 7, Pinned: "w-2"}})
	require.NoError(t, err)
	picked := set.pick([]int32{1, 2})
	require.Equal(t, []PartitionID{"b", "c"}, picked.IDs)
	require.Equal(t, []int64{DefaultWeight, 7}, picked.Weights)
	require.Equal(t, [][]string{{"gpu"}, nil}, picked.Labels)
	require.Nil(t, picked.Zones)
	require.Equal(t, []WorkerID{"", "w-2"}, picked.Pins)
	require.NotZero(t, picked.PinDigest)
	require.Zero(t, set.pick([]int32{0, 1}).PinDigest)
}

// What a strategy knows of a worker comes from its record.
func TestAsk_MembersAreWhatTheyWrite(t *testing.T) {
	table, roster, set := group()
	roster.show("w-1", Live{Session: "s1", Capacity: 2, Zone: "eu", Labels: []string{"gpu"}, Draining: true})
	require.Equal(t, Member{ID: "w-1", Capacity: 2, Zone: "eu", Labels: []string{"gpu"}, Draining: true}, ask(table, roster, set, nil).Input.Members[1])
}

// What a plan gives to nobody has no owner, although it had one.
func TestQuestion_NobodyMayHaveIt(t *testing.T) {
	table, roster, set := group()
	roster.show("w-0", Live{Session: "s0", Abandoned: []Abandoned{{Partition: set.IDs[0], Token: 5, Step: 6}}})
	require.Equal(t, []int32{None, 1, None, 1}, ask(table, roster, set, nil).Answer(Plan{None, 1, None, 1}, AnyZone).Owner)
}

func TestTarget_PlannedIsWhatIsNoNews(t *testing.T) {
	table, roster, set := group()
	roster.show("w-2", Live{Session: "s2"})
	target := ask(table, roster, set, nil).Answer(Plan{0, 1, 2, 2}, AnyZone)
	c := Classify(target.Planned(), roster, set, atFirst, testRules, 0.5)
	require.False(t, c.Urgent())
	require.Empty(t, c.Joined)
}

// Whoever may have it instead is who may have it at all: the one that it is pinned to, or
// one in its zone.
func TestAsk_WrittenOffGoesWhereItMayBe(t *testing.T) {
	table, roster, set := group() // p0 and p1 at w-0, p2 and p3 at w-1
	written := func(k int) []Abandoned { return []Abandoned{{Partition: set.IDs[k], Token: 5, Step: 6}} }
	roster.show("w-0", Live{Session: "s0", Zone: "a", Abandoned: written(0)})
	roster.show("w-1", Live{Session: "s1", Zone: "b"})
	answer := func(zones ZoneRule) int32 {
		return ask(table, roster, set, nil).Answer(Plan{0, 0, 1, 1}, zones).Owner[0]
	}
	set.Pins = []WorkerID{"w-0", "", "", ""}
	require.Equal(t, int32(0), answer(AnyZone), "it waits for the one that it is pinned to")
	set.Pins[0] = "w-9"
	require.Equal(t, int32(1), answer(AnyZone), "who is not there is no pin")

	set.Pins, set.Zones = nil, []string{"a", "", "", ""}
	require.Equal(t, int32(1), answer(AnyZone))
	require.Equal(t, int32(1), answer(PreferZone), "rather elsewhere than nowhere")
	require.Equal(t, int32(0), answer(RequireZone), "it waits for somebody in its zone")
	roster.show("w-2", Live{Session: "s2", Zone: "a"})
	roster.show("w-3", Live{Session: "s3", Zone: "c"})
	require.Equal(t, int32(2), answer(PreferZone))
	require.Equal(t, int32(2), answer(RequireZone))
	roster.show("w-2", Live{Session: "s2", Zone: "a", Abandoned: written(0)})
	require.Equal(t, int32(3), answer(PreferZone), "the least loaded")
	require.Equal(t, int32(0), answer(RequireZone))

	why := ask(table, roster, set, nil).Answer(Plan{0, 0, 1, 1}, AnyZone)
	require.Equal(t, Measure{Moves: 1, Least: 2, Before: 2, After: 2}, why.Measure, "of where it goes, not of what was planned")
	require.Equal(t, OldHandler, why.Why[0], "no more than its share is at w-0")
}

// Who has what should go where an old handler still runs keeps it until that has ended, if
// nobody else may have it: nobody is told to let go of what nobody could get. Then it moves.
func TestAsk_WrittenOffElsewhereStaysWithItsOwner(t *testing.T) {
	for _, c := range []struct {
		why   Reason
		by    Sticky
		bound func(*Set)
	}{
		{PinnedThere, Sticky{}, func(s *Set) { s.Pins = []WorkerID{"", "", "w-0", ""} }},
		{ZoneMatch, Sticky{Zones: RequireZone}, func(s *Set) { s.Zones = []string{"", "", "a", ""} }},
		{LabelsMissing, Sticky{}, func(s *Set) { s.Labels = [][]string{nil, nil, {"gpu"}, nil} }},
	} {
		table, roster, set := group() // p0 and p1 at w-0, p2 and p3 at w-1
		c.bound(&set)
		answer := func(former, owner Live) (Outlook, uint64) {
			former.Session, former.Zone, former.Labels, owner.Session = "s0", "a", []string{"gpu"}, "s1"
			roster.show("w-0", former)
			roster.show("w-1", owner)
			ch := Classify(table, roster, set, atFirst, testRules, Off)
			require.True(t, owner.Draining || ch.Misplaced+ch.Strays == 1)
			q := Ask(table, nil, ch, set, Asking{Now: atFirst, Rules: testRules, MoveLimit: Off})
			target := q.Answer(mustPlan(t, c.by, q.Input), c.by.Zones)
			target.Owner[0], target.Owner[1], target.Owner[3] = 0, 0, 1 // p2 alone is looked at
			if target.Owner[2] != 1 && !owner.Draining {
				require.Equal(t, c.why, target.Why[2])
			}
			return Next(table, 3, target, Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}), ch.Fingerprint(set)
		}
		written := Live{Abandoned: []Abandoned{{Partition: set.IDs[2], Token: 4, Step: 6}}}
		out, before := answer(written, Live{})
		require.Zero(t, out.Blocked+out.Outstanding+out.Waiting, c.why)
		require.True(t, out.Publish == nil || out.Publish.Revokes == 0, c.why)
		out, after := answer(Live{}, Live{})
		require.Equal(t, 1, out.Publish.Revokes, c.why)
		require.NotEqual(t, before, after, "that it has ended is news")
		out, _ = answer(written, Live{Draining: true})
		require.Equal(t, 1, out.Publish.Revokes, "who gives everything up keeps nothing")
	}
}

// What would go where an old handler runs stays rather than go to a third.
func TestAsk_WrittenOffElsewhereMovesNothing(t *testing.T) {
	table, roster, set := group()
	roster.show("w-0", Live{Session: "s0", Zone: "a", Abandoned: []Abandoned{{Partition: set.IDs[2], Token: 4, Step: 6}}})
	roster.show("w-2", Live{Session: "s2", Zone: "a"})
	set.Zones = []string{"", "", "a", ""}
	for zones, owner := range map[ZoneRule]int32{AnyZone: 1, PreferZone: 1, RequireZone: 2} {
		require.Equal(t, owner, ask(table, roster, set, nil).Answer(Plan{0, 0, 0, 1}, zones).Owner[2], zones)
	}
}

// Whom it goes to instead is who has the least for its capacity, with what goes there.
func TestAsk_WrittenOffGoesToTheLeastLoadedForItsCapacity(t *testing.T) {
	table, roster, set := group() // p0 and p1 at w-0, p2 and p3 at w-1
	roster.show("w-0", Live{Session: "s0", Abandoned: []Abandoned{{Partition: set.IDs[0], Token: 5, Step: 6}}})
	roster.show("w-2", Live{Session: "s2", Capacity: 4})
	require.Equal(t, int32(2), ask(table, roster, set, nil).Answer(Plan{0, 1, 2, 2}, AnyZone).Owner[0], "three of four, not two of one")
	roster.show("w-2", Live{Session: "s2", Capacity: 1.25})
	require.Equal(t, int32(1), ask(table, roster, set, nil).Answer(Plan{0, 1, 2, 2}, AnyZone).Owner[0])
	roster.show("w-2", Live{Session: "s2", Capacity: 0.2})
	require.Equal(t, int32(1), ask(table, roster, set, nil).Answer(Plan{0, 1, 1, 1}, AnyZone).Owner[0], "four on one, not one on a fifth")
}
