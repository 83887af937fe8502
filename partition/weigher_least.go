package partition

import (
	"cmp"
	"math"
	"slices"
)

// fewest is how few moves could bring every position into its band. It counts twice, and
// the greater number counts: what has no owner and the fewest pieces that have to leave
// those above their bands; and the fewest that have to reach somebody, whoever had them.
// Where positions differ, the bands depend on where giants sit in the end, which is not
// known: nobody has less than the lowest band that could be, nor more than the highest.
func (g *weigher) fewest(t task, in Input) int {
	g.task, g.n = t, len(t.members)
	if g.prepare(in) != nil {
		return 0
	}
	unowned, own := g.pool, append(g.saved[:0], g.own...)
	g.saved = own
	g.measure() // seats giants, which nothing has decided yet
	copy(g.own, own)
	g.keys = slices.Grow(g.keys[:0], len(own))
	for k, w := range g.weights {
		g.keys = append(g.keys, piece{w, int32(k)})
	}
	g.sortKeys()
	sure := len(g.keys) == 0 || g.keys[0].weight <= g.giant || g.same()
	if !sure {
		lowest, highest := g.levels()
		g.giant, g.fair = int64(lowest), highest
		for p, share := range g.level.share {
			g.low[p] = int64(math.Ceil(float64(float64(lowest*share) * (1 - slack))))
		}
	}
	return max(unowned+g.leaving(), g.arriving(sure))
}

// same reports whether it does not matter which positions have giants.
func (g *weigher) same() bool {
	for p, share := range g.level.share {
		if share != 1 || g.before(int32(p)) != 0 {
			return false
		}
	}
	return true
}

// levels are the lowest and the highest fair level that there can be, wherever giants sit.
// As many of the heaviest are giants as are above the level without those before. The
// level is lowest if they sit where the shares are smallest and nobody has anything from
// before, highest if they sit on the largest and that counts as if it could be shared.
func (g *weigher) levels() (lowest, highest float64) {
	const rounding = 1e-9
	rest, before := int64(0), int64(0)
	for _, w := range g.weights {
		rest += w
	}
	first := g.level.find(&g.task, float64(rest))
	shares := slices.Sorted(slices.Values(g.level.share))
	sums := make([]float64, g.n+1) // of the smallest
	for p, share := range shares {
		sums[p+1] = sums[p] + share
		before += g.before(int32(p))
	}
	lowest, highest = math.Inf(1), 0
	least := first
	for m := 1; m <= min(g.n, len(g.keys)); m++ {
		w := g.keys[m-1].weight
		if w <= int64(float64(least*(1-rounding))) {
			break
		}
		rest -= w
		low, high := float64(w), math.Inf(1) // if each has a giant, nobody has less than the last one
		if free := g.n - m; free > 0 {
			low, high = float64(rest)/(sums[g.n]-sums[m]), float64(rest+before)/sums[free]
		}
		if rest > 0 { // else nothing shares the level
			high = min(high, first)
		}
		least = min(least, low)
		if m == g.n || m == len(g.keys) || g.keys[m].weight <= int64(float64(high*(1+rounding))) {
			lowest, highest = min(lowest, low), max(highest, high)
		}
	}
	if highest == 0 {
		return 0, math.Inf(1)
	}
	return float64(lowest * (1 - rounding)), float64(highest * (1 + rounding))
}

// leaving is how many pieces must leave those above their bands: the heaviest first are
// the fewest. A giant may stay, and then the rest goes.
func (g *weigher) leaving() (moves int) {
	if math.IsInf(g.fair, 1) {
		return 0
	}
	for p := range g.load {
		g.load[p], g.top[p] = g.before(int32(p)), g.band(int32(p))
	}
	for k, p := range g.own {
		if w := g.weights[k]; p != None {
			g.load[p] += w
			if w > g.giant {
				g.top[p] = max(g.top[p], w+g.before(p))
			}
		}
	}
	for _, e := range g.keys {
		if p := g.own[e.k]; p != None && g.load[p] > g.top[p] {
			g.load[p] -= e.weight
			moves++
		}
	}
	return moves
}

// arriving is how many pieces must reach somebody. In the end as many positions as there
// are giants have one each, which reaches those that had none, and the others are filled
// with the rest: it is not known which are which, so those count as giants' whom it costs
// most to fill. If it is not sure what is a giant, none has to reach anybody.
func (g *weigher) arriving(sure bool) (moves int) {
	giants := 0
	for giants < len(g.keys) && g.keys[giants].weight > g.giant {
		giants++
	}
	g.keeps = sized(g.keeps, g.n)
	for p := range g.load {
		g.load[p] = g.before(int32(p))
	}
	for k, p := range g.own {
		switch w := g.weights[k]; {
		case p == None:
		case w > g.giant:
			g.keeps[p] = true
		default:
			g.load[p] += w
		}
	}
	g.found = g.found[:0] // what is saved if a position has a giant
	for p, seated := range g.keeps {
		n := g.filling(int32(p), g.keys[giants:])
		moves += n
		if !seated {
			n-- // which has to come
		}
		if !sure {
			n = max(0, n)
		}
		g.found = append(g.found, int32(n))
	}
	slices.SortFunc(g.found, func(a, b int32) int { return cmp.Compare(b, a) })
	for _, n := range g.found[:min(giants, g.n)] {
		moves -= int(n)
	}
	return moves
}

// filling is how many pieces a position needs at least to reach its band.
func (g *weigher) filling(p int32, pieces []piece) (n int) {
	load := g.load[p]
	for i := 0; load < g.low[p] && i < len(pieces); i++ {
		if g.own[pieces[i].k] != p {
			load += pieces[i].weight
			n++
		}
	}
	return n
}
