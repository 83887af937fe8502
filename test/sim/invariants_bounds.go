package sim

import "time"

// What I9 allows one process, whatever happens to it. Random lives of ten workers with forty
// partitions, and one of fifty with a hundred, were seen to take a quarter of each.
const (
	// mostMail is how many messages its actors may handle at one instant: what waits in their
	// mailboxes is less.
	mostMail = 1000
	// mostTimers is how many timers may be set.
	mostTimers = 800
	// perPartition is how many more of both each partition is worth of the most that were listed.
	perPartition = 20
	// mostOpen is how many questions to the store may have no answer yet.
	mostOpen = 50
	// mostAsked is how many questions may be asked within a second, watches too, and
	// mostWritten how many of these may be writes.
	mostAsked, mostWritten = 250, 100
	// crowd is how many workers that is for. A leader reads, ten times a second, the record of
	// each that it could not fence: each more is worth as many questions. If it finds the table
	// damaged it fences each by a write, which may have to be sent again.
	crowd, perWorker, perFence = 10, 10, 2
	// idleTimers is how many timers may be set while nothing happens.
	idleTimers = 60
	// idleLooks is how often a process may look for what it has missed, in each PollInterval in
	// which nothing happens: whether its watches still tell all, who leads, what there is.
	idleLooks = 4
)

// usage is what a process has taken of what is bounded.
type usage struct {
	mail           int           // until the instant before
	asked, written int           // until the second began
	second         time.Duration // ends
}

// asks counts a question to the store.
func (p *Port) asks() {
	p.net.Asked++
	p.asked++
}

// bounded checks I9 for a process, when nothing more happens at this instant.
func (w *World) bounded(p *Process) {
	u, port, each, more := &p.used, p.Port, perPartition*w.ever, max(0, len(w.Check.archive.latest)-crowd)
	for _, x := range [...]struct {
		n, most int
		does    string
	}{
		{p.lane.steps - u.mail, mostMail + each, "handles %d messages at one instant"},
		{p.lane.open[Timers], mostTimers + each, "has set %d timers"},
		{len(port.open), mostOpen + more, "waits for %d answers of the store"},
		{port.asked - u.asked, mostAsked + perWorker*more, "asks the store %d times within a second"},
		{port.written - u.written, mostWritten + perFence*more, "writes %d times within a second"},
	} {
		w.atMost(p, x.n, x.most, x.does)
	}
	u.mail = p.lane.steps
	if now := w.Timeline.now; now >= u.second {
		u.asked, u.written, u.second = port.asked, port.written, now+time.Second
	}
}

func (w *World) atMost(p *Process, n, most int, does string) {
	if n > most {
		w.Check.violate("I9", "%s "+does+", of at most %d", p.Name, n, most)
	}
}

// Took is what each process has asked of the store, by its name.
type Took map[string]usage

// Took counts it, until now.
func (w *World) Took() Took {
	took := Took{}
	for _, p := range w.processes {
		took[p.Name] = usage{asked: p.Port.asked, written: p.Port.written}
	}
	return took
}

// Idle checks what I9 says of d in which nothing has happened, since that was taken: one
// write for each heartbeat, one of who leads for each renewal, some looks, and few timers.
// It reports whether all is well.
func (w *World) Idle(d time.Duration, since Took) bool {
	s, leads := w.settings, w.Leader()
	times := func(each time.Duration) int {
		return int(d*time.Duration(FastestRate)/time.Duration(TrueRate)/each) + 2 // one begins before, one is sent again
	}
	for _, p := range w.processes {
		writes := times(s.HeartbeatInterval)
		if p == leads {
			writes += times(s.LeadRenewal())
		}
		before := since[p.Name]
		w.atMost(p, p.Port.written-before.written, writes, "writes %d times while nothing happens")
		w.atMost(p, p.Port.asked-before.asked, writes+idleLooks*times(s.PollInterval), "asks the store %d times while nothing happens")
		w.atMost(p, p.lane.open[Timers], idleTimers, "has set %d timers while nothing happens")
	}
	return len(w.Check.broken) == 0
}
