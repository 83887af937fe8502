package partition

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// planInput returns an input with one partition per previous owner and members
// worker-0, worker-1, … that are alike.
func planInput(members int, limit int, previous ...int32) Input {
	return Input{Members: manyMembers(members), Partitions: manyPartitions(len(previous)), Previous: previous, MoveLimit: limit}
}

func repeated(owner int32, n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = owner
	}
	return list
}

// loads returns how many partitions each member has.
func loads(in Input, plan Plan) []int {
	out := make([]int, len(in.Members))
	for _, m := range plan {
		out[m]++
	}
	return out
}

// voluntary counts partitions that change hands although their previous owner
// could keep them; forced those that had none.
func voluntary(in Input, plan Plan) (moves, forced int) {
	for k, was := range in.Previous {
		switch {
		case was == None || in.Members[was].Draining:
			forced++
		case was != plan[k]:
			moves++
		}
	}
	return moves, forced
}

func mustPlan(t require.TestingT, s Strategy, in Input) Plan {
	plan, err := s.Plan(in)
	require.NoError(t, err)
	require.NoError(t, ValidatePlan(in, plan))
	return plan
}

func TestSticky_Table(t *testing.T) {
	drain := func(in Input, which ...int) Input {
		for _, m := range which {
			in.Members[m].Draining = true
		}
		return in
	}
	capacities := func(in Input, c ...float64) Input {
		for i := range c {
			in.Members[i].Capacity = c[i]
		}
		return in
	}
	for _, c := range []struct {
		name string
		in   Input
		want Plan
	}{
		{"nothing to place", planInput(2, Off), Plan{}},
		{"fresh: dealt", planInput(2, Off, None, None, None, None, None), Plan{0, 1, 0, 1, 0}},
		{"balanced: nothing moves", planInput(2, Off, 1, 0, 1, 0, 1), Plan{1, 0, 1, 0, 1}},
		{"join: the first of each giver", planInput(3, Off, 0, 1, 0, 1, 0, 1), Plan{2, 2, 0, 1, 0, 1}},
		{"leave: only orphans", planInput(2, Off, 0, None, 1, None, 0, 1), Plan{0, 0, 1, 1, 0, 1}},
		{"spare seat stays with the one above", planInput(2, Off, 1, 1, 0), Plan{1, 1, 0}},
		{"spare seat by ID", planInput(3, Off, None), Plan{0}},
		{"draining members are emptied", drain(planInput(3, Off, 0, 0, 1, 1, 2, 2), 1), Plan{0, 0, 0, 2, 2, 2}},
		{"draining, whatever the limit", drain(planInput(3, 0, 0, 0, 1, 1, 2, 2), 1), Plan{0, 0, 0, 2, 2, 2}},
		{"limit 0: only orphans, to the emptiest", planInput(3, 0, 0, 0, 0, 0, 1, None, None), Plan{0, 0, 0, 0, 1, 1, 2}},
		{"limit 1: from the fullest to the emptiest", planInput(3, 1, 0, 0, 0, 0, 1, 1, 1, None), Plan{2, 0, 0, 0, 1, 1, 1, 2}},
		{"limit above what is needed", planInput(2, 9, 0, 0, 0, 0), Plan{1, 1, 0, 0}},
		{"capacities 1 and 2", capacities(planInput(2, Off, repeated(None, 6)...), 1, 2), Plan{0, 1, 0, 1, 1, 1}},
		{"capacity 0 means 1", capacities(planInput(2, Off, repeated(None, 4)...), 0, 1), Plan{0, 1, 0, 1}},
		{"whole shares of uneven sums are whole", capacities(planInput(2, Off, repeated(1, 9)...), 0.1, 0.2), Plan{0, 0, 0, 1, 1, 1, 1, 1, 1}},
		{"spare seat by remainder", capacities(planInput(2, Off, repeated(None, 3)...), 2, 3), Plan{0, 1, 1}},
		{"huge capacities do not overflow", capacities(planInput(2, Off, repeated(None, 4)...), math.MaxFloat64, math.MaxFloat64), Plan{0, 1, 0, 1}},
	} {
		require.Equal(t, c.want, mustPlan(t, Sticky{}, c.in), c.name)
	}
}

func TestStrategies_BadInput(t *testing.T) {
	with := func(change func(*Input)) Input {
		in := planInput(2, Off, 0, 1, None)
		change(&in)
		return in
	}
	for _, c := range []struct {
		in   Input
		want string
	}{
		{with(func(in *Input) { in.Previous = in.Previous[:2] }), "input: Previous has 2 entries; must have one for each of 3 partitions"},
		{with(func(in *Input) { in.Previous[1] = 2 }), `input: partition "p0000001" at index 1: Previous is 2; must be None (-1) or the index of a member, below 2`},
		{with(func(in *Input) { in.Previous[2] = -2 }), `input: partition "p0000002" at index 2: Previous is -2; must be None (-1) or the index of a member, below 2`},
		{with(func(in *Input) { in.Previous[0] = math.MaxInt32 }), `input: partition "p0000000" at index 0: Previous is 2147483647; must be None (-1) or the index of a member, below 2`},
		{with(func(in *Input) { in.Previous[0] = math.MinInt32 }), `input: partition "p0000000" at index 0: Previous is -2147483648; must be None (-1) or the index of a member, below 2`},
		{with(func(in *Input) { in.Partitions.Weights, in.Previous[1] = []int64{1, 2, 3}, 2 }), `input: partition "p0000001" at index 1: Previous is 2; must be None (-1) or the index of a member, below 2`},
		{with(func(in *Input) { in.Home = []int32{0} }), "input: Home has 1 entries; must have none, or one for each of 3 partitions"},
		{with(func(in *Input) { in.Home = []int32{0, 2, 0} }), `input: partition "p0000001" at index 1: Home is 2; must be None (-1) or the index of a member, below 2`},
		{with(func(in *Input) { in.Members[0].Draining, in.Members[1].Draining = true, true }), "input: all of 2 members are draining; must have one that is not"},
		{Input{}, "input: all of 0 members are draining; must have one that is not"},
		{with(func(in *Input) { in.Members[1].ID = "worker-0" }), "input: member worker-0 stands twice; must stand once"},
		{with(func(in *Input) { in.Members[1].Capacity = math.NaN() }), "input: Capacity of worker-1 is NaN; must be a number above 0, or 0 for 1"},
		{with(func(in *Input) { in.Members[1].Capacity = math.Inf(1) }), "input: Capacity of worker-1 is +Inf; must be a number above 0, or 0 for 1"},
		{with(func(in *Input) { in.Members[1].Capacity = -1 }), "input: Capacity of worker-1 is -1; must be a number above 0, or 0 for 1"},
	} {
		for _, s := range strategies {
			plan, err := s.Plan(c.in)
			require.EqualError(t, err, c.want, "%T", s)
			require.Nil(t, plan)
		}
	}
}

func TestLeastMoves(t *testing.T) {
	for _, c := range []struct {
		counts              []int
		unowned, partitions int
		want                int
	}{
		{nil, 5, 5, 0},
		{[]int{0}, 5, 5, 5},
		{[]int{5, 5}, 0, 10, 0},
		{[]int{6, 5}, 0, 11, 0},
		{[]int{7, 4}, 0, 11, 1},
		{[]int{5, 5, 0}, 0, 10, 3},              // a join: ⌊10/3⌋
		{[]int{333, 333, 334, 0}, 0, 1000, 250}, // and ⌊1000/4⌋
		{[]int{4, 4}, 4, 12, 4},                 // a leave: only orphans
		{[]int{10, 0, 0}, 1, 11, 1 + 6},
	} {
		require.Equal(t, c.want, LeastMoves(c.counts, c.unowned, c.partitions), "%v", c)
	}
}

// The solver is used again and again by those who plan often: it must neither
// allocate nor remember anything that changes a plan.
func TestSolver_UsedAgain(t *testing.T) {
	inputs := []Input{
		joinInput(1000, 10, func(k uint64) uint64 { return k }),
		joinInput(100, 30, func(k uint64) uint64 { return k * k }),
		joinInput(1000, 10, func(k uint64) uint64 { return k / 500 }),
	}
	inputs = append(inputs, weighted(inputs[0], zipf(1000)...), weighted(inputs[2], zipf(1000)...), settledInput())
	inputs[3].Home = repeated(3, 1000)
	inputs[1].MoveLimit, inputs[1].Members[3].Draining, inputs[2].MoveLimit = 5, true, 100
	var s solver
	for range 3 {
		for _, in := range inputs {
			plan := make(Plan, len(in.Previous))
			require.NoError(t, s.solve(plan, in))
			require.Equal(t, mustPlan(t, Sticky{}, in), plan)
			allocated := testing.AllocsPerRun(10, func() { _ = s.solve(plan, in) })
			require.Zero(t, allocated)
		}
	}
}

func TestSticky_Allocations(t *testing.T) {
	in := joinInput(1000, 10, func(k uint64) uint64 { return k })
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _, _ = Sticky{}.Plan(in) }), 10.0)
	in.Partitions.Weights = zipf(1000)
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _, _ = Sticky{}.Plan(in) }), 50.0)
}

// That all weights are the same is known of a set that NewSet made, and not believed of
// one whose weights somebody replaced.
func TestSticky_ReplacedWeights(t *testing.T) {
	list := make([]Partition, 4)
	for k := range list {
		list[k] = Of(string(rune('a' + k)))
	}
	set, err := NewSet(list)
	require.NoError(t, err)
	require.True(t, set.level())
	in := Input{Members: manyMembers(2), Partitions: set, Previous: repeated(None, 4), MoveLimit: Off}
	require.Equal(t, Plan{0, 1, 0, 1}, mustPlan(t, Sticky{}, in))
	in.Partitions.Weights = []int64{900, 1, 1, 1}
	require.Equal(t, Plan{0, 1, 1, 1}, mustPlan(t, Sticky{}, in))
	list[3].Weight = 900
	set, err = NewSet(list)
	require.NoError(t, err)
	require.False(t, set.level())
	require.False(t, set.pick([]int32{0, 3}).level())
	require.True(t, set.pick([]int32{0, 1}).level())
	require.True(t, Set{}.level())
}
