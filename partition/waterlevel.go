package partition

import (
	"cmp"
	"slices"
)

// minRelative keeps quotients of a load and a capacity finite.
const minRelative = 1e-15

// waterLevel finds how high a task's load stands if it is poured over its members,
// on top of what they have: nobody gets any who has more than that already.
type waterLevel struct {
	// share is the capacity of each, by position, relative to the greatest.
	share []float64
	order []int32
}

// find returns the load for each unit of share.
func (l *waterLevel) find(t *task, load float64) float64 {
	n := len(t.members)
	l.share = sized(l.share, n)
	unit := 0.0
	for _, m := range t.members {
		unit = max(unit, t.all[m].share())
	}
	sum := 0.0
	for i, m := range t.members {
		l.share[i] = max(t.all[m].share()/unit, minRelative)
		sum += l.share[i]
	}
	if t.base == nil {
		return load / sum
	}
	return l.over(load, func(i int32) float64 { return float64(t.base[t.members[i]]) })
}

// over is the level on top of what each position has.
func (l *waterLevel) over(load float64, has func(i int32) float64) float64 {
	l.order = sized(l.order, len(l.share))
	for i := range l.order {
		l.order[i] = int32(i)
	}
	slices.SortFunc(l.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(has(a)/l.share[a], has(b)/l.share[b]), cmp.Compare(a, b))
	})
	sum, level := 0.0, 0.0
	for n, i := range l.order {
		if n > 0 && has(i)/l.share[i] >= level {
			break
		}
		load += has(i)
		sum += l.share[i]
		level = load / sum
	}
	return level
}
