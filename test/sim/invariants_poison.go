package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// ward is what I12 rests on: which quarantines there are.
type ward struct {
	// terms are how long they last at a process, at the least, by the clock of that: as the
	// store has heard, or as it was granted.
	terms map[stay]term
	// over has what some record says is over, given what a head has granted.
	over, given map[dose]bool
	pardons     map[pardon]time.Duration // when somebody released it
	// unaware: some build knows nothing of quarantines.
	unaware bool
}

// dose is a partition under one token.
type dose struct {
	id    partition.PartitionID
	token partition.Token
}

type stay struct {
	process string
	dose
}

// term is so long since then.
type term struct{ since, lasts time.Duration }

type pardon struct {
	process string
	id      partition.PartitionID
}

func newWard() ward {
	return ward{terms: map[stay]term{}, over: map[dose]bool{}, given: map[dose]bool{}, pardons: map[pardon]time.Duration{}}
}

// lasting is the longest quarantine that is counted.
const lasting = 1000 * time.Hour

// confines notes what a worker says of its quarantines. How much is left counts from the
// renewal before the latest one of which it had heard, on a slow node: so it may be as old as
// two leases, or any older if it works on without one. What is released may be on its way.
func (c *Checker) confines(commit Commit, r partition.Live) {
	p := c.people[commit.By]
	for _, x := range r.Poison {
		d := dose{x.Partition, x.Token}
		if x.Left == 0 {
			c.ward.over[d] = true
			delete(c.ward.terms, stay{commit.By, d})
			continue
		}
		at, released := c.ward.pardons[pardon{commit.By, d.id}]
		if p == nil || p.keeps || released && commit.Sent < at+r.Lease {
			continue
		}
		if key := (stay{commit.By, d}); c.remains(p, key) <= 0 {
			c.ward.terms[key] = term{commit.Sent, min(x.Left, lasting) - 2*r.Lease}
		}
	}
}

// hands checks I12 for a head: whoever is granted what is quarantined is told so. It is
// called before the head takes the place of the former one.
func (c *Checker) hands(h partition.Head) {
	for _, seat := range h.Seats {
		asg := c.book.asg[seat.Worker]
		if asg.Session != seat.Session {
			continue
		}
		for _, g := range asg.Owned {
			d := dose{g.Partition, g.Token}
			if c.ward.given[d] {
				continue
			}
			c.ward.given[d] = true
			i := slices.IndexFunc(asg.Poison, func(x partition.Poison) bool { return x.Partition == d.id && x.Token == d.token && x.Left > 0 })
			switch {
			case i >= 0:
				c.told(seat.Session, d, asg.Poison[i].Left)
			case c.ailing(h, d.id) && !c.ward.unaware:
				c.violate("I12", "step %d grants %s to %s, which does not hear that it is quarantined", Step(h.Step), d.id, seat.Worker)
			}
		}
	}
}

// told: a session is granted something that is quarantined.
func (c *Checker) told(session partition.SessionID, d dose, left time.Duration) {
	if s := c.sessions[session]; s != nil && c.people[s.process] != nil {
		c.ward.terms[stay{s.process, d}] = term{c.line.Now(), min(left, c.people[s.process].quarantine, lasting)}
	}
}

// remains is how much of a quarantine is left at a process, at the least. Its clock may have stood
// still when it began.
func (c *Checker) remains(p *person, key stay) time.Duration {
	t, lasts := c.ward.terms[key]
	if !lasts {
		return 0
	}
	return p.clock.At(t.since).Add(t.lasts).Sub(p.clock.Now())
}

// ailing reports whether the last owner of a partition, by the evidence that a head names, or
// the head before if it had none, says that it is quarantined.
func (c *Checker) ailing(h partition.Head, id partition.PartitionID) bool {
	for _, f := range h.Freed {
		if f.Partition == id {
			return !c.ward.over[dose{id, f.Token}] && slices.ContainsFunc(c.archive.shown[f.Revision].live.Poison, func(x partition.Poison) bool {
				return x.Partition == id && x.Token == f.Token && x.Left > 0
			})
		}
	}
	return c.rest.known && slices.ContainsFunc(c.rest.head.Poison, func(x partition.Poison) bool { return x.Partition == id && x.Left > 0 })
}

// Quarantines tells after how many failures within a minute a process leaves a partition
// unworked, and for how long.
func (c *Checker) Quarantines(process string, budget int, most time.Duration) {
	c.people[process].budget, c.people[process].quarantine = budget, most
}

// Fails tells that a handler has failed when it was begun.
func (c *Checker) Fails(process string, o partition.Owned) {
	if p := c.people[process]; p != nil {
		d := dose{o.ID, o.Token}
		p.failures[d] = append(p.failures[d], p.clock.Now())
	}
}

// tireless reports whether a handler is begun that has failed far too often in a row: a
// failure that meets the end of what it works on counts for nothing, which some may.
func (p *person) tireless(d dose) bool {
	now, all := p.clock.Now(), p.failures[d]
	if n := len(all); n == 0 || now.Sub(all[n-1]) >= p.quarantine {
		delete(p.failures, d)
		return false
	}
	p.failures[d] = slices.DeleteFunc(all, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	return p.budget > 0 && len(p.failures[d]) >= 2*p.budget
}

// Releases tells that somebody ends a quarantine at a process. Failures count anew from then
// on, also where it is not counted how long a quarantine lasts.
func (c *Checker) Releases(process string, id partition.PartitionID) {
	c.ward.pardons[pardon{process, id}] = c.line.Now()
	maps.DeleteFunc(c.ward.terms, func(s stay, _ term) bool { return s.process == process && s.id == id })
	if p := c.people[process]; p != nil {
		maps.DeleteFunc(p.failures, func(d dose, _ []time.Time) bool { return d.id == id })
	}
}

// Tries checks I12 when a handler is begun, whether it fails or not.
func (c *Checker) Tries(process string, o partition.Owned) {
	p, d := c.people[process], dose{o.ID, o.Token}
	if p == nil {
		return
	}
	if left := c.remains(p, stay{process, d}); left > 0 {
		c.violate("I12", "%s begins with %s (token %d), which is quarantined for another %v at least", process, o.ID, Step(o.Token), left)
	}
	if p.tireless(d) {
		c.violate("I12", "%s begins with %s (token %d), which has failed %d times in a row", process, o.ID, Step(o.Token), len(p.failures[d]))
	}
}
