package partition

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// hashed are a thousand partitions for each of some members.
func hashed(members int) Input {
	return Input{
		Members: manyMembers(members), Partitions: manyPartitions(1000 * members),
		Previous: repeated(None, 1000*members), MoveLimit: Off,
	}
}

// What the strategies that remember nothing say of balance and movement. Their plans
// are the same in every process, so these are facts and no chances.
func TestHashing_Bounds(t *testing.T) {
	for _, members := range []int{1, 2, 5, 10, 40} {
		in := hashed(members)
		mean := 1000.0
		joined := in
		joined.Members = manyMembers(members + 1)
		for _, c := range []struct {
			s Strategy
			// most is a bound of the fullest, spread one of what moves besides what the
			// new one gets.
			most, strays float64
		}{
			{Rendezvous{}, mean + 5*math.Sqrt(mean), 0},
			{ConsistentHash{}, 1.35 * mean, 0},
			{ConsistentHash{VirtualNodes: 1000}, 1.15 * mean, 0},
			{WeightedConsistentHash{}, 1.25 * mean, 0.2},
			{WeightedConsistentHash{Slack: 0.05}, 1.05 * mean, 0.6},
		} {
			plan := mustPlan(t, c.s, in)
			require.LessOrEqual(t, float64(slices.Max(loads(in, plan))), c.most, "%#v", c.s)
			strays := 0
			next := mustPlan(t, c.s, joined)
			for k, m := range next {
				if m != plan[k] && int(m) != members {
					strays++
				}
			}
			require.LessOrEqual(t, float64(strays), c.strays*float64(len(plan)), "%#v with %d", c.s, members)
		}
	}
}

// Whatever the members and partitions: a join moves only to who joins, which is also what
// a leave moves, and who is full has no more than its bound.
func TestHashing_Properties(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		in := drawInput(t)
		in.MoveLimit = Off
		joined := in
		joined.Members = append(slices.Clone(in.Members), Member{ID: WorkerIDAt("worker", rapid.IntRange(201, 300).Draw(t, "joins"))})
		for _, s := range []Strategy{Rendezvous{}, ConsistentHash{VirtualNodes: 20}} {
			before := mustPlan(t, s, in)
			for k, m := range mustPlan(t, s, joined) {
				if m != before[k] && int(m) != len(in.Members) {
					t.Fatalf("%#v: partition %d goes from %d to %d", s, k, before[k], m)
				}
			}
		}
		able, total, heaviest := 0, 0.0, 0.0
		in.Partitions.Weights = rapid.SliceOfN(rapid.Int64Range(1, 50), len(in.Previous), len(in.Previous)).Draw(t, "weights")
		for _, w := range in.Partitions.Weights {
			total, heaviest = total+float64(w), max(heaviest, float64(w))
		}
		for _, m := range in.Members {
			if !m.Draining {
				able++
			}
		}
		share := total / float64(able)
		most := max((1+DefaultSlack)*share, share+heaviest)
		if have := fullest(in, mustPlan(t, WeightedConsistentHash{VirtualNodes: 20}, in)); float64(have) > most+1e-6 {
			t.Fatalf("%d, of at most %v", have, most)
		}
	})
}

// The heaviest choose first: none of them is dealt by its position, so that a join moves
// no more of the weight than of the number.
func TestWeightedConsistentHash_Weights(t *testing.T) {
	for name, weights := range map[string]func(int) []int64{"zipf": zipf, "drawn": drawn} {
		in := hashed(10)
		in.Partitions.Weights = weights(len(in.Previous))
		total := 0.0
		for _, w := range in.Partitions.Weights {
			total += float64(w)
		}
		plan := mustPlan(t, WeightedConsistentHash{}, in)
		require.LessOrEqual(t, float64(fullest(in, plan)), (1+DefaultSlack)*total/10, name)
		joined := in
		joined.Members, joined.Previous = manyMembers(11), plan
		after := mustPlan(t, WeightedConsistentHash{}, joined)
		require.LessOrEqual(t, float64(fullest(joined, after)), (1+DefaultSlack)*total/11, name)
		f := figure(joined, after)
		require.LessOrEqual(t, float64(f.moved), 4*float64(f.bound), name)
	}
	heavy := weighted(planInput(2, Off, None, None, None), 900, 800, 1)
	require.LessOrEqual(t, fullest(heavy, mustPlan(t, WeightedConsistentHash{}, heavy)), int64(901))
}

func TestHashing_Capacities(t *testing.T) {
	in := hashed(10)
	in.Members[3].Capacity, in.Members[4].Capacity = 3, 0.5
	for _, s := range []Strategy{Rendezvous{}, ConsistentHash{}, WeightedConsistentHash{}} {
		have := loads(in, mustPlan(t, s, in))
		require.InDelta(t, 3.0, float64(have[3])/870, 0.6, "%#v", s) // 10000 / 11.5
		require.InDelta(t, 0.5, float64(have[4])/870, 0.15, "%#v", s)
	}
	before := mustPlan(t, Rendezvous{}, in)
	in.Members[3].Capacity = 3.3
	for k, m := range mustPlan(t, Rendezvous{}, in) {
		require.True(t, m == before[k] || m == 3, "only the one that grew gets more")
	}
}

func TestMinusLog(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 1000, 1 << 32, 1<<63 - 1, 1 << 63, math.MaxUint64 - 1<<40} {
		require.InEpsilon(t, -math.Log(float64(n)/(1<<64)), minusLog(n), 1e-6, "%d", n)
	}
	require.Greater(t, minusLog(0), minusLog(1))
	require.GreaterOrEqual(t, minusLog(math.MaxUint64), 0.0)
}
