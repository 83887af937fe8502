package partition

import (
	"cmp"
	"slices"
)

// fewest is how few moves could bring every position into its band. It counts twice, and
// the greater number counts: what has no owner and the fewest pieces that have to leave
// those above their bands; and the fewest that have to reach somebody, whoever had them.
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
	return max(unowned+g.leaving(), g.arriving())
}

// leaving is how many pieces must leave those above their bands: the heaviest first are
// the fewest. A giant may stay, and then the rest goes.
func (g *weigher) leaving() (moves int) {
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
// most to fill.
func (g *weigher) arriving() (moves int) {
	giants := 0
	for giants < len(g.keys) && g.keys[giants].weight > g.giant {
		giants++
	}
	g.seated = sized(g.seated, g.n)
	for p := range g.load {
		g.load[p] = g.before(int32(p))
	}
	for k, p := range g.own {
		switch w := g.weights[k]; {
		case p == None:
		case w > g.giant:
			g.seated[p] = true
		default:
			g.load[p] += w
		}
	}
	g.found = g.found[:0] // what is saved if a position has a giant
	for p, seated := range g.seated {
		n := g.filling(int32(p), g.keys[giants:])
		moves += n
		if !seated {
			n-- // which has to come
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
