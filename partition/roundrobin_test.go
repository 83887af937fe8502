package partition

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRoundRobin_Table(t *testing.T) {
	drained := planInput(3, Off, 0, 1, 2, 0, 1)
	drained.Members[1].Draining = true
	drainedKept := drained
	drainedKept.MoveLimit = 0
	shuffled := planInput(3, Off, None, None, None, None)
	shuffled.Members = []Member{{ID: "worker-10"}, {ID: "worker-9"}, {ID: "worker-1"}}
	for _, c := range []struct {
		name string
		in   Input
		want Plan
	}{
		{"nothing to place", planInput(2, Off), Plan{}},
		{"dealt in order", planInput(2, Off, 1, 1, None, 0, 0), Plan{0, 1, 0, 1, 0}},
		{"members in the order of CompareWorkers", shuffled, Plan{2, 1, 0, 2}},
		{"draining members get nothing", drained, Plan{0, 2, 0, 2, 0}},
		{"limit 0 moves only what cannot stay", drainedKept, Plan{0, 2, 2, 0, 0}},
		{"limit 2 moves the first two", planInput(2, 2, 1, 0, 1, 0, None), Plan{0, 1, 1, 0, 0}},
	} {
		require.Equal(t, c.want, mustPlan(t, RoundRobin{}, c.in), c.name)
	}
}

func TestRoundRobin_Properties(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		in := drawInput(t)
		limit := in.MoveLimit
		plan := mustPlan(t, RoundRobin{}, in)
		moves, _ := voluntary(in, plan)
		if limit < 0 {
			require.LessOrEqual(t, spread(in, plan), 1)
		} else {
			require.LessOrEqual(t, moves, limit)
		}

		// Later rounds make the rest; then nothing moves any more.
		unlimited := in
		unlimited.MoveLimit = Off
		for in.Previous = plan; limit > 0 && moves > 0; in.Previous = plan {
			plan = mustPlan(t, RoundRobin{}, in)
			moves, _ = voluntary(in, plan)
		}
		if limit != 0 {
			require.Equal(t, mustPlan(t, RoundRobin{}, unlimited), plan)
		}
	})
}
