package partition

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestValidatePlan_Table(t *testing.T) {
	in := planInput(3, Off, None, None, None)
	in.Members[1].Draining = true
	nobody := planInput(1, Off, 0, 0)
	nobody.Members[0].Draining = true
	choosy := planInput(3, Off, None, None, None)
	choosy.Members[2].Labels = []string{"gpu", "ssd"}
	choosy.Partitions.Pins = []WorkerID{"worker-2", "worker-9", ""}
	choosy.Partitions.Labels = [][]string{nil, {"gpu"}, {"tape"}}
	stuck := choosy
	stuck.Previous = []int32{0, 0, 0}
	far := planInput(1, Off, None, None, None)
	far.Partitions.Zones = []string{"b", "b", ""}
	for _, c := range []struct {
		name string
		in   Input
		plan Plan
		want []string
	}{
		{"valid", in, Plan{0, 2, 2}, nil},
		{"nothing to place", planInput(1, Off), nil, nil},
		{"too short", in, Plan{0, 9}, []string{"plan: has 2 entries; must have one for each of 3 partitions"}},
		{"none at all", in, nil, []string{"plan: has 0 entries; must have one for each of 3 partitions"}},
		{"too long", in, Plan{0, 0, 0, 0}, []string{"plan: has 4 entries; must have one for each of 3 partitions"}},
		{"every kind", in, Plan{1, None, 3}, []string{
			`plan: partition "p0000000" at index 0: owner is 1, worker-1, which is draining; must be a member that is not`,
			`plan: partition "p0000001" at index 1: has no owner; must have one, 2 members may own it`,
			`plan: partition "p0000002" at index 2: owner is 3; must be the index of a member, 0 ≤ owner < 3`,
		}},
		{"below None", in, Plan{0, 0, -2}, []string{`plan: partition "p0000002" at index 2: owner is -2; must be the index of a member, 0 ≤ owner < 3`}},
		{"pinned and labelled", choosy, Plan{2, 2, None}, nil},
		{"pinned elsewhere, labels missing, and nobody though one may", choosy, Plan{0, 0, 2}, []string{
			`plan: partition "p0000000" at index 0: owner is 0, worker-0; must be 2, worker-2, to which it is pinned`,
			`plan: partition "p0000001" at index 1: owner is 0, worker-0, which carries []; must carry ["gpu"]`,
			`plan: partition "p0000002" at index 2: owner is 2, worker-2, which carries ["gpu" "ssd"]; must carry ["tape"]`,
		}},
		{"nobody for what somebody may have", choosy, Plan{None, None, None}, []string{
			`plan: partition "p0000000" at index 0: has no owner; must have one, 1 members may own it`,
			`plan: partition "p0000001" at index 1: has no owner; must have one, 1 members may own it`,
		}},
		{"it stays where it may not be", stuck, Plan{0, 0, 0}, nil},
		{"its zone is not there", far, Plan{None, 0, 0}, nil},
		{"nobody may own", nobody, Plan{None, None}, nil},
		{"nobody may own, one does", nobody, Plan{None, 0}, []string{`plan: partition "p0000001" at index 1: owner is 0, worker-0, which is draining; must be a member that is not`}},
	} {
		err := ValidatePlan(c.in, c.plan)
		if c.want == nil {
			require.NoError(t, err, c.name)
			continue
		}
		require.EqualError(t, err, strings.Join(c.want, "\n"), c.name)
	}
}

func TestValidatePlan_NamesTenFaultsAndCountsTheRest(t *testing.T) {
	for faults, want := range map[int]int{9: 9, 10: 10, 11: 11, 25: 11} {
		err := ValidatePlan(planInput(1, Off, repeated(None, 25)...), slices.Concat(repeated(7, faults), repeated(0, 25-faults)))
		lines := strings.Split(err.Error(), "\n")
		require.Len(t, lines, want)
		switch faults {
		case 11:
			require.Equal(t, "plan: 1 more faults", lines[10])
		case 25:
			require.Equal(t, "plan: 15 more faults", lines[10])
		}
	}
}

func TestKeepOwned_Table(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		want  Plan
	}{
		// Previous: 0, None, draining 2, 1, 0, 1.
		{"no limit", Off, Plan{1, 1, 0, 0, 0, 0}},
		{"room for all", 3, Plan{1, 1, 0, 0, 0, 0}},
		{"the first ones stand", 1, Plan{1, 1, 0, 1, 0, 1}},
		{"none", 0, Plan{0, 1, 0, 1, 0, 1}},
	} {
		in := planInput(3, c.limit, 0, None, 2, 1, 0, 1)
		in.Members[2].Draining = true
		plan := Plan{1, 1, 0, 0, 0, 0}
		require.Equal(t, c.want, KeepOwned(in, plan), c.name)
		require.Equal(t, Plan{1, 1, 0, 0, 0, 0}, plan, "%s: the plan is left alone", c.name)
	}
}

func TestKeepOwned_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		free, err := in.eligible(nil)
		require.NoError(t, err)
		plan := make(Plan, len(in.Previous))
		for k := range plan {
			plan[k] = rapid.SampledFrom(free).Draw(t, "owner")
		}
		wanted, _ := voluntary(in, plan)
		kept := KeepOwned(in, plan)
		require.NoError(t, ValidatePlan(in, kept))
		moves, _ := voluntary(in, kept)
		if in.MoveLimit < 0 {
			require.Equal(t, plan, kept)
			return
		}
		require.Equal(t, min(wanted, in.MoveLimit), moves)
		undone := false
		for k, was := range in.Previous {
			owned := was != None && !in.Members[was].Draining
			require.True(t, kept[k] == plan[k] || owned && kept[k] == was)
			if owned && plan[k] != was { // moves that stand come before those undone
				require.False(t, undone && kept[k] == plan[k])
				undone = undone || kept[k] == was
			}
		}
		require.Equal(t, kept, KeepOwned(in, kept))
	})
}

func TestImbalance(t *testing.T) {
	base := func(weights ...int64) Input {
		in := planInput(2, Off, repeated(None, len(weights))...)
		in.Partitions.Weights = weights
		return in
	}
	with := func(in Input, change func([]Member)) Input {
		change(in.Members)
		return in
	}
	for _, c := range []struct {
		name string
		in   Input
		plan Plan
		want float64
	}{
		{"no load", base(), Plan{}, 0},
		{"even", base(100, 100), Plan{0, 1}, 0},
		{"all on one", base(100, 100), Plan{0, 0}, 2},
		{"by weight", base(300, 100), Plan{0, 1}, 1},
		{"relative to capacity", with(base(300, 100), func(m []Member) { m[0].Capacity, m[1].Capacity = 3, 1 }), Plan{0, 1}, 0},
		{"uneven for the capacity", with(base(100, 100), func(m []Member) { m[0].Capacity = 3 }), Plan{0, 1}, (1 - 1.0/3) * 2},
		{"huge capacities", with(base(100, 100), func(m []Member) { m[0].Capacity, m[1].Capacity = 1.5e308, 1.5e308 }), Plan{0, 0}, 2},
		{"one member", with(base(100, 100), func(m []Member) { m[1].Draining = true }), Plan{0, 0}, 0},
		{"nobody", with(base(100, 100), func(m []Member) { m[0].Draining, m[1].Draining = true, true }), Plan{0, 0}, 0},
		{"what has no owner is no load", base(100, 100, 900), Plan{0, 1, None}, 0},
		{"weights near the limit", base(MaxWeight, MaxWeight), Plan{0, 0}, 2},
	} {
		require.InDelta(t, c.want, Imbalance(c.in, c.plan), 1e-12, c.name)
	}
}
