package actors

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// printed is a publisher whose first decision is handed over: a, b belong to w-0.
func printed(t *testing.T) *printing {
	p := ready(t, pair...)
	p.want(pair, 0, 0)
	heard[messages.PublishBegun](t, p.calculator)
	p.accept(p.store())
	heard[messages.Published](t, p.calculator)
	heard[messages.HandedOver](t, p.calculator)
	return p
}

// hazard 45
// hazard 47
func TestPublisher_FirstPublishOfAFreshStore(t *testing.T) {
	p := ready(t)
	p.beat("w-0", partition.Live{Seen: 7000})
	p.want(pair[:1], 0, 0)
	require.EqualValues(t, 1, heard[messages.PublishBegun](t, p.calculator).Round)
	m := p.store()
	h := headOf(m)
	require.EqualValues(t, 7001, h.Step, "above the server's clock (5000) and every step reported")
	require.EqualValues(t, 1, h.Version)
	require.Equal(t, testTerm, h.Term)
	require.NotEmpty(t, h.Nonce)
	require.Zero(t, m.Writes[1].Expect, "there is no head yet")
	require.Equal(t, messages.Key("journal.1"), m.Writes[0].Key)
	require.Equal(t, messages.KeyAssignment("w-0"), m.Writes[2].Key)
	require.True(t, m.Writes[2].Blind)
	require.EqualValues(t, 7001, m.Writes[2].Record.(partition.Assignment).Owned[0].Token, "the token is the step")
	p.accept(m)
	require.Equal(t, 2, heard[messages.Published](t, p.calculator).Moves)
	done := heard[messages.HandedOver](t, p.calculator)
	require.True(t, done.Changed)
	require.Equal(t, 2, done.Moves)
	require.EqualValues(t, 7001, done.Table.Step)
}

// hazard 46
func TestPublisher_MoveTakesTwoStepsOfOneVersion(t *testing.T) {
	p := printed(t)
	p.want(pair, 1, 1)
	m := p.store()
	require.EqualValues(t, 5002, headOf(m).Step)
	require.Len(t, p.assignment(m, "w-0").Revoking, 2)
	require.Len(t, p.assignment(m, "w-1").Pending, 2)
	p.accept(m)
	unheard[messages.HandedOver](t, p.calculator)
	p.beat("w-0", partition.Live{Applied: 5002, Held: []partition.PartitionID{"a", "b"}})
	unheard[messages.Store](t, p.outside)

	p.beat("w-0", partition.Live{Applied: 5002, Held: []partition.PartitionID{"b"}})
	unheard[messages.Store](t, p.outside) // the other one may follow at once
	p.after(5 * time.Millisecond)
	p.beat("w-0", partition.Live{Applied: 5002})
	m = p.store()
	require.EqualValues(t, 5003, headOf(m).Step)
	require.EqualValues(t, 2, headOf(m).Version)
	require.Len(t, p.assignment(m, "w-1").Owned, 2)
	require.Equal(t, partition.FreedByAck, headOf(m).Freed[0].By)
	p.accept(m)
	require.Equal(t, 2, heard[messages.HandedOver](t, p.calculator).Moves)
}

func (p *printing) assignment(m messages.Store, w partition.WorkerID) partition.Assignment {
	for _, x := range m.Writes {
		if x.Key == messages.KeyAssignment(w) {
			return x.Record.(partition.Assignment)
		}
	}
	p.t.Fatalf("%s is not written", w)
	return partition.Assignment{}
}

func TestPublisher_GathersAcknowledgementsForAWhile(t *testing.T) {
	p := printed(t)
	p.want(pair, 1, 1)
	p.accept(p.store())
	p.beat("w-0", partition.Live{Applied: 5002, Held: []partition.PartitionID{"b"}})
	unheard[messages.Store](t, p.outside)
	remind[gatherDue](p)
	m := p.store()
	require.Len(t, p.assignment(m, "w-1").Owned, 1, "the slow one does not keep the other")
	p.accept(m)
	p.beat("w-0", partition.Live{Applied: 5003})
	require.Len(t, p.assignment(p.store(), "w-1").Owned, 2)
}

// To look at a large table takes longer than to gather: what comes meanwhile is looked at
// in the end, once.
func TestPublisher_GathersForALargeTable(t *testing.T) {
	p := ready(t, pair...)
	owners := make([]int32, manyRows)
	p.want(pair, owners...)
	p.accept(p.store())
	owners[0], owners[1] = 1, 1
	p.want(pair, owners...)
	p.accept(p.store())
	p.beat("w-0", partition.Live{Applied: 5002, Held: []partition.PartitionID{"a", "b"}})
	remind[gatherDue](p) // in vain
	p.beat("w-0", partition.Live{Applied: 5002, Held: []partition.PartitionID{"b"}})
	p.beat("w-0", partition.Live{Applied: 5002})
	unheard[messages.Store](t, p.outside)
	remind[gatherDue](p)
	require.Len(t, p.assignment(p.store(), "w-1").Owned, 2)
}

// The end of what is gathered that is not told in time is not waited for.
func TestPublisher_LateEndOfGathering(t *testing.T) {
	p := ready(t, pair...)
	owners := make([]int32, manyRows)
	p.want(pair, owners...)
	p.accept(p.store())
	owners[0] = 1
	p.want(pair, owners...)
	p.accept(p.store())
	p.beat("w-0", partition.Live{Applied: 5002, Held: []partition.PartitionID{"a"}})
	p.after(2 * gatherAcks)
	p.beat("w-0", partition.Live{Applied: 5002})
	require.Len(t, p.assignment(p.store(), "w-1").Owned, 1)
}

func TestPublisher_NothingToDoWritesNothing(t *testing.T) {
	p := printed(t)
	p.want(pair, 0, 0)
	require.False(t, heard[messages.HandedOver](t, p.calculator).Changed)
	unheard[messages.PublishBegun](t, p.calculator)
	unheard[messages.Store](t, p.outside)
}

// hazard 44
func TestPublisher_TakeoverFinishesWhatTheLastTermBegan(t *testing.T) {
	old := printed(t)
	old.want(pair, 1, 1)
	old.accept(old.store())

	p := newPrinting(t, false)
	h := old.head.Record.(partition.Head)
	h.Term = testTerm - 1
	p.head, p.asg, p.rev = messages.Entry{Key: messages.KeyHead, Revision: 150, Record: h}, old.asg, 150
	p.answerTable()
	require.Len(t, heard[messages.TableRead](t, p.calculator).Table.Rows, 2)
	p.beat("w-0", partition.Live{Applied: 5002})
	p.beat("w-1", partition.Live{})
	p.want(pair, 1, 1)
	unheard[messages.Store](t, p.outside) // not before all workers are known
	p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
	m := p.store()
	require.Len(t, p.assignment(m, "w-1").Owned, 2)
	require.Equal(t, partition.Revision(150), m.Writes[1].Expect)
	require.EqualValues(t, 5003, headOf(m).Step)
}

// hazard 25
func TestPublisher_ForgetsWhatTheHeadHasOvertaken(t *testing.T) {
	old := printed(t)
	p := newPrinting(t, false)
	p.head, p.asg = old.head, old.asg
	h := p.head.Record.(partition.Head)
	h.Seats[0].Live = 140
	p.head.Record, p.head.Revision = h, 150
	p.rev = 120
	p.beat("w-0", partition.Live{Released: true}) // a late sight of something past
	p.beat("w-1", partition.Live{})
	p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
	p.answerTable()
	p.beat("w-0", partition.Live{Released: true})
	p.want(pair, 1, 1)
	m := p.store()
	require.Equal(t, messages.KeyLive("w-0"), m.Writes[2].Key)
	require.Zero(t, m.Writes[2].Expect, "the record counts as not seen, so this fence will be refused if there is one")
	require.Empty(t, headOf(m).Freed)
}

// A session that another one took the place of while nobody led: its lease counts
// from when this worker saw the new one, which may be before its term.
func TestPublisher_WhatWasSeenBeforeTheTermCounts(t *testing.T) {
	old := printed(t)
	for name, c := range map[string]struct {
		claim partition.Revision
		waits bool
	}{
		"claimed after the head was written":               {150, false},
		"claimed before, so that some of it may be undone": {140, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPrinting(t, false)
			p.asg = maps.Clone(old.asg)
			h := old.head.Record.(partition.Head)
			h.Seats = slices.Clone(h.Seats)
			h.Seats[0].Live = 145
			p.head = messages.Entry{Key: messages.KeyHead, Revision: 146, Record: h}
			before := p.now
			p.after(p.settings.Wait(p.settings.Lease))
			p.rev = 160
			seen := partition.Witness{Worker: "w-0", Revision: p.rev, At: p.now, SessionAt: before, EndedAt: before, RestartAt: before}
			seen.Live = partition.Live{Session: "t-w-0", Lease: p.settings.Lease, Claim: c.claim}
			p.tell(p.pid, messages.Witnessed{Witness: seen, At: p.now})
			p.beat("w-1", partition.Live{})
			p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
			p.answerTable()
			p.want(pair[1:], 0, 0)
			m := p.store()
			if c.waits {
				began := p.now
				require.Empty(t, headOf(m).Freed)
				p.accept(m)
				p.after(p.settings.Lease / 2)
				p.beat("w-1", partition.Live{})
				remind[wakeDue](p)
				m = p.store()
				require.Equal(t, p.settings.Wait(p.settings.Lease), p.now.Sub(began))
			}
			require.Equal(t, partition.FreedByReplacement, headOf(m).Freed[0].By)
		})
	}
}

// hazard 27
func TestPublisher_ReadsAgainUntilHeadAndAssignmentsMatch(t *testing.T) {
	old := printed(t)
	p := newPrinting(t, false)
	p.head = old.head
	p.asg = map[partition.WorkerID]partition.Assignment{"w-0": {Step: 1, Session: "s-w-0"}, "w-1": old.asg["w-1"]}
	require.Equal(t, []messages.Key{messages.AllAssignments}, p.answerTable())
	unheard[messages.TableRead](t, p.calculator)
	p.asg, p.rev = old.asg, 300
	remind[tableDue](p)
	p.head.Revision += 10
	require.Equal(t, []messages.Key{"asg.w-0", "asg.w-1"}, p.answerTable(), "each by its name, which no replica answers that lags")
	read := heard[messages.TableRead](t, p.calculator)
	require.EqualValues(t, 5001, read.Table.Step)
	require.False(t, read.Lost)
}

func TestPublisher_ReadingFailsAgainAndAgain(t *testing.T) {
	p := newPrinting(t, true)
	for range triesToTell {
		ask := heard[messages.Read](t, p.outside)
		p.tell(p.pid, messages.ReadFailed{Round: ask.Round, Reason: "no answer", At: p.now})
		p.tell(p.pid, messages.ReadFailed{Round: ask.Round - 1, Reason: "late", At: p.now})
		remind[tableDue](p)
	}
	require.Contains(t, heard[messages.HandOverFailed](t, p.calculator).Reason, "no answer")
}

func TestPublisher_TermIsOverBeforeItBegan(t *testing.T) {
	p := newPrinting(t, true)
	ask := heard[messages.Read](t, p.outside)
	p.tell(p.pid, messages.ReadDone{Round: ask.Round, Entries: []messages.Entry{record(testTerm + 3), p.head}, At: p.now})
	require.False(t, heard[messages.TermFailed](t, p.parent).Resign)
}

// The calculator may be introduced after the table was read.
// hazard 68
func TestPublisher_TableReadIsNotLost(t *testing.T) {
	p := &printing{play: newPlay(t), settings: partition.Default(), head: messages.Entry{Key: messages.KeyHead}}
	p.outside, p.calculator, p.debouncer = p.probe("outside"), p.probe("calculator"), p.probe("debouncer")
	p.pid = p.child(publisherProps(publisherConfig{settings: p.settings, outside: p.outside.pid, term: testTerm, fresh: true}), "publisher")
	p.answerTable()
	p.tell(p.pid, introduce{p.calculator.pid, p.debouncer.pid})
	heard[messages.TableRead](t, p.calculator)
}

// hazard 22
func TestPublisher_CrashIsFencedAndGrantedInOneBatch(t *testing.T) {
	p := printed(t)
	at := p.rev // w-0's records end here
	p.beat("w-0", partition.Live{})
	at++
	p.after(p.settings.Wait(p.settings.Lease))
	p.beat("w-1", partition.Live{})
	p.want(pair[1:], 0, 0)
	m := p.store()
	require.Equal(t, messages.KeyLive("w-0"), m.Writes[2].Key)
	require.Equal(t, at, m.Writes[2].Expect-0)
	require.Equal(t, &partition.Fence{Term: testTerm, AfterSilence: true}, m.Writes[2].Record.(partition.Live).Fence)
	require.Len(t, p.assignment(m, "w-1").Owned, 2)
	p.accept(m)
	heard[messages.HandedOver](t, p.calculator)
}
