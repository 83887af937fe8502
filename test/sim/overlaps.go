package sim

import (
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// Overlap is a time in which several processes worked on one partition.
type Overlap struct {
	Partition   partition.PartitionID
	From, Until time.Duration
}

type overlaps struct {
	begun map[partition.PartitionID]time.Duration
	ended []Overlap
}

// Overlaps are those that have ended; with I4 there is none.
func (c *Checker) Overlaps() []Overlap { return c.overlaps.ended }

// Overlapping counts partitions that several processes work on now.
func (c *Checker) Overlapping() int { return len(c.overlaps.begun) }

// shared looks whether more than one process works on a partition. Whoever was told
// to let it go does not.
func (c *Checker) shared(id partition.PartitionID) {
	busy := 0
	for _, p := range c.order {
		for _, h := range p.hands {
			if h.owned.ID == id && !h.told && p.owns(h) {
				busy++
				break
			}
		}
	}
	since, was := c.overlaps.begun[id]
	switch {
	case busy > 1 && !was:
		c.overlaps.begun[id] = c.line.Now()
	case busy <= 1 && was:
		delete(c.overlaps.begun, id)
		c.overlaps.ended = append(c.overlaps.ended, Overlap{id, since, c.line.Now()})
	}
}
