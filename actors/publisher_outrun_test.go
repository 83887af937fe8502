package actors

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// outran is a publisher in whose table somebody has applied a step that it does not know.
func outran(t *testing.T, live partition.Live) *printing {
	p := printed(t)
	p.beat("w-1", live)
	return p
}

// readings answers as many readings of the table as it takes to believe them.
func (p *printing) readings() {
	for range readingsToLose - 1 {
		p.answerTable()
		unheard[messages.DropHoldings](p.t, p.holder)
		unheard[messages.Store](p.t, p.outside)
		remind[tableDue](p)
	}
	p.answerTable()
}

// quarantineOver lets the wait for a lost head end.
func (p *printing) quarantineOver() {
	for range 2 { // the first one is of the question to the holder
		remind[quarantineDue](p)
	}
}

// Who applied a step of which the leader's table knows nothing shows that it is not the
// latest, or that the store lost writes. Nothing is granted by it: it is read again, and given
// up if that changes nothing. What is granted then has a higher token than what was lost.
//
// hazard 60
func TestPublisher_GivesUpATableThatSomebodyOutran(t *testing.T) {
	for name, c := range map[string]struct {
		live  partition.Live
		wants bool
	}{
		"it has a seat, and there is something to do": {partition.Live{Applied: 5009}, true},
		"nothing is to be done":                       {partition.Live{Applied: 5009}, false},
		"it claimed after the head that was found":    {partition.Live{Applied: 5009, Claim: 107}, true},
		"its session has no seat":                     {partition.Live{Applied: 5009, Session: "t"}, true},
		"it has released what it owned":               {partition.Live{Applied: 5009, Session: "t", Released: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := outran(t, c.live)
			p.after(p.settings.HeartbeatInterval)
			if c.wants {
				p.want(pair, 0, 1)
			}
			p.readings()
			unheard[messages.Store](t, p.outside)
			p.tell(p.pid, messages.HoldingsDropped{Round: heard[messages.DropHoldings](t, p.holder).Round})
			require.Contains(t, heard[messages.Quarantined](t, p.manager).Reason, "the store lost writes: w-1 applied step 5009 of session ")
			if !c.live.Released {
				m, who := p.fence()
				require.Equal(t, partition.WorkerID("w-1"), who)
				p.accept(m)
			}
			p.quarantineOver()
			require.Zero(t, heard[messages.TableRead](t, p.calculator).Table.Step)
			p.beat("w-0", partition.Live{})
			p.want(pair[:1], 0, 0)
			m := p.store()
			require.Equal(t, p.head.Revision, m.Writes[1].Expect)
			require.EqualValues(t, 5010, p.assignment(m, "w-0").Owned[0].Token)
			p.accept(m)
			unheard[messages.Read](t, p.outside) // what was said is no more than there is
		})
	}
}

// A later head explains what was applied.
//
// hazard 48
func TestPublisher_WhoSeemsToOutrunKnowsALaterHead(t *testing.T) {
	p, m := midMove(t)
	p.unsure(m)
	remind[sendDue](p)
	p.tell(p.pid, messages.Rejected{Round: p.store().Round, Reason: "not connected", At: p.now})
	p.beat("w-0", partition.Live{Applied: 5002}) // of the first attempt, which landed
	remind[wakeDue](p)
	p.answerTable() // before it, as it seems
	unheard[messages.Store](t, p.outside)
	remind[tableDue](p)
	for _, w := range m.Writes {
		p.rev++
		p.keep(w)
	}
	p.answerTable()
	require.EqualValues(t, 5002, heard[messages.TableRead](t, p.calculator).Table.Step)
	require.Len(t, p.assignment(p.store(), "w-1").Owned, 2)
	unheard[messages.DropHoldings](t, p.holder)
}

// A publish that is found so revoked something a moment ago: whoever drains since then is not
// fenced for it.
//
// hazard 48
func TestPublisher_OutrunByWhatItRevokes(t *testing.T) {
	p := printed(t)
	p.after(3 * p.settings.RevokeTimeout) // the term is older than whoever drains may be waited for
	p.beat("w-0", partition.Live{})
	p.beat("w-1", partition.Live{})
	p.want(pair, 1, 1)
	m := p.store()
	p.unsure(m)
	remind[sendDue](p)
	p.tell(p.pid, messages.Rejected{Round: p.store().Round, Reason: "not connected", At: p.now})
	for _, w := range m.Writes { // it had landed
		p.rev++
		p.keep(w)
	}
	p.beat("w-0", partition.Live{Applied: 5002, Held: []partition.PartitionID{"a", "b"}})
	remind[wakeDue](p)
	p.answerTable()
	require.EqualValues(t, 5002, heard[messages.TableRead](t, p.calculator).Table.Step)
	unheard[messages.Store](t, p.outside)
	p.beat("w-0", partition.Live{Applied: 5002})
	require.Len(t, p.assignment(p.store(), "w-1").Owned, 2)
}

// Readings that say the same count in a row: a good one between them ends that.
func TestPublisher_DoubtsEndWithAGoodReading(t *testing.T) {
	old := printed(t)
	p := newPrinting(t, false)
	p.head, p.rev = old.head, old.rev
	for range readingsToLose - 1 {
		p.answerTable()
		remind[tableDue](p)
	}
	p.asg = old.asg
	p.answerTable()
	require.EqualValues(t, 5001, heard[messages.TableRead](t, p.calculator).Table.Step)
	p.beat("w-0", partition.Live{})
	p.beat("w-1", partition.Live{Applied: 5009})
	p.readings()
	heard[messages.DropHoldings](t, p.holder)
}

// A batch without an answer is not sent again on a table that somebody has outrun.
//
// hazard 60
func TestPublisher_OutrunDuringAPublish(t *testing.T) {
	p, m := midMove(t)
	before := p.head
	p.unsure(m)
	p.beat("w-1", partition.Live{Applied: 5009})
	remind[sendDue](p)
	p.checks(testTerm, before)
	p.after(p.settings.StoreTimeout)
	remind[checkDue](p)
	p.checks(testTerm, before)
	p.readings()
	unheard[messages.Store](t, p.outside)
	heard[messages.DropHoldings](t, p.holder)
}

// What is heard while a publish is under way counts when that has landed.
//
// hazard 60
func TestPublisher_OutrunBeforeAPublishLanded(t *testing.T) {
	p, m := midMove(t)
	p.beat("w-1", partition.Live{Applied: 5009})
	p.accept(m)
	p.readings()
	unheard[messages.Store](t, p.outside)
	heard[messages.DropHoldings](t, p.holder)
}

// A leader that is new finds it as soon as it has seen who says so.
//
// hazard 60
func TestPublisher_ANewTermFindsThatItsTableWasOutrun(t *testing.T) {
	old := printed(t)
	p := newPrinting(t, false)
	p.head, p.asg = old.head, old.asg
	p.answerTable()
	p.want(pair, 0, 1)
	p.rev = old.rev
	p.beat("w-0", partition.Live{})
	p.beat("w-1", partition.Live{Applied: 5002})
	p.complete()
	p.readings()
	unheard[messages.Store](t, p.outside)
	heard[messages.DropHoldings](t, p.holder)
}

// Who lies about it can have the table given up again and again, but each time has to say
// more: the group goes on in between.
func TestPublisher_WhoSaysMoreAndMore(t *testing.T) {
	p := printed(t)
	for _, says := range []partition.Step{5009, 6000, 7000} {
		p.beat("w-1", partition.Live{Applied: says, Session: partition.SessionID(fmt.Sprint("liar", says))})
		p.readings()
		p.tell(p.pid, messages.HoldingsDropped{Round: heard[messages.DropHoldings](t, p.holder).Round})
		m, _ := p.fence()
		p.accept(m)
		p.quarantineOver()
		p.beat("w-0", partition.Live{})
		p.want(pair[:1], 0, 0)
		m = p.store()
		require.Equal(t, says+1, headOf(m).Step)
		p.accept(m)
		unheard[messages.Read](t, p.outside)
	}
}
