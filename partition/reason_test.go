package partition

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReasons(t *testing.T) {
	in := planInput(4, Off, None, 0, 1, 1, 1, 1, 1, 1)
	in.Members[0].Draining = true
	in.Members[1].Zone, in.Members[2].Zone, in.Members[2].Labels = "a", "b", []string{"gpu"}
	in.Partitions.Pins = []WorkerID{"", "", "", "worker-2", "", "", "worker-9", ""}
	in.Partitions.Labels = [][]string{nil, nil, nil, nil, {"gpu"}, nil, nil, nil}
	in.Partitions.Zones = []string{"", "", "", "", "", "", "b", ""}
	in.Home = []int32{None, None, 2, None, None, None, None, None}
	var have []string
	for _, r := range Reasons(in, Plan{1, 2, 2, 2, 2, 2, 2, 1}, PreferZone) {
		have = append(have, r.String())
	}
	require.Equal(t, []string{"owner gone", "owner gone", "returned home", "pinned", "labels", "over the band", "zone", "on its way"}, have)
	require.Equal(t, LabelsMissing, Reasons(in, Plan{1, 2, 2, 2, None, 2, 2, 1}, PreferZone)[4])
	require.Equal(t, "unknown", Reason(99).String())
}

func TestMeasurePlan(t *testing.T) {
	join := planInput(3, Off, 0, 0, 0, 1, 1, 1)
	require.Equal(t, Measure{Moves: 2, Least: 2, Before: 1.5, After: 1}, MeasurePlan(join, Plan{2, 0, 0, 2, 1, 1}, AnyZone))
	fresh := planInput(2, Off, None, None)
	require.Equal(t, Measure{Moves: 2, Least: 2, After: 1}, MeasurePlan(fresh, Plan{0, 1}, AnyZone))
	heavy := weighted(planInput(2, Off, 0, 0, 0, 1), 50, 30, 20, 20)
	require.Equal(t, Measure{Moves: 1, Least: 1, Before: 100.0 / 60, After: 70.0 / 60}, MeasurePlan(heavy, Plan{0, 1, 0, 1}, AnyZone))
	giant := weighted(planInput(2, Off, 0, 0), 500, 1)
	require.Equal(t, 1, MeasurePlan(giant, Plan{0, 0}, AnyZone).Least, "one of both goes")
	large := planInput(2, Off, 0, 0, 0, 1, 1, 1)
	large.Members[1].Capacity = 2
	require.Equal(t, Measure{Least: 1, Before: 1.5, After: 1.5}, MeasurePlan(large, large.Previous, AnyZone))
	require.Zero(t, MeasurePlan(planInput(1, Off), nil, AnyZone))
	nobody := planInput(1, Off, 0)
	nobody.Members[0].Draining = true
	require.Zero(t, MeasurePlan(nobody, Plan{0}, AnyZone).Least)
}

// What Sticky moves is exactly the least for equal weights.
func TestMeasurePlan_StickyIsTheLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.MoveLimit = Off
		for i := range in.Members {
			in.Members[i].Capacity = float64(rapid.IntRange(1, 4).Draw(t, "capacity"))
		}
		m := MeasurePlan(in, mustPlan(t, Sticky{}, in), AnyZone)
		require.Equal(t, m.Least, m.Moves)
	})
}

// users is a strategy of a user's, which says nothing of zones.
type users Plan

// Plan implements Strategy.
func (u users) Plan(Input) (Plan, error) { return Plan(u), nil }

// moving is what happened to group(), by the reason of what it moves.
var moving = []struct {
	why    string
	by     Strategy
	change func(r Roster, s *Set, homes Homes)
}{
	{"owner gone", Sticky{}, func(r Roster, _ *Set, _ Homes) { r.show("w-1", Live{Session: "s1", Released: true}) }},
	{"owner gone", Sticky{}, func(r Roster, _ *Set, _ Homes) { r.show("w-1", Live{Session: "s1", Draining: true}) }},
	{"owner gone", Rendezvous{}, func(r Roster, _ *Set, _ Homes) {
		r.show("w-1", Live{Session: "t1", Predecessor: "s1", PredecessorReleased: true, Draining: true})
	}},
	{"over the band", Sticky{}, func(r Roster, _ *Set, _ Homes) { r.show("w-2", Live{Session: "s2"}) }},
	{"over the band", Sticky{}, func(_ Roster, s *Set, _ Homes) { s.Weights = []int64{100, 50, 900, 800} }},
	{"over the band", users{0, 0, 0, 1}, func(_ Roster, s *Set, _ Homes) { s.Weights = []int64{1, 1, 1, 900} }},
	{"returned home", Sticky{}, func(r Roster, s *Set, homes Homes) {
		r.show("w-2", Live{Session: "s2"})
		homes[s.IDs[3]] = "w-2"
	}},
	{"pinned", Sticky{}, func(_ Roster, s *Set, _ Homes) { s.Pins = []WorkerID{"", "w-1", "w-0", ""} }},
	{"pinned", ConsistentHash{}, func(_ Roster, s *Set, _ Homes) { s.Pins = []WorkerID{"w-1", "w-1", "w-0", "w-0"} }},
	{"zone", Sticky{Zones: RequireZone}, func(r Roster, s *Set, _ Homes) {
		r.show("w-0", Live{Session: "s0", Zone: "a"})
		r.show("w-1", Live{Session: "s1", Zone: "b"})
		s.Zones = []string{"a", "b", "b", "b"}
	}},
	{"zone", Sticky{Zones: PreferZone}, func(r Roster, s *Set, _ Homes) {
		r.show("w-2", Live{Session: "s2", Zone: "b"})
		s.Zones = []string{"", "", "", "b"}
	}},
	{"labels", Sticky{}, func(r Roster, s *Set, _ Homes) {
		r.show("w-0", Live{Session: "s0", Labels: []string{"gpu"}})
		r.show("w-1", Live{Session: "s1", Labels: []string{"ssd"}})
		s.Labels = [][]string{nil, {"ssd"}, {"gpu"}, nil}
	}},
	{"old handler runs", Sticky{}, func(r Roster, s *Set, _ Homes) {
		written := Live{Session: "s0", Abandoned: []Abandoned{{Partition: s.IDs[0], Token: 5, Step: 8}}}
		r.show("w-0", written, -time.Minute) // nobody believes in it any more
		r.show("w-0", written)
	}},
	{"by the strategy", RoundRobin{}, func(Roster, *Set, Homes) {}},
	{"by the strategy", users{0, 0, 0, 1}, func(r Roster, s *Set, _ Homes) {
		r.show("w-0", Live{Session: "s0", Zone: "b"})
		s.Zones = []string{"", "", "b", "b"}
	}},
}

// From the table to the record that people read: what happened is why each of them moved.
func TestJournal_SaysWhy(t *testing.T) {
	for _, c := range moving {
		table, roster, set := group() // p0 and p1 at w-0, p2 and p3 at w-1
		homes := Homes{}
		c.change(roster, &set, homes)
		ch := Classify(table, roster, set, atFirst, testRules, Off)
		q := Ask(table, nil, ch, set, Asking{Now: atFirst, Rules: testRules, MoveLimit: Off, Homes: homes})
		rule := AnyZone
		if z, ok := c.by.(Zoned); ok {
			rule = z.ZoneRule()
		}
		target := q.Answer(mustPlan(t, c.by, q.Input), rule)
		var moves []Move
		for _, p := range drive(t, table, target, Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst}) {
			moves = append(moves, p.Journal("w-0", ch.Cause(), nil, target.Measure).Moves...)
		}
		require.NotEmpty(t, moves, "%s by %#v", c.why, c.by)
		require.Len(t, moves, target.Measure.Moves)
		for _, m := range moves {
			require.Equal(t, c.why, m.Why, "%v by %#v", m, c.by)
			require.NotEmpty(t, m.From)
		}
	}
}

// What few members may have is counted among these: what Sticky moves of equal weights is
// the least, whatever restricts them, and whatever it makes of zones.
func TestMeasurePlan_StickyIsTheLeastWithRestrictions(t *testing.T) {
	checkThousands(t, inputs, func(t *rapid.T) {
		w := drawWide(t)
		w.weighing, w.limit = 0, Off
		w.each(func(in Input, _ *rand.Rand) {
			for _, s := range []Sticky{{}, {Zones: PreferZone}, {Zones: RequireZone}} {
				m := MeasurePlan(in, mustPlan(t, s, in), s.Zones)
				require.Equal(t, m.Least, m.Moves, "%#v", s)
			}
		})
	})
	pinned := weighted(planInput(2, Off, 0, 0, 0, 0), 9, 9, 9, 1)
	pinned.Partitions.Pins = []WorkerID{"worker-0", "worker-0", "worker-1", ""}
	require.Equal(t, 2, MeasurePlan(pinned, Plan{0, 0, 1, 1}, AnyZone).Least)
}
