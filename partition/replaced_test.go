package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// loop is a worker w-1 of a group of two that crashes and is back again and again.
type loop struct {
	table    Table
	roster   Roster
	replaced Replaced
	target   Target
}

func newLoop() *loop {
	table, roster, set := group()
	return &loop{table, roster, Replaced{}, Target{
		Set: set, Owner: []int32{0, 0, 1, 1}, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1"}},
	}}
}

// shows is a sight of w-1, so much later than atFirst, which the next decision counts on.
func (l *loop) shows(after time.Duration, live Live) {
	l.roster.show("w-1", live, after)
	l.roster.show("w-0", Live{Session: "s0"}, after)
	l.replaced.See(l.table.Seats[1], l.roster["w-1"])
	l.target.Seats[1].Session = live.Session
}

func (l *loop) next(after time.Duration) Outlook {
	return Next(l.table, 3, l.target, Facts{Now: atFirst.Add(after), Rules: testRules, Roster: l.roster, Replaced: l.replaced, Term: 9})
}

// Who is back again and again, faster than a lease is over, is waited for once: from the
// first session after the one that owns.
func TestNext_CrashLoopIsWaitedForOnce(t *testing.T) {
	wait := testRules.Wait(testLease)
	l := newLoop()
	l.shows(0, Live{Session: "t1", Predecessor: "s1"})
	first := l.roster["w-1"].Revision
	l.shows(wait/2, Live{Session: "t2", Predecessor: "t1"})
	l.shows(wait-1, Live{Session: "t3", Predecessor: "t2"})
	o := l.next(wait - 1)
	require.Nil(t, o.Publish)
	require.Equal(t, atFirst.Add(wait), o.Wake)
	o = l.next(wait)
	require.Equal(t, []Freed{
		{Partition: l.target.Set.IDs[2], Session: "s1", Token: 5, By: FreedByReplacement, Revision: first},
		{Partition: l.target.Set.IDs[3], Session: "s1", Token: 5, By: FreedByReplacement, Revision: first},
	}, o.Publish.Freed, "by the record that showed it first")
	require.Equal(t, SessionID("t3"), o.Publish.Table.Seats[1].Session)

	// The one that owns now is waited for anew.
	l.table = o.Publish.Table
	l.replaced.Follow(l.table, l.roster)
	require.Empty(t, l.replaced)
	l.shows(wait+1, Live{Session: "t4", Predecessor: "t3"})
	first = l.roster["w-1"].Revision
	l.shows(2*wait, Live{Session: "t4", Predecessor: "t3", Beat: 2})
	require.Nil(t, l.next(2*wait).Publish)
	require.Equal(t, first, l.next(2*wait + 1).Publish.Freed[0].Revision)
}

// Once a session is known as released it stays so, whoever comes after the one that said
// it. What it wrote off may run until a lease is over.
func TestNext_CrashLoopAfterARelease(t *testing.T) {
	wait := testRules.Wait(testLease)
	l := newLoop()
	off := []Abandoned{{Partition: l.target.Set.IDs[2], Token: 5}}
	l.shows(0, Live{Session: "t1", Predecessor: "s1", PredecessorReleased: true, Abandoned: off})
	l.shows(1, Live{Session: "t2", Predecessor: "t1", Abandoned: off})
	l.target.Owner, l.target.Seats[0].Session = []int32{0, 0, 0, 0}, "s0" // w-1 may not have what it wrote off
	o := l.next(1)
	require.Len(t, o.Publish.Freed, 1)
	require.Equal(t, l.target.Set.IDs[3], o.Publish.Freed[0].Partition)
	l.shows(wait-1, Live{Session: "t3", Predecessor: "t2", Abandoned: off})
	require.Len(t, l.next(wait-1).Publish.Freed, 1)
	o = l.next(wait)
	require.Len(t, o.Publish.Freed, 2)
	require.Equal(t, FreedByAbandonment, o.Publish.Freed[0].By)
}

func TestReplaced_IsOfTheTable(t *testing.T) {
	table, roster, _ := group()
	r := Replaced{"gone": {Revision: 3}}
	r.Follow(table, Roster{})
	require.Empty(t, r, "no record says nothing")
	roster.show("w-1", Live{Session: "t1", Predecessor: "s1", PredecessorReleased: true}, 1)
	r.Follow(table, roster)
	t1 := Replacement{roster["w-1"].Revision, atFirst.Add(1), true}
	require.Equal(t, Replaced{"s1": t1}, r)
	roster.show("w-1", Live{Session: "t2", Predecessor: "t1"}, 2)
	r.Follow(table, roster)
	require.Equal(t, Replaced{"s1": t1}, r, "the first one counts")
	roster.show("w-1", Live{Session: "s1"}, 3)
	r.Follow(table, roster)
	require.Empty(t, r, "the store went back")
	roster.show("w-1", Live{Session: "t2", Predecessor: "t1"}, 4)
	r.See(table.Seats[1], roster["w-1"])
	require.Equal(t, Replaced{"s1": {roster["w-1"].Revision, atFirst.Add(4), false}}, r)
	table.Seats[1].Session = "t2"
	r.Follow(table, roster)
	require.Empty(t, r)
}

// Who never came back from such a loop is fenced as every silent session is, in the batch
// that gives its partitions away, also if that waits for something else. The batch is refused
// if it was heard again by then.
func TestNext_SilentAfterACrashLoop(t *testing.T) {
	wait := testRules.Wait(testLease)
	l := newLoop()
	l.shows(0, Live{Session: "t1", Predecessor: "s1"})
	l.roster.show("w-0", Live{Session: "s0"}, wait)
	require.Nil(t, l.next(wait).Publish, "the decision counts on it")
	l.target.Owner, l.target.Seats = []int32{0, 0, 0, 0}, l.target.Seats[:1]
	require.Empty(t, l.next(wait-1).Publish.Fences)
	require.Empty(t, l.next(wait-1).Publish.Moves)
	o := l.next(wait)
	require.Len(t, o.Publish.Moves, 2)
	require.Equal(t, FreedByReplacement, o.Publish.Freed[0].By)
	seen := l.roster["w-1"]
	require.Equal(t, []SessionFence{{"w-1", seen.Revision, seen.Live.Fenced(Fence{Term: 9, AfterSilence: true})}}, o.Publish.Fences)
	l.target.Seats, l.target.Owner, l.target.Silent = nil, []int32{None, None, None, None}, []Unheard{{"w-0", l.roster["w-0"].Revision}}
	require.Len(t, l.next(wait).Publish.Fences, 1)
}
