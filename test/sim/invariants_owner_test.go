package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

func owned(token partition.Token) partition.Owned { return partition.Owned{ID: "p1", Token: token} }

// claimed gives both processes a lease from now on.
func (a *affair) claimed() {
	a.commit("w1", alive("worker-0", partition.Live{Session: "a"}))
	a.commit("w2", alive("worker-1", partition.Live{Session: "b"}))
}

func (a *affair) renew(process string, id partition.WorkerID, l partition.Live) {
	l.Claim = 1
	a.commit(process, alive(id, l))
}

func TestOneOwnerAfterTheOther(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Handler, owned(1))
	require.Equal(t, []partition.PartitionID{"p2"}, a.c.Idle())
	a.c.Stops("w1", Handler, owned(1))
	a.c.Begins("w2", Handler, owned(2))
	a.c.Instant()
	a.sound()
	require.Equal(t, []string{"w2 handler p1@2"}, a.c.Working())
}

// hazard 46
func TestTwoOwners(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Handler, owned(1))
	a.c.Begins("w2", Listener, owned(2))
	a.broken("I4", "while the handler of w1 owns it")
}

func TestTwoHandlersInOneProcess(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Handler, owned(1))
	a.c.Begins("w1", Listener, owned(1))
	a.sound()
	a.c.Begins("w1", Handler, owned(2))
	a.broken("I4", "another handler")
}

func TestTokensIncrease(t *testing.T) {
	for _, token := range []partition.Token{4, 5} {
		a := newAffair(t)
		a.claimed()
		a.c.Begins("w1", Handler, owned(5))
		a.c.Stops("w1", Handler, owned(5))
		a.c.Begins("w1", Handler, owned(5)) // after a doubt about the lease
		a.c.Stops("w1", Handler, owned(5))
		a.sound()
		a.c.Begins("w2", Handler, owned(token))
		a.broken("I4", "under token")
	}
}

// A lease counts on the owner's own clock: w1's is slow, so that it lasts longer
// than its length.
//
// hazard 19
func TestTheLeaseCountsOnItsOwnClock(t *testing.T) {
	longest := lease * time.Duration(TrueRate) / time.Duration(SlowestRate)
	for _, c := range []struct {
		after time.Duration
		ends  bool
	}{{longest - time.Millisecond, false}, {longest + time.Millisecond, true}} {
		a := newAffair(t)
		a.claimed()
		a.c.Begins("w1", Handler, owned(1))
		a.pass(c.after)
		a.renew("w2", "worker-1", partition.Live{Session: "b"})
		a.lanes["w1"].Pause() // nobody is there to stop the handler
		a.c.Begins("w2", Handler, owned(2))
		if c.ends {
			a.sound()
		} else {
			a.broken("I4", "while the handler of w1 owns it")
		}
	}
}

func TestWorkAfterTheLease(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Handler, owned(1))
	a.pass(2 * lease)
	a.lanes["w1"].Pause()
	a.c.Instant()
	a.sound()
	a.lanes["w1"].Resume(a.line)
	a.c.Instant()
	a.broken("I4", "still works")
}

func TestWorkThatIsNotToldInTime(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Warns("w1", lease/4)
	a.c.Begins("w1", Handler, owned(1))
	a.c.Begins("w1", Listener, owned(1))
	a.c.Told("w1", Listener, owned(1))
	a.pass(lease / 2)
	a.c.Instant()
	a.c.Revoked("w1", owned(1))
	a.pass(lease * 3 / 8)
	a.c.Instant()
	a.sound()
	a.c.hand("w1", Handler, owned(1)).revoked = false
	a.c.Instant()
	a.broken("I4", "the handler of w1 still works on p1 (token 1) without a word that its lease is in doubt")
}

func TestListenersMustBeTold(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Listener, owned(1))
	a.c.Told("w1", Listener, owned(1))
	a.c.Begins("w1", Listener, owned(1)) // after a doubt about the lease; it never let go
	a.c.Told("w1", Listener, owned(1))
	a.pass(2 * lease)
	a.c.Instant()
	a.sound()
}

func TestBeginningAfterTheLease(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(a *affair)
		allowed bool
	}{
		"it runs": {func(a *affair) { a.pass(2 * lease) }, false},
		// What it hears now was said before.
		"it was paused before": {func(a *affair) { a.halts(2 * lease) }, true},
		"it was paused after": {func(a *affair) {
			a.pass(2 * lease)
			a.halts(lease)
		}, false},
		"it is slow, and behind": {func(a *affair) {
			for range 20 {
				a.halts(lease / 10)
			}
		}, true},
		"it is slow, behind, and paused then": {func(a *affair) {
			a.halts(lease / 2)
			a.c.Halts("w2")
			a.lanes["w2"].Pause()
			a.pass(lease)
			a.halts(lease)
		}, true},
		"it is slow, and had nothing to do when its lease ended": {func(a *affair) {
			a.halts(lease / 2)
			a.pass(2 * lease)
			a.halts(lease / 10)
			a.halts(lease / 10)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAffair(t)
			a.claimed()
			c.happens(a)
			a.c.Begins("w2", Handler, owned(1))
			if c.allowed {
				a.sound()
			} else {
				a.broken("I4", "after its lease has ended")
			}
		})
	}
}

// halts lets nothing of w2 run for d, or for as much longer as it does not run already.
func (a *affair) halts(d time.Duration) {
	a.c.Halts("w2")
	a.lanes["w2"].Pause()
	a.pass(d)
	a.c.Resumes("w2")
	a.lanes["w2"].Resume(a.line)
}

func TestRenewalExtendsFromItsSending(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Handler, owned(1))
	a.pass(lease / 2)
	sent := a.line.Now()
	a.pass(lease / 4)
	a.c.Committed(Commit{At: a.line.Now(), Sent: sent, By: "w1", Incarnation: "A"},
		[]Written{alive("worker-0", partition.Live{Session: "a", Claim: 1})})
	a.pass(lease*3/4 + lease/40)
	a.c.Instant()
	a.sound() // its clock is slow
	a.pass(lease / 40)
	a.c.Instant()
	a.broken("I4", "still works")
}

func TestAbandonedIsOwnedForALease(t *testing.T) {
	for _, late := range []bool{false, true} {
		a := newAffair(t)
		a.claimed()
		a.c.Begins("w1", Handler, owned(1))
		gone := []partition.Abandoned{{Partition: "p1", Token: 1, Step: 2}}
		for range 10 {
			a.renew("w1", "worker-0", partition.Live{Session: "a", Abandoned: gone})
			a.renew("w2", "worker-1", partition.Live{Session: "b"})
			if !late {
				break
			}
			a.pass(lease / 4)
		}
		a.c.Begins("w2", Handler, owned(2))
		if late {
			a.sound()
		} else {
			a.broken("I4", "while the handler of w1 owns it")
		}
	}
}

func TestReleaseWhileWorking(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Handler, owned(1))
	a.renew("w1", "worker-0", partition.Live{Session: "a", Released: true, Abandoned: []partition.Abandoned{{Partition: "p1", Token: 1}}})
	a.sound()
	a.c.Begins("w2", Listener, partition.Owned{ID: "p2", Token: 1})
	a.renew("w2", "worker-1", partition.Live{Session: "b", Released: true})
	a.broken("I8", "released its ID while its listener works on p2")
}

func TestACrashEndsWork(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Handler, owned(1))
	a.c.Ends("w1")
	a.c.Begins("w2", Handler, owned(2))
	a.c.Begins("w1", Handler, owned(3))
	a.c.Stops("w1", Handler, owned(1))
	a.c.Instant()
	a.sound()
}

// A process that lost its session claims anew, and then a late heartbeat of the
// former one lands.
func TestSessionsOfOneProcess(t *testing.T) {
	a := newAffair(t)
	a.claimed()
	a.c.Begins("w1", Listener, owned(1))
	a.c.Told("w1", Listener, owned(1))
	a.pass(2 * lease)
	a.commit("w1", alive("worker-2", partition.Live{Session: "c"}))
	a.renew("w2", "worker-1", partition.Live{Session: "b"})
	a.c.Begins("w2", Handler, owned(2))
	a.c.Begins("w1", Handler, partition.Owned{ID: "p2", Token: 2})
	a.renew("w1", "worker-0", partition.Live{Session: "a"})
	a.c.Instant()
	a.sound() // the listener's lease was that of the former session
	a.c.Begins("w2", Handler, partition.Owned{ID: "p2", Token: 3})
	a.broken("I4", "while the handler of w1 owns it")
}

// The claim of a session that never began lands when its process has claimed anew.
func TestLateClaimOfAProcess(t *testing.T) {
	a := newAffair(t)
	a.pass(lease)
	sent := a.line.Now() - 1
	a.claimed()
	late := alive("worker-5", partition.Live{Session: "never"})
	a.revision++
	late.Revision = a.revision
	a.c.Committed(Commit{At: a.line.Now(), Sent: sent, By: "w1", Incarnation: "A"}, []Written{late})
	a.pass(lease / 2)
	a.renew("w1", "worker-0", partition.Live{Session: "a"})
	a.pass(lease * 3 / 4)
	a.c.Begins("w1", Handler, owned(1))
	a.c.Instant()
	a.sound()
}
