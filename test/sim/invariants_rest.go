package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// rest is what I6 rests on: the table as the latest head left it.
type rest struct {
	known bool
	head  partition.Head
	has   map[partition.PartitionID]holding
	// pending is what each seat is told that it will get.
	pending [][]partition.PartitionID
	// hold is how long whoever announced to come back is waited for, and other that
	// the load is not the number of partitions, or that a strategy of one's own plans.
	hold  time.Duration
	other bool
}

// remembered for so many of its leases: somebody may go on deciding with a session
// that has ended.
const stillSeen = 4

// forget makes I6 say nothing of the next head: nobody has to know the former one.
func (r *rest) forget() { r.known = false }

// still checks I6 for a head: it changes something, whoever is to come back finds what
// it had, and partitions move for a reason, as few as can.
func (c *Checker) still(h partition.Head, writes []Written) {
	was := c.rest
	c.rest.known, c.rest.head, c.rest.has, c.rest.pending = true, h, c.archive.has, nil
	for _, seat := range h.Seats {
		c.rest.pending = append(c.rest.pending, c.book.asg[seat.Worker].Pending)
	}
	if !was.known {
		return
	}
	if was.same(c.rest) && !slices.ContainsFunc(writes, fencing) {
		c.violate("I6", "step %d is published and changes nothing", Step(h.Step))
	}
	c.reserved(was, h)
	if was.head.Source != h.Source || was.moves() || c.rest.other || c.upset(was.head, h) {
		return
	}
	if c.even(was, h) {
		c.unmoved(was, h)
	} else {
		c.least(was, h)
	}
}

func fencing(w Written) bool {
	r, ok := w.Record.(partition.Live)
	return ok && r.Fence != nil
}

// same reports whether a later table says the same of everybody.
func (r rest) same(next rest) bool {
	seats := func(a, b partition.Seat) bool {
		return a.Worker == b.Worker && a.Session == b.Session && a.Refresh == b.Refresh
	}
	return r.head.Source == next.head.Source && slices.Equal(r.head.Unowned, next.head.Unowned) &&
		slices.EqualFunc(r.head.Seats, next.head.Seats, seats) && maps.Equal(r.has, next.has) &&
		slices.EqualFunc(r.pending, next.pending, slices.Equal)
}

// moves reports whether a hand-over is on its way, or something has no owner.
func (r rest) moves() bool { return r.handsOver() || len(r.head.Unowned) > 0 }

// handsOver reports whether somebody is told to let go, or that it will get something.
func (r rest) handsOver() bool {
	for _, is := range r.has {
		if is.revoking != 0 {
			return true
		}
	}
	told := func(ids []partition.PartitionID) bool { return len(ids) > 0 }
	return slices.ContainsFunc(r.pending, told)
}

// upset reports whether somebody gives everything up, or has something written off,
// which it does not get back.
func (c *Checker) upset(heads ...partition.Head) bool {
	for _, h := range heads {
		for _, seat := range h.Seats {
			if s := c.sessions[seat.Session]; s == nil || s.upset {
				return true
			}
		}
	}
	return false
}

// counts are the partitions of all seats, and of those that are not awaited.
func (c *Checker) counts(r rest) (counts [2][]int) {
	by := map[partition.SessionID]int{}
	for _, is := range r.has {
		by[is.session]++
	}
	for _, seat := range r.head.Seats {
		counts[0] = append(counts[0], by[seat.Session])
		if !c.archive.latest[seat.Worker].live.Restarting {
			counts[1] = append(counts[1], by[seat.Session])
		}
	}
	return counts
}

// even reports whether nobody came, nobody went, and all have the same, but for one.
func (c *Checker) even(was rest, h partition.Head) bool {
	seats := func(a, b partition.Seat) bool { return a.Worker == b.Worker }
	if !slices.EqualFunc(was.head.Seats, h.Seats, seats) || c.outsider(h) || slices.ContainsFunc(h.Seats, c.left) {
		return false
	}
	for _, counts := range c.counts(was) {
		if len(counts) > 0 && slices.Max(counts)-slices.Min(counts) > 1 {
			return false
		}
	}
	return true
}

// left reports whether a seat is nobody's any more, and nobody is to come back to it, or may
// be taken for that after a silence. It stays as long as what it had cannot be given to
// anybody, and who is silent may be fenced by a later step.
func (c *Checker) left(seat partition.Seat) bool {
	latest := c.archive.latest[seat.Worker]
	last := latest.live
	if !ended(last) {
		return c.line.Now()-latest.at >= last.Lease*time.Duration(TrueRate)/time.Duration(FastestRate)
	}
	s := c.sessions[last.Session]
	return s == nil || !last.Restarting || c.line.Now()-s.announced >= c.awaited()
}

// awaited is how long whoever announced to come back is waited for, at least.
func (c *Checker) awaited() time.Duration {
	return c.rest.hold * time.Duration(TrueRate) / time.Duration(FastestRate)
}

// outsider reports whether a leader may count on somebody who has no seat.
func (c *Checker) outsider(h partition.Head) bool {
	for id, s := range c.archive.latest {
		seated := slices.ContainsFunc(h.Seats, func(x partition.Seat) bool { return x.Worker == id })
		if !seated && (!ended(s.live) || c.line.Now()-s.at < stillSeen*s.live.Lease) {
			return true
		}
	}
	return false
}

// unmoved demands that everything is where it was: with the same worker, if it came
// back in another session. What the source that the head names does not list is dropped
// when it is free.
func (c *Checker) unmoved(was rest, h partition.Head) {
	for _, id := range slices.Sorted(maps.Keys(was.has)) {
		is, owned := c.rest.has[id]
		if !owned && !slices.ContainsFunc(h.Unowned, func(u partition.Unowned) bool { return u.Partition == id }) && !c.book.lists(h.Source, id) {
			continue
		}
		if is.worker != was.has[id].worker || is.revoking != 0 {
			c.violate("I6", "step %d takes %s from %s, and neither members nor source are others", Step(h.Step), id, was.has[id].worker)
		}
	}
}

// least demands that nobody gives something up for whoever has no less then, or gets
// something in turn.
func (c *Checker) least(was rest, h partition.Head) {
	final, gains := map[partition.WorkerID]int{}, map[partition.WorkerID]bool{}
	for id, is := range c.rest.has {
		if is.revoking == 0 {
			final[is.worker]++
		}
		if was.has[id].worker != is.worker {
			gains[is.worker] = true
		}
	}
	for i, seat := range h.Seats {
		if n := len(c.rest.pending[i]); n > 0 {
			final[seat.Worker] += n
			gains[seat.Worker] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was.has)) {
		from, is := was.has[id], c.rest.has[id]
		if is.revoking == 0 {
			continue // its owner let nothing go, but is over
		}
		for _, to := range slices.Sorted(maps.Keys(gains)) {
			if to == from.worker || final[to] > final[from.worker] {
				c.violate("I6", "step %d takes %s from %s, which has %d then, and %s gets something, which has %d",
					Step(h.Step), id, from.worker, final[from.worker], to, final[to])
			}
		}
	}
}

// reserved checks that what was released, or ended in silence, by whoever announced to
// come back is not given to others before the time for that is over.
func (c *Checker) reserved(was rest, h partition.Head) {
	for _, f := range h.Freed {
		is, granted := c.rest.has[f.Partition]
		evidence := c.archive.shown[f.Revision]
		if !granted || is.worker == was.has[f.Partition].worker || f.By != partition.FreedByRelease && f.By != partition.FreedByFence {
			continue
		}
		s := c.sessions[f.Session]
		if s == nil || evidence.live.Session != f.Session || !evidence.live.Restarting {
			continue
		}
		if away := c.line.Now() - s.announced; away < c.awaited() {
			c.violate("I6", "step %d gives %s to %s; %s announced %v ago that it comes back", Step(h.Step), f.Partition, is.worker, evidence.worker, away)
		}
	}
}
