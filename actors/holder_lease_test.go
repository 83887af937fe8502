package actors

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Worker 4: stopped in doubt, started again with the same tokens.
//
// hazard 50
func TestHolder_SuspendsAndResumes(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5 r@5"))
	e.log = nil
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	e.did("p revoked", "q revoked", "r revoked")
	a := e.applied()
	require.Empty(t, a.All, "subscribers have as long to stop as handlers")
	require.Equal(t, []partition.PartitionID{"p", "q", "r"}, ids(a.Lost))
	e.tell(e.workers["p@5"], "done")
	e.tell(e.workers["q@5"], "done")
	e.log = nil
	e.see(assignment("mine", 6, "p@5 s@6 -q@5/6"))
	require.Equal(t, partition.Step(5), e.applied().Step, "no new work in doubt")
	e.renew()
	require.Equal(t, []partition.PartitionID{"p", "s"}, ids(e.applied().All))
	e.did("s starts", "p starts") // q was taken away meanwhile, r is still finishing
	require.Equal(t, partition.Step(6), e.applied().Step)
	e.see(assignment("mine", 7, "p@5 r@5 s@6"))
	e.tell(e.workers["r@5"], "done")
	e.did("r ends", "r starts")

	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	require.Len(t, e.applied().Lost, 3)
	e.renew()
	require.Len(t, e.applied().Gained, 3, "also if nothing was assigned meanwhile")
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	e.tell(e.pid, messages.DropAll{At: e.end, Round: e.life})
	require.Empty(t, e.applied().All)
}

// The lease's end waits for nobody; a new session starts after the old handlers.
func TestHolder_DropsAllAtOnce(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5"))
	e.see(assignment("mine", 6, "p@5 -q@5/6"))
	e.log = nil
	e.tell(e.pid, messages.DropAll{At: e.now, Round: e.life})
	a := e.applied()
	require.Equal(t, []partition.PartitionID{"p"}, ids(a.Lost))
	require.Empty(t, a.All)
	require.Equal(t, partition.Step(6), a.Step, "steps never go back")
	e.did("p ends", "q ends")

	e.hold("next")
	require.Empty(t, e.applied().All)
	e.see(assignment("mine", 8, "p@8"))
	unheardAfter(t, e, "p starts")
	e.see(assignment("next", 9, "p@9"))
	e.did("p starts")
	require.Equal(t, messages.Holdings{Session: "next", Applied: 9, Seen: 9}, e.holdings())
}

func unheardAfter(t *testing.T, e *estate, word string) {
	t.Helper()
	require.NotContains(t, e.log, word)
}

// A session that begins without the end of the former one begins with nothing.
func TestHolder_NewSessionOwnsNothing(t *testing.T) {
	for name, before := range map[string]any{"following": nil, "halted": messages.Suspend{Round: 1}} {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t, slowly)
			e.see(assignment("mine", 5, "p@5"))
			if before != nil {
				e.tell(e.pid, before)
			}
			e.hold("next")
			require.Empty(t, e.applied().All)
			e.see(assignment("next", 6, "p@6"))
			require.Len(t, e.applied().All, 1)
		})
	}
}

// Leader 8: no head, so that nothing which is held counts.
func TestHolder_DropsHoldings(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5"))
	e.applied()
	publisher := e.probe("publisher")
	ask := func(left ...partition.Abandoned) {
		e.system.Root.RequestWithCustomSender(e.pid, messages.DropHoldings{Round: 3, Session: "mine", Term: 20}, publisher.pid)
		e.drain()
		require.Equal(t, messages.HoldingsDropped{Round: 3, Left: left}, heard[messages.HoldingsDropped](t, publisher))
	}
	e.log = nil
	ask(partition.Abandoned{Partition: "p", Token: 5})
	e.did("p ends")
	require.Equal(t, []partition.PartitionID{"p"}, ids(e.applied().Lost))
	ask(partition.Abandoned{Partition: "p", Token: 5}) // a subscriber has not let go
	e.confirms()
	require.Equal(t, messages.Holdings{Session: "mine", Applied: 5, Seen: 5}, e.holdings())

	e.see(assignment("mine", 7, "q@7")) // stored before the term
	unheardAfter(t, e, "q starts")
	e.see(assignment("mine", 21, "q@21"))
	e.did("q starts")

	ask(partition.Abandoned{Partition: "q", Token: 21})
	e.tell(e.pid, messages.DropAll{At: e.now, Round: e.life})
	ask() // in every state
	e.tell(e.pid, messages.LetAllGo{Within: time.Second})
	ask()
}

// Worker 4: what drains has no longer than the lease, and at a stop no longer than
// until it is written off.
func TestHolder_HurriesWhatDrains(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5"))
	e.see(assignment("mine", 6, "q@5 -p@5/6"))
	require.Equal(t, e.now.Add(e.settings.RevokeTimeout), e.deadline)
	e.log = nil
	e.tell(e.pid, messages.LetAllGo{Within: 7 * time.Second})
	e.did("q revoked", "p revoked")
	require.Equal(t, e.now.Add(7*time.Second), e.deadline)
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	e.did("p revoked", "q revoked")
	require.Equal(t, e.end, e.deadline)
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	require.Empty(t, e.log, "it is known")

	e = newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5"))
	e.see(assignment("mine", 6, "-p@5/6"))
	e.log = nil
	e.tell(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
	e.did("p revoked")
	require.Equal(t, e.end, e.deadline)
}

// What was seen before the drop, and waits for the lease, was assigned under the head
// that was lost: it is acknowledged, and never applied.
func TestHolder_DropsWhatWaitsToBeApplied(t *testing.T) {
	e := newEstate(t, nil)
	e.see(assignment("mine", 5, "p@5"))
	e.applied()
	e.now = e.end
	e.see(assignment("mine", 6, "p@5 q@6"))
	e.system.Root.RequestWithCustomSender(e.pid, messages.DropHoldings{Round: 1, Session: "mine", Term: 20}, e.probe("publisher").pid)
	e.drain()
	require.Empty(t, e.applied().All)
	require.Equal(t, partition.Step(6), e.holdings().Applied)
	e.parent.forget()
	e.now = e.end.Add(-time.Second)
	e.renew()
	unheard[messages.AssignmentApplied](t, e.parent)
}

// What one stream said of revisions means nothing in the next one.
func TestHolder_NewSessionCountsRevisionsAnew(t *testing.T) {
	e := newEstate(t, nil)
	e.system.Root.RequestWithCustomSender(e.pid, messages.DropHoldings{Round: 1, Session: "mine", Term: 1000}, e.probe("publisher").pid)
	e.tell(e.pid, messages.DropAll{At: e.now, Round: e.life})
	e.hold("next")
	e.see(assignment("next", 6, "p@6"))
	require.Len(t, e.applied().All, 1)
}

// Worker 7: a release lists what has not drained.
func TestHolder_LetsAllGo(t *testing.T) {
	e := newEstate(t, slowly)
	e.see(assignment("mine", 5, "p@5 q@5"))
	e.see(assignment("mine", 6, "q@5 -p@5/6"))
	e.tell(e.pid, messages.LetAllGo{Within: 7 * time.Second})
	require.Equal(t, []partition.PartitionID{"p", "q"}, e.holdings().Held)
	unheard[messages.AllLetGo](t, e.parent)
	e.see(assignment("mine", 7, "r@7 -p@5/6 -q@5/7")) // nothing is started any more
	require.Equal(t, partition.Step(7), e.holdings().Applied)
	unheardAfter(t, e, "r starts")

	e.tell(e.workers["q@5"], "done")
	e.applied()
	e.confirms()
	unheard[messages.AllLetGo](t, e.parent)
	r := remindOf[leaveDue](t, e.outside)
	require.Equal(t, 7*time.Second, r.After)
	e.tell(e.pid, r.Mail)
	running := heard[messages.AllLetGo](t, e.parent).Running
	require.Len(t, running, 1)
	require.Contains(t, running[0], "partition p, token 5: ")
	require.Equal(t, []partition.Abandoned{{Partition: "p", Token: 5, Step: 6}}, e.holdings().Abandoned)
}

func TestHolder_LetsAllGoAtOnce(t *testing.T) {
	e := newEstate(t, nil)
	e.see(assignment("mine", 5, "p@5"))
	e.tell(e.pid, messages.LetAllGo{Within: time.Second})
	unheard[messages.AllLetGo](t, e.parent) // subscribers are still asked
	e.applied()
	e.confirms()
	require.Empty(t, heard[messages.AllLetGo](t, e.parent).Running)

	e = newEstate(t, nil)
	e.tell(e.pid, messages.LetAllGo{Within: time.Second})
	heard[messages.AllLetGo](t, e.parent)

	e = newEstate(t, nil)
	e.tell(e.pid, messages.DropAll{Round: e.life})
	e.tell(e.pid, messages.LetAllGo{Within: time.Second})
	heard[messages.AllLetGo](t, e.parent)

	e = newEstate(t, nil)
	e.see(assignment("mine", 5, "p@5"))
	e.tell(e.pid, messages.LetAllGo{Within: time.Second})
	e.tell(e.pid, messages.DropAll{Round: e.life}) // the lease ends meanwhile
	heard[messages.AllLetGo](t, e.parent)
}

// Who has not confirmed is named too.
func TestHolder_NamesSubscribers(t *testing.T) {
	e := newEstate(t, nil)
	e.see(assignment("mine", 5, "p@5"))
	e.tell(e.pid, messages.LetAllGo{Within: time.Second})
	e.tell(e.pid, remindOf[leaveDue](t, e.outside).Mail)
	require.Equal(t, []string{"partition p, token 5: a subscriber has not let go"}, heard[messages.AllLetGo](t, e.parent).Running)
}

// Other partition actors are poisoned: they finish their mail and stop.
func TestHolder_PoisonsWhatDoesNotDrainByItself(t *testing.T) {
	e := newEstate(t, func(e *estate) func(partition.Owned) *actor.Props {
		return func(o partition.Owned) *actor.Props {
			return actor.PropsFromProducer(func() actor.Actor { return &worker{e, o} })
		}
	})
	e.see(assignment("mine", 5, "p@5"))
	e.see(assignment("mine", 6, "-p@5/6"))
	e.did("p starts", "p ends")
}

// One partition's trouble is its own: it is started again, later.
func TestHolder_StartsAgainWhatFailed(t *testing.T) {
	made := 0
	e := newEstate(t, func(e *estate) func(partition.Owned) *actor.Props {
		return func(o partition.Owned) *actor.Props {
			if made++; made == 1 {
				panic("no actor for you")
			}
			if made == 2 {
				return nil
			}
			return slowly(e)(o)
		}
	})
	e.see(assignment("mine", 5, "p@5"))
	for range 2 {
		require.Len(t, e.applied().All, 1, "it is owned, and its actor is made later")
		e.counted()
		r := remindOf[respawnDue](t, e.outside)
		require.Equal(t, respawnDelay, r.After)
		e.tell(e.pid, r.Mail)
	}
	e.did("p starts")
	e.tell(e.workers["p@5"], "crash")
	e.log = nil
	e.now = e.now.Add(time.Hour) // it fails seldom
	e.counted()
	r := remindOf[respawnDue](t, e.outside)
	e.tell(e.pid, r.Mail)
	e.did("p starts")
	e.tell(e.pid, r.Mail) // late
	require.Empty(t, e.log)
}
