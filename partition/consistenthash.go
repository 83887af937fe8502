package partition

import (
	"cmp"
	"slices"
)

// ConsistentHash gives each partition to the member whose point follows its hash on a
// ring (Karger et al., 1997), by xxh3. Like Rendezvous it needs no previous owners, and
// it is faster for many members: O((P + V) log V) for V points in all.
//
// Balance: with 150 points each a member has its share give or take about a third; the
// error falls with the square root of the points. Weights do not matter to it.
// Movement: a join moves only what the new member gets, a leave only what had no
// owner; but how much that is is as uneven as the balance.
//
// With a MoveLimit the first moves in canonical order are made, as KeepOwned does.
type ConsistentHash struct {
	// VirtualNodes is how many points a member has for each unit of its capacity; at
	// most 100 units count. Default DefaultVirtualNodes.
	VirtualNodes int
}

// Plan implements Strategy. It fails on an input that breaks the rules of Input. The
// order of Input.Members does not matter.
func (s ConsistentHash) Plan(in Input) (Plan, error) {
	return in.planEach(func(c circle, plan Plan) {
		ring := newHashRing(in, c.members, s.VirtualNodes)
		for _, k := range c.partitions {
			plan[k] = c.members[ring.points[ring.find(in.Partitions.IDs[k])].position]
		}
	})
}

// WeightedConsistentHash is ConsistentHash with a bound on the load (Mirrokni, Thorup
// and Zadimoghaddam, 2018): a member that is full passes a partition on to the next
// one on the ring. The heaviest partitions choose first.
//
// Balance: no member has more than (1 + Slack) of its share of the weight, or its share
// and one partition, whichever is more. Movement: what a change displaces may displace
// others; a join or a leave moves about two to five times the least, the more the less
// slack there is. Where partitions of quite different weights decide who is full, Sticky
// moves far less. Time is that of ConsistentHash, as long as few members are full.
//
// With a MoveLimit the first moves in canonical order are made, as KeepOwned does.
type WeightedConsistentHash struct {
	// VirtualNodes is how many points a member has for each unit of its capacity; at
	// most 100 units count. Default DefaultVirtualNodes.
	VirtualNodes int
	// Slack is how far above its share a member may be. Default 0.25.
	Slack float64
}

// DefaultSlack is that of WeightedConsistentHash.
const DefaultSlack = 0.25

// Plan implements Strategy. It fails on an input that breaks the rules of Input. The
// order of Input.Members does not matter.
func (s WeightedConsistentHash) Plan(in Input) (Plan, error) {
	if !(s.Slack > 0) {
		s.Slack = DefaultSlack
	}
	base := make([]int64, len(in.Members))
	return in.planEach(func(c circle, plan Plan) {
		b := bounded{in: in, circle: c, ring: newHashRing(in, c.members, s.VirtualNodes), load: gather(base, c.members)}
		b.bound(base, s.Slack)
		slices.SortStableFunc(c.partitions, func(x, y int32) int {
			return cmp.Compare(in.Partitions.Weights[y], in.Partitions.Weights[x])
		})
		for _, k := range c.partitions {
			p := b.take(k)
			plan[k] = c.members[p]
			base[c.members[p]] += in.Partitions.Weights[k]
		}
	})
}

// bounded is a ring whose members can be full.
type bounded struct {
	in     Input
	circle circle
	ring   hashRing
	level  waterLevel
	load   []int64 // by position
	most   []int64
}

func (b *bounded) bound(base []int64, slack float64) {
	total := 0.0
	for _, k := range b.circle.partitions {
		total += float64(b.in.Partitions.Weights[k])
	}
	t := task{members: b.circle.members, all: b.in.Members, base: base}
	fair := b.level.find(&t, total)
	for _, share := range b.level.share {
		b.most = append(b.most, int64(float64(fair*share*(1+slack))))
	}
}

// take finds the first member from the partition's hash on that has room; if none has,
// the one that stands lowest.
func (b *bounded) take(k int32) int32 {
	w, points := b.in.Partitions.Weights[k], b.ring.points
	start := b.ring.find(b.in.Partitions.IDs[k])
	seen, last := 0, None
	for i := range points {
		p := points[(start+i)%len(points)].position
		if p == last {
			continue
		}
		last = p
		if b.load[p]+w <= b.most[p] {
			b.load[p] += w
			return p
		}
		if seen++; seen > 8*len(b.load) {
			break
		}
	}
	best := int32(0)
	for p := range b.load {
		if float64(b.load[p])/b.level.share[p] < float64(b.load[best])/b.level.share[best] {
			best = int32(p)
		}
	}
	b.load[best] += w
	return best
}
