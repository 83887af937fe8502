package partition

import (
	"cmp"
	"math"
	"slices"
)

// pieces are the partitions of each position that can move, lightest first: once
// somebody asks for them. Few positions exchange something, and sorting is what takes
// long.
type pieces struct {
	of     [][]int32
	all    []int32 // where all begin
	sorted []bool
	count  []int32
	// stuck are those whom nobody can help, order all positions, fullest first.
	stuck []bool
	order []int32
}

// repair lets the fullest and the emptiest exchange pieces while one of them is
// outside its band: the best single one, else the best two against each other. If
// these two have nothing that helps, the one that is outside tries all others.
func (g *weigher) repair() {
	if g.outside() == 0 || g.left <= 0 {
		return
	}
	g.list()
	g.pieces.stuck, g.pieces.order = sized(g.pieces.stuck, g.n), sized(g.pieces.order, g.n)
	stuck, order := g.pieces.stuck, g.pieces.order
	for p := range order {
		order[p] = int32(p)
	}
	for range 3*g.n + 64 {
		slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(g.height(b), g.height(a)), cmp.Compare(a, b)) })
		if g.left <= 0 || !g.step(order, stuck) {
			return
		}
	}
}

// step takes one position that is outside its band and helps it, or finds out that
// nobody can. It returns false if there is none left. order is fullest first.
func (g *weigher) step(order []int32, stuck []bool) bool {
	for i, p := range order {
		if stuck[p] || g.load[p] <= g.top[p] {
			continue
		}
		for k := len(order) - 1; k > i; k-- {
			if g.exchange(p, order[k]) {
				return true
			}
		}
		stuck[p] = true
	}
	for i := len(order) - 1; i >= 0; i-- {
		p := order[i]
		if stuck[p] || g.load[p] >= g.low[p] {
			continue
		}
		for _, from := range order[:i] {
			if g.exchange(from, p) {
				return true
			}
		}
		stuck[p] = true
	}
	return false
}

// growth is how many pieces a position may get before its list moves.
const growth = 8

// list gathers the pieces, side by side, with some room for each list to grow: one that
// needs more moves elsewhere.
func (g *weigher) list() {
	l := &g.pieces
	l.of, l.all = sized(l.of, g.n), sized(l.all, len(g.own)+growth*g.n)
	l.count, l.sorted = sized(l.count, g.n), sized(l.sorted, g.n)
	for k, p := range g.own {
		if g.weights[k] <= g.giant {
			l.count[p]++
		}
	}
	rest := l.all
	for p, n := range l.count {
		n += growth
		l.of[p], rest = rest[:0:n], rest[n:]
	}
	for k, p := range g.own {
		if g.weights[k] <= g.giant {
			l.of[p] = append(l.of[p], int32(k))
		}
	}
}

// sortedPieces are those of one position, lightest first.
func (g *weigher) sortedPieces(p int32) []int32 {
	list := g.pieces.of[p]
	if !g.pieces.sorted[p] {
		slices.Reverse(list) // so that those that are alike keep their order
		g.sort(list)
		slices.Reverse(list)
		g.pieces.sorted[p] = true
	}
	return list
}

func (g *weigher) lighter(a, b int32) int {
	return cmp.Or(cmp.Compare(g.weights[a], g.weights[b]), cmp.Compare(a, b))
}

// exchange brings a full and an empty position nearer to each other, and reports
// whether it could: the fuller one of both stands lower afterwards.
func (g *weigher) exchange(full, empty int32) bool {
	a, b := g.level.share[full], g.level.share[empty]
	ideal := (float64(float64(g.load[full])*b) - float64(float64(g.load[empty])*a)) / (a + b)
	// A shift of less than most lowers the fuller one, and the other one stays below.
	most := float64(g.height(full)*b) - float64(g.load[empty])
	if ideal < 0.5 || most <= 0 {
		return false
	}
	k, found := g.single(full, ideal, most)
	if found && g.cost(k) <= g.left && g.nearer(full, empty, g.weights[k]) {
		g.hand(k, empty)
		return true
	}
	x, y, found := g.swap(full, empty, ideal, most)
	if !found || g.cost(x)+g.cost(y) > g.left || !g.nearer(full, empty, g.weights[x]-g.weights[y]) {
		return false
	}
	g.hand(x, empty)
	g.hand(y, full)
	return true
}

// nearer reports whether two positions lie no farther from their bands, taken together, once
// so much is shifted. Where one is much larger, both may stand lower and farther from them.
func (g *weigher) nearer(full, empty int32, shift int64) bool {
	return g.uniform || g.off(full, g.load[full]-shift)+g.off(empty, g.load[empty]+shift) <= g.off(full, g.load[full])+g.off(empty, g.load[empty])
}

// single finds the piece whose weight is nearest to the ideal one, and below most.
func (g *weigher) single(full int32, ideal, most float64) (best int32, found bool) {
	list := g.sortedPieces(full)
	if len(list) == 0 || g.size(list[0]) >= most {
		return 0, false
	}
	i, _ := slices.BinarySearchFunc(list, ideal, func(k int32, w float64) int { return cmp.Compare(float64(g.weights[k]), w) })
	if i < len(list) && float64(g.weights[list[i]]) < most {
		best, found = list[i], true
	}
	if i > 0 && (!found || ideal-float64(g.weights[list[i-1]]) <= float64(g.weights[best])-ideal) {
		best, found = list[i-1], true
	}
	return best, found
}

// size is the weight of a piece, to be compared with an ideal one.
func (g *weigher) size(k int32) float64 { return float64(g.weights[k]) }

// swap finds two pieces whose difference is nearest to the ideal one, and below most.
func (g *weigher) swap(full, empty int32, ideal, most float64) (x, y int32, found bool) {
	nearest, j := math.Inf(1), 0
	heavy, light := g.sortedPieces(full), g.sortedPieces(empty)
	if len(heavy) == 0 || len(light) == 0 {
		return 0, 0, false
	}
	least, greatest := g.size(heavy[0])-g.size(light[len(light)-1]), g.size(heavy[len(heavy)-1])-g.size(light[0])
	if least >= most || greatest <= 0 {
		return 0, 0, false // none of the differences will do
	}
	for _, k := range heavy {
		w := g.size(k)
		for j < len(light) && w-float64(g.weights[light[j]]) > ideal {
			j++
		}
		for _, i := range [2]int{j - 1, j} {
			if i < 0 || i >= len(light) {
				continue
			}
			shift := w - float64(g.weights[light[i]])
			if off := math.Abs(shift - ideal); shift > 0 && shift < most && off < nearest {
				x, y, found, nearest = k, light[i], true, off
			}
		}
	}
	return x, y, found
}

// hand moves a piece from one list to the other.
func (g *weigher) hand(k, to int32) {
	from := g.own[k]
	list := g.sortedPieces(from)
	if i, found := slices.BinarySearchFunc(list, k, g.lighter); found {
		g.pieces.of[from] = slices.Delete(list, i, i+1)
	}
	list = g.sortedPieces(to)
	i, _ := slices.BinarySearchFunc(list, k, g.lighter)
	g.pieces.of[to] = slices.Insert(list, i, k)
	g.move(k, to)
}
