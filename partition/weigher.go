package partition

import (
	"math"
	"slices"
)

// slack is how far from its fair share a member may be before anything moves.
const slack = 0.05

// maxPasses limits how often the result of one pass is tried to be made better by
// another.
const maxPasses = 8

// weigher solves a task whose weights differ; an exact solution is NP-hard. Used
// again, it keeps its slices. Positions are those of the task's members.
//
//  1. Giants, which are heavier than a fair share of the rest, get a member each.
//  2. What remains makes the fair level, and a band around it for every member.
//  3. Whoever lies below its band takes back what was its own before.
//  4. Of those that lie above the cut as much is shed as those below their bands lack
//     or as is above the bands, whichever is more: the heaviest pieces that fit first,
//     so that few move.
//  5. What is shed or has no owner goes to the least loaded, heaviest first.
//  6. While somebody is outside its band, the fullest and the emptiest exchange what
//     brings them nearest to each other.
//  7. Where members differ, and nothing of all that is of any use, a giant goes to a larger
//     member that has nothing. If none does, who is still above its band is left out, and the
//     others are brought into bands of what they have among themselves, unless that takes
//     them away from the bands of all or does not level loads.
//
// A pass that moved what had an owner without coming nearer to the bands is undone,
// and one that came nearer is followed by another: so a result is planned again
// without any change.
type weigher struct {
	task
	n     int
	level waterLevel
	// at is the position of a member by its index plus 1, or None.
	at []int32
	// own is the position of each partition's owner, None while it is in the pool.
	own  []int32
	load []int64 // by position
	// low and top are the band, cut the level above which a position gives.
	low, top, cut []int64
	fair, total   float64 // load for each unit of share, and all weights
	uniform       bool    // positions do not differ
	giant         int64   // what is heavier is a giant and does not move any more
	pool          int     // partitions without an owner
	left          int     // partitions that may still leave their owner
	keys, spare   []piece // sorted; what may move, heaviest first
	tree          tree
	pieces        pieces
	saved         []int32 // own and top before a pass
	tops          []int64
	settled       []int32 // own, load and the bands before anybody was exempt
	loads         []int64
	lows, highs   []int64
	apart         bool    // some keep what they have: has and keeps say who and what
	has           []int64 // what each position has that is not shared out
	keeps         []bool  // by position: a giant, or what nobody can take
	moved         bool    // a pass was of use since the latest measure
	rehoused      bool    // and a giant went home in one
	away          []int64 // what is elsewhere of each position
	found         []int32 // giants, or what may come home
	ordered       []int32 // members by zone
}

func (g *weigher) solve(t task, in Input) error {
	g.task, g.n = t, len(t.members)
	if g.wish != nil {
		g.byZone()
	}
	if err := g.prepare(in); err != nil {
		return err
	}
	for range maxPasses {
		if g.measure(); !g.passes() && !g.settle() {
			break
		}
	}
	for k, p := range g.own {
		g.plan[k] = g.members[p]
	}
	g.task = task{} // the input is not kept
	return nil
}

// prepare takes what is owned by whom.
func (g *weigher) prepare(in Input) error {
	g.at = sized(g.at, len(g.all)+1)
	for i := range g.at {
		g.at[i] = None
	}
	for p, m := range g.members {
		g.at[m+1] = int32(p)
	}
	g.load, g.own = sized(g.load, g.n), sized(g.own, len(g.previous))
	for p := range g.load {
		g.load[p] = g.before(int32(p))
	}
	g.pool, g.left = 0, g.limit
	if g.limit < 0 {
		g.left = math.MaxInt
	}
	for k, was := range g.previous {
		i := uint(was + 1)
		if i >= uint(len(g.at)) {
			return errPrevious(in, k)
		}
		p := g.at[i]
		if g.own[k] = p; p == None {
			g.pool++
			continue
		}
		g.load[p] += g.weights[k]
	}
	return nil
}

// move gives a partition to a position, or to the pool. Leaving the owner takes one
// from what is left of the limit, and coming back returns it.
func (g *weigher) move(k, to int32) {
	w, from := g.weights[k], g.own[k]
	if from == None {
		g.pool--
	} else {
		g.load[from] -= w
	}
	if to == None {
		g.pool++
	} else {
		g.load[to] += w
	}
	if g.own[k] = to; g.limit < 0 {
		return
	}
	was := g.at[g.previous[k]+1]
	if was != None && from == was {
		g.left--
	}
	if was != None && to == was {
		g.left++
	}
}

// cost is what a partition takes from the limit if it moves on.
func (g *weigher) cost(k int32) int {
	if was := g.at[g.previous[k]+1]; was != None && was == g.own[k] {
		return 1
	}
	return 0
}

// free reports whether the limit lets a partition move on.
func (g *weigher) free(k int32) bool { return g.limit < 0 || g.cost(k) <= g.left }

// measure finds giants and bands. A giant that is where a heavier one stays, or nowhere,
// moves to a member of its own.
func (g *weigher) measure() {
	g.rehoused, g.moved = false, false
	most := int64(0)
	g.total = 0
	for _, w := range g.weights {
		g.total += float64(w)
		most = max(most, w)
	}
	g.fair = g.level.find(&g.task, g.total)
	g.uniform = g.same()
	g.giant = most
	g.low, g.top = sized(g.low, g.n), sized(g.top, g.n)
	g.apart = false
	if float64(most) > g.fair {
		g.seatGiants()
	}
	g.bands()
}

// level of a position: its load for each unit of share.
func (g *weigher) height(p int32) float64 { return float64(g.load[p]) / g.level.share[p] }

// outside is how much load is missing in the bands or above them.
func (g *weigher) outside() int64 { return outside(g.load, g.low, g.top) }

func outside(loads, low, top []int64) (sum int64) {
	for p, load := range loads {
		sum += max(0, load-top[p], low[p]-load)
	}
	return sum
}

// off is how far from its band a position is with a load.
func (g *weigher) off(p int32, load int64) int64 { return max(0, load-g.top[p], g.low[p]-load) }

// passes makes passes until one is of no use, and reports whether to measure again: the
// giants have other hosts now, or there might have been more.
func (g *weigher) passes() bool {
	for range maxPasses {
		if !g.pass() {
			return g.rehoused
		}
	}
	return true
}

// pass makes the state better, and reports whether it did and another one may.
func (g *weigher) pass() bool {
	before, owned := g.outside(), g.pool == 0
	if owned && (before == 0 || g.left <= 0) {
		return false
	}
	left, rehoused := g.left, g.rehoused
	if owned {
		g.saved, g.tops = append(g.saved[:0], g.own...), append(g.tops[:0], g.top...)
	}
	g.comeHome()
	g.divide()
	g.choose()
	g.shed()
	g.lighten()
	g.place()
	shifted := !owned || !slices.Equal(g.own, g.saved)
	g.repair()
	after := g.outside()
	if owned && after >= before {
		g.undo(g.saved, left, rehoused)
		copy(g.top, g.tops)
		if g.uniform || !shifted {
			return false // what remains has been tried
		}
		g.repair() // where members differ, one exchange may help when all that together does not
		if after = g.outside(); after >= before {
			g.undo(g.saved, left, rehoused)
			copy(g.top, g.tops)
			return false
		}
	}
	g.moved = true
	return after > 0
}

// undo brings back the owners that were before.
func (g *weigher) undo(saved []int32, left int, rehoused bool) {
	for k, p := range saved {
		if g.own[k] != p {
			g.move(int32(k), p)
		}
	}
	g.left, g.rehoused = left, rehoused
}
