package sim

import "time"

// halt is why nothing of a process runs. The zero value is that it runs.
type halt struct {
	count int // of halts: the end of an older one is none of a later one
	// brief: it handles a message, for as long as Slow says.
	brief bool
	// stands: its clock stands still, since then.
	stands bool
	since  time.Duration
}

// Pause stops the process as SIGSTOP does, for d.
func (p *Process) Pause(d time.Duration) {
	if p.Paused() || p.lane.Ended() {
		return
	}
	p.say("is paused for " + d.String())
	p.halts(d, p.Resume)
}

// halts lets nothing of the process run for d, and then ends that so, if nobody has before.
func (p *Process) halts(d time.Duration, end func()) {
	p.halt = halt{count: p.halt.count + 1}
	mine := p.halt.count
	p.world.Check.Halts(p.Name)
	p.lane.Pause()
	p.world.Plan(d, func() {
		if p.halt.count == mine {
			end()
		}
	})
}

// Suspend stops the machine that the process runs on, for d: its clock stands still
// too. What it believed to own it may work on beside others when it goes on, until it
// hears of that or its lease is over by its own clock: only tokens help against it, and
// the invariants do not speak of that, but of all else, and of all until its lease would have
// been over.
func (p *Process) Suspend(d time.Duration) {
	if p.Paused() || p.lane.Ended() {
		return
	}
	p.say("is suspended for " + d.String())
	p.halts(d, p.Resume)
	p.halt.stands, p.halt.since = true, p.world.Timeline.Now()
}

// Resume continues a paused process.
func (p *Process) Resume() {
	if !p.Paused() {
		return
	}
	p.say("goes on")
	p.goesOn()
}

// goesOn lets what became due meanwhile happen.
func (p *Process) goesOn() {
	if p.halt.stands {
		p.Clock.stood(p.world.Timeline.Now() - p.halt.since)
		p.world.Check.Suspended(p.Name)
	}
	p.halt = halt{count: p.halt.count + 1}
	p.world.Check.Resumes(p.Name)
	p.lane.Resume(p.world.Timeline)
}

// Paused and Ended say what the process is.
func (p *Process) Paused() bool { return p.lane.Paused() && !p.halt.brief }

// Slow makes each message that the process handles take so long from now on, in which
// nothing else of it runs: a node with too little processor. Its clock runs on. 0 ends it.
func (p *Process) Slow(each time.Duration) {
	switch {
	case p.lane.Ended() || each == 0 && p.lane.handled == nil:
		return
	case each == 0:
		p.say("is as quick as it was")
		p.quickens()
		return
	}
	p.say("takes " + each.String() + " for each message")
	p.lane.handled = func() {
		p.halts(each, p.goesOn)
		p.halt.brief = true
	}
}

// quickens ends that messages take time.
func (p *Process) quickens() {
	p.lane.handled = nil
	if p.halt.brief {
		p.goesOn()
	}
}

// slow reports whether the process, or its connection, is slow.
func (p *Process) slow() bool { return p.lane.handled != nil || p.Port != nil && p.Port.lag > 0 }
