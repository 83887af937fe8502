package partition

import (
	"math"
	"math/bits"
	"slices"
)

// tree is a tournament over positions: the winner is the one with the least key, the
// first one of those that are alike. An entrant is its key with the position in place of
// the last bits, so that a match is one comparison: keys that differ by less are alike.
type tree struct {
	size, n int
	digits  uint64 // that hold a position
	// win has the winner of each node; the root is 1, the children of i are 2i and 2i+1.
	win []uint64
}

// nobody loses against everybody.
const nobody = math.MaxUint64

func (t *tree) make(n int, key func(p int32) float64) {
	t.size, t.n = 1, n
	for t.size < n {
		t.size *= 2
	}
	t.digits = uint64(t.size - 1)
	t.win = sized(t.win, 2*t.size)
	for p := range t.size {
		t.win[t.size+p] = nobody
		if p < n {
			t.win[t.size+p] = t.entrant(int32(p), key(int32(p)))
		}
	}
	for i := t.size - 1; i > 0; i-- {
		t.win[i] = min(t.win[2*i], t.win[2*i+1])
	}
}

// entrant of a key, which is not negative: its bits are in the order of the numbers.
func (t *tree) entrant(p int32, key float64) uint64 {
	return math.Float64bits(key)&^t.digits | uint64(p)
}

// raise changes a key.
func (t *tree) raise(p int32, key float64) {
	win, won := t.win, t.entrant(p, key)
	i := t.size + int(p)
	win[i] = won
	for i > 1 {
		won = min(won, win[i^1])
		i /= 2
		win[i] = won
	}
}

// least returns the winner of the positions from ≤ p < to.
func (t *tree) least(from, to int) int32 {
	if from == 0 && to == t.n {
		return int32(t.win[1] & t.digits)
	}
	best := uint64(nobody)
	for a, b := t.size+from, t.size+to; a < b; a, b = a/2, b/2 {
		if a%2 == 1 {
			best = min(best, t.win[a])
			a++
		}
		if b%2 == 1 {
			b--
			best = min(best, t.win[b])
		}
	}
	return int32(best & t.digits)
}

// piece is a partition with its weight, for sorting.
type piece struct {
	weight int64
	k      int32
}

// sort orders a list by weight, heaviest first, and keeps the order of those that are
// alike.
func (g *weigher) sort(list []int32) {
	g.keys = g.keys[:0]
	for _, k := range list {
		g.keys = append(g.keys, piece{g.weights[k], k})
	}
	g.sortKeys()
	for i, e := range g.keys {
		list[i] = e.k
	}
}

const (
	// fewKeys are sorted faster by insertion, and up to someKeys by narrow digits.
	fewKeys, someKeys = 40, 3000
	// wideDigit and narrowDigit are how many bits a digit has at most.
	wideDigit, narrowDigit = 11, 8
)

// sortKeys sorts what is in keys: a radix sort, which skips what all share.
func (g *weigher) sortKeys() {
	if len(g.keys) <= fewKeys {
		insert(g.keys)
		return
	}
	most := wideDigit
	if len(g.keys) <= someKeys {
		most = narrowDigit
	}
	differ := int64(0)
	for _, e := range g.keys {
		differ |= e.weight ^ g.keys[0].weight
	}
	length := bits.Len64(uint64(differ))
	digits := max(1, (length+most-1)/most)
	width := (length + digits - 1) / digits
	mask := int64(1)<<width - 1
	g.spare = slices.Grow(g.spare[:0], len(g.keys))[:len(g.keys)]
	for shift := 0; shift < length; shift += width {
		if differ>>shift&mask != 0 {
			g.sortDigit(shift, mask)
		}
	}
}

// sortDigit sorts by one digit.
func (g *weigher) sortDigit(shift int, mask int64) {
	var start [1 << wideDigit]int32
	digit := func(w int64) int64 { return mask - w>>(shift&63)&mask }
	for i := range g.keys {
		start[digit(g.keys[i].weight)&(1<<wideDigit-1)]++
	}
	sum := int32(0)
	for i := range start[:mask+1] {
		start[i], sum = sum, sum+start[i]
	}
	for _, e := range g.keys {
		at := &start[digit(e.weight)&(1<<wideDigit-1)]
		g.spare[*at] = e
		*at++
	}
	g.keys, g.spare = g.spare, g.keys
}

func insert(keys []piece) {
	for i := 1; i < len(keys); i++ {
		e, at := keys[i], i
		for at > 0 && keys[at-1].weight < e.weight {
			keys[at] = keys[at-1]
			at--
		}
		keys[at] = e
	}
}
