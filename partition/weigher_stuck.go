package partition

import "math"

// settle makes passes without those that stay above their bands whatever is tried, as long
// as it finds more of them. What they have is as little to be shared out as a giant: where
// members differ, a piece that is no giant for the largest one may be one where it is, or
// two of them may be. The others would all lie below a band that counts it in, where
// nothing is won by a move. It reports whether to measure again, as anything has moved.
func (g *weigher) settle() bool {
	if g.uniform {
		return false
	}
	for !g.moved && g.exempt() {
		g.passes()
	}
	return g.moved
}

// exempt takes whoever is above its band out of the level, and makes the bands of the
// others anew. It reports whether there was anybody.
func (g *weigher) exempt() (found bool) {
	if len(g.has) == 0 {
		g.reserve()
	}
	for p, load := range g.load {
		if load > g.top[p] {
			found = true
			g.has[p], g.seated[p] = load, true
		}
	}
	if !found {
		return false
	}
	rest := g.total
	for p, has := range g.has {
		rest -= float64(has - g.before(int32(p)))
	}
	g.fair = g.level.over(rest, g.held)
	g.bands()
	return true
}

// exemptAll takes out all that there are.
func (g *weigher) exemptAll() {
	for g.exempt() { // each time at least one
	}
}

// bands are those around the level; who has a giant, or is exempt, may keep it.
func (g *weigher) bands() {
	for p, share := range g.level.share {
		g.low[p] = int64(math.Ceil(float64(g.fair * share * (1 - slack))))
		g.top[p] = g.band(int32(p))
		if len(g.has) > 0 && g.seated[p] {
			g.top[p] = max(g.top[p], g.has[p])
		}
	}
}
