package partition

import "math"

// settle makes passes without those that stay above their bands whatever is tried, as long
// as it finds more of them. What they have is as little to be shared out as a giant: where
// members differ, a piece that is no giant for the largest one may be one where it is, or
// two of them may be. The others would all lie below a band that counts it in, where
// nothing is won by a move. What takes them away from the bands of all, or does not level
// loads, is undone: with a limit that would be moved back in a later round, and so on. Before
// all that, giants go to larger members that still have nothing. It reports whether to measure
// again, as anything moved.
func (g *weigher) settle() bool {
	if g.uniform {
		return false
	}
	if !g.moved && g.giantsUp() {
		return true
	}
	before, left := g.outside(), g.left
	g.settled, g.loads = append(g.settled[:0], g.own...), append(g.loads[:0], g.load...)
	g.lows, g.highs = append(g.lows[:0], g.low...), append(g.highs[:0], g.top...)
	for !g.moved && g.exempt() {
		if g.passes(); g.moved && (outside(g.load, g.lows, g.highs) > before || !g.flatter()) {
			g.undo(g.settled, left, false)
			g.bands()
			g.moved = false
		}
	}
	return g.moved
}

// flatter reports whether loads stand more evenly than before anybody was exempt: the sum
// of the squares of all heights, each counted by its share, is less. It adds up differences, in
// which what is light counts beside what is heavy.
func (g *weigher) flatter() bool {
	sum := 0.0
	for p, load := range g.load {
		was := g.loads[p]
		sum += float64(float64(load-was)*float64(load+was)) / g.level.share[p]
	}
	return sum < 0
}

// exempt takes whoever is above its band out of the level, and makes the bands of the
// others anew. It reports whether there was anybody.
func (g *weigher) exempt() (found bool) {
	if !g.apart {
		g.reserve()
	}
	for p, load := range g.load {
		if load > g.top[p] {
			found = true
			g.has[p], g.keeps[p] = load, true
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

// bands are those around the level; who keeps a giant, or is exempt, may have that.
func (g *weigher) bands() {
	for p, share := range g.level.share {
		g.low[p] = int64(math.Ceil(float64(g.fair * share * (1 - slack))))
		g.top[p] = g.band(int32(p))
		if g.apart && g.keeps[p] {
			g.top[p] = max(g.top[p], g.has[p])
		}
	}
}
