package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const tick = testLease / 10

var atServer = time.Unix(7, 0)

// uncoveredCases are what nobody works on, and since when: of group(), in which w-0 has p0
// and p1, and w-1 the others.
var uncoveredCases = map[string]struct {
	change func(t *Table, r Roster, s *Set)
	now    time.Time
	count  int
	since  time.Time // of the first that is known
}{
	"nothing": {func(*Table, Roster, *Set) {}, atFirst.Add(testWait).Add(-1), 0, time.Time{}},
	"silent":  {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1"}, tick) }, atFirst.Add(testWait), 2, atFirst.Add(testLease)},
	"all silent, one of them later": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-0", Live{Session: "s0"}, tick)
	}, atFirst.Add(testWait).Add(tick), 4, atFirst.Add(testLease)},
	"released": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s1", Released: true}, tick)
	}, atFirst.Add(2 * tick), 2, atFirst.Add(tick)},
	"released, to come back": {func(_ *Table, r Roster, _ *Set) { r.show("w-1", testBack, tick) }, atFirst.Add(2 * tick), 0, time.Time{}},
	"did not come back": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", testBack, tick)
		r.show("w-0", Live{Session: "s0"}, tick+testRules.HoldDown)
	}, atFirst.Add(tick + testRules.HoldDown), 2, atFirst.Add(tick)},
	"another session is to come back": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s9", Released: true, Restarting: true}, tick)
	}, atFirst.Add(tick), 2, atFirst.Add(tick)},
	"about to come back": {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Restarting: true}) }, atFirst, 0, time.Time{}},
	"fenced":             {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Fence: &Fence{}}) }, atFirst, 2, atFirst},
	"followed by another session": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s9"}, tick)
	}, atFirst.Add(tick), 2, atFirst.Add(tick)},
	"without a record": {func(_ *Table, r Roster, _ *Set) { delete(r, "w-1") }, atFirst, 2, time.Time{}},
	"without an owner": {func(t *Table, _ Roster, _ *Set) { t.Rows[2].Seat = None }, atFirst, 1, time.Time{}},
	"not granted yet":  {func(t *Table, _ Roster, _ *Set) { t.Rows = t.Rows[1:3] }, atFirst, 2, time.Time{}},
	"not in the source any more": {func(t *Table, r Roster, s *Set) {
		delete(r, "w-1")
		*s = Set{IDs: s.IDs[:3], Weights: s.Weights[:3]}
	}, atFirst, 1, time.Time{}},
	"to be let go": {func(t *Table, r Roster, _ *Set) { t.Rows[3].Revoking = 8 }, atFirst, 0, time.Time{}},
	"let go": {func(t *Table, r Roster, _ *Set) {
		t.Rows[2].Revoking, t.Rows[3].Revoking = 8, 8
		r.show("w-1", Live{Session: "s1", Applied: 8, Held: []PartitionID{t.Rows[3].Partition}})
	}, atFirst, 1, time.Time{}},
	"written off": {func(t *Table, r Roster, _ *Set) {
		t.Rows[3].Revoking = 8
		r.show("w-1", Live{Session: "s1", Applied: 8, Abandoned: []Abandoned{{Partition: t.Rows[3].Partition, Step: 8}}})
	}, atFirst, 0, time.Time{}},
	"silent before it led, by the server's clock": {func(_ *Table, r Roster, _ *Set) {
		r.stamp("w-1", atServer.Add(-testWait))
		r.stamp("w-0", atServer)
	}, atFirst, 2, atFirst.Add(testLease - testWait)},
	"not silent yet by the server's clock": {func(_ *Table, r Roster, _ *Set) {
		r.stamp("w-1", atServer.Add(1-testWait))
		r.stamp("w-0", atServer)
	}, atFirst, 0, time.Time{}},
	"silent before it led, had its seat not a longer lease": {func(t *Table, r Roster, _ *Set) {
		t.Seats[1].Lease++
		r.stamp("w-1", atServer.Add(-testWait))
		r.stamp("w-0", atServer)
	}, atFirst, 0, time.Time{}},
	"silent before it led, had its session not a longer lease": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s1", Lease: testLease + 1})
		r.stamp("w-1", atServer.Add(-testWait))
		r.stamp("w-0", atServer)
	}, atFirst, 0, time.Time{}},
	"released before it led": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s1", Released: true})
		r.stamp("w-1", atServer.Add(-tick))
		r.stamp("w-0", atServer)
	}, atFirst, 2, atFirst.Add(-tick)},
	"by a clock that has been set back since, others were silent long ago": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-7", Live{Session: "s7", Released: true})
		r.stamp("w-7", atServer.Add(time.Hour))
		r.stamp("w-1", atServer)
		r.stamp("w-0", atServer)
	}, atFirst, 0, time.Time{}},
	"by a clock that is set forward, others were silent long ago": {func(_ *Table, r Roster, _ *Set) {
		for _, w := range []WorkerID{"w-0", "w-1"} {
			r.show(w, r[w].Live, tick)
			r.stamp(w, atServer)
		}
		r.stamp("w-0", atServer.Add(time.Hour))
	}, atFirst.Add(2 * tick), 0, time.Time{}},
}

func TestUncovered(t *testing.T) {
	for name, c := range uncoveredCases {
		t.Run(name, func(t *testing.T) {
			table, roster, set := group()
			c.change(&table, roster, &set)
			gaps, _ := Uncovered(table, roster, set, c.now, testRules)
			require.Len(t, gaps, c.count)
			since := time.Time{}
			for _, g := range gaps {
				since = sooner(since, g.Since)
			}
			require.Equal(t, c.since, since)
		})
	}
}

// What is kept for one that announced to come back is not lost: it is counted apart, until
// the hold-down is over.
func TestUncovered_Awaited(t *testing.T) {
	table, roster, set := group()
	roster.show("w-1", Live{Session: "s1", Restarting: true})
	awaited := func(at time.Time) int {
		_, n := Uncovered(table, roster, set, at, testRules)
		return n
	}
	require.Zero(t, awaited(atFirst), "it works on")
	roster.show("w-1", testBack, tick)
	require.Equal(t, 2, awaited(atFirst.Add(tick)))
	roster.show("w-0", Live{Session: "s0"}, testRules.HoldDown)
	require.Equal(t, 2, awaited(atFirst.Add(testRules.HoldDown-1)))
	require.Zero(t, awaited(atFirst.Add(testRules.HoldDown)), "it announced it at first")
}

// A gap lasts since its owner stopped or it was seen first, whichever is sooner; that of a
// partition that somebody works on again does not live on in others.
func TestGaps_Date(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	before := Gaps{{"a", at(1)}, {"c", at(3)}, {"d", at(4)}}
	now := Gaps{{"b", time.Time{}}, {"c", time.Time{}}, {"d", at(8)}, {"e", at(5)}}
	require.Equal(t, at(3), now.Date(before, at(9)))
	require.Equal(t, Gaps{{"b", at(9)}, {"c", at(3)}, {"d", at(4)}, {"e", at(5)}}, now)
	require.Equal(t, at(2), Gaps{{"c", at(2)}}.Date(before, at(9)))
	require.Zero(t, Gaps{}.Date(before, at(9)))
}

// stamp is when the server stored what was seen last, as the latest write of all.
func (r Roster) stamp(w WorkerID, at time.Time) {
	seen := r[w]
	for _, other := range r {
		seen.Revision = max(seen.Revision, other.Revision+1)
	}
	seen.Stamp = at
	r[w] = seen
}

// While an Available group is given time to renew, nobody is taken for silent.
func TestUncovered_Grace(t *testing.T) {
	table, roster, set := group()
	rules := testRules
	rules.Grace = atFirst.Add(testWait + 1)
	gaps, _ := Uncovered(table, roster, set, atFirst.Add(testWait), rules)
	require.Empty(t, gaps)
	gaps, _ = Uncovered(table, roster, set, rules.Grace, rules)
	require.Len(t, gaps, 4)
}
