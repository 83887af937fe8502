package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// midMove is a publisher whose revoke of a and b is on its way.
func midMove(t *testing.T) (*printing, messages.Store) {
	p := printed(t)
	p.want(pair, 1, 1)
	heard[messages.PublishBegun](t, p.calculator)
	return p, p.store()
}

// hazard 48
func TestPublisher_UnsureButLanded(t *testing.T) {
	p, m := midMove(t)
	p.unsure(m)
	remind[sendDue](p)
	again := p.store()
	require.Equal(t, m.Writes, again.Writes, "the same batch, the same nonce")
	p.rev += 10
	landed := messages.Entry{Key: messages.KeyHead, Revision: p.rev, Record: headOf(m)}
	p.conflict(again)
	p.checks(testTerm, landed)
	require.EqualValues(t, 5002, heard[messages.Published](t, p.calculator).Table.Step)
	p.beat("w-0", partition.Live{Applied: 5002})
	require.Equal(t, landed.Revision, p.store().Writes[1].Expect)
}

func TestPublisher_UnsureAndNotLanded(t *testing.T) {
	p, m := midMove(t)
	p.unsure(m)
	remind[sendDue](p)
	p.accept(p.store())
	require.EqualValues(t, 5002, heard[messages.Published](t, p.calculator).Table.Step)
	p.tell(p.pid, messages.Stored{Round: m.Round, Revisions: []partition.Revision{1, 2}, At: p.now}) // late
	unheard[messages.Published](t, p.calculator)
}

// A read that still shows the former head proves nothing. When nothing is found
// out, a step on the same head decides; whichever of the two landed counts.
func TestPublisher_UnsureAndNothingCanBeFoundOut(t *testing.T) {
	p, m := midMove(t)
	before := p.head
	p.unsure(m)
	remind[sendDue](p)
	p.conflict(p.store())
	p.checks(testTerm, before)
	unheard[messages.Store](t, p.outside)
	p.after(p.settings.StoreTimeout)
	remind[checkDue](p)
	p.checks(testTerm, before)
	anew := p.store()
	require.NotEqual(t, headOf(m).Nonce, headOf(anew).Nonce)
	require.Equal(t, before.Revision, anew.Writes[1].Expect)
	require.Equal(t, headOf(m).Version, headOf(anew).Version)
	p.conflict(anew)
	p.checks(testTerm, messages.Entry{Key: messages.KeyHead, Revision: before.Revision + 7, Record: headOf(m)})
	require.Equal(t, headOf(m).Nonce, heard[messages.Published](t, p.calculator).Table.Nonce, "the first one had landed")
}

// A refusal may be due to the first attempt, which landed: news of who was to be fenced
// is no reason to decide anew before that is known, for the news may be that fence.
func TestPublisher_UnsureAndWhoWasFencedHasNews(t *testing.T) {
	p := printed(t)
	p.after(p.settings.Wait(p.settings.Lease))
	p.beat("w-1", partition.Live{})
	p.want(pair[1:], 0, 0)
	m := p.store()
	p.unsure(m)
	remind[sendDue](p)
	again := p.store()
	p.conflict(again)
	fence := messages.Entry{Key: messages.KeyLive("w-0"), Revision: m.Writes[2].Expect + 50, Record: m.Writes[2].Record}
	p.checks(testTerm, p.head, fence) // the reading of the head is older than that of the fence
	unheard[messages.Store](t, p.outside)
	remind[checkDue](p)
	p.checks(testTerm, messages.Entry{Key: messages.KeyHead, Revision: fence.Revision - 1, Record: headOf(m)}, fence)
	require.Equal(t, headOf(m).Nonce, heard[messages.Published](t, p.calculator).Table.Nonce)
	heard[messages.HandedOver](t, p.calculator)
}

// hazard 1
func TestPublisher_RefusedByAnotherLeader(t *testing.T) {
	for name, tc := range map[string]struct {
		term partition.Revision
		head partition.Head
		more partition.Revision
	}{
		"its term":              {term: testTerm + 50},
		"its term and its head": {term: testTerm + 50, head: partition.Head{Term: testTerm + 50, Nonce: "other"}, more: 9},
		"its head":              {term: testTerm, head: partition.Head{Term: testTerm + 50, Nonce: "other"}, more: 9},
	} {
		t.Run(name, func(t *testing.T) {
			p, m := midMove(t)
			head := p.head
			if head.Revision += tc.more; tc.more > 0 {
				head.Record = tc.head
			}
			p.conflict(m)
			p.checks(tc.term, head)
			failed := heard[messages.TermFailed](t, p.parent)
			require.Equal(t, testTerm, failed.Term)
			require.False(t, failed.Resign)
			p.beat("w-0", partition.Live{Applied: 5002})
			unheard[messages.Store](t, p.outside)
		})
	}
}

func TestPublisher_RefusedBecauseTheTableWasReadTooEarly(t *testing.T) {
	p, m := midMove(t)
	late := p.head
	h := late.Record.(partition.Head)
	h.Term, h.Nonce, h.Step = testTerm-1, "the last of the former term", 5009
	late.Record, late.Revision = h, late.Revision+5
	p.conflict(m)
	p.checks(testTerm, late)
	unheard[messages.TermFailed](t, p.parent)
	ask := heard[messages.Read](t, p.outside)
	p.tell(p.pid, messages.ReadFailed{Round: ask.Round, At: p.now})
	p.head = late
	remind[tableDue](p)
	p.answerTable()
	require.EqualValues(t, 5009, heard[messages.TableRead](t, p.calculator).Table.Step)
	m = p.store()
	require.EqualValues(t, 5010, headOf(m).Step, "the decision goes on from there")
	require.Equal(t, late.Revision, m.Writes[1].Expect)
}

// Who was to be fenced has renewed: it keeps what it has, and nobody is told to
// let go.
func TestPublisher_FenceRefusedByARenewal(t *testing.T) {
	p := printed(t)
	p.after(p.settings.Wait(p.settings.Lease))
	p.beat("w-1", partition.Live{})
	p.want(pair[1:], 0, 0)
	m := p.store()
	p.conflict(m)
	alive := partition.Live{Session: "s-w-0", Claim: 5, Lease: p.settings.Lease}
	old := messages.Entry{Key: messages.KeyLive("w-0"), Revision: m.Writes[2].Expect, Record: alive}
	p.checks(testTerm, p.head, old)
	unheard[messages.Store](t, p.outside) // the read is as old as the one before
	remind[checkDue](p)
	require.Equal(t, []messages.Entry{old}, heard[messages.Sighted](t, p.debouncer).Entries)
	renewed := messages.Entry{Key: messages.KeyLive("w-0"), Revision: old.Revision + 50, Record: alive}
	p.checks(testTerm, p.head, renewed)
	require.Equal(t, messages.Sighted{Entries: []messages.Entry{renewed}, At: p.now}, heard[messages.Sighted](t, p.debouncer), "who decides is to hear of it")
	unheard[messages.Store](t, p.outside)
	require.EqualValues(t, 5001, heard[messages.HandedOver](t, p.calculator).Table.Step)
}

// A decision that would leave something to nobody by such a mistake is not carried out, and who
// made it hears whom it took for gone.
func TestPublisher_TellsWhomADecisionTookForGone(t *testing.T) {
	p := printed(t)
	p.after(p.settings.Wait(p.settings.Lease))
	p.beat("w-1", partition.Live{})
	p.want(pair[1:], 0, partition.None)
	m := p.store()
	p.conflict(m)
	alive := partition.Live{Session: "s-w-0", Claim: 5, Lease: p.settings.Lease}
	renewed := messages.Entry{Key: messages.KeyLive("w-0"), Revision: m.Writes[2].Expect + 50, Record: alive}
	p.checks(testTerm, p.head, renewed)
	unheard[messages.Store](t, p.outside)
	told := heard[messages.HandedOver](t, p.calculator)
	require.EqualValues(t, 5001, told.Table.Step)
	require.Len(t, told.Misjudged, 1)
	require.Equal(t, partition.WorkerID("w-0"), told.Misjudged[0].Worker)
	require.Equal(t, renewed.Revision, told.Misjudged[0].Revision)
}

func TestPublisher_RejectedIsTriedAgainAfterAPause(t *testing.T) {
	p, m := midMove(t)
	p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "it was too late", At: p.now})
	require.Contains(t, heard[messages.HandOverFailed](t, p.calculator).Reason, "too late")
	require.EqualValues(t, 2, heard[messages.StepRejected](t, p.calculator).Round)
	p.beat("w-0", partition.Live{Applied: 5001})
	unheard[messages.Store](t, p.outside)
	until := p.now.Add(time.Hour)
	p.tell(p.pid, messages.LeadRenewed{Until: until})
	remind[wakeDue](p) // the first one is void
	remind[wakeDue](p)
	m = p.store()
	require.Equal(t, until, m.NotAfter)
	require.EqualValues(t, 5002, headOf(m).Step)
	unheard[messages.PublishBegun](t, p.calculator)
}

// What an earlier attempt may still write is on its way, whatever became of the latest one, until
// another step is stored.
func TestPublisher_RejectedAfterAnAttemptInDoubt(t *testing.T) {
	p, m := midMove(t)
	p.unsure(m)
	remind[sendDue](p)
	reject := func() { p.tell(p.pid, messages.Rejected{Round: p.store().Round, Reason: "it is too large", At: p.now}) }
	reject()
	p.after(mostDelay)
	remind[wakeDue](p)
	reject()
	unheard[messages.StepRejected](t, p.calculator)
	p.after(mostDelay)
	remind[wakeDue](p)
	m = p.store()
	p.accept(m)
	p.beat("w-1", partition.Live{})
	p.beat("w-0", partition.Live{Applied: headOf(m).Step})
	reject()
	heard[messages.StepRejected](t, p.calculator)
}

func TestPublisher_NoAnswerForLongIsAFailure(t *testing.T) {
	p, m := midMove(t)
	for range 3 {
		p.after(p.settings.StoreTimeout)
		p.unsure(m)
		remind[sendDue](p)
		m = p.store()
	}
	require.Contains(t, heard[messages.HandOverFailed](t, p.calculator).Reason, "no answer")
	unheard[messages.HandOverFailed](t, p.calculator)
}

// A client that reconnects rejects many tries at once. They are one failure: some of
// those in a row end the term, which the other workers need not notice.
func TestPublisher_RejectionsOfAWhileAreOneFailure(t *testing.T) {
	p, m := midMove(t)
	began := p.now
	for p.now.Before(began.Add(2 * p.settings.StoreTimeout)) {
		p.beat("w-1", partition.Live{}) // so that it can still be given something
		p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "not connected", At: p.now})
		remind[wakeDue](p)
		m = p.store()
	}
	heard[messages.HandOverFailed](t, p.calculator)
	unheard[messages.HandOverFailed](t, p.calculator)
	p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "not connected", At: p.now})
	heard[messages.HandOverFailed](t, p.calculator)
	remind[wakeDue](p)
	m = p.store()
	p.accept(m)
	p.beat("w-1", partition.Live{})
	p.beat("w-0", partition.Live{Applied: headOf(m).Step})
	p.tell(p.pid, messages.Rejected{Round: p.store().Round, Reason: "the store is full", At: p.now})
	require.Contains(t, heard[messages.HandOverFailed](t, p.calculator).Reason, "full", "what lands ends the while")
}

// A newer decision replaces what is under way, once it is known what became of it.
func TestPublisher_NewerDecisionDuringAPublish(t *testing.T) {
	p, m := midMove(t)
	p.want(pair, 0, 1)
	unheard[messages.Store](t, p.outside)
	p.accept(m)
	require.EqualValues(t, 2, heard[messages.Published](t, p.calculator).Round, "that of the former decision")
	require.EqualValues(t, 3, heard[messages.PublishBegun](t, p.calculator).Round)
	m = p.store() // a goes through free, b goes on
	require.EqualValues(t, 3, headOf(m).Version)
	p.accept(m)
	p.beat("w-0", partition.Live{Applied: 5002})
	m = p.store()
	require.Len(t, p.assignment(m, "w-0").Owned, 1)
	require.EqualValues(t, 5004, p.assignment(m, "w-0").Owned[0].Token)
	require.Len(t, p.assignment(m, "w-1").Owned, 1)
}

// A worker that does not let go is fenced, and waited for.
func TestPublisher_StuckWorkerIsFenced(t *testing.T) {
	p, m := midMove(t)
	p.accept(m)
	stuck := partition.Live{Applied: 5002, Held: []partition.PartitionID{"a", "b"}}
	p.beat("w-0", stuck)
	remind[wakeDue](p)
	at := p.beat("w-0", stuck)
	p.beat("w-1", partition.Live{})
	p.after(2 * p.settings.RevokeTimeout)
	p.beat("w-1", partition.Live{Refresh: 1})
	m = p.store()
	require.Equal(t, &partition.Fence{Term: testTerm}, m.Writes[2].Record.(partition.Live).Fence)
	require.LessOrEqual(t, at, m.Writes[2].Expect)
	p.accept(m)
	p.after(p.settings.Wait(p.settings.Lease) - 1)
	p.beat("w-1", partition.Live{Refresh: 2})
	unheard[messages.Store](t, p.outside)
	p.after(1)
	p.beat("w-1", partition.Live{Refresh: 3})
	require.Len(t, p.assignment(p.store(), "w-1").Owned, 2)
}
