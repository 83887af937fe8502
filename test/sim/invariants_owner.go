package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// person is a process, as far as owning goes.
type person struct {
	name  string
	clock *Clock
	lane  *Lane
	// lease ends, on the process's own clock, when the last heartbeat that the
	// store accepted was sent plus its length.
	lease time.Time
	// ends is when it would end if that clock never stood still.
	ends    time.Duration
	session partition.SessionID
	claimed time.Duration                // when its first record was sent
	former  map[partition.SessionID]bool // those that it gave up
	hands   []*hand
	// keeps: it is Available, and works on after its lease.
	keeps bool
	// returns: it stops, to come back. drains: it was asked to drain before. drained: it was, and
	// has given everything up.
	returns, drains, drained bool
	// warned: so long before its lease is over, all that works is told to stop.
	warned time.Duration
	// quarantine is how long a partition is left unworked there that has failed as often as
	// budget says.
	quarantine time.Duration
	budget     int
	failures   map[dose][]time.Time
	// halted and resumed are when nothing of the process ran any more, and did again. What
	// it has in its mailboxes then is older than that. When it halts again at once, as a
	// slow one does that is behind, halted stays.
	halted, resumed time.Duration
	// adrift: its clock stood still, until then, and nothing that it has sent since was
	// accepted: what it believes of its lease may be wrong.
	adrift bool
	stood  time.Duration
	// stranger: it began when the store was an older copy, and remembers nothing else.
	stranger bool
}

// hand is one piece of user code that works on a partition.
type hand struct {
	kind  string
	owned partition.Owned
	// told: it knows that it has to let go. revoked: it knows that it has to stop, and
	// may work until the lease is over.
	told, revoked bool
	// until is when a partition that was written off is not owned any more, and ends when
	// that would be if the clock never stood still.
	until time.Time
	ends  time.Duration
	// adrift: its lease may be over although its process cannot know. It owns what it would
	// own if its clock had not stood still.
	adrift bool
	lost   bool // the store has lost the grant: another one may have the partition, too
}

type granted struct {
	token   partition.Token
	process string
}

// Kinds of user code.
const (
	// Handler is a partition actor.
	Handler = "handler"
	// Listener is a subscriber that confirms.
	Listener = "listener"
)

// Joins tells of a process.
func (c *Checker) Joins(process string, clock *Clock, lane *Lane) {
	p := &person{name: process, clock: clock, lane: lane, halted: -1, resumed: -1, former: map[partition.SessionID]bool{}, keeps: c.available, stranger: c.book.burnt}
	p.failures = map[dose][]time.Time{}
	c.people[process] = p
	c.order = append(c.order, p)
}

// Warns tells how long before its lease is over whatever works in a process has to know.
func (c *Checker) Warns(process string, before time.Duration) { c.people[process].warned = before }

// Ends tells that a process is over: nothing of it works any more.
func (c *Checker) Ends(process string) {
	p := c.people[process]
	delete(c.people, process)
	delete(c.wedge.sick, process)
	c.order = slices.DeleteFunc(c.order, func(x *person) bool { return x == p })
	if p != nil {
		for _, h := range p.hands {
			c.shared(h.owned.ID)
		}
	}
}

// leased counts a lease anew, from when the accepted heartbeat was sent.
func (c *Checker) leased(p *person, commit Commit, r partition.Live) {
	if p.former[r.Session] || r.Session != p.session && commit.Sent < p.claimed {
		return // it was under way when the process had claimed anew
	}
	sent, ends := p.clock.At(commit.Sent), commit.Sent+p.clock.takes(r.Lease)
	if p.session != r.Session {
		for _, h := range p.hands {
			if h.until.IsZero() {
				h.until, h.ends = p.lease, p.ends // what is left of a former session ends with its lease
			}
		}
		p.former[p.session] = true
		p.session, p.claimed, p.lease = r.Session, commit.Sent, time.Time{}
	}
	if p.adrift && commit.Sent >= p.stood {
		c.moors(p)
	}
	if end := sent.Add(r.Lease); end.After(p.lease) {
		p.lease, p.ends = end, ends
	}
	for _, h := range p.hands {
		if h.until.IsZero() && hasAbandoned(r, h.owned.ID) {
			h.until, h.ends = sent.Add(r.Lease), ends
		}
		if r.Released && h.until.IsZero() {
			c.violate("I8", "%s released its ID while its %s works on %s", p.name, h.kind, h.owned.ID)
		}
	}
}

// LeaseLeft is how long the lease of a process lasts from now on.
func (c *Checker) LeaseLeft(process string) time.Duration {
	p := c.people[process]
	if p == nil {
		return 0
	}
	return p.clock.takes(max(0, p.lease.Sub(p.clock.Now())))
}

// owns reports whether the hand owns its partition now.
func (p *person) owns(h *hand) bool {
	return p.believes(h, p.clock.Now()) && (!h.adrift || !p.ended(h))
}

// believes reports whether it owns its partition by what the process knows.
func (p *person) believes(h *hand, now time.Time) bool {
	return (p.keeps || now.Before(p.lease)) && (h.until.IsZero() || now.Before(h.until))
}

// Begins checks I4 when user code begins to work on a partition.
func (c *Checker) Begins(process, kind string, o partition.Owned) {
	p := c.people[process]
	if p == nil {
		return
	}
	h := &hand{kind: kind, owned: o, adrift: p.adrift, lost: c.wasLost(p, o)}
	p.hands = append(p.hands, h)
	if !p.believes(h, p.clock.Now()) {
		if !p.resumes(h, c.line.Now()) {
			c.violate("I4", "%s begins with %s (token %d) after its lease has ended", p.name, o.ID, Step(o.Token))
		}
		return // its clock has run on: it stops before anything else happens
	}
	c.shared(o.ID)
	c.alone(p, h)
	last := c.tokens[o.ID]
	late := p.keeps && !p.clock.Now().Before(p.lease)
	if (late || h.lost || !p.owns(h)) && o.Token <= last.token {
		return // where its effects arrive they are refused
	}
	if o.Token < last.token || o.Token == last.token && process != last.process {
		c.violate("I4", "%s begins with %s under token %d; %s had token %d", process, o.ID, Step(o.Token), last.process, Step(last.token))
	}
	c.tokens[o.ID] = granted{max(last.token, o.Token), process}
}

// alone checks that nobody else owns what begins.
func (c *Checker) alone(p *person, h *hand) {
	for _, other := range c.order {
		for _, g := range other.hands {
			if g == h || g.owned.ID != h.owned.ID {
				continue
			}
			switch {
			case other != p && other.owns(g) && p.owns(h) && !h.lost && !g.lost && !c.wasLost(other, g.owned) && !c.available:
				c.violate("I4", "%s begins with %s (token %d) while the %s of %s owns it (token %d)",
					p.name, h.owned.ID, Step(h.owned.Token), g.kind, other.name, Step(g.owned.Token))
			case other == p && g.kind == Handler && h.kind == Handler:
				c.violate("I4", "%s begins with %s while another handler of it still runs there", p.name, h.owned.ID)
			}
		}
	}
}

// Told tells that user code knows it has to let a partition go.
func (c *Checker) Told(process, kind string, o partition.Owned) {
	p := c.people[process]
	if p == nil {
		return
	}
	for _, h := range p.hands { // one that never lets go may have got it again since
		if h.kind == kind && h.owned.ID == o.ID && h.owned.Token == o.Token {
			h.told = true
		}
	}
	c.shared(o.ID)
}

// Revoked tells that a handler knows it has to stop.
func (c *Checker) Revoked(process string, o partition.Owned) {
	if h := c.hand(process, Handler, o); h != nil {
		h.revoked = true
	}
}

// Stops tells that user code does not work on a partition any more.
func (c *Checker) Stops(process, kind string, o partition.Owned) {
	if h := c.hand(process, kind, o); h != nil {
		p := c.people[process]
		p.hands = slices.DeleteFunc(p.hands, func(x *hand) bool { return x == h })
		c.shared(o.ID)
	}
}

func (c *Checker) hand(process, kind string, o partition.Owned) *hand {
	p := c.people[process]
	if p == nil {
		return nil
	}
	for _, h := range p.hands {
		if h.kind == kind && h.owned.ID == o.ID && h.owned.Token == o.Token {
			return h
		}
	}
	return nil
}

// Instant checks, when nothing more happens at this instant, that nobody works
// longer than its lease, that all are told in time, and that nothing is stuck.
func (c *Checker) Instant() {
	c.stuck()
	for _, p := range c.order {
		if p.keeps || len(p.hands) == 0 || p.lane.Paused() || p.clock.Now().Before(p.lease.Add(-p.warned)) {
			continue
		}
		doubt, when := p.clock.Now().Before(p.lease), "after its lease has ended"
		if doubt {
			when = "without a word that its lease is in doubt"
		}
		for _, h := range p.hands {
			if !h.told && (!doubt || !h.revoked) {
				c.violate("I4", "the %s of %s still works on %s (token %d) %s", h.kind, p.name, h.owned.ID, Step(h.owned.Token), when)
			}
		}
	}
}

// Working lists what is worked on now, as "w1 handler p3@17".
func (c *Checker) Working() []string {
	var out []string
	for _, p := range c.order {
		for _, h := range p.hands {
			out = append(out, fmt.Sprintf("%s %s %s@%d", p.name, h.kind, h.owned.ID, Step(h.owned.Token)))
		}
	}
	slices.Sort(out)
	return out
}

// Handled lists, in canonical order, the partitions that handlers of a process
// work on.
func (c *Checker) Handled(process string) []partition.PartitionID {
	var out []partition.PartitionID
	for _, h := range c.people[process].hands {
		if h.kind == Handler && h.until.IsZero() {
			out = append(out, h.owned.ID)
		}
	}
	slices.Sort(out)
	return out
}

// Idle lists the partitions of the present source that no handler works on.
func (c *Checker) Idle() []partition.PartitionID {
	busy := map[partition.PartitionID]bool{}
	for _, p := range c.order {
		for _, h := range p.hands {
			busy[h.owned.ID] = busy[h.owned.ID] || p.owns(h) && !h.told
		}
	}
	listed := slices.Clone(c.book.sources[len(c.book.sources)-1])
	return slices.DeleteFunc(listed, func(id partition.PartitionID) bool { return busy[id] })
}
