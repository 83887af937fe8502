package partition

import (
	"cmp"
	"math"
	"slices"
)

// comeHome lets those below their band take back what was theirs, heaviest first,
// while the giver stays in its band, or has enough away to fill it again. That may
// leave the giver below its band: then it takes back its own, and so on.
func (g *weigher) comeHome() {
	if g.home == nil {
		return
	}
	g.giantsHome()
	g.away = sized(g.away, g.n)
	away := g.away
	for k, home := range g.home {
		if h := g.at[home+1]; h != None && h != g.own[k] && g.own[k] != None {
			away[h] += g.weights[k]
		}
	}
	for range 4 {
		if !g.takeBack(away) {
			return
		}
	}
}

// takeBack is one round of it. away is what each has elsewhere.
func (g *weigher) takeBack(away []int64) (moved bool) {
	back := g.found[:0]
	for k, home := range g.home {
		h, from := g.at[home+1], g.own[k]
		if h != None && from != None && h != from && g.load[h] < g.low[h] && g.weights[k] <= g.giant {
			back = append(back, int32(k))
		}
	}
	g.found = back
	slices.SortStableFunc(back, func(a, b int32) int { return cmp.Compare(g.weights[b], g.weights[a]) })
	for _, k := range back {
		h, from, w := g.at[g.home[k]+1], g.own[k], g.weights[k]
		if g.load[h]+w <= g.top[h] && g.load[from]-w+away[from] >= g.low[from] && g.free(k) {
			g.move(k, h)
			away[h] -= w
			moved = true
		}
	}
	return moved
}

// divide sets the cuts: the top of the band if what lies above it is as much as those
// below need beyond the pool; else the level at or above the fair one at which it is.
func (g *weigher) divide() {
	g.cut = append(g.cut[:0], g.top...)
	need := 0.0
	for p, load := range g.load {
		need += float64(max(0, g.low[p]-load))
	}
	for k, p := range g.own {
		if p == None {
			need -= float64(g.weights[k])
		}
	}
	above := func(level float64) float64 {
		sum := 0.0
		for p, load := range g.load {
			sum += max(0, float64(load)-g.least(p, level))
		}
		return sum
	}
	low, high := g.fair, float64(g.fair*(1+slack))
	if need <= 0 || above(high) >= need {
		return
	}
	for range 50 {
		if mid := (low + high) / 2; above(mid) >= need {
			low = mid
		} else {
			high = mid
		}
	}
	for p := range g.cut {
		g.cut[p] = int64(g.least(p, low))
	}
}

// least is what a position keeps at a level: a giant stays.
func (g *weigher) least(p int, level float64) float64 {
	if g.top[p] > g.band(int32(p)) {
		return float64(g.top[p])
	}
	return float64(level * g.level.share[p])
}

// choose makes the list of what may move, in keys until they sort something else: the
// pool, and what is on those above their cut.
func (g *weigher) choose() {
	g.keys = slices.Grow(g.keys[:0], len(g.own))
	for k, p := range g.own {
		if w := g.weights[k]; p == None || g.load[p] > g.cut[p] && w <= g.giant {
			g.keys = append(g.keys, piece{w, int32(k)})
		}
	}
	g.sortKeys()
}

// room is the largest piece that somebody can take.
func (g *weigher) room() int64 {
	room := int64(0)
	for p, load := range g.load {
		room = max(room, g.top[p]-load)
	}
	return room
}

// shed takes the heaviest pieces that fit from those above their cut: first those
// that are not in their own zone.
func (g *weigher) shed() {
	if g.wish != nil {
		g.shedBut(func(k, p int32) bool { return g.wish[k] != None && g.zone[g.members[p]] == g.wish[k] })
	}
	g.shedBut(nil)
}

// shedBut leaves what is to stay. It ends when nobody has as much above its cut as the
// lightest piece weighs.
func (g *weigher) shedBut(stay func(k, p int32) bool) {
	if len(g.keys) == 0 {
		return
	}
	room, lightest, open := g.room(), g.keys[len(g.keys)-1].weight, 0
	for p, load := range g.load {
		if load-g.cut[p] >= lightest {
			open++
		}
	}
	for i := 0; i < len(g.keys) && open > 0; i++ {
		k, w := g.keys[i].k, g.keys[i].weight
		p := g.own[k]
		if p == None || w > room || w > g.load[p]-g.cut[p] || !g.free(k) || stay != nil && stay(k, p) {
			continue
		}
		g.move(k, None)
		if g.load[p]-g.cut[p] < lightest {
			open--
		}
	}
}

// lighten takes from whoever is still above its band the lightest piece that brings it
// there, if that does not leave another one as full.
func (g *weigher) lighten() {
	lowest, above := math.Inf(1), 0
	emptiest := int32(0)
	for p := range int32(g.n) {
		if h := g.height(p); h < lowest {
			lowest, emptiest = h, p
		}
		if g.load[p] > g.top[p] {
			above++
		}
	}
	for i := len(g.keys) - 1; i >= 0 && above > 0; i-- {
		k, w := g.keys[i].k, g.keys[i].weight
		p := g.own[k]
		if p == None || p == emptiest || g.load[p] <= g.top[p] || w < g.load[p]-g.top[p] || !g.free(k) {
			continue
		}
		if float64(g.load[emptiest]+w)/g.level.share[emptiest] < g.height(p) {
			g.move(k, None)
			above--
		}
	}
}

// place gives the pool away, heaviest first: home if there is room, else into its
// zone if there is, else to the least loaded.
func (g *weigher) place() {
	if g.pool == 0 {
		return
	}
	g.tree.make(g.n, g.height)
	uneven := slices.Min(g.level.share) < 1
	wishes := g.home != nil || g.wish != nil
	for i := 0; i < len(g.keys) && g.pool > 0; i++ {
		k, w := g.keys[i].k, g.keys[i].weight
		if g.own[k] != None {
			continue
		}
		to := None
		if wishes {
			to = g.wanted(k)
		}
		if to == None {
			to = g.tree.least(0, g.n)
			if uneven && float64(float64(w)*16) > float64(g.fair*g.level.share[to]) {
				to = g.lowestWith(w)
			}
		}
		g.move(k, to)
		g.tree.raise(to, g.height(to))
	}
}

// wanted is where a partition would like to be, if there is room in the band.
func (g *weigher) wanted(k int32) int32 {
	w := g.weights[k]
	if g.home != nil {
		if h := g.at[g.home[k]+1]; h != None && g.load[h]+w <= g.top[h] {
			return h
		}
	}
	if g.wish != nil && g.wish[k] != None {
		from, to := g.inZone(g.wish[k])
		if from < to {
			if p := g.tree.least(from, to); g.load[p]+w <= g.top[p] {
				return p
			}
		}
	}
	return None
}

// lowestWith is the position that stands lowest with one more piece: of those that are
// alike then, the one that stands lowest without it.
func (g *weigher) lowestWith(w int64) int32 {
	best, lowest := int32(0), math.Inf(1)
	for p := range int32(g.n) {
		if h := float64(g.load[p]+w) / g.level.share[p]; h < lowest || h == lowest && g.height(p) < g.height(best) {
			best, lowest = p, h
		}
	}
	return best
}

// byZone orders the members by their zones, so that each zone is a run of positions.
func (g *weigher) byZone() {
	g.ordered = append(g.ordered[:0], g.members...)
	g.members = g.ordered
	slices.SortStableFunc(g.members, func(a, b int32) int { return cmp.Compare(g.zone[a], g.zone[b]) })
}

// inZone is the run of positions of a zone.
func (g *weigher) inZone(zone int32) (from, to int) {
	from, _ = slices.BinarySearchFunc(g.members, zone, func(m, zone int32) int { return cmp.Compare(g.zone[m], zone) })
	to, _ = slices.BinarySearchFunc(g.members, zone+1, func(m, zone int32) int { return cmp.Compare(g.zone[m], zone) })
	return from, to
}
