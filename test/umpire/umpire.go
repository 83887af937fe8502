// Package umpire finds, in what workers say of themselves, partitions that had two
// owners, handlers that worked on too long, and tokens that went back. It knows
// nothing of Troupe but what it promises: test/chaos has it watch processes, test/live
// the workers of one.
package umpire

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// Umpire finds what may never be in events that are fed in their order:
//
//   - At no instant two workers own a partition. A worker owns it while its handler
//     works and its lease, as the worker believes, is not over: a handler that was
//     stopped together with its process and wakes later does not own any more.
//   - Such a handler is told to stop DrainTimeout before the lease ends, or, if its
//     process did not run then, when it runs again. It stops within DrainTimeout of
//     time in which its process did run.
//   - Nor does a worker say by then that it owns anything.
//   - Tokens of a partition only grow; a worker that goes on keeps its own. What a
//     handler of the past does carries a token below the owner's: a sink refuses it.
//
// Workers that are partition.Available work on without a lease. How long two of them
// work on one partition is measured, and is no violation.
type Umpire struct {
	// Slack is how much longer than DrainTimeout a handler may take to stop, where
	// the machine has no time for anybody.
	Slack time.Duration

	settings partition.Settings
	now      time.Duration
	lives    map[string]*life
	lots     map[partition.PartitionID]*lot
	order    []partition.PartitionID
	wrong    []string
	calmAt   time.Duration // 0 before calm
	covered  time.Duration // when everything was owned, once, after that; 0 until then
	gap      time.Duration // the longest time that a partition had no owner, since it was asked last

	Counts
}

// Counts are what is counted of a run.
type Counts struct {
	Grants  int           // handlers that began
	Acts    int           // effects
	Past    int           // effects after the end of the lease, before somebody else had the partition
	Refused int           // effects after that: their tokens are too old
	Latest  time.Duration // the longest that a running handler took to stop, since it was told at the latest
	// Overlaps are how long two worked on one partition, each time.
	Overlaps []time.Duration
}

// life is one worker from its start to its end.
type life struct {
	name   string
	leases map[partition.SessionID]time.Duration
	hands  map[partition.PartitionID]*hand
	idle   []span        // when it did not run, in order
	asleep time.Duration // since when it is stopped, or 0
	pulse  time.Duration // when it was seen running last
	leads  bool
	is     []standing
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
	two   time.Duration   // since when two work on it, or 0
}

// New makes an umpire for workers with these settings, and what they share, from an
// instant on.
func New(s partition.Settings, list []partition.Partition, start time.Duration) *Umpire {
	u := &Umpire{settings: s, lives: map[string]*life{}, lots: map[partition.PartitionID]*lot{}}
	for _, p := range list {
		u.order = append(u.order, p.ID())
		u.lots[p.ID()] = &lot{id: p.ID(), free: start}
	}
	return u
}

// Blame notes what is wrong.
func (u *Umpire) Blame(format string, args ...any) {
	u.wrong = append(u.wrong, fmt.Sprintf("%.3fs: ", u.now.Seconds())+fmt.Sprintf(format, args...))
}

// Wrong lists all that was wrong.
func (u *Umpire) Wrong() []string { return slices.Clone(u.wrong) }

// feed takes the next event. What a process wrote just before it was stopped is
// read when it goes on: it counts from then, since the process did nothing
// meanwhile.
func (u *Umpire) feed(e Event) {
	u.now = max(u.now, e.At)
	if e.What == Born {
		u.lives[e.Who] = &life{name: e.Who, leases: map[partition.SessionID]time.Duration{}, hands: map[partition.PartitionID]*hand{}, pulse: e.At}
		return
	}
	if e.What == Calm {
		u.calmAt, u.covered = e.At, 0
	} else if l := u.lives[e.Who]; l != nil {
		u.hear(l, e)
	}
	if u.calmAt != 0 && u.covered == 0 && len(u.Missing()) == 0 && u.Overlapping() == 0 {
		u.covered = u.now
	}
}

func (u *Umpire) hear(l *life, e Event) {
	switch e.What {
	case Hold:
		u.begins(l, e)
	case Act:
		u.acted(l, e)
	case Drop:
		if h := l.hands[e.Partition]; h != nil {
			u.overdue(h, e.Partition)
			u.ends(h, e.Partition)
		}
	case Lease:
		l.leads = e.Leads
		l.note(e.At, e.Is)
		u.extended(l, e)
		u.claims(l, e)
	case Pulse:
		l.ran(e.At)
		for id, h := range l.hands {
			u.overdue(h, id)
		}
	case Stopped:
		l.asleep = e.At
		u.shareAll(l)
	case Woken:
		l.rest(span{l.asleep, e.At})
		l.asleep, l.pulse = 0, e.At
		u.shareAll(l)
	case Died:
		for id, h := range l.hands {
			u.ends(h, id)
		}
		delete(u.lives, l.name)
	default:
		u.Blame("%s says %q", e.Who, e.What)
	}
}

func (u *Umpire) begins(l *life, e Event) {
	p := u.lots[e.Partition]
	if p == nil {
		u.Blame("%s works on %s, which does not exist", l.name, e.Partition)
		return
	}
	if l.hands[e.Partition] != nil {
		u.Blame("%s begins with %s while another handler of it works there", l.name, e.Partition)
		return
	}
	l.leases[e.Session] = max(l.leases[e.Session], e.Until)
	h := &hand{of: l, token: e.Token, session: e.Session}
	// Who is available, and hears nothing new, may begin with what was his.
	older := e.Token < p.token && !u.available()
	if u.owns(h) && (older || e.Token == p.token && l.name != p.by) {
		u.Blame("%s begins with %s under token %d after %s had token %d", l.name, e.Partition, e.Token, p.by, p.token)
	}
	l.hands[e.Partition] = h
	if end, owned := u.ownedUntil(p); !owned || end < u.now {
		u.gap = max(u.gap, u.now-max(p.free, end))
	}
	p.hands = append(p.hands, h)
	if e.Token > p.token {
		p.token, p.by = e.Token, l.name
	}
	u.Grants++
	u.alone(p, h)
}

// extended: what a worker believes to own is owned longer.
func (u *Umpire) extended(l *life, e Event) {
	if e.Until <= l.leases[e.Session] {
		return
	}
	l.leases[e.Session] = e.Until
	for id, h := range l.hands {
		u.alone(u.lots[id], h)
	}
}

// alone checks that a handler has its partition for itself.
func (u *Umpire) alone(p *lot, h *hand) {
	if u.available() {
		u.share(p)
		return
	}
	for _, other := range p.hands {
		if other != h && u.owns(h) && u.owns(other) && !other.blamed {
			other.blamed = true
			u.Blame("%s is owned by %s (token %d, lease ends in %v) and by %s (token %d, lease ends in %v)",
				p.id, h.of.name, h.token, h.end()-u.now, other.of.name, other.token, other.end()-u.now)
		}
	}
}

func (u *Umpire) available() bool { return u.settings.Ownership == partition.Available }

func (u *Umpire) owns(h *hand) bool {
	if u.available() {
		return h.of.asleep == 0
	}
	return u.now < h.end()
}

func (h *hand) end() time.Duration { return h.of.leases[h.session] }

// ownedUntil is the end of the latest lease of those who work on it.
func (u *Umpire) ownedUntil(p *lot) (end time.Duration, any bool) {
	for _, h := range p.hands {
		if u.available() && u.owns(h) {
			return u.now, true
		}
		end, any = max(end, h.end()), true
	}
	return end, any
}

func (u *Umpire) acted(l *life, e Event) {
	u.Acts++
	h := l.hands[e.Partition]
	if h == nil || h.token != e.Token {
		u.Blame("%s has an effect on %s under token %d, and did not begin", l.name, e.Partition, e.Token)
		return
	}
	switch {
	case e.Token < u.lots[e.Partition].token:
		u.Refused++
	case !u.owns(h):
		u.Past++
	}
	u.overdue(h, e.Partition)
}

// claims checks that a worker says in time that it owns nothing any more.
func (u *Umpire) claims(l *life, e Event) {
	end := l.latest()
	if u.available() || e.Owns == 0 || e.Asked < end {
		return
	}
	if took := l.running(end-u.settings.DrainTimeout, e.Asked); took > u.settings.DrainTimeout+u.Slack {
		u.Blame("%s says that it owns %d, %v after its lease has ended: it ran for %v since it was in doubt", l.name, e.Owns, e.Asked-end, took)
	}
}

// overdue checks that a handler has stopped in time.
func (u *Umpire) overdue(h *hand, id partition.PartitionID) {
	if u.available() || u.owns(h) || h.blamed {
		return
	}
	told := h.end() - u.settings.DrainTimeout
	took := h.of.running(told, u.now)
	if took > u.settings.DrainTimeout+u.Slack {
		h.blamed = true
		u.Blame("%s still works on %s (token %d) %v after its lease has ended: it ran for %v since it was to stop",
			h.of.name, id, h.token, u.now-h.end(), took)
	}
	u.Latest = max(u.Latest, took)
}

func (u *Umpire) ends(h *hand, id partition.PartitionID) {
	p := u.lots[id]
	delete(h.of.hands, id)
	p.hands = slices.DeleteFunc(p.hands, func(x *hand) bool { return x == h })
	if u.available() {
		p.free = u.now
	} else {
		p.free = max(p.free, min(u.now, h.end()))
	}
	u.share(p)
}
