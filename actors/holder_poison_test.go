package actors

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// fail lets a partition actor fail, and what counts it know the time. It is begun again a
// second later, unless that was too often.
func (e *estate) fail(name string) {
	e.t.Helper()
	e.tell(e.workers[name], "crash")
	e.counted()
	e.respawned()
}

// counted answers the question for the time that a failure makes.
func (e *estate) counted() {
	e.t.Helper()
	heard[messages.GetTime](e.t, e.outside)
	e.tell(e.pid, messages.Time{At: e.now})
}

// respawned lets the latest reminder to begin an actor again come, if there is one.
func (e *estate) respawned() {
	e.now = e.now.Add(respawnDelay)
	e.renew()
	for i := len(e.outside.mail) - 1; i >= 0; i-- {
		if r, ok := e.outside.mail[i].(messages.Remind); ok {
			if due, ok := r.Mail.(respawnDue); ok {
				e.outside.mail = append(e.outside.mail[:i:i], e.outside.mail[i+1:]...)
				e.tell(e.pid, due)
				return
			}
		}
	}
}

// says is what the record of the worker is to say of quarantines.
func (e *estate) says() []partition.Poison {
	e.system.Root.RequestWithCustomSender(e.pid, messages.GetHoldings{Round: 1}, e.session.pid)
	e.drain()
	return e.holdings().Poison
}

func poisoned(t *testing.T, names ...string) *estate {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5"))
	for _, name := range names {
		for range 3 {
			e.fail(name)
		}
	}
	e.log = nil
	return e
}

// hazard 42
func TestHolder_PoisonIsLeftUnworked(t *testing.T) {
	e := poisoned(t)
	e.fail("p@5")
	e.fail("p@5")
	e.did("p ends", "p starts", "p ends", "p starts")
	require.Empty(t, e.says())
	unheard[messages.QuarantineChanged](t, e.parent)
	e.fail("p@5")
	e.did("p ends")
	require.Equal(t, []partition.PartitionID{"p"}, heard[messages.QuarantineChanged](t, e.parent).Quarantined)
	parole := remindOf[paroleDue](t, e.outside)
	require.Equal(t, e.now.Add(e.settings.QuarantineFor-respawnDelay), parole.From)
	require.Len(t, e.applied().All, 2, "it is owned")
	left := e.settings.QuarantineFor - respawnDelay
	require.Equal(t, []partition.Poison{{Partition: "p", Token: 5, Left: left}}, e.says())
	e.respawned()
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	e.renew()
	unheardAfter(t, e, "p starts")
	require.Equal(t, left-respawnDelay, e.says()[0].Left, "it runs down")

	e.log = nil
	e.tell(e.pid, parole.Mail)
	e.did("p starts")
	require.Empty(t, lastOf[messages.QuarantineChanged](t, e.parent).Quarantined)
	require.Equal(t, []partition.Poison{{Partition: "p", Token: 5}}, e.says(), "the leader has to know that it is over")
	for range 3 {
		e.fail("p@5")
	}
	e.log = nil
	e.tell(e.pid, parole.Mail)
	require.Empty(t, e.log, "that was of the first time")
}

// What was handed over quarantined stays so for the rest of its time.
// hazard 42
func TestHolder_PoisonComesFromTheLastOwner(t *testing.T) {
	e := newEstate(t, slowly)
	a := assignment("mine", 5, "p@5 q@5")
	a.Poison = []partition.Poison{{Partition: "p", Token: 5, Left: time.Minute}, {Partition: "q", Token: 4, Left: time.Minute}}
	e.see(a)
	e.did("q starts")
	parole := remindOf[paroleDue](t, e.outside)
	require.Equal(t, e.now.Add(time.Minute), parole.From)
	require.Equal(t, a.Poison[:1], e.holdings().Poison)
	a = assignment("mine", 6, "p@5 q@5")
	a.Poison = []partition.Poison{{Partition: "q", Token: 5, Left: time.Minute}}
	e.see(a)
	require.Empty(t, e.log, "what is owned already is not touched: its owner knows better")
	e.tell(e.pid, parole.Mail)
	e.did("p starts")
}

// What is let go is told until the leader has taken note of it: it is not said any more
// that this worker had it.
func TestHolder_PoisonIsToldUntilItIsNoted(t *testing.T) {
	e := poisoned(t, "p@5")
	e.see(assignment("mine", 6, "-p@5/6 q@5"))
	e.applied()
	e.confirms()
	require.Empty(t, e.holdings().Held, "nobody is to be waited for")
	require.Empty(t, lastOf[messages.QuarantineChanged](t, e.parent).Quarantined)
	require.Len(t, e.says(), 1)
	e.see(assignment("mine", 7, "q@5"))
	require.Empty(t, e.says())
	e.see(assignment("mine", 8, "q@5 p@8"))
	e.did("p starts")

	e = poisoned(t, "p@5")
	e.tell(e.pid, messages.LetAllGo{Within: time.Second})
	e.applied()
	e.confirms()
	e.see(assignment("mine", 6, "p@5 q@5"))
	require.Len(t, e.says(), 1, "the last word says it, too")

	e = poisoned(t, "p@5")
	e.tell(e.pid, messages.DropAll{At: e.now, Round: e.life})
	e.hold("next")
	require.Empty(t, e.says(), "the record of the former session does")
}

func TestHolder_Release(t *testing.T) {
	e := poisoned(t, "p@5")
	user := e.probe("user")
	ask := func(id partition.PartitionID) messages.PartitionReleased {
		e.system.Root.RequestWithCustomSender(e.pid, messages.ReleasePartition{Partition: id}, user.pid)
		e.drain()
		return heard[messages.PartitionReleased](t, user)
	}
	for _, id := range []partition.PartitionID{"q", "r"} {
		require.Equal(t, messages.PartitionReleased{Partition: id, Reason: "it is not quarantined at this worker"}, ask(id))
	}
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	e.log = nil
	require.Equal(t, messages.PartitionReleased{Partition: "p"}, ask("p"))
	require.Empty(t, e.log, "the lease is in doubt")
	require.Equal(t, []partition.Poison{{Partition: "p", Token: 5}}, e.says())
	e.tell(e.workers["q@5"], "done")
	e.renew()
	require.Contains(t, e.log, "p starts")
	e.fail("p@5")
	require.Contains(t, e.log, "p ends")
	require.NotZero(t, e.workers["p@5"], "it has its budget again")
	require.Empty(t, lastOf[messages.QuarantineChanged](t, e.parent).Quarantined)
}

// What ended while the lease was in doubt is not forgotten with the session: its record
// says that it lasts, and the next one of this process inherits that.
func TestHolder_WhatIsOverOutlivesTheSession(t *testing.T) {
	for name, end := range map[string]func(*estate) any{
		"released":  func(*estate) any { return messages.ReleasePartition{Partition: "p"} },
		"by itself": func(e *estate) any { return remindOf[paroleDue](t, e.outside).Mail },
	} {
		t.Run(name, func(t *testing.T) {
			e := poisoned(t, "p@5")
			e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
			e.tell(e.pid, end(e))
			e.tell(e.pid, messages.DropAll{At: e.now, Round: e.life})
			e.hold("next")
			over := []partition.Poison{{Partition: "p", Token: 5}}
			require.Equal(t, over, e.holdings().Poison, "the claim does not say so")
			e.see(assignment("next", 8, "q@8"))
			require.Equal(t, over, e.says(), "the leader may see the former record yet")
			e.now = e.now.Add(2 * toldAfter)
			e.renew()
			require.Empty(t, e.says())
		})
	}
}

// What the leader listed and lists no more, it knows to be over.
func TestHolder_WhatIsOverIsNotToldForever(t *testing.T) {
	e := newEstate(t, slowly)
	a := assignment("mine", 5, "p@5 q@5")
	a.Poison = []partition.Poison{{Partition: "p", Token: 5, Left: time.Minute}}
	e.see(a)
	e.tell(e.pid, messages.ReleasePartition{Partition: "p"})
	a.Step = 6
	e.see(a)
	require.Len(t, e.says(), 1, "it does not know yet")
	e.see(assignment("mine", 7, "p@5 q@5"))
	require.Empty(t, e.says())
}

// Each worker leaves a partition alone for no longer than it is told to itself.
func TestHolder_PoisonFromAnotherSetting(t *testing.T) {
	e := newEstate(t, slowly)
	a := assignment("mine", 5, "p@5")
	a.Poison = []partition.Poison{{Partition: "p", Token: 5, Left: partition.MaxDuration}}
	e.see(a)
	require.Equal(t, e.now.Add(e.settings.QuarantineFor), remindOf[paroleDue](t, e.outside).From)
}

// A failure that is counted while the lease is in doubt counts all the same.
func TestHolder_NoFailureIsLost(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5"))
	e.fail("p@5")
	e.fail("p@5")
	e.tell(e.workers["p@5"], "crash")
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	e.counted()
	unheard[messages.QuarantineChanged](t, e.parent)
	e.renew()
	e.fail("p@5")
	heard[messages.QuarantineChanged](t, e.parent)
}

// Who ends by itself has not failed; who cannot be made has.
func TestHolder_WhatIsNoPoison(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5"))
	for range 4 {
		e.tell(e.workers["p@5"], "done")
		e.respawned()
	}
	unheard[messages.GetTime](t, e.outside)
	e.tell(e.workers["p@5"], "crash")
	e.see(assignment("mine", 6, "-p@5/6")) // before it is counted
	e.counted()
	unheard[messages.QuarantineChanged](t, e.parent)

	e = newEstate(t, func(*estate) func(partition.Owned) *actor.Props {
		return func(partition.Owned) *actor.Props { panic("no database") }
	})
	e.see(assignment("mine", 5, "p@5"))
	for range 3 {
		e.counted()
		e.respawned()
	}
	heard[messages.QuarantineChanged](t, e.parent)
}
