package sim

import (
	"container/heap"
	"fmt"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// Epoch is the instant at which every world begins, on the server's clock.
var Epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// Kind says what an event belongs to, so that what a process left behind can be
// named.
type Kind int

// The kinds of events.
const (
	// Timers were set through the process's Clock.
	Timers Kind = iota
	// Network is what travels: requests, answers, sights, signals.
	Network
	// Plans are those of the world: faults, heals, decisions of a test.
	Plans
	kinds
)

// Timeline is the time of a world: it stands still while a message can run, and
// then jumps to the next event.
type Timeline struct {
	// Ties, if it is not 0, orders what is planned for one instant by this number, and not
	// as it was planned.
	Ties uint64

	now    time.Duration
	events eventHeap
	count  uint64
}

// event is something that happens at an instant, to a process.
type event struct {
	at    time.Duration
	tie   uint64
	order uint64
	lane  *Lane
	kind  Kind
	do    func()
	index int
}

// Now is how long the world exists.
func (t *Timeline) Now() time.Duration { return t.now }

// Server is the same instant on the server's clock.
func (t *Timeline) Server() time.Time { return Epoch.Add(t.now) }

// After plans do for a process, when d has passed; for one that is paused by
// then, when it resumes. Of events for the same instant the one that was planned
// first happens first, unless Ties says otherwise. cancel prevents what has not begun.
func (t *Timeline) After(d time.Duration, lane *Lane, kind Kind, do func()) (cancel func()) {
	if lane.ended {
		return func() {}
	}
	e := &event{lane: lane, kind: kind, do: do}
	t.push(e, t.now+max(d, 0))
	lane.open[kind]++
	return func() { t.cancel(e) }
}

func (t *Timeline) push(e *event, at time.Duration) {
	if at < t.now {
		panic(fmt.Sprintf("sim: an event is planned for %v, at %v: time does not go back", at, t.now))
	}
	t.count++
	e.at, e.order = at, t.count
	e.tie = t.tie(e)
	heap.Push(&t.events, e)
}

func (t *Timeline) cancel(e *event) {
	if e.do == nil {
		return
	}
	e.do = nil
	if !e.lane.ended {
		e.lane.open[e.kind]--
	}
	if e.index >= 0 {
		heap.Remove(&t.events, e.index)
	}
}

// Advance moves time to the next event and lets everything happen that was
// planned for that instant. If there is nothing until the limit, time moves to
// the limit and Advance returns false.
func (t *Timeline) Advance(limit time.Duration) bool {
	if len(t.events) == 0 || t.events[0].at > limit {
		t.now = max(t.now, limit)
		return false
	}
	t.now = t.events[0].at
	for known := t.count; len(t.events) > 0 && t.events[0].at == t.now && t.events[0].order <= known; {
		if e, ok := heap.Pop(&t.events).(*event); ok {
			t.happen(e)
		}
	}
	return true
}

// next moves time to the next event, however far away, and lets it happen.
func (t *Timeline) next() bool { return len(t.events) > 0 && t.Advance(t.events[0].at) }

func (t *Timeline) happen(e *event) {
	l := e.lane
	switch {
	case l.ended || e.do == nil:
	case l.paused:
		l.events = append(l.events, e)
	default:
		do := e.do
		e.do = nil
		l.open[e.kind]--
		l.Do(do)
	}
}

// Due reports whether more is planned for this instant.
func (t *Timeline) Due() bool { return len(t.events) > 0 && t.events[0].at <= t.now }

// Pending counts the events that are planned, those of ended processes too.
func (t *Timeline) Pending() int { return len(t.events) }

// Rate is how fast a clock runs, in ten-thousandths of real time.
type Rate int64

// The rates that a clock may have: a process may count on 1 ± 4 %.
const (
	SlowestRate Rate = 9_600
	TrueRate    Rate = 10_000
	FastestRate Rate = 10_400
)

// Clock is the clock of one process: it starts anywhere and runs a little too
// fast or too slow. It implements bridge.Clock.
type Clock struct {
	line  *Timeline
	lane  *Lane
	began time.Duration
	start time.Time
	rate  Rate
	stops []stop
}

// stop is a time in which a clock stood still.
type stop struct{ until, lasted time.Duration }

var _ bridge.Clock = (*Clock)(nil)

// NewClock returns a clock that shows start now and runs at a rate.
func NewClock(line *Timeline, lane *Lane, start time.Time, rate Rate) *Clock {
	if rate < SlowestRate || rate > FastestRate {
		panic(fmt.Sprintf("sim: a clock's rate is %d; must be %d to %d", rate, SlowestRate, FastestRate))
	}
	return &Clock{line: line, lane: lane, began: line.now, start: start, rate: rate}
}

// Now implements bridge.Clock.
func (c *Clock) Now() time.Time { return c.start.Add(c.passed()) }

// At is what the clock showed, shows or will show, at an instant of the world.
func (c *Clock) At(instant time.Duration) time.Time {
	ran := instant - c.began
	for _, s := range c.stops {
		if instant < s.until {
			ran += min(s.lasted, s.until-instant) // before it, or while it stood
		}
	}
	return c.start.Add(ran * time.Duration(c.rate) / time.Duration(TrueRate))
}

func (c *Clock) passed() time.Duration {
	return (c.line.now - c.began) * time.Duration(c.rate) / time.Duration(TrueRate)
}

// takes is how long it takes until the clock has run for d, if it does not stand still.
func (c *Clock) takes(d time.Duration) time.Duration {
	return d * time.Duration(TrueRate) / time.Duration(c.rate)
}

// AfterFunc implements bridge.Clock: f is called at the first instant at which
// Now shows that d has passed.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	target := c.passed() + max(d, 0)
	due := (target*time.Duration(TrueRate) + time.Duration(c.rate) - 1) / time.Duration(c.rate)
	return c.line.After(c.began+due-c.line.now, c.lane, Timers, f)
}

// stood tells the clock that it stood still for d until now. What is set on it comes
// that much later. What was due before that, and waits, waits no longer for it.
func (c *Clock) stood(d time.Duration) {
	c.began += d
	c.stops = append(c.stops, stop{c.line.now, d})
	for _, e := range c.line.events {
		if e.lane == c.lane && e.kind == Timers {
			e.at += d
		}
	}
	heap.Init(&c.line.events)
	waited := c.lane.events
	c.lane.events = nil
	for _, e := range waited {
		if at := e.at + d; e.kind == Timers && at > c.line.now {
			c.line.push(e, at)
		} else {
			c.lane.events = append(c.lane.events, e)
		}
	}
}

// eventHeap has the next event on top.
type eventHeap []*event

func (h eventHeap) Len() int { return len(h) }

func (h eventHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	if h[i].tie != h[j].tie {
		return h[i].tie < h[j].tie
	}
	return h[i].order < h[j].order
}

func (h eventHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *eventHeap) Push(x any) {
	e, ok := x.(*event)
	if !ok {
		panic(fmt.Sprintf("sim: %T is no event", x))
	}
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.index = -1
	return e
}
