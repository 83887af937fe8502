package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// stands lets the clock of w1 stand still for longer than a lease, in which w2 renews its own.
func (a *affair) stands(takes bool) {
	a.c.Begins("w1", Handler, owned(1))
	a.stood(2*lease, func() {
		a.renew("w2", "worker-1", partition.Live{Session: "b"})
		if takes {
			a.c.Begins("w2", Handler, owned(2))
		}
	})
}

// stood lets the clock of w1 stand still for d, at the end of which this happens.
func (a *affair) stood(d time.Duration, happens ...func()) {
	a.c.Halts("w1")
	a.lanes["w1"].Pause()
	a.pass(d)
	for _, do := range happens {
		do()
	}
	a.c.people["w1"].clock.stood(d)
	a.c.Suspended("w1")
	a.c.Resumes("w1")
	a.lanes["w1"].Resume(a.line)
}

// Whose clock stood still may work on beside a new owner until it can know better, and is
// nobody who works on anything.
//
// hazard 20
func TestSuspended(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.stands(true)
	a.c.Instant()
	require.Equal(t, 1, a.c.besides)
	require.Equal(t, []partition.PartitionID{"p2"}, a.c.Idle())
	a.c.Stops("w2", Handler, owned(2))
	require.Len(t, a.c.Idle(), 2)
	a.c.Stops("w1", Handler, owned(1))
	a.c.Begins("w1", Listener, owned(1)) // what it was granted when its clock ran
	a.c.Begins("w2", Handler, owned(3))
	a.pass(time.Millisecond)
	a.c.Instant()
	a.sound()
	require.Equal(t, granted{3, "w2"}, a.c.tokens["p1"])
}

// Whose clock stood still for less than is left of its lease owns what it had, until that
// would have ended if it had not: no longer, although its own clock says so.
func TestSuspended_Briefly(t *testing.T) {
	begins := func(a *affair) { a.c.Begins("w2", Handler, owned(2)) }
	abandons := func(a *affair) {
		for range 2 {
			a.renew("w1", "worker-0", partition.Live{Session: "a", Abandoned: []partition.Abandoned{{Partition: "p1"}}})
			a.pass(lease / 8)
		}
	}
	soon := func(a *affair) time.Duration { return a.line.Now() + lease/8 }
	lease := func(a *affair) time.Duration { return a.c.people["w1"].ends }
	ends := func(a *affair) time.Duration { return a.c.people["w1"].hands[0].ends }
	just := func(before func(a *affair) time.Duration) func(a *affair) time.Duration {
		return func(a *affair) time.Duration { return before(a) - 1 }
	}
	for name, c := range map[string]struct {
		before   func(a *affair)
		when     func(a *affair) time.Duration
		happens  func(a *affair)
		violates string
	}{
		"another begins": {nil, soon, begins, "while the handler of w1 owns it"},
		"it begins where another owns": {nil, soon, func(a *affair) {
			a.c.Stops("w1", Handler, owned(1))
			begins(a)
			a.c.Begins("w1", Listener, owned(3))
		}, "while the handler of w2 owns it"},
		"another begins before its lease would have ended":      {nil, just(lease), begins, "while the handler of w1 owns it"},
		"another begins when its lease would have ended":        {nil, lease, begins, ""},
		"another begins before what it wrote off would be free": {abandons, just(ends), begins, "while the handler of w1 owns it"},
		"another begins when what it wrote off would be free":   {abandons, ends, begins, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAffair(t)
			a.claimed()
			a.c.Begins("w1", Handler, owned(1))
			if c.before != nil {
				c.before(a)
			}
			a.stood(time.Second)
			a.pass(c.when(a) - a.line.Now())
			a.renew("w2", "worker-1", partition.Live{Session: "b"})
			a.sound()
			c.happens(a)
			if c.violates == "" {
				a.sound()
			} else {
				a.broken("I4", c.violates)
			}
		})
	}
}

// It has to do what it can by its own clock, and nothing else is allowed to anybody.
func TestSuspended_NoMore(t *testing.T) {
	for name, c := range map[string]struct {
		takes    bool
		happens  func(a *affair)
		violates string
	}{
		"it works on when its lease is over": {true, func(a *affair) {
			a.pass(2 * lease)
			a.c.Instant()
		}, "still works on"},
		"it begins then": {true, func(a *affair) {
			a.c.Told("w1", Handler, owned(1))
			a.pass(2 * lease)
			a.c.Begins("w1", Listener, owned(1))
		}, "after its lease has ended"},
		"its session is renewed, and another one begins": {false, func(a *affair) {
			a.renew("w1", "worker-0", partition.Live{Session: "a"})
			a.c.Begins("w2", Handler, owned(2))
		}, "while the handler of w1 owns it"},
		"it begins under another session": {true, func(a *affair) {
			a.commit("w1", alive("worker-2", partition.Live{Session: "c"}))
			a.c.Begins("w1", Listener, owned(4))
		}, "while the handler of w2 owns it"},
		"somebody else begins": {true, func(a *affair) {
			lane := a.scheduler.Lane("w3")
			a.c.Joins("w3", NewClock(a.line, lane, Epoch, TrueRate), lane)
			a.commit("w3", alive("worker-2", partition.Live{Session: "c"}))
			a.c.Begins("w3", Handler, owned(4))
		}, "while the handler of w2 owns it"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAffair(t)
			a.claimed()
			a.stands(c.takes)
			a.sound()
			c.happens(a)
			a.broken("I4", c.violates)
		})
	}
}

// What was sent before the clock stood still, and is accepted later, proves nothing, and
// the lease counts from what the clock showed then.
func TestSuspended_LateRenewal(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.pass(lease / 4)
	sent := a.line.Now()
	a.stands(true)
	a.revision++
	w := alive("worker-0", partition.Live{Session: "a", Claim: 1})
	w.Revision = a.revision
	p := a.c.people["w1"]
	showed := p.clock.Now()
	a.c.Committed(Commit{At: a.line.Now(), Sent: sent, By: "w1", Incarnation: "A"}, []Written{w})
	require.True(t, p.adrift)
	require.Equal(t, showed.Add(lease), p.lease)
	a.c.Instant()
	a.sound()
}

// Who works on without a lease, as whoever is Available may, begins again under its token what
// another one has by then. With a lease nobody does.
func TestBeginsAgainWithoutALease(t *testing.T) {
	for _, over := range []bool{true, false} {
		a := newAffair(t)
		a.c.available, a.c.people["w1"].keeps = true, true
		a.claimed()
		a.c.Begins("w1", Handler, owned(1))
		a.c.Stops("w1", Handler, owned(1))
		if over {
			a.pass(2 * lease)
			a.renew("w2", "worker-1", partition.Live{Session: "b"})
		}
		a.c.Begins("w2", Handler, owned(2))
		a.sound()
		a.c.Begins("w1", Handler, owned(1))
		if over {
			a.sound()
			require.Equal(t, granted{2, "w2"}, a.c.tokens["p1"])
		} else {
			a.broken("I4", "under token 1; w2 had token 2")
		}
	}
}
