package actors

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// mine is the record lead as this worker writes it.
func mine(beat uint64, released bool) partition.Lead {
	return partition.Lead{Worker: "worker-1", Session: "me", Beat: beat, Released: released}
}

// renewalUnderWay brings the election to lead, with a renewal that is not answered,
// and then to its release.
func renewalUnderWay(t *testing.T) *ballot {
	b := newBallot(t)
	b.win()
	ring[renewDue](b)
	b.outside.forget()
	b.say(messages.StandDown{})
	require.True(t, b.outside.last(t).Writes[0].Record.(partition.Lead).Released)
	return b
}

// hazard 4
func TestElection_ReleaseSparesTheSuccessor(t *testing.T) {
	b := renewalUnderWay(t)
	b.doubt() // it was written at 12, and worker-9 took the free lead at 13
	ring[releaseDue](b)
	b.refuse(13)
	unheard[messages.Store](t, b.outside)
	b.answer(theirs(13, 1))
	unheard[messages.Store](t, b.outside)
	heard[messages.StoodDown](t, b.parent)
}

func TestElection_ReleaseFollowsTheRenewalUnderWay(t *testing.T) {
	b := renewalUnderWay(t)
	b.refuse(12)
	b.answer(records{messages.KeyLead: {Revision: 10, Record: mine(1, false)}}) // older than the refusal
	unheard[messages.Store](t, b.outside)
	ring[releaseDue](b)
	b.refuse(12)
	b.answer(records{messages.KeyLead: {Revision: 12, Record: mine(2, false)}})
	require.Equal(t, partition.Revision(12), b.outside.last(t).Writes[0].Expect)
	b.accept(13)
	heard[messages.StoodDown](t, b.parent)
}

func TestElection_ReleaseThatWasWrittenIsDone(t *testing.T) {
	b := renewalUnderWay(t)
	b.doubt()
	unheard[messages.Store](t, b.outside)
	ring[releaseDue](b)
	b.refuse(12)
	b.answer(records{messages.KeyLead: {Revision: 12, Record: mine(3, true)}})
	unheard[messages.Store](t, b.outside)
	heard[messages.StoodDown](t, b.parent)
}

func TestElection_ReleaseEndsWithTheLease(t *testing.T) {
	for _, name := range []string{"no answer", "no answer to the question why it is refused", "not sent", "never to be sent"} {
		t.Run(name, func(t *testing.T) {
			b := renewalUnderWay(t)
			switch name {
			case "no answer":
				b.after(b.set.LeaderLease)
				b.doubt()
			case "not sent":
				b.say(messages.Rejected{Round: b.outside.last(t).Round, At: b.now})
				unheard[messages.StoodDown](t, b.parent)
				ring[releaseDue](b)
				require.True(t, b.outside.last(t).Writes[0].Record.(partition.Lead).Released)
				b.after(b.set.LeaderLease)
				b.say(messages.Rejected{Round: b.outside.last(t).Round, At: b.now})
			case "never to be sent":
				b.say(messages.Rejected{Round: b.outside.last(t).Round, Final: true, At: b.now})
			default:
				b.refuse(12)
				b.say(messages.ReadFailed{Round: heard[messages.Read](t, b.outside).Round, At: b.now})
				ring[releaseDue](b)
				b.refuse(12)
				b.after(b.set.LeaderLease)
				b.say(messages.ReadFailed{Round: heard[messages.Read](t, b.outside).Round, At: b.now})
			}
			heard[messages.StoodDown](t, b.parent)
		})
	}
}

// end is the end of an actor below the election.
func (b *ballot) end(name string) {
	b.system.Root.Stop(b.below(name))
	b.drain()
}

func (b *ballot) below(name string) *actor.PID {
	return actor.NewPID(b.election.Address, b.election.Id+"/"+name)
}

// hazards 7 and 8
func TestElection_ATermThatFailsIsLeftToOthers(t *testing.T) {
	for _, name := range []string{"an actor of it failed", "it failed itself", "it resigns"} {
		t.Run(name, func(t *testing.T) {
			b := newBallot(t)
			b.win()
			b.outside.forget()
			switch name {
			case "an actor of it failed":
				b.end("term-11/publisher")
			case "it failed itself":
				b.end("term-11")
			default:
				b.say(messages.TermFailed{Term: 11, Reason: "three rounds failed", Resign: true})
			}
			lost := heard[messages.LeadershipLost](t, b.parent)
			require.False(t, lost.At.IsZero())
			require.Equal(t, lost.Reason, heard[messages.LeadBarred](t, b.parent).Reason, "it says why it does not stand again")
			b.accept(12)
			unheard[messages.Read](t, b.outside)
			r, found := due[restDue](b)
			require.True(t, found)
			require.Equal(t, b.set.LeaderLease, r.After)
			if name != "it resigns" {
				b.say(r.Mail)
				require.Empty(t, heard[messages.LeadBarred](t, b.parent).Reason)
				b.answer(nil)
			}
			b.say(messages.StandDown{})
			heard[messages.StoodDown](t, b.parent)
		})
	}
}

func TestElection_WhatIsSeenMeanwhileCounts(t *testing.T) {
	b := newBallot(t)
	old := theirs(5, 1)
	b.answer(old)
	b.after(time.Second)
	ring[lookDue](b)
	free := messages.Entry{Key: messages.KeyLead, Revision: 6, Record: partition.Lead{Worker: "worker-9", Session: "them", Released: true}}
	b.say(messages.Seen{Entry: free, At: b.now})
	b.answer(old) // read before the release
	r, found := due[leadDue](b)
	require.True(t, found)
	require.LessOrEqual(t, r.From.Sub(b.now), standJitter, "the release was seen")
	ring[leadDue](b)
	require.Equal(t, partition.Revision(6), b.outside.last(t).Writes[0].Expect)
}

// The lead and the term are taken together: a lead that was given up by somebody whose term
// was not read is no reason to stand on the term of another. It may be the mark of an older
// copy of the store, with the revision that the term had in what was lost.
func TestElection_StandsOnTheTermOfTheLead(t *testing.T) {
	b := newBallot(t)
	store := theirs(5, 1)
	b.answer(store)
	mark := records{
		messages.KeyLead: {Key: messages.KeyLead, Revision: 6, Record: partition.Lead{Worker: "worker-9", Session: "mark", Released: true}},
		messages.KeyTerm: {Key: messages.KeyTerm, Revision: 5, Record: partition.Term{Worker: "worker-9", Session: "mark", Nonce: "mark"}},
	}
	b.outside.forget()
	b.say(messages.Seen{Entry: mark[messages.KeyLead], At: b.now})
	_, stands := due[leadDue](b)
	require.False(t, stands, "the term is read before")
	b.answer(mark)
	ring[leadDue](b)
	require.Equal(t, partition.Revision(6), b.outside.last(t).Writes[0].Expect)

	b = newBallot(t)
	b.answer(store)
	ring[lookDue](b)
	b.say(messages.Seen{Entry: mark[messages.KeyLead], At: b.now})
	old := theirs(4, 1)
	old[messages.KeyTerm] = messages.Entry{Revision: 3, Record: partition.Term{Worker: "worker-9", Session: "before"}}
	b.answer(old) // it was read before the mark
	ring[leadDue](b)
	require.Equal(t, partition.Revision(3), b.outside.last(t).Writes[1].Expect, "the store says no to that, and not to what it had")
}

func TestElection_TakesWhatTheStoreNames(t *testing.T) {
	b := newBallot(t)
	b.answer(theirs(50, 7))
	ring[leadDue](b) // silent for the wait
	b.refuse(40)
	back := theirs(40, 3) // the store went back to a copy
	back[messages.KeyTerm] = messages.Entry{Revision: 4, Record: partition.Term{}}
	b.answer(back)
	r, found := due[leadDue](b)
	require.True(t, found)
	require.GreaterOrEqual(t, r.From.Sub(b.now), b.set.LeadWait(), "its leader may live")
	ring[leadDue](b)
	q := b.outside.last(t)
	require.Equal(t, partition.Revision(40), q.Writes[0].Expect)
	require.Equal(t, partition.Revision(4), q.Writes[1].Expect)
}

func TestElection_WhoLooksSeldomLooksAgainWhenInDoubt(t *testing.T) {
	b := newBallotOf(t, "worker-8", partition.Default(), 0)
	store := theirs(5, 1)
	store[messages.KeyHead] = messages.Entry{Revision: 5, Record: partition.Head{Seats: []partition.Seat{
		{Worker: "worker-1"}, {Worker: "worker-2"}, {Worker: "worker-3"}, {Worker: "worker-8"},
	}}}
	look := func(rev partition.Revision, beat uint64) time.Duration {
		store[messages.KeyLead] = theirs(rev, beat)[messages.KeyLead]
		b.answer(store)
		r, found := due[lookDue](b)
		require.True(t, found)
		return r.After
	}
	look(5, 1)
	unheard[messages.Watch](t, b.outside)
	b.after(b.set.LeadWait())
	ring[lookDue](b)
	require.GreaterOrEqual(t, look(20, 16), 2*b.set.LeaderLease, "it was renewed all the time")
	ring[lookDue](b)
	require.Equal(t, b.set.LeadWait(), look(21, 17), "one renewal in all that time")
	ring[lookDue](b)
	look(21, 17)
	ring[leadDue](b)
	b.accept(30, 31)
	heard[messages.LeadershipGained](t, b.parent)
}
