package sim

import (
	"slices"

	"github.com/troupe-actors/troupe/partition"
)

// ownerless checks the part of I3 that is about time: with nothing on its way, and with
// members of whom nothing keeps any from owning something, everything has an owner.
func (c *Checker) ownerless(h partition.Head) {
	if len(h.Unowned) == 0 || len(h.Seats) == 0 || c.rest.other || c.rest.handsOver() {
		return
	}
	if c.upset(h) || c.outsider(h) || slices.ContainsFunc(h.Seats, c.doubtful) {
		return
	}
	c.violate("I3", "step %d has no owner for %s, and nothing to wait for", Step(h.Step), h.Unowned[0].Partition)
}

// doubtful reports whether a leader may have a reason to give a seat nothing: its session
// is over, is to be, or has not renewed for a while.
func (c *Checker) doubtful(seat partition.Seat) bool {
	last := c.archive.latest[seat.Worker]
	return last.live.Session != seat.Session || ended(last.live) || last.live.Restarting || c.line.Now()-last.at >= last.live.Lease/2
}
