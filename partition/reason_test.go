package partition

import (
	"testing"

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
	for _, r := range Reasons(in, Plan{1, 2, 2, 2, 2, 2, 2, 1}) {
		have = append(have, r.String())
	}
	require.Equal(t, []string{"owner gone", "owner gone", "returned home", "pinned", "labels", "over the band", "zone", "on its way"}, have)
	require.Equal(t, LabelsMissing, Reasons(in, Plan{1, 2, 2, 2, None, 2, 2, 1})[4])
	require.Equal(t, "unknown", Reason(99).String())
}

func TestMeasurePlan(t *testing.T) {
	join := planInput(3, Off, 0, 0, 0, 1, 1, 1)
	require.Equal(t, Measure{Moves: 2, Least: 2, Before: 1.5, After: 1}, MeasurePlan(join, Plan{2, 0, 0, 2, 1, 1}))
	fresh := planInput(2, Off, None, None)
	require.Equal(t, Measure{Moves: 2, Least: 2, After: 1}, MeasurePlan(fresh, Plan{0, 1}))
	heavy := weighted(planInput(2, Off, 0, 0, 0, 1), 50, 30, 20, 20)
	require.Equal(t, Measure{Moves: 1, Least: 1, Before: 100.0 / 60, After: 70.0 / 60}, MeasurePlan(heavy, Plan{0, 1, 0, 1}))
	giant := weighted(planInput(2, Off, 0, 0), 500, 1)
	require.Zero(t, MeasurePlan(giant, Plan{0, 0}).Least, "nobody can bring it into the band")
	large := planInput(2, Off, 0, 0, 0, 1, 1, 1)
	large.Members[1].Capacity = 2
	require.Equal(t, Measure{Least: 1, Before: 1.5, After: 1.5}, MeasurePlan(large, large.Previous))
	require.Zero(t, MeasurePlan(planInput(1, Off), nil))
	nobody := planInput(1, Off, 0)
	nobody.Members[0].Draining = true
	require.Zero(t, MeasurePlan(nobody, Plan{0}).Least)
}

// What Sticky moves is exactly the least for equal weights.
func TestMeasurePlan_StickyIsTheLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.MoveLimit = Off
		for i := range in.Members {
			in.Members[i].Capacity = float64(rapid.IntRange(1, 4).Draw(t, "capacity"))
		}
		m := MeasurePlan(in, mustPlan(t, Sticky{}, in))
		require.Equal(t, m.Least, m.Moves)
	})
}
