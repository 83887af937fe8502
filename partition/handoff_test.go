package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// handoffCase is one row of the protocol's table: p0, owned by w-0, is wanted at w-1.
type handoffCase struct {
	revoking Step
	live     Live // of w-0, seen at atFirst; a zero Session is s0
	gone     bool // w-0 has no record
	counted  bool // the target counts on w-0's session
	missed   bool // the target took w-0 for silent, before this sight
	// waits is how long after the sight nothing is granted; then it is, by this
	// evidence. by 0: never.
	waits time.Duration
	by    FreedBy
	// fence is written before that, after this time.
	fence *Fence
	at    time.Duration
}

// hazard 46
// hazard 2
func TestNext_Evidence(t *testing.T) {
	wait, stuck := testRules.Wait(testLease), 2*testRules.RevokeTimeout
	set := manyPartitions(1)
	off := func(step Step) []Abandoned { return []Abandoned{{Partition: set.IDs[0], Token: 5, Step: step}} }
	silence, told := &Fence{Term: 9, AfterSilence: true}, &Fence{Term: 9}
	for name, tc := range map[string]handoffCase{
		"acknowledged":                {revoking: 6, live: Live{Applied: 6}, counted: true, by: FreedByAck},
		"acknowledged by a later":     {revoking: 6, live: Live{Applied: 8}, counted: true, by: FreedByAck},
		"not applied yet":             {revoking: 6, live: Live{Applied: 5}, counted: true, fence: told, at: stuck},
		"still held":                  {revoking: 6, live: Live{Applied: 6, Held: set.IDs}, counted: true, fence: told, at: stuck},
		"written off":                 {revoking: 6, live: Live{Applied: 6, Abandoned: off(6)}, counted: true, waits: wait, by: FreedByAbandonment},
		"written off for another":     {revoking: 6, live: Live{Applied: 6, Abandoned: off(4)}, counted: true, fence: told, at: stuck},
		"released":                    {live: Live{Released: true}, by: FreedByRelease},
		"released while revoking":     {revoking: 6, live: Live{Released: true, Held: set.IDs}, by: FreedByRelease},
		"released, not stopped":       {live: Live{Released: true, Abandoned: off(0)}, waits: wait, by: FreedByAbandonment},
		"replaced":                    {live: Live{Session: "t0"}, waits: wait, by: FreedByReplacement},
		"replaced, leases differ":     {live: Live{Session: "t0", Lease: testLease / 4}, waits: wait, by: FreedByReplacement},
		"written off, leases differ":  {revoking: 6, live: Live{Applied: 6, Abandoned: off(6), Lease: testLease / 4}, counted: true, waits: wait, by: FreedByAbandonment},
		"fenced, a longer lease":      {live: Live{Fence: told, Lease: 2 * testLease}, waits: testRules.Wait(2 * testLease), by: FreedByFence},
		"replaced after its release":  {live: Live{Session: "t0", Predecessor: "s0", PredecessorReleased: true}, by: FreedByReplacement},
		"replaced after another's":    {live: Live{Session: "t0", Predecessor: "r0", PredecessorReleased: true}, waits: wait, by: FreedByReplacement},
		"replaced, its handler runs":  {live: Live{Session: "t0", Predecessor: "s0", PredecessorReleased: true, Abandoned: off(0)}, waits: wait, by: FreedByAbandonment},
		"silent":                      {waits: wait, by: FreedByFence},
		"silent while revoking":       {revoking: 6, waits: wait, by: FreedByFence},
		"fenced after silence":        {live: Live{Fence: silence}, by: FreedByFence},
		"fenced as it was stuck":      {live: Live{Fence: told}, waits: wait, by: FreedByFence},
		"comes back":                  {live: Live{Released: true, Restarting: true}, counted: true},
		"comes back, was revoked":     {revoking: 6, live: Live{Released: true, Restarting: true}, counted: true},
		"comes back, still there":     {live: Live{Restarting: true}, counted: true},
		"comes back, silent":          {live: Live{Restarting: true, Fence: silence}, counted: true},
		"is back, was missed":         {live: Live{Session: "t0", Predecessor: "s0", PredecessorReleased: true}, missed: true, waits: wait, by: FreedByReplacement},
		"comes back, was missed":      {live: Live{Released: true, Restarting: true}, missed: true},
		"comes back, was killed":      {live: Live{Restarting: true, Fence: silence}, missed: true},
		"left, was missed":            {live: Live{Released: true}, missed: true, by: FreedByRelease},
		"silent for good":             {live: Live{Beat: 3}, missed: true, waits: wait, by: FreedByFence},
		"was to come back":            {live: Live{Released: true, Restarting: true}, by: FreedByRelease},
		"has no record":               {gone: true, fence: told},
		"taken for silent, but lives": {live: Live{Beat: 3}, waits: wait, by: FreedByFence},
	} {
		t.Run(name, func(t *testing.T) { tc.play(t, set) })
	}
}

func (tc handoffCase) play(t *testing.T, set Set) {
	table := Table{
		Version: 2, Step: 7, Seats: []Seat{{Worker: "w-0", Session: "s0", Lease: testLease, Step: 7}},
		Rows: []Row{{Partition: set.IDs[0], Entered: 1, Token: 5, Revoking: tc.revoking, Seat: 0, Pending: None}},
	}
	roster := Roster{}
	if tc.live.Session == "" {
		tc.live.Session = "s0"
	}
	if !tc.gone {
		roster.show("w-0", tc.live)
	}
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-1", Session: "s1"}}, Owner: []int32{0}}
	if tc.counted {
		target.Seats, target.Owner[0] = append([]TargetSeat{{Worker: "w-0", Session: "s0"}}, target.Seats...), 1
	}
	if tc.missed {
		target.Silent = []Unheard{{"w-0", roster["w-0"].Revision - 1}}
	}
	at := func(after time.Duration) Outlook {
		roster.show("w-1", Live{Session: "s1"}, after)
		return Next(table, 3, target, Facts{Now: atFirst.Add(after), Rules: testRules, Roster: roster, Since: atFirst, Term: 9})
	}
	granted := func(o Outlook) bool { return o.Publish != nil && len(o.Publish.Moves) > 0 }
	if tc.by == 0 && tc.fence == nil {
		o := at(testRules.HoldDown - 1)
		require.False(t, granted(o))
		require.Zero(t, o.Outstanding)
		require.Equal(t, 1, o.Blocked)
		return
	}
	if tc.fence != nil {
		if tc.at > 0 {
			require.Equal(t, atFirst.Add(tc.at), at(tc.at-1).Wake, "it wakes up for it")
		}
		o := at(tc.at)
		require.Equal(t, []SessionFence{{"w-0", roster["w-0"].Revision, o.Publish.Fences[0].Live}}, o.Publish.Fences)
		require.Equal(t, tc.fence, o.Publish.Fences[0].Live.Fence)
		require.False(t, granted(o))
		require.Equal(t, 1, o.Outstanding)
		return
	}
	if tc.waits > 0 {
		require.False(t, granted(at(tc.waits-1)))
	}
	o := at(tc.waits)
	require.True(t, granted(o))
	require.Equal(t, tc.by, o.Publish.Freed[0].By)
	require.Equal(t, SessionID("s0"), o.Publish.Freed[0].Session)
	require.Equal(t, roster["w-0"].Revision, o.Publish.Freed[0].Revision)
	require.Equal(t, Row{Partition: set.IDs[0], Entered: 1, Token: 8, Seat: o.Publish.Table.SeatOf("w-1"), Pending: None}, o.Publish.Table.Rows[0])
	if silent := tc.by == FreedByFence && tc.live.Fence == nil; silent {
		require.True(t, o.Publish.Fences[0].Live.Fence.AfterSilence, "fenced in the batch of the grants")
	}
}

// Nothing is granted to a new session before all of its former one is free.
func TestNext_NewSessionWaitsForAllOfTheFormer(t *testing.T) {
	table, roster, set := group()
	roster.show("w-1", Live{Session: "t1", Predecessor: "s1"})
	target := Target{Set: manyPartitions(5), Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "t1"}}, Owner: []int32{0, 0, 1, 1, 1}}
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster}
	o := Next(table, 3, target, facts)
	require.Equal(t, SessionID("s1"), o.Publish.Table.Seats[1].Session, "head names the former")
	require.Empty(t, o.Publish.Moves)
	require.Equal(t, None, o.Publish.Table.Rows[4].Seat, "the new partition enters without an owner")
	facts.Now = atFirst.Add(testRules.Wait(testLease))
	roster.show("w-1", Live{Session: "t1", Predecessor: "s1", Beat: 2}, testRules.Wait(testLease))
	roster.show("w-0", Live{Session: "s0"}, testRules.Wait(testLease))
	o = Next(o.Publish.Table, 3, target, facts)
	require.Equal(t, SessionID("t1"), o.Publish.Table.Seats[1].Session)
	require.Len(t, o.Publish.Moves, 3)
	require.Equal(t, set.IDs[2], o.Publish.Freed[0].Partition)
}

func TestNext_RemovedIsFreedThenDropped(t *testing.T) {
	table, roster, _ := group()
	target := Target{Set: manyPartitions(3), Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1"}}, Owner: []int32{0, 0, 1}}
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}
	o := Next(table, 3, target, facts)
	require.Equal(t, 1, o.Publish.Revokes)
	require.Equal(t, Step(8), o.Publish.Table.Rows[3].Revoking)
	roster.show("w-1", Live{Session: "s1", Applied: 8})
	o = Next(o.Publish.Table, 3, target, facts)
	require.Len(t, o.Publish.Table.Rows, 3)
	require.Equal(t, FreedByAck, o.Publish.Freed[0].By)
}

// What nobody may have any more, such as for its labels, is free when its owner has let go.
func TestNext_WhatNobodyMayHaveIsFreed(t *testing.T) {
	table, roster, set := group()
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1"}}, Owner: []int32{0, 0, 1, None}}
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}
	o := Next(table, 3, target, facts)
	require.Equal(t, 1, o.Publish.Revokes)
	table = o.Publish.Table
	require.Nil(t, Next(table, 3, target, facts).Publish, "its owner works on it")
	roster.show("w-1", Live{Session: "s1", Applied: 8})
	o = Next(table, 3, target, facts)
	require.Equal(t, []Freed{{Partition: set.IDs[3], Session: "s1", Token: 5, By: FreedByAck, Revision: roster["w-1"].Revision}}, o.Publish.Freed)
	require.Equal(t, Row{Partition: set.IDs[3], Entered: 1, Seat: None, Pending: None}, o.Publish.Table.Rows[3])
	require.Empty(t, o.Publish.Moves)
	done := Next(o.Publish.Table, 3, target, facts)
	require.Nil(t, done.Publish)
	require.Zero(t, done.Outstanding+done.Blocked)
}

func TestNext_RefreshIsServedWithTheLastStep(t *testing.T) {
	table, roster, set := group()
	roster.show("w-1", Live{Session: "s1", Refresh: 3})
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1", Refresh: 3}}, Owner: []int32{0, 1, 1, 1}}
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}
	o := Next(table, 3, target, facts)
	require.Zero(t, o.Publish.Table.Seats[1].Refresh)
	roster.show("w-0", Live{Session: "s0", Applied: 8})
	o = Next(o.Publish.Table, 3, target, facts)
	require.Len(t, o.Publish.Moves, 1)
	require.EqualValues(t, 3, o.Publish.Table.Seats[1].Refresh)
	require.Nil(t, Next(o.Publish.Table, 4, target, facts).Publish)
	target.Seats[1].Refresh = 4
	require.NotNil(t, Next(o.Publish.Table, 4, target, facts).Publish, "the answer is written though nothing moves")
}

// hazard 47
func TestNext_StepsStartAboveWhateverWasReported(t *testing.T) {
	_, roster, set := group()
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}}, Owner: []int32{0, 0, 0, 0}}
	o := Next(Table{}, 1, target, Facts{Now: atFirst, Rules: testRules, Roster: roster, Floor: 99})
	require.EqualValues(t, 100, o.Publish.Table.Step)
	require.EqualValues(t, 1, o.Publish.Table.Version)
}

// A head names a session at least: one that names none is taken for a foreign one.
func TestNext_WithoutASessionNothingIsPublished(t *testing.T) {
	_, _, set := group()
	nobody := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}}, Owner: []int32{0, 0, 0, 0}}
	o := Next(Table{}, 1, nobody, Facts{Now: atFirst, Rules: testRules, Roster: Roster{}})
	require.Nil(t, o.Publish)
	require.Equal(t, set.Len(), o.Blocked)
}

// While a worker lists a partition as written off, it is not eligible for it.
func TestNext_NotToWhoStillRunsAnOldHandler(t *testing.T) {
	table, roster, set := group()
	table.Rows[3] = Row{Partition: set.IDs[3], Entered: 1, Seat: None, Pending: None}
	roster.show("w-1", Live{Session: "s1", Abandoned: []Abandoned{{Partition: set.IDs[3], Token: 2, Step: 6}}})
	target := Target{Set: set, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1"}}, Owner: []int32{0, 0, 1, 1}}
	facts := Facts{Now: atFirst, Rules: testRules, Roster: roster}
	o := Next(table, 3, target, facts)
	require.Nil(t, o.Publish)
	require.Equal(t, 1, o.Blocked)
	roster.show("w-1", Live{Session: "s1"})
	require.Len(t, Next(table, 3, target, facts).Publish.Moves, 1)
}

// Nobody is told to let go of what nobody can get now: its owner works on until the next one
// can have it. Who gives everything up does not.
func TestNext_StaysUntilSomebodyCanGetIt(t *testing.T) {
	id := manyPartitions(4).IDs[3]
	for name, cannot := range map[string]Live{
		"another session": {Session: "t2"},
		"drains":          {Session: "s2", Draining: true},
		"old handler":     {Session: "s2", Abandoned: []Abandoned{{Partition: id, Token: 2, Step: 6}}},
		"released":        {Session: "s2", Released: true},
		"silent":          {},
	} {
		table, roster, set := group()
		if cannot.Session != "" {
			roster.show("w-2", cannot)
		}
		target := Target{Set: set, Owner: []int32{0, 0, 1, 2}, Seats: []TargetSeat{
			{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1"}, {Worker: "w-2", Session: "s2"},
		}}
		facts := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}
		o := Next(table, 3, target, facts)
		require.True(t, o.Publish == nil || o.Publish.Revokes == 0, name)
		require.Equal(t, 1, o.Blocked, name)
		require.Zero(t, o.Outstanding, name)

		target.Seats[1].Drains = true
		require.Equal(t, 1, Next(table, 3, target, facts).Publish.Revokes, name)
		target.Seats[1].Drains = false
		delete(roster, "w-2")
		roster.show("w-2", Live{Session: "s2"})
		o = Next(table, 3, target, facts)
		require.Equal(t, 1, o.Publish.Revokes, name)
		row, _ := o.Publish.Table.Row(id)
		require.Equal(t, o.Publish.Table.SeatOf("w-2"), row.Pending, name)
	}
}
