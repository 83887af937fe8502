package partition

// tree is a tournament over positions: the winner is the one with the least key, the
// first one of those that are alike.
type tree struct {
	size int
	key  []float64
	win  []int32 // of each node; the root is 1, the children of i are 2i and 2i+1
}

func (t *tree) make(n int, key func(p int32) float64) {
	t.size = 1
	for t.size < n {
		t.size *= 2
	}
	t.key, t.win = sized(t.key, n), sized(t.win, 2*t.size)
	for p := range t.size {
		t.win[t.size+p] = None
		if p < n {
			t.key[p], t.win[t.size+p] = key(int32(p)), int32(p)
		}
	}
	for i := t.size - 1; i > 0; i-- {
		t.win[i] = t.better(t.win[2*i], t.win[2*i+1])
	}
}

func (t *tree) better(a, b int32) int32 {
	if b == None || a != None && (t.key[a] < t.key[b] || t.key[a] == t.key[b] && a < b) {
		return a
	}
	return b
}

// raise changes a key.
func (t *tree) raise(p int, key float64) {
	t.key[p] = key
	for i := (t.size + p) / 2; i > 0; i /= 2 {
		t.win[i] = t.better(t.win[2*i], t.win[2*i+1])
	}
}

// least returns the winner of the positions from ≤ p < to.
func (t *tree) least(from, to int) int32 {
	if from == 0 && to == len(t.key) {
		return t.win[1]
	}
	best := None
	for a, b := t.size+from, t.size+to; a < b; a, b = a/2, b/2 {
		if a%2 == 1 {
			best = t.better(best, t.win[a])
			a++
		}
		if b%2 == 1 {
			b--
			best = t.better(best, t.win[b])
		}
	}
	return best
}

// sorted are partitions with their weights, for sorting.
type sorted []struct {
	weight int64
	k      int32
}

// sort orders a list by weight, heaviest first, and keeps the order of those that are
// alike: a radix sort, eleven bits at a time, which skips what all share.
func (g *weigher) sort(list []int32) {
	const bits, mask = 11, 1<<11 - 1
	g.keys, g.spare = g.keys[:0], sized(g.spare, len(list))
	var differ int64
	for _, k := range list {
		w := g.weights[k]
		differ |= w ^ g.weights[list[0]]
		g.keys = append(g.keys, sorted{{w, k}}...)
	}
	for shift := 0; differ>>shift != 0; shift += bits {
		if differ>>shift&mask == 0 {
			continue
		}
		var start [mask + 2]int
		for _, e := range g.keys {
			start[mask-e.weight>>shift&mask+1]++
		}
		for i := range mask {
			start[i+1] += start[i]
		}
		for _, e := range g.keys {
			d := mask - e.weight>>shift&mask
			g.spare[start[d]] = e
			start[d]++
		}
		g.keys, g.spare = g.spare, g.keys
	}
	for i, e := range g.keys {
		list[i] = e.k
	}
}
