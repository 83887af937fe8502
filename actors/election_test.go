package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func TestElection_NoHoles(t *testing.T) {
	require.Empty(t, electionTable.Holes())
	require.Empty(t, termTable.Holes())
	require.Empty(t, watcherTable.Holes())
	require.Empty(t, pollerTable.Holes())
	require.Empty(t, debouncerTable.Holes())
}

func TestElection_WinsRenewsAndStandsDown(t *testing.T) {
	b := newBallot(t)
	b.win()
	ring[renewDue](b)
	b.accept(12)
	b.say(messages.StandDown{})
	q := b.outside.last(t)
	require.Equal(t, partition.Revision(12), q.Writes[0].Expect)
	require.True(t, q.Writes[0].Record.(partition.Lead).Released)
	unheard[messages.StoodDown](t, b.parent)
	b.accept(13)
	require.False(t, heard[messages.LeadershipLost](t, b.parent).At.IsZero(), "it is known when")
	heard[messages.StoodDown](t, b.parent)
}

// hazard 9
func TestElection_OneAttemptPerFallOfTheLead(t *testing.T) {
	b := newBallot(t)
	old := theirs(5, 1)
	b.answer(old)
	ring[leadDue](b)
	for n := range 5 {
		b.refuse(0)
		if n == 0 { // the first refusal is followed by a look at once, later ones by a pause
			b.answer(old)
		}
		unheard[messages.Store](t, b.outside)
		unheard[messages.Read](t, b.outside)
		_, stands := due[leadDue](b)
		require.False(t, stands, "it does not stand again at once")
		lost := b.now
		ring[lookDue](b) // the store answers with what it had before
		b.answer(old)
		ring[leadDue](b)
		require.GreaterOrEqual(t, b.now.Sub(lost), min(retryDelay<<n, b.set.LeadRenewal()), "it stands ever more slowly")
	}
}

// hazard 9
func TestElection_CandidatesStandOneAfterTheOther(t *testing.T) {
	stands := map[time.Duration]bool{}
	for n := range byte(8) {
		b := newBallotOf(t, "worker-1", partition.Default(), n)
		b.answer(nil)
		r, _ := due[leadDue](b)
		stands[r.From.Sub(b.now)] = true
	}
	require.Len(t, stands, 8)
}

// hazard 9
func TestElection_WhoSeesAnotherWinWritesNothing(t *testing.T) {
	b := newBallot(t)
	b.answer(theirs(5, 1))
	free := messages.Entry{Key: messages.KeyLead, Revision: 6, Record: partition.Lead{Worker: "worker-9", Session: "them", Released: true}}
	b.say(messages.Seen{Entry: free, At: b.now})
	r, _ := due[leadDue](b)
	require.LessOrEqual(t, r.From.Sub(b.now), standJitter)
	b.say(messages.Seen{Entry: messages.Entry{Key: messages.KeyLead, Revision: 7, Record: partition.Lead{Worker: "worker-3", Session: "faster"}}, At: b.now})
	b.say(r.Mail)
	unheard[messages.Store](t, b.outside)
}

func TestElection_AnswersOfThePastSayNothing(t *testing.T) {
	late := []any{
		messages.Stored{Revisions: []partition.Revision{90, 91}},
		messages.Conflicted{},
		messages.Unsure{},
		messages.Rejected{},
		messages.ReadDone{Entries: make([]messages.Entry, 3)},
		messages.ReadFailed{},
		messages.Seen{},
		messages.WatchSynced{},
		messages.PartitionsListed{},
		messages.TermFailed{},
		lookDue{99},
		leadDue{},
		campaignDue{},
		verifyDue{},
		renewDue{},
		leadEnd{},
		releaseDue{},
	}
	b := newBallot(t)
	nothing := func() {
		told, kept := len(b.parent.mail), b.outside.mail
		b.outside.forget()
		for _, m := range late {
			b.say(m)
		}
		require.Empty(t, b.outside.mail)
		require.Len(t, b.parent.mail, told)
		b.outside.mail = kept
	}
	nothing() // looking
	b.answer(theirs(5, 1))
	nothing() // watching
	ring[leadDue](b)
	nothing() // campaigning
	b.doubt()
	ring[campaignDue](b)
	q := b.outside.last(t)
	b.refuse(0)
	nothing() // verifying
	b.answer(records{messages.KeyLead: {Revision: 10, Record: q.Writes[0].Record}, messages.KeyTerm: {Revision: 11, Record: q.Writes[1].Record}})
	nothing() // leading
	b.say(messages.TermFailed{Term: 11, Resign: true})
	nothing() // resigning
	b.accept(12)
	nothing() // resting
	ring[restDue](b)
	b.say(messages.StandDown{})
	nothing() // stood
	heard[messages.StoodDown](t, b.parent)
}

func TestElection_ACandidacyInDoubtIsRepeatedAtAPace(t *testing.T) {
	b := newBallot(t)
	b.stand()
	first := b.outside.last(t)
	b.doubt()
	unheard[messages.Store](t, b.outside)
	ring[campaignDue](b)
	require.Equal(t, first.Writes, b.outside.last(t).Writes, "the same records, the same nonce")
}

func TestElection_StandDownDuringACandidacyInDoubtEnds(t *testing.T) {
	for _, name := range []string{"no answer", "refused, and no answer to the question why", "it says nothing"} {
		t.Run(name, func(t *testing.T) {
			b := newBallot(t)
			b.stand()
			b.doubt()
			begun := b.now
			b.say(messages.StandDown{})
			ring[campaignDue](b)
			if name == "no answer" {
				for b.now.Sub(begun) < b.set.LeaderLease {
					unheard[messages.StoodDown](t, b.parent)
					b.after(time.Second)
					b.doubt()
					if b.now.Sub(begun) < b.set.LeaderLease {
						ring[campaignDue](b)
					}
				}
				heard[messages.StoodDown](t, b.parent)
				return
			}
			b.refuse(0)
			for b.now.Sub(begun) < b.set.LeaderLease {
				unheard[messages.StoodDown](t, b.parent)
				b.after(time.Second)
				if name == "it says nothing" {
					b.answer(nil)
				} else {
					b.say(messages.ReadFailed{Round: heard[messages.Read](t, b.outside).Round, At: b.now})
				}
				if b.now.Sub(begun) < b.set.LeaderLease {
					ring[verifyDue](b)
				}
			}
			heard[messages.StoodDown](t, b.parent)
		})
	}
}

func TestElection_ACandidacyInDoubtThatWasWrittenLeads(t *testing.T) {
	b := newBallot(t)
	b.stand()
	q := b.outside.last(t)
	sent := b.now
	b.doubt()
	ring[campaignDue](b)
	b.refuse(0)
	b.answer(records{messages.KeyLead: {Revision: 10, Record: q.Writes[0].Record}, messages.KeyTerm: {Revision: 11, Record: q.Writes[1].Record}})
	require.Equal(t, partition.Revision(11), heard[messages.LeadershipGained](t, b.parent).Term)
	r, _ := due[leadEnd](b)
	require.True(t, r.Mail.(leadEnd).End.Equal(sent.Add(b.set.LeaderLease)), "it counts from the first attempt")
}

// A renewal is not sent after the lead, and the lead is trusted from when it was sent.
func TestElection_TheLeadCountsFromTheSending(t *testing.T) {
	b := newBallot(t)
	b.win()
	end, _ := due[leadEnd](b)
	ring[renewDue](b)
	q, sent := heard[messages.Store](t, b.outside), b.now
	require.Equal(t, end.From, q.NotAfter)
	b.now = b.now.Add(b.set.StoreTimeout)
	b.say(messages.Stored{Round: q.Round, Revisions: []partition.Revision{12}, Sent: sent, At: b.now})
	end, _ = due[leadEnd](b)
	require.Equal(t, sent.Add(b.set.LeaderLease), end.From)
}
