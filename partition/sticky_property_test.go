package partition

import (
	"flag"
	"math/big"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// checkThousands is rapid.Check with thousands of cases, of which a check has so many.
func checkThousands(t *testing.T, each int, property func(*rapid.T)) {
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	require.NoError(t, checks.Value.Set(strconv.Itoa(max(1, thousands/each))))
	defer func() { require.NoError(t, checks.Value.Set(before)) }()
	rapid.Check(t, property)
}

// drawInput draws members, some draining, and partitions with any previous
// owners: often uneven, some without.
func drawInput(t *rapid.T) Input {
	numbers := rapid.SliceOfNDistinct(rapid.IntRange(0, 200), 1, 12, rapid.ID[int]).Draw(t, "numbers")
	slices.Sort(numbers)
	var in Input
	for _, n := range numbers {
		in.Members = append(in.Members, Member{ID: WorkerIDAt("worker", n), Draining: rapid.IntRange(0, 4).Draw(t, "drains") == 0})
	}
	in.Members[rapid.IntRange(0, len(numbers)-1).Draw(t, "stays")].Draining = false
	partitions := rapid.IntRange(0, 60).Draw(t, "partitions")
	in.Partitions = manyPartitions(partitions)
	last := rapid.IntRange(-1, len(numbers)-1).Draw(t, "last owner") // skews
	in.Previous = rapid.SliceOfN(rapid.Int32Range(None, int32(last)), partitions, partitions).Draw(t, "previous")
	in.MoveLimit = rapid.OneOf(rapid.Just(Off), rapid.IntRange(0, partitions)).Draw(t, "limit")
	return in
}

// holding returns what those who may keep it hold, and how much nobody does.
func holding(in Input) (counts []int, unowned int) {
	held := make([]int, len(in.Members))
	for _, was := range in.Previous {
		if was == None || in.Members[was].Draining {
			unowned++
		} else {
			held[was]++
		}
	}
	for i, m := range in.Members {
		if !m.Draining {
			counts = append(counts, held[i])
		}
	}
	return counts, unowned
}

func spread(in Input, plan Plan) int {
	var list []int
	for i, n := range loads(in, plan) {
		if !in.Members[i].Draining {
			list = append(list, n)
		}
	}
	return slices.Max(list) - slices.Min(list)
}

func TestSticky_BalancedWithLeastMoves(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		in := drawInput(t)
		in.MoveLimit = Off
		for i := range in.Members { // equal, whatever they are
			in.Members[i].Capacity = 2.5
		}
		plan := mustPlan(t, Sticky{}, in)
		require.LessOrEqual(t, spread(in, plan), 1)
		counts, unowned := holding(in)
		moves, forced := voluntary(in, plan)
		require.Equal(t, unowned, forced)
		require.Equal(t, LeastMoves(counts, unowned, len(in.Previous)), moves+forced)

		again := in
		again.Previous = plan
		require.Equal(t, plan, mustPlan(t, Sticky{}, again), "planned from its own result, nothing moves")
	})
}

// greedy says how far max − min comes down if orphans go to the emptiest, one by
// one, and then one after the other moves from the fullest to the emptiest.
func greedy(counts []int, unowned, limit int) int {
	low := func() int { return slices.Index(counts, slices.Min(counts)) }
	high := func() int { return slices.Index(counts, slices.Max(counts)) }
	for range unowned {
		counts[low()]++
	}
	for range limit {
		if counts[high()]-counts[low()] <= 1 {
			break
		}
		counts[high()]--
		counts[low()]++
	}
	return slices.Max(counts) - slices.Min(counts)
}

func TestSticky_LimitNarrowsAsFarAsCanBe(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		in := drawInput(t)
		in.MoveLimit = max(0, in.MoveLimit)
		counts, unowned := holding(in)
		require.Equal(t, greedy(counts, unowned, in.MoveLimit), spread(in, mustPlan(t, Sticky{}, in)))
	})
}

func TestSticky_Rounds(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		in := drawInput(t)
		counts, unowned := holding(in)
		least := LeastMoves(counts, unowned, len(in.Previous)) - unowned
		limit := in.MoveLimit
		total, rounds, wide := 0, 0, len(in.Previous)
		for {
			plan := mustPlan(t, Sticky{}, in)
			moves, _ := voluntary(in, plan)
			require.Equal(t, plan, KeepOwned(in, plan), "nothing exceeds the limit")
			if limit >= 0 {
				require.Equal(t, min(limit, least-total), moves, "as many as are allowed and needed")
			}
			require.LessOrEqual(t, spread(in, plan), wide, "no round makes it worse")
			wide = spread(in, plan)
			if in.Previous = plan; moves == 0 {
				break
			}
			total += moves
			rounds++
		}
		switch {
		case limit == 0:
			require.Zero(t, total)
		case limit > 0:
			require.Equal(t, least, total, "the same total as at once")
			require.Equal(t, (least+limit-1)/limit, rounds)
		}
		if limit != 0 {
			require.LessOrEqual(t, wide, 1)
		}
	})
}

// Capacities are whole numbers here, so that shares can be compared exactly.
func TestSticky_Capacities(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		in := drawInput(t)
		in.MoveLimit = Off
		whole, sum := make([]int64, len(in.Members)), int64(0)
		for i := range in.Members {
			whole[i] = rapid.Int64Range(1, 9).Draw(t, "capacity")
			in.Members[i].Capacity = float64(whole[i]) / 10
			if !in.Members[i].Draining {
				sum += whole[i]
			}
		}
		plan := mustPlan(t, Sticky{}, in)
		counts, gone := loads(in, plan), 0
		for i, m := range in.Members {
			if m.Draining {
				continue
			}
			share := big.NewRat(int64(len(plan))*whole[i], sum)
			floor := int(new(big.Int).Quo(share.Num(), share.Denom()).Int64())
			require.True(t, counts[i] == floor || counts[i] == floor+1, "%s has %d, its share is %s", m.ID, counts[i], share)
			had := 0
			for _, was := range in.Previous {
				if was == int32(i) {
					had++
				}
			}
			gone += max(0, had-counts[i])
		}
		moves, _ := voluntary(in, plan)
		require.Equal(t, gone, moves, "nobody gives and gets")
		again := in
		again.Previous = plan
		require.Equal(t, plan, mustPlan(t, Sticky{}, again))
	})
}

// Whoever was gone for a while has back what it had, but for one partition if its seat
// above the floor was taken; nothing else moves.
func TestSticky_ReturnsHome(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		members := rapid.IntRange(2, 12).Draw(t, "members")
		in := planInput(members, Off, repeated(None, rapid.IntRange(0, 150).Draw(t, "partitions"))...)
		before := mustPlan(t, Sticky{}, in)
		gone := rapid.IntRange(0, members-1).Draw(t, "gone")
		in.Members[gone].Draining = true
		in.Previous, in.Home = before, before
		in.Previous = mustPlan(t, Sticky{}, in)
		in.Members[gone].Draining = false
		counts, _ := holding(in)
		after := mustPlan(t, Sticky{}, in)
		moves, _ := voluntary(in, after)
		require.Equal(t, LeastMoves(counts, 0, len(after)), moves)
		require.LessOrEqual(t, loads(in, before)[gone]-moves, 1)
		for k, was := range before {
			if after[k] != in.Previous[k] {
				require.Equal(t, int32(gone), was, "what moves comes home")
				require.Equal(t, was, after[k])
			}
		}
	})
}
