package partition

import (
	"cmp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// group is a table of two workers that own p0 and p1, p2 and p3, and the roster
// of the two, seen at atFirst.
func group() (Table, Roster, Set) {
	set := manyPartitions(4)
	t := Table{Step: 7, Version: 2, Seats: []Seat{
		{Worker: "w-0", Session: "s0", Lease: testLease, Step: 7}, {Worker: "w-1", Session: "s1", Lease: testLease, Step: 7},
	}}
	for i, id := range set.IDs {
		t.Rows = append(t.Rows, Row{Partition: id, Entered: 1, Token: 5, Seat: int32(i / 2), Pending: None})
	}
	r := Roster{}
	r.show("w-0", Live{Session: "s0"})
	r.show("w-1", Live{Session: "s1"})
	return t, r, set
}

// show is a sight of a worker at atFirst, or later.
func (r Roster) show(w WorkerID, live Live, later ...time.Duration) {
	live.Lease = cmp.Or(live.Lease, testLease)
	at := atFirst
	for _, d := range later {
		at = at.Add(d)
	}
	r[w], _ = r[w].See(w, live, r[w].Revision+1, at)
}

// classifyCase is a change of group(), and what it means so much later.
type classifyCase struct {
	change func(t *Table, r Roster, s *Set)
	after  time.Duration
	cause  string
	urgent bool
	check  func(is *require.Assertions, c Change)
}

var (
	testWait = testRules.Wait(testLease)
	testBack = Live{Session: "s1", Released: true, Restarting: true}
)

var classifyCases = map[string]classifyCase{
	"nothing": {func(*Table, Roster, *Set) {}, 0, "balance", false, func(is *require.Assertions, c Change) {
		is.Len(c.Members, 2)
		is.Zero(c.Imbalance)
		is.Equal(atFirst.Add(testWait), c.Turns)
	}},
	"join": {func(_ *Table, r Roster, _ *Set) { r.show("w-2", Live{Session: "s2"}) }, 0, "join", false, func(is *require.Assertions, c Change) {
		is.Equal([]WorkerID{"w-2"}, c.Joined)
		is.InDelta(1.5, c.Imbalance, 1e-9)
	}},
	"two join": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-10", Live{Session: "s10"})
		r.show("w-9", Live{Session: "s9"})
	}, 0, "join", false, func(is *require.Assertions, c Change) { is.Equal([]WorkerID{"w-9", "w-10"}, c.Joined) }},
	"leave": {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Released: true}) }, 0, "leave", true, func(is *require.Assertions, c Change) {
		is.Equal([]WorkerID{"w-1"}, c.Left)
		is.Empty(c.Silent)
		is.Equal(2, c.Orphans)
	}},
	"one dies, one joins": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-0", Live{Session: "s0"}, testWait)
		r.show("w-2", Live{Session: "s2"}, testWait)
	}, testWait, "crash", true, func(is *require.Assertions, c Change) {
		is.Equal([]WorkerID{"w-1"}, c.Crashed)
		is.Equal([]WorkerID{"w-2"}, c.Joined)
	}},
	"silences": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-10", Live{Session: "s10"})
		r.show("w-9", Live{Session: "s9"}) // as one that a decision on its way has left out
		r.show("w-1", Live{Session: "s1", Fence: &Fence{AfterSilence: true}})
		r.show("w-0", Live{Session: "s0"}, testWait)
	}, testWait, "crash", true, func(is *require.Assertions, c Change) {
		is.Equal([]WorkerID{"w-1", "w-9", "w-10"}, c.Crashed)
		is.Equal([]Unheard{{"w-9", 1}, {"w-10", 1}}, c.Silent)
	}},
	"almost silent": {func(*Table, Roster, *Set) {}, testWait - 1, "balance", false, nil},
	"all silent":    {func(*Table, Roster, *Set) {}, testWait, "cold start", true, func(is *require.Assertions, c Change) { is.Len(c.Crashed, 2) }},
	"fenced":        {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Fence: &Fence{}}) }, 0, "crash", true, nil},
	"no record": {func(_ *Table, r Roster, _ *Set) { delete(r, "w-1") }, 0, "crash", true, func(is *require.Assertions, c Change) {
		is.Equal([]Unheard{{"w-1", 0}}, c.Silent)
	}},
	"older than the table": {func(t *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "r1", Released: true})
		t.Seats[1].Live = r["w-1"].Revision + 1
	}, 0, "leave", true, func(is *require.Assertions, c Change) { is.Equal([]Unheard{{"w-1", 2}}, c.Silent) }},
	"silent without a seat": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-2", Live{Session: "s2"}, -testWait)
	}, 0, "crash", true, nil},
	"gone without a seat":     {func(_ *Table, r Roster, _ *Set) { r.show("w-2", Live{Session: "s2", Released: true}) }, 0, "balance", false, nil},
	"announced restart":       {func(_ *Table, r Roster, _ *Set) { r.show("w-1", testBack) }, 0, "balance", false, func(is *require.Assertions, c Change) { is.Len(c.Members, 2) }},
	"testBack from a restart": {func(_ *Table, r Roster, _ *Set) { r.show("w-1", testBack); r.show("w-1", Live{Session: "t1"}) }, 0, "restart", true, nil},
	"did not come back": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", testBack)
		r.show("w-0", Live{Session: "s0"}, testRules.HoldDown)
	}, testRules.HoldDown, "leave", true, nil},
	"partitions added":    {func(_ *Table, _ Roster, s *Set) { *s = manyPartitions(6) }, 0, "partitions added", true, func(is *require.Assertions, c Change) { is.Equal(2, c.Orphans) }},
	"partitions removed":  {func(_ *Table, _ Roster, s *Set) { *s = manyPartitions(3) }, 0, "partitions removed", true, func(is *require.Assertions, c Change) { is.Equal(1, c.Removed) }},
	"drain":               {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Draining: true}) }, 0, "drain", true, func(is *require.Assertions, c Change) { is.Equal(2, c.Drains); is.Zero(c.Imbalance) }},
	"unfinished":          {func(t *Table, _ Roster, _ *Set) { t.Rows[0].Revoking = 6 }, 0, "unfinished hand-over", true, nil},
	"nobody owns one":     {func(t *Table, _ Roster, _ *Set) { t.Rows[0].Seat = None }, 0, "partitions added", true, nil},
	"no table":            {func(t *Table, _ Roster, _ *Set) { *t = Table{} }, 0, "cold start", true, nil},
	"refresh":             {func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Refresh: 1}) }, 0, "refresh", false, nil},
	"refresh of a joiner": {func(_ *Table, r Roster, _ *Set) { r.show("w-2", Live{Session: "s2", Refresh: 1}) }, 0, "refresh", false, nil},
	"refresh, served": {func(t *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s1", Refresh: 1})
		t.Seats[1].Refresh = 1
	}, 0, "balance", false, nil},
	"pinned elsewhere": {func(_ *Table, r Roster, s *Set) {
		s.Pins = []WorkerID{"w-0", "w-1", "w-9", "w-0"}
	}, 0, "balance", false, func(is *require.Assertions, c Change) { is.Equal(2, c.Misplaced) }},
	"labels that the owner lacks": {func(_ *Table, r Roster, s *Set) {
		r.show("w-0", Live{Session: "s0", Labels: []string{"gpu"}})
		s.Labels = [][]string{{"gpu"}, {"ssd"}, {"gpu"}, nil}
	}, 0, "balance", false, func(is *require.Assertions, c Change) { is.Equal(2, c.Misplaced) }},
	"capacities": {func(_ *Table, r Roster, _ *Set) {
		r.show("w-1", Live{Session: "s1", Capacity: 3})
	}, 0, "balance", false, func(is *require.Assertions, c Change) { is.InDelta(4.0/3, c.Imbalance, 1e-9) }},
}

// hazard 40
// hazard 41
func TestClassify(t *testing.T) {
	for name, tc := range classifyCases {
		t.Run(name, func(t *testing.T) {
			table, roster, set := group()
			tc.change(&table, roster, &set)
			c := Classify(table, roster, set, atFirst.Add(tc.after), testRules, 0.5)
			require.Equal(t, tc.cause, c.Cause())
			require.Equal(t, tc.urgent, c.Urgent())
			if tc.check != nil {
				tc.check(require.New(t), c)
			}
		})
	}
}

func TestClassify_ColdIsMoreThanTheRatio(t *testing.T) {
	table, roster, set := group()
	roster.show("w-1", Live{Session: "s1", Released: true})
	for ratio, cold := range map[float64]bool{0.5: false, 0.49: true, Off: false} {
		require.Equal(t, cold, Classify(table, roster, set, atFirst, testRules, ratio).Cold, ratio)
	}
}

func TestChange_FingerprintIsOfWhatMatters(t *testing.T) {
	print := func(change func(t *Table, r Roster, s *Set)) uint64 {
		table, roster, set := group()
		change(&table, roster, &set)
		return Classify(table, roster, set, atFirst, testRules, 0.5).Fingerprint(set)
	}
	same := print(func(*Table, Roster, *Set) {})
	require.Equal(t, same, print(func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Beat: 5, Applied: 7}) }))
	seen := map[uint64]string{same: "as it was"}
	for name, change := range map[string]func(t *Table, r Roster, s *Set){
		"session": func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "t"}) },
		"drains":  func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Draining: true}) },
		"refresh": func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Refresh: 1}) },
		"again":   func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Refresh: 2}) },
		"join":    func(_ *Table, r Roster, _ *Set) { r.show("w-2", Live{Session: "s2"}) },
		"leave":   func(_ *Table, r Roster, _ *Set) { r.show("w-1", Live{Session: "s1", Released: true}) },
		"set":     func(_ *Table, _ Roster, s *Set) { *s = manyPartitions(5); s.Digest = 5 },
		"weights": func(_ *Table, _ Roster, s *Set) { s.Weights[0], s.Digest = 7, 7 },
		"orphan":  func(t *Table, _ Roster, _ *Set) { t.Rows[1].Seat = None },
		"on way":  func(t *Table, _ Roster, _ *Set) { t.Rows[1].Revoking = 3 },
	} {
		p := print(change)
		require.Empty(t, seen[p], name)
		seen[p] = name
	}
}
