//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// checker finds what may never be in events that are fed in their order. It knows
// nothing of Troupe but what it promises:
//
//   - At no instant two workers own a partition. A worker owns it while its handler
//     works and its lease, as the worker believes, is not over: a handler that was
//     stopped together with its process and wakes later does not own any more.
//   - Such a handler is told to stop DrainTimeout before the lease ends, or, if its
//     process did not run then, when it runs again. It stops within DrainTimeout of
//     time in which its process did run.
//   - Tokens of a partition only grow; a worker that goes on keeps its own. What a
//     handler of the past does carries a token below the owner's: a sink refuses it.
type checker struct {
	drain time.Duration // DrainTimeout
	now   time.Duration
	lives map[string]*life
	lots  map[partition.PartitionID]*lot
	order []partition.PartitionID
	wrong []string

	grants  int           // handlers that began
	acts    int           // effects
	past    int           // effects after the end of the lease, before somebody else had the partition
	refused int           // effects after that: their tokens are too old
	latest  time.Duration // the longest that a running handler took to stop, since it was told at the latest
	calmAt  time.Duration // 0 before calm
	covered time.Duration // when everything was owned after that; 0 until then
	gap     time.Duration // the longest time that a partition had no owner, since it was asked last
}

// life is one process from its start to its end.
type life struct {
	name   string
	leases map[partition.SessionID]time.Duration
	hands  map[partition.PartitionID]*hand
	idle   []span        // when it did not run, in order
	asleep time.Duration // since when it is stopped, or 0
	pulse  time.Duration // when it was seen running last
	leads  bool
}

// hand is a handler at work.
type hand struct {
	of      *life
	token   partition.Token
	session partition.SessionID
	blamed  bool
}

// lot is what is known of a partition.
type lot struct {
	id    partition.PartitionID
	hands []*hand
	token partition.Token // the highest
	by    string          // who had it
	free  time.Duration   // when it lost its last owner
}

func newChecker(drain time.Duration, ids []partition.PartitionID, start time.Duration) *checker {
	c := &checker{drain: drain, lives: map[string]*life{}, lots: map[partition.PartitionID]*lot{}, order: ids}
	for _, id := range ids {
		c.lots[id] = &lot{id: id, free: start}
	}
	return c
}

func (c *checker) violate(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf("%.3fs: ", c.now.Seconds())+fmt.Sprintf(format, args...))
}

// feed takes the next event. What a process wrote just before it was stopped is
// read when it goes on: it counts from then, since the process did nothing
// meanwhile.
func (c *checker) feed(e event) {
	c.now = max(c.now, e.At)
	if e.What == born {
		c.lives[e.Who] = &life{name: e.Who, leases: map[partition.SessionID]time.Duration{}, hands: map[partition.PartitionID]*hand{}, pulse: e.At}
		return
	}
	if e.What == calm {
		c.calmAt, c.covered = e.At, 0
	} else if l := c.lives[e.Who]; l != nil {
		c.hear(l, e)
	}
	if c.calmAt != 0 && c.covered == 0 && len(c.missing()) == 0 {
		c.covered = c.now
	}
}

func (c *checker) hear(l *life, e event) {
	switch e.What {
	case hold:
		c.begins(l, e)
	case act:
		c.acted(l, e)
	case drop:
		if h := l.hands[e.Partition]; h != nil {
			c.overdue(h, e.Partition)
			c.ends(h, e.Partition)
		}
	case lease:
		l.leads = e.Leads
		c.extended(l, e)
	case pulse:
		l.ran(e.At)
		for id, h := range l.hands {
			c.overdue(h, id)
		}
	case stopped:
		l.asleep = e.At
	case woken:
		l.rest(span{l.asleep, e.At})
		l.asleep, l.pulse = 0, e.At
	case died:
		for id, h := range l.hands {
			c.ends(h, id)
		}
		delete(c.lives, l.name)
	default:
		c.violate("%s says %q", e.Who, e.What)
	}
}

func (c *checker) begins(l *life, e event) {
	p := c.lots[e.Partition]
	if p == nil {
		c.violate("%s works on %s, which does not exist", l.name, e.Partition)
		return
	}
	if l.hands[e.Partition] != nil {
		c.violate("%s begins with %s while another handler of it works there", l.name, e.Partition)
		return
	}
	l.leases[e.Session] = max(l.leases[e.Session], e.Until)
	h := &hand{of: l, token: e.Token, session: e.Session}
	if c.owns(h) && (e.Token < p.token || e.Token == p.token && l.name != p.by) {
		c.violate("%s begins with %s under token %d after %s had token %d", l.name, e.Partition, e.Token, p.by, p.token)
	}
	l.hands[e.Partition] = h
	if end, owned := p.ownedUntil(); !owned || end < c.now {
		c.gap = max(c.gap, c.now-max(p.free, end))
	}
	p.hands = append(p.hands, h)
	if e.Token > p.token {
		p.token, p.by = e.Token, l.name
	}
	c.grants++
	c.alone(p, h)
}

// extended: what a worker believes to own is owned longer.
func (c *checker) extended(l *life, e event) {
	if e.Until <= l.leases[e.Session] {
		return
	}
	l.leases[e.Session] = e.Until
	for id, h := range l.hands {
		c.alone(c.lots[id], h)
	}
}

// alone checks that a handler has its partition for itself.
func (c *checker) alone(p *lot, h *hand) {
	for _, other := range p.hands {
		if other != h && c.owns(h) && c.owns(other) && !other.blamed {
			other.blamed = true
			c.violate("%s is owned by %s (token %d, lease ends in %v) and by %s (token %d, lease ends in %v)",
				p.id, h.of.name, h.token, h.end()-c.now, other.of.name, other.token, other.end()-c.now)
		}
	}
}

func (c *checker) owns(h *hand) bool { return c.now < h.end() }

func (h *hand) end() time.Duration { return h.of.leases[h.session] }

// ownedUntil is the end of the latest lease of those who work on it.
func (p *lot) ownedUntil() (end time.Duration, any bool) {
	for _, h := range p.hands {
		end, any = max(end, h.end()), true
	}
	return end, any
}

func (c *checker) acted(l *life, e event) {
	c.acts++
	h := l.hands[e.Partition]
	if h == nil || h.token != e.Token {
		c.violate("%s has an effect on %s under token %d, and did not begin", l.name, e.Partition, e.Token)
		return
	}
	switch {
	case e.Token < c.lots[e.Partition].token:
		c.refused++
	case !c.owns(h):
		c.past++
	}
	c.overdue(h, e.Partition)
}

// overdue checks that a handler has stopped in time.
func (c *checker) overdue(h *hand, id partition.PartitionID) {
	if c.owns(h) || h.blamed {
		return
	}
	told := h.end() - c.drain
	took := h.of.running(told, c.now)
	if took > c.drain {
		h.blamed = true
		c.violate("%s still works on %s (token %d) %v after its lease has ended: it ran for %v since it was to stop",
			h.of.name, id, h.token, c.now-h.end(), took)
	}
	c.latest = max(c.latest, took)
}

func (c *checker) ends(h *hand, id partition.PartitionID) {
	p := c.lots[id]
	delete(h.of.hands, id)
	p.hands = slices.DeleteFunc(p.hands, func(x *hand) bool { return x == h })
	p.free = max(p.free, min(c.now, h.end()))
}

// missing lists the partitions that nobody owns now.
func (c *checker) missing() (ids []partition.PartitionID) {
	for _, id := range c.order {
		if !slices.ContainsFunc(c.lots[id].hands, c.owns) {
			ids = append(ids, id)
		}
	}
	return ids
}
