package sim

// Assumption A1 is that clocks do not stand still. When one did, what its process works
// on, and begins until the store has accepted something that it sent since, may be owned by
// others from when its lease would have ended otherwise. From then on it is looked at as if
// it did not work; it has to do all that it can by its own clock, such as to let go when its
// lease is over. What stood still for so short a time that the lease is not over owns what it had.

// Suspended tells that a process goes on whose clock stood still until now.
func (c *Checker) Suspended(process string) {
	p := c.people[process]
	if p == nil {
		return
	}
	p.adrift, p.stood = true, c.line.Now()
	for _, h := range p.hands {
		if p.owns(h) && c.elsewhere(p, h) {
			c.besides++
		}
		h.adrift = true
		c.shared(h.owned.ID)
	}
}

// ended reports whether what a hand has would not be owned any more if the clock had never
// stood still.
func (p *person) ended(h *hand) bool {
	now := p.clock.line.Now()
	return now >= p.ends || !h.until.IsZero() && now >= h.ends
}

// elsewhere reports whether another process owns what a hand works on.
func (c *Checker) elsewhere(p *person, h *hand) bool {
	for _, other := range c.order {
		for _, g := range other.hands {
			if other != p && g.owned.ID == h.owned.ID && other.owns(g) {
				return true
			}
		}
	}
	return false
}

// moors: a session was renewed, or claimed, by what was sent since the clock stood still.
// If it is the one that was there, nobody was given what it had. What is left of a former
// one is nobody's.
func (c *Checker) moors(p *person) {
	p.adrift = false
	for _, h := range p.hands {
		if h.until.IsZero() {
			h.adrift = false
			c.shared(h.owned.ID)
		}
	}
}
