package umpire

import "time"

// span is a time in which a process did not run: it was stopped, or the machine
// had no time for it.
type span struct{ from, to time.Duration }

// spans is how many a life remembers.
const spans = 64

// rest adds a span. Spans come by their ends, in order.
func (l *life) rest(s span) {
	for len(l.idle) > 0 && l.idle[len(l.idle)-1].to >= s.from {
		last := l.idle[len(l.idle)-1]
		s.from = min(s.from, last.from)
		l.idle = l.idle[:len(l.idle)-1]
	}
	l.idle = append(l.idle, s)
	if len(l.idle) > spans {
		l.idle = l.idle[1:]
	}
}

// ran: the process was seen running. What is more than a beat since the last time
// is when it did not.
func (l *life) ran(at time.Duration) {
	if since := l.pulse + Beat; at > since+Beat {
		l.rest(span{since, at})
	}
	l.pulse = max(l.pulse, at)
}

// running is how long the process ran within a time, as far as its pulse shows.
func (l *life) running(from, to time.Duration) time.Duration {
	idle := l.idle
	if since := l.pulse + Beat; to > since+Beat { // not seen running since
		to = min(to, since)
	}
	if l.asleep != 0 {
		to = min(to, l.asleep)
	}
	sum := to - from
	for _, s := range idle {
		sum -= max(0, min(s.to, to)-max(s.from, from))
	}
	return max(0, sum)
}

// Starved is how long, within a time in which nobody was stopped, the machine had
// no time for some worker.
func (u *Umpire) Starved(from, to time.Duration) (most time.Duration) {
	for _, l := range u.lives {
		most = max(most, to-from-l.running(from, to))
	}
	return most
}
