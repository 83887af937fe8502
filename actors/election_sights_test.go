package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// all takes every mail of one kind that a probe has.
func all[M any](p *probe) (out []M) {
	for _, m := range p.mail {
		if it, ok := m.(M); ok {
			out = append(out, it)
		}
	}
	p.forget()
	return out
}

// renews lets the watch see a renewal of the lead.
func (b *ballot) renews(rev partition.Revision, beat uint64) {
	b.say(messages.Seen{Entry: theirs(rev, beat)[messages.KeyLead], At: b.now})
}

func TestElection_ACandidateWatchesTheLeadersRecord(t *testing.T) {
	b := newBallot(t)
	b.answer(theirs(5, 1))
	require.Equal(t, []messages.Watch{{Key: messages.KeyLead}, {Key: "live.worker-9"}}, all[messages.Watch](b.outside))
	b.renews(6, 2)
	require.Empty(t, all[messages.Watch](b.outside), "it is the same leader")
	next := messages.Entry{Key: messages.KeyLead, Revision: 7, Record: partition.Lead{Worker: "worker-3", Session: "next"}}
	b.say(messages.Seen{Entry: next, At: b.now})
	mail := b.outside.mail
	require.Equal(t, []messages.Unwatch{{Key: "live.worker-9"}}, all[messages.Unwatch](b.outside))
	b.outside.mail = mail
	require.Equal(t, []messages.Watch{{Key: "live.worker-3"}}, all[messages.Watch](b.outside))
	free := messages.Entry{Key: messages.KeyLead, Revision: 8, Record: partition.Lead{Worker: "worker-3", Session: "next", Released: true}}
	b.say(messages.Seen{Entry: free, At: b.now})
	require.Equal(t, []messages.Unwatch{{Key: "live.worker-3"}}, all[messages.Unwatch](b.outside))
}

func TestElection_OnlyARenewalThatIsOverdueCostsALook(t *testing.T) {
	b := newBallot(t)
	r := theirs(5, 1)
	r[messages.KeyHead] = messages.Entry{Revision: 6, Record: partition.Head{Seats: []partition.Seat{{Worker: "worker-1"}}}}
	b.answer(r)
	for beat := range uint64(5) {
		r, found := due[missDue](b)
		require.True(t, found)
		require.Equal(t, b.set.LeadRenewal()*3/2, r.From.Add(r.After).Sub(b.now))
		b.after(b.set.LeadRenewal())
		b.renews(partition.Revision(6+beat), 2+beat)
		b.say(r.Mail)
		unheard[messages.Read](t, b.outside)
	}
	ring[missDue](b)
	require.Equal(t, []messages.Key{messages.AllLive}, heard[messages.Read](t, b.outside).Keys)
}

// As long as no head names the candidates, everybody is one. If each of them looked at
// all others because the store is slow, it would not become quicker.
func TestElection_WhoHasNoSeatLooksAtNobody(t *testing.T) {
	b := newBallot(t)
	b.answer(theirs(5, 1))
	b.outside.forget()
	b.renews(6, 2)
	ring[missDue](b)
	unheard[messages.Read](t, b.outside)
}

// Whoever looks seldom looks soon after a decision: those who were candidates may
// be gone.
func TestElection_ANewAssignmentIsAReasonToLook(t *testing.T) {
	b := newBallotOf(t, "worker-5", partition.Default(), 0)
	r := theirs(5, 1)
	seats := []partition.Seat{{Worker: "worker-0"}, {Worker: "worker-1"}, {Worker: "worker-2"}, {Worker: "worker-5"}}
	r[messages.KeyHead] = messages.Entry{Revision: 6, Record: partition.Head{Seats: seats}}
	b.answer(r)
	unheard[messages.Watch](t, b.outside)
	b.outside.forget()
	b.say(messages.Reassigned{})
	b.say(messages.Reassigned{})
	require.Len(t, b.outside.mail, 1, "one look for several decisions")
	soon, _ := due[lookDue](b)
	require.Less(t, soon.After, b.set.LeadRenewal())
	ring[lookDue](b)
	b.say(messages.Reassigned{})
	soon, again := due[lookDue](b)
	require.True(t, again, "what was asked before may not have it")
	r[messages.KeyHead] = messages.Entry{Revision: 7, Record: partition.Head{Seats: seats[2:]}}
	b.answer(r)
	require.Len(t, all[messages.Watch](b.outside), 2, "now it is a candidate")
	b.say(soon.Mail)
	b.answer(r)
	b.outside.forget()
	b.say(messages.Reassigned{})
	require.Empty(t, b.outside.mail, "a candidate sees the lead anyway")
}

// Who became a candidate before there was a head learns soon after the first decision
// whether it is one: until then it does not look at those who fall silent.
func TestElection_TheFirstAssignmentIsAReasonToLook(t *testing.T) {
	b := newBallot(t)
	b.answer(theirs(5, 1))
	require.Len(t, all[messages.Watch](b.outside), 2)
	b.say(messages.Reassigned{})
	soon, asked := due[lookDue](b)
	require.True(t, asked)
	require.Less(t, soon.After, b.set.LeadRenewal())
	ring[lookDue](b)
	r := theirs(5, 1)
	r[messages.KeyHead] = messages.Entry{Revision: 6, Record: partition.Head{Seats: []partition.Seat{{Worker: "worker-1"}}}}
	b.answer(r)
	b.renews(6, 2)
	ring[missDue](b)
	require.Equal(t, []messages.Key{messages.AllLive}, heard[messages.Read](t, b.outside).Keys)
	b.outside.forget()
	b.say(messages.Reassigned{})
	require.Empty(t, b.outside.mail, "it has a seat")
}

// A fresh store is one only until there was a head: what was decided once has
// owners, also when the head is gone later. That it is gone is not believed at once:
// a reading may be old, and whoever has dropped what it holds does not get it back.
func TestElection_AFreshStoreIsSoOnce(t *testing.T) {
	headed := records{messages.KeyHead: {Revision: 6, Record: partition.Head{}}}
	for name, c := range map[string]struct {
		before      func(*ballot)
		quarantined bool
	}{
		"it is": {func(b *ballot) { b.answer(nil) }, false},
		"there was a head": {func(b *ballot) {
			b.answer(headed)
			ring[lookDue](b)
			b.answer(nil)
		}, true},
		"something was assigned": {func(b *ballot) {
			b.say(messages.Reassigned{})
			b.answer(nil)
		}, true},
		"a term of its own was before": {func(b *ballot) {
			b.answer(nil)
			ring[leadDue](b)
			b.accept(10, 11)
			b.say(messages.TermFailed{Term: 11, Resign: true})
			b.accept(12)
			ring[restDue](b)
			b.answer(nil)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBallotWith(t, electionConfig{settings: partition.Default(), worker: "worker-1", fresh: true})
			c.before(b)
			ring[leadDue](b)
			b.accept(20, 21)
			b.outside.only = "publisher"
			readings := 1
			if name == "there was a head" {
				readings = readingsToLose
			}
			for n := range readings {
				unheard[messages.DropHoldings](t, b.others)
				b.tell(b.below("term-21/publisher"), tableDue{partition.Round(n + 1)})
				read := heard[messages.Read](t, b.outside)
				term := messages.Entry{Key: messages.KeyTerm, Revision: 21, Record: partition.Term{}}
				b.tell(b.below("term-21/publisher"), messages.ReadDone{Round: read.Round, Entries: []messages.Entry{term, {Key: messages.KeyHead}}, At: b.now})
			}
			if !c.quarantined {
				unheard[messages.DropHoldings](t, b.others)
				return
			}
			heard[messages.DropHoldings](t, b.others)
		})
	}
}
