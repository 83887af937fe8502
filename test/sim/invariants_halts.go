package sim

import "time"

// Whoever was halted has mail that is older, and begins what it says. Nobody could have told
// it better.

// Halts tells that nothing of a process that runs will run from now on, until it Resumes.
func (c *Checker) Halts(process string) {
	if p := c.people[process]; p != nil && !p.lane.Paused() && p.resumed != c.line.Now() {
		p.halted = c.line.Now()
	}
}

// Resumes tells that a process goes on after a pause.
func (c *Checker) Resumes(process string) {
	if p := c.people[process]; p != nil {
		p.resumed = c.line.Now()
	}
}

// resumes reports whether it goes on now, and owned the partition when it had halted: the
// timers of that instant have told nobody yet.
func (p *person) resumes(h *hand, now time.Duration) bool {
	return p.resumed == now && p.believes(h, p.clock.At(p.halted-1))
}
