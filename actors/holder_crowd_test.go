package actors

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Ten thousand partition actors start, and end one after the other: the session is told
// of many at a time, so that it takes no longer for each when they are many.
//
// hazard 55
func TestHolder_TellsOfManyTogether(t *testing.T) {
	const many = 10_000
	e := newEstate(t, slowly)
	e.see(crowd(many))
	require.Contains(t, e.workers, fmt.Sprintf("p%05d@5", many-1))
	e.applied()
	e.see(assignment("mine", 6, ""))
	e.applied()
	e.confirms()
	require.Equal(t, held{draining: many}, count(e.holdings()))

	e.session.forget()
	for i := range many {
		e.tell(e.workers[fmt.Sprintf("p%05d@5", i)], "done")
		if i == many/2 { // a while later
			e.tell(e.pid, remindOf[newsDue](t, e.outside).Mail)
			require.Equal(t, held{draining: many - i - 1}, count(e.holdings()))
		}
	}
	reminds := slices.DeleteFunc(slices.Clone(e.outside.mail), func(m any) bool {
		r, ok := m.(messages.Remind)
		return !ok || r.Mail != any(newsDue{})
	})
	require.Len(t, reminds, 1, "the next one")
	require.Empty(t, e.holdings().Held)
	require.LessOrEqual(t, len(e.session.mail), manyHeld+1)
	e.tell(e.pid, newsDue{}) // late: there is nothing more to tell
	require.Empty(t, e.holdings().Held)
}

// start is a partition actor that does something when it starts.
type start struct{ do func() }

func (s start) Receive(ctx actor.Context) {
	if _, ok := ctx.Message().(*actor.Started); ok {
		s.do()
	}
}

// Ten thousand partition actors start, so many at a time.
//
// hazard 55
func TestHolder_StartsSoManyAtATime(t *testing.T) {
	const many = 10_000
	for name, fails := range map[string]bool{"all start": false, "all fail": true} {
		t.Run(name, func(t *testing.T) {
			made, begun, most := 0, 0, 0
			e := newEstate(t, func(*estate) func(partition.Owned) *actor.Props {
				return func(partition.Owned) *actor.Props {
					made++
					most = max(most, made-begun)
					return actor.PropsFromProducer(func() actor.Actor {
						return start{func() {
							if begun++; fails {
								panic("it cannot")
							}
						}}
					})
				}
			})
			e.see(crowd(many))
			require.Len(t, e.applied().All, many)
			require.Equal(t, []int{many, many, maxStarting}, []int{made, begun, most}, "each has started")
		})
	}
}

// What takes long to start, or is stuck, holds the others up for a while only.
func TestHolder_StartsNextToWhatIsStuck(t *testing.T) {
	made := 0
	stuck := actor.WithReceiverMiddleware(func(actor.ReceiverFunc) actor.ReceiverFunc {
		return func(actor.ReceiverContext, *actor.MessageEnvelope) {} // it hears nothing
	})
	e := newEstate(t, func(*estate) func(partition.Owned) *actor.Props {
		return func(partition.Owned) *actor.Props {
			made++
			return actor.PropsFromProducer(func() actor.Actor { return start{} }, stuck)
		}
	})
	e.see(crowd(4 * maxStarting))
	require.Equal(t, maxStarting, made)
	first := remindOf[startsDue](t, e.outside)
	require.Equal(t, startPatience, first.After)
	e.tell(e.pid, first.Mail)
	require.Equal(t, 2*maxStarting, made)
	e.tell(e.pid, first.Mail) // late: those that start now began after it
	require.Equal(t, 2*maxStarting, made)
	for range 3 {
		e.tell(e.pid, remindOf[startsDue](t, e.outside).Mail)
	}
	require.Equal(t, 4*maxStarting, made)
}

// Who waits for its turn may be taken away before, or stopped with the lease in doubt.
func TestHolder_WhatIsTakenAwayIsNotStarted(t *testing.T) {
	const many = 3 * maxStarting
	made := 0
	e := newEstate(t, nil)
	e.pid = e.child(holderProps(holderConfig{settings: e.settings, outside: e.outside.pid, props: func(partition.Owned) *actor.Props {
		if made++; made == maxStarting {
			e.system.Root.Send(e.pid, messages.Suspend{Deadline: e.end, Round: e.life})
		}
		return actor.PropsFromProducer(func() actor.Actor { return start{func() {}} })
	}}), "holder-2")
	e.hold("mine")
	e.see(crowd(many))
	require.Equal(t, maxStarting, made)
	a := crowd(2 * maxStarting)
	a.Step = 6
	e.see(a)
	e.renew()
	require.Equal(t, maxStarting+2*maxStarting, made, "those that had started before start again, and the others for the first time")
	require.Len(t, e.applied().All, 2*maxStarting)
}

// held is how many a session was told of.
type held struct{ draining, abandoned int }

func count(h messages.Holdings) held { return held{len(h.Held), len(h.Abandoned)} }

// crowd is an assignment of so many partitions.
func crowd(n int) partition.Assignment {
	a := assignment("mine", 5, "")
	for i := range n {
		a.Owned = append(a.Owned, partition.Grant{Partition: partition.PartitionID(fmt.Sprintf("p%05d", i)), Token: 5})
	}
	return a
}

// What the release says is what is left, though so many were written off that it was to
// be told later.
func TestHolder_TellsWhatItOwesBeforeTheEnd(t *testing.T) {
	const many = 2 * manyHeld
	e := newEstate(t, slowly)
	e.see(crowd(many))
	e.see(assignment("mine", 6, "p00000@5"))
	e.applied()
	e.confirms()
	e.tell(e.pid, remindOf[drainDue](t, e.outside).Mail)
	e.tell(e.pid, messages.LetAllGo{Within: time.Second})
	e.applied()
	e.confirms()
	e.tell(e.workers["p00001@5"], "done") // which was written off
	require.Equal(t, held{draining: 1, abandoned: many - 1}, count(e.holdings()), "it is not told yet")
	e.tell(e.workers["p00000@5"], "done")
	heard[messages.AllLetGo](t, e.parent)
	require.Equal(t, held{abandoned: many - 2}, count(e.holdings()))
}
