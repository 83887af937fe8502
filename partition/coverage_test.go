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
	since  time.Time
}{
	"nothing": {func(*Table, Roster, *Set) {}, atFirst.Add(testWait).Add(-1), 0, time.Time{}},
	"silent":  {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1"}, tick) }, atFirst.Add(testWait), 2, atFirst.Add(testLease)},
	"all silent, one of them later": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-0", Live{Session: "s0"}, tick)
	}, atFirst.Add(testWait).Add(tick), 4, atFirst.Add(testLease)},
	"released": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s1", Released: true}, tick)
	}, atFirst.Add(2 * tick), 2, atFirst.Add(tick)},
	"released, to come back": {func(_ *Table, r Roster, _ *Set) { r.show("w-1", testBack, tick) }, atFirst.Add(2 * tick), 2, atFirst.Add(tick)},
	"about to come back":     {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Restarting: true}) }, atFirst, 0, time.Time{}},
	"fenced":                 {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Fence: &Fence{}}) }, atFirst, 2, atFirst},
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
		r.stamp("w-0", atServer)
		r.stamp("w-1", atServer.Add(-testWait))
	}, atFirst, 2, atFirst.Add(testLease - testWait)},
	"not silent yet by the server's clock": {func(_ *Table, r Roster, _ *Set) {
		r.stamp("w-0", atServer)
		r.stamp("w-1", atServer.Add(1-testWait))
	}, atFirst, 0, time.Time{}},
	"released before it led": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s1", Released: true})
		r.stamp("w-0", atServer)
		r.stamp("w-1", atServer.Add(-tick))
	}, atFirst, 2, atFirst.Add(-tick)},
}

func TestUncovered(t *testing.T) {
	for name, c := range uncoveredCases {
		t.Run(name, func(t *testing.T) {
			table, roster, set := group()
			c.change(&table, roster, &set)
			count, since := Uncovered(table, roster, set, c.now, testRules)
			require.Equal(t, c.count, count)
			require.Equal(t, c.since, since)
		})
	}
}

// stamp is when the server stored what was seen last.
func (r Roster) stamp(w WorkerID, at time.Time) {
	seen := r[w]
	seen.Stamp = at
	r[w] = seen
}

// While an Available group is given time to renew, nobody is taken for silent.
func TestUncovered_Grace(t *testing.T) {
	table, roster, set := group()
	rules := testRules
	rules.Grace = atFirst.Add(testWait + 1)
	count, _ := Uncovered(table, roster, set, atFirst.Add(testWait), rules)
	require.Zero(t, count)
	count, _ = Uncovered(table, roster, set, rules.Grace, rules)
	require.Equal(t, 4, count)
}
