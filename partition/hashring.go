package partition

import (
	"cmp"
	"math"
	"slices"

	"github.com/zeebo/xxh3"
)

const (
	// DefaultVirtualNodes is how many points a member of capacity 1 has on a ring.
	DefaultVirtualNodes = 150
	// maxRingCapacity is the greatest capacity that makes more points.
	maxRingCapacity = 100
)

// hashRing is a ring of points, each of one member: what hashes to a point, or
// between the one before and it, is that member's.
type hashRing struct {
	points []point
}

type point struct {
	at uint64
	// position is that of the member in its list.
	position int32
}

// newHashRing makes a ring on which each member has points in proportion to its
// capacity, wherever the others are.
func newHashRing(in Input, members []int32, virtual int) hashRing {
	if virtual <= 0 {
		virtual = DefaultVirtualNodes
	}
	var r hashRing
	for i, m := range members {
		count := math.Round(float64(float64(virtual) * min(in.Members[m].share(), maxRingCapacity)))
		for n := range int(max(1, count)) {
			r.points = append(r.points, point{xxh3.HashStringSeed(string(in.Members[m].ID), uint64(n)), int32(i)})
		}
	}
	slices.SortFunc(r.points, func(a, b point) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.position, b.position)) })
	return r
}

// find returns the index of the point that a partition hashes to.
func (r hashRing) find(id PartitionID) int {
	at := hashText(string(id))
	i, _ := slices.BinarySearchFunc(r.points, at, func(p point, at uint64) int { return cmp.Compare(p.at, at) })
	return i % len(r.points)
}
