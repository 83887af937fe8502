package partition

import (
	"cmp"
	"math"
	"slices"
)

// seatGiants gives everything that is heavier than the fair level of the rest a member
// of its own: the one it is at, unless a heavier one is there, else the largest that is
// free. Each one that is found lowers the level, which may make others giants.
func (g *weigher) seatGiants() {
	total := g.total
	g.reserve()
	has, seated := g.has, g.keeps
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
			has[p] += g.weights[k]
			total -= float64(g.weights[k])
		}
		g.fair = g.level.over(total, g.held)
		if above = limit; len(found) == 0 {
			g.giant = limit
			return
		}
	}
}

// reserve keeps for each position what is not of this task.
func (g *weigher) reserve() {
	g.apart, g.has, g.keeps = true, sized(g.has, g.n), sized(g.keeps, g.n)
	for p := range g.has {
		g.has[p] = g.before(int32(p))
	}
}

func (g *weigher) held(p int32) float64 { return float64(g.has[p]) }

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

// giantsUp moves giants to larger members that have nothing, as nothing else came to them,
// if they stand lower there by more than half a band: first who stands highest, so that few
// move. It reports whether any did.
func (g *weigher) giantsUp() (moved bool) {
	giants := g.between(g.giant, math.MaxInt64)
	slices.SortStableFunc(giants, func(a, b int32) int { return cmp.Compare(g.height(g.own[b]), g.height(g.own[a])) })
	for _, k := range giants {
		p, w := g.own[k], g.weights[k]
		best, lowest := p, float64(float64(w+g.before(p))*(1-slack))/g.level.share[p]
		for q := range int32(g.n) {
			h := float64(w) / g.level.share[q]
			if g.load[q] == 0 && g.level.share[q] > g.level.share[p] && h < lowest && g.free(k) {
				best, lowest = q, h
			}
		}
		if best != p {
			g.move(k, best)
			moved = true
		}
	}
	return moved
}

// giantsHome lets those below their band take back a giant that was theirs, from whoever is
// not larger: it would stand higher than anywhere. Who gives it is filled by others.
func (g *weigher) giantsHome() {
	for _, k := range g.between(g.giant, math.MaxInt64) {
		h, from := g.at[g.home[k]+1], g.own[k]
		if h == None || from == None || h == from || g.load[h] >= g.low[h] || g.level.share[h] < g.level.share[from] || !g.free(k) {
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
