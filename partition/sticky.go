package partition

import "slices"

// ZoneRule says what the zone of a partition means to a strategy.
type ZoneRule int

const (
	// AnyZone looks at no zones.
	AnyZone ZoneRule = iota
	// PreferZone places a partition with a member of its own zone, or moves it
	// there, where balance allows it, and sheds first what is in another zone.
	// Nothing moves only to be nearer.
	PreferZone
	// RequireZone places a partition in its own zone or nowhere. What is in another
	// one, as its worker or the source names another zone now, moves.
	RequireZone
)

// Sticky spreads the load evenly and moves as little as can be. It looks at
// everything: weights, capacities, labels, pins, homes and, if Zones says so, zones.
//
// If all weights are equal it counts. Balance: with equal capacities max − min of
// the counts is at most 1; with different ones each member has the floor of its share
// of the capacity, or one more. Movement: exactly LeastMoves, from any previous
// state. A join moves ⌊P/(W+1)⌋ partitions, a leave or new partitions only those
// without an owner. With a MoveLimit the fullest give first and the emptiest get
// first, so that each round brings max − min down as far as it can, and
// ⌈M/MoveLimit⌉ rounds make the M moves that one round without limit would.
//
// If weights differ it keeps every member within 5 % of its fair share, as far as the
// pieces allow it, and moves nothing while all members are. The share is that of what
// remains once partitions that are heavier than it have a member to themselves; and where
// capacities differ, or some may have what others may not (labels, pins, zones), also without
// those who keep more than their share, as nobody can take from them. A giant stays where it
// is, unless a larger member has nothing and gets nothing else, and the giant stands lower
// there by more than 5 %. See weigher for how. A MoveLimit takes the heaviest pieces of the
// fullest first; rounds come to an end.
//
// Partitions that few members may have (a pin, labels, RequireZone) are balanced
// among these first, and the others on top of them. A member that was gone gets its
// former partitions back before others, out of what moves anyway. What has no
// previous owner, or a draining one, is placed whatever the limit.
//
// What is placed is dealt in canonical order, so that neighbours land on different
// members. For equal weights time is O(P + W log W): a million partitions take from 0.8 to
// 4.3 times what counting and copying their owners takes, the more of them have none.
//
// The idea is that of Kafka's sticky assignor, with the bounds of the formula above
// in place of a search, and of LPT (Graham, 1969) for weights.
type Sticky struct {
	// Zones says what to make of zones. Default AnyZone.
	Zones ZoneRule
}

// ZoneRule implements Zoned.
func (s Sticky) ZoneRule() ZoneRule { return s.Zones }

// Plan implements Strategy. It fails on an input that breaks the rules of Input.
// The order of Input.Members does not matter.
func (s Sticky) Plan(in Input) (Plan, error) {
	plan := make(Plan, in.Partitions.Len())
	solver := solver{zones: s.Zones}
	if err := solver.solve(plan, in); err != nil {
		return nil, err
	}
	return plan, nil
}

// LeastMoves returns how many partitions must change hands until max − min of the
// counts is at most 1: unowned + Σ max(0, c − q) − min(r, #{c ≥ q+1}), where c are
// the counts of the members that may own partitions, q = ⌊partitions/W⌋ and r the
// remainder. partitions is the number of all of them, unowned that of those without
// an owner that may keep them. Without members nothing can move.
func LeastMoves(counts []int, unowned, partitions int) int {
	if len(counts) == 0 {
		return 0
	}
	q, r := partitions/len(counts), partitions%len(counts)
	moves := unowned
	for _, c := range counts {
		if c <= q {
			continue
		}
		moves += c - q
		if r > 0 { // one of the r seats above q stays where it is
			moves--
			r--
		}
	}
	return moves
}

// task is one part of a plan: partitions that all of the same members may have. The
// slices by partition are dense: the task's own.
type task struct {
	members []int32 // indexes in all
	all     []Member
	// previous and home are indexes in all, or None; home may be nil.
	previous, home []int32
	weights        []int64
	// wish has the number of the zone that a partition would like, or None; it is nil
	// if that does not matter. zone has that of each member, by its index.
	wish, zone []int32
	// base is what each has already, by index: a count if the weights are equal, else
	// a weight. It is nil if that is nothing.
	base []int64
	// limit is how many partitions may leave a member that could keep them; negative
	// is no limit.
	limit int
	plan  Plan
}

// solver makes one plan; used again, it keeps its slices.
type solver struct {
	zones   ZoneRule
	members []int32 // those that may own partitions, in the order of CompareWorkers
	even    evener
	weigh   weigher
}

func (s *solver) solve(plan Plan, in Input) error {
	err := in.validate()
	if err != nil {
		return err
	}
	if s.members, err = in.eligible(s.members[:0]); err != nil {
		return err
	}
	t := task{
		members: s.members, all: in.Members, previous: in.Previous, home: in.Home, weights: in.Partitions.Weights,
		limit: in.MoveLimit, plan: plan,
	}
	even := in.Partitions.level()
	if !in.bound(s.zones != AnyZone) {
		return s.place(t, even, in)
	}
	if s.zones == PreferZone {
		t.number(in.Partitions.Zones)
	}
	return s.parts(t, even, in)
}

func (s *solver) place(t task, even bool, in Input) error {
	if even {
		return s.even.solve(t, in)
	}
	return s.weigh.solve(t, in)
}

// alike reports whether all weights are the same. It looks at eight at a time, because
// it takes as long as counting otherwise.
func alike(weights []int64) bool {
	if len(weights) == 0 {
		return true
	}
	first := weights[0]
	for ; len(weights) >= 8; weights = weights[8:] {
		w := weights[:8:8]
		if w[0]^first|w[1]^first|w[2]^first|w[3]^first|w[4]^first|w[5]^first|w[6]^first|w[7]^first != 0 {
			return false
		}
	}
	for _, w := range weights {
		if w != first {
			return false
		}
	}
	return true
}

// number gives zones their numbers.
func (t *task) number(zones []string) {
	if zones == nil {
		return
	}
	known := map[string]int32{}
	t.zone, t.wish = make([]int32, len(t.all)), make([]int32, len(zones))
	for _, m := range t.members {
		if _, seen := known[t.all[m].Zone]; !seen {
			known[t.all[m].Zone] = int32(len(known))
		}
		t.zone[m] = known[t.all[m].Zone]
	}
	for k, zone := range zones {
		t.wish[k] = None
		if n, there := known[zone]; there && zone != "" {
			t.wish[k] = n
		}
	}
}

// parts solves one circle after the other, those with the fewest members first, each
// on top of what the ones before have placed. What is where it may not be has to
// move as long as the limit allows it; else it stays, and is load all the same.
func (s *solver) parts(t task, even bool, in Input) error {
	for k, was := range in.Previous {
		if was < None || int(was) >= len(in.Members) {
			return errPrevious(in, k)
		}
	}
	circles := in.circles(s.members, s.zones == RequireZone)
	base, may := make([]int64, len(in.Members)), make([]bool, len(in.Members))
	load := func(k int32, owner int32) {
		if owner == None {
			return
		}
		if even {
			base[owner]++
			return
		}
		base[owner] += t.weights[k]
	}
	for i := range circles {
		c := &circles[i]
		clear(may)
		for _, m := range c.members {
			may[m] = true
		}
		c.partitions = slices.DeleteFunc(c.partitions, func(k int32) bool {
			to, settled := None, len(c.members) == 0
			if was := t.previous[k]; was != None && !may[was] && !in.Members[was].Draining {
				if t.limit == 0 {
					to, settled = was, true
				} else if t.limit > 0 {
					t.limit--
				}
			}
			if settled {
				t.plan[k] = to
				load(k, to)
			}
			return settled
		})
	}
	for _, c := range circles {
		if len(c.partitions) == 0 {
			continue
		}
		if err := s.part(&t, c, base, even, in); err != nil {
			return err
		}
		for _, k := range c.partitions {
			load(k, t.plan[k])
		}
	}
	return nil
}

// part solves one circle and takes its moves from the limit.
func (s *solver) part(t *task, c circle, base []int64, even bool, in Input) error {
	p := task{members: c.members, all: t.all, zone: t.zone, base: base, limit: t.limit, plan: make(Plan, len(c.partitions))}
	p.previous, p.weights = gather(t.previous, c.partitions), gather(t.weights, c.partitions)
	p.home, p.wish = gather(t.home, c.partitions), gather(t.wish, c.partitions)
	may := make([]bool, len(t.all))
	for _, m := range c.members {
		may[m] = true
	}
	if err := s.place(p, even, in); err != nil {
		return err
	}
	for i, k := range c.partitions {
		t.plan[k] = p.plan[i]
		if was := p.previous[i]; t.limit > 0 && was != None && may[was] && was != p.plan[i] {
			t.limit--
		}
	}
	return nil
}

// gather picks the entries of a slice by partition; nil stays nil.
func gather[T any](from []T, partitions []int32) []T {
	if from == nil {
		return nil
	}
	out := make([]T, len(partitions))
	for i, k := range partitions {
		out[i] = from[k]
	}
	return out
}

// sized returns a slice of n zeros, the given one if it is large enough.
func sized[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n)
	}
	clear(old[:n])
	return old[:n]
}
