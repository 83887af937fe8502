package partition

import (
	"cmp"
	"math"
	"slices"
)

// seatGiants gives everything that is heavier than the fair level of the rest a member
// of its own: the one it is at, unless a heavier one is there, else the largest that
// is free. Each one that is found lowers the level, which may make others giants.
func (g *weigher) seatGiants(total float64) {
	g.has, g.seated = sized(g.has, g.n), sized(g.seated, g.n)
	has, seated := g.has, g.seated
	for p := range has {
		has[p] = float64(g.before(int32(p)))
	}
	for above := g.giant; ; {
		limit := int64(g.fair)
		if limit >= above {
			g.giant = limit
			return
		}
		found := g.between(limit, above)
		for _, k := range found {
			p := g.host(k, seated)
			if p == None {
				continue
			}
			seated[p] = true
			has[p] += float64(g.weights[k])
			total -= float64(g.weights[k])
			g.top[p] = int64(has[p])
		}
		g.fair = g.level.over(total, func(p int32) float64 { return has[p] })
		if above = limit; len(found) == 0 {
			g.giant = limit
			return
		}
	}
}

// between returns the partitions with limit < weight ≤ most, heaviest first, until it
// is asked again.
func (g *weigher) between(limit, most int64) []int32 {
	out := g.found[:0]
	for k, w := range g.weights {
		if w > limit && w <= most {
			out = append(out, int32(k))
		}
	}
	g.found = out
	slices.SortStableFunc(out, func(a, b int32) int { return cmp.Compare(g.weights[b], g.weights[a]) })
	return out
}

// host finds the position for a giant and moves it there, or leaves it where it is
// if it may not move. It returns None if all have one: then it is no giant.
func (g *weigher) host(k int32, seated []bool) int32 {
	p := g.own[k]
	if p != None && (!seated[p] || !g.free(k)) {
		return p
	}
	best := None
	for q := range int32(g.n) {
		switch {
		case seated[q]:
		case best == None, g.level.share[q] > g.level.share[best],
			g.level.share[q] == g.level.share[best] && g.load[q] < g.load[best]:
			best = q
		}
	}
	if best != None {
		g.move(k, best)
	}
	return best
}

// giantsHome lets those below their band take back a giant that was theirs. Who gives
// it is filled by others.
func (g *weigher) giantsHome() {
	for _, k := range g.between(g.giant, math.MaxInt64) {
		h, from := g.at[g.home[k]+1], g.own[k]
		if h == None || from == None || h == from || g.load[h] >= g.low[h] || !g.free(k) {
			continue
		}
		g.move(k, h)
		g.rehoused = true
		g.top[h] = max(g.band(h), g.weights[k]+g.before(h))
		g.top[from] = g.band(from)
	}
}

// band is the top of a position's band without giants.
func (g *weigher) band(p int32) int64 { return int64(float64(g.fair * g.level.share[p] * (1 + slack))) }

// before is what a position has that is not of this task.
func (g *weigher) before(p int32) int64 {
	if g.base == nil {
		return 0
	}
	return g.base[g.members[p]]
}
