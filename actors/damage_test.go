package actors

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// broken is a record that nobody understands.
func broken(key messages.Key, revision partition.Revision) messages.Entry {
	return messages.Entry{Key: key, Revision: revision, Fault: "record " + string(key) + ": garbage"}
}

// A new term that cannot join head and assignments reads them again, and gives
// them up when they stay so: as without a head, it grants nothing before every
// session of before is fenced and its lease is over. It writes on the head that
// is there.
func TestPublisher_DamageThatStaysIsALostHead(t *testing.T) {
	old := printed(t)
	head := old.head.Record.(partition.Head)
	for name, damage := range map[string]func(*printing){
		"the head is garbage": func(p *printing) { p.head = broken(messages.KeyHead, 200) },
		"the head names nobody": func(p *printing) {
			empty := head
			empty.Seats = nil
			p.head.Record, p.head.Revision = empty, 200
		},
		"an assignment is garbage": func(p *printing) { delete(p.asg, "w-0"); p.head.Revision = 200 },
		"an assignment is another one": func(p *printing) {
			p.asg["w-0"], p.head.Revision = partition.Assignment{Step: head.Step, Session: "s-w-0"}, 200
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPrinting(t, true) // what was said of a fresh store is not true any more
			p.head = old.head
			for w, a := range old.asg {
				p.asg[w] = a
			}
			damage(p)
			was, _ := p.head.Record.(partition.Head)
			step := max(5000, was.Step) + 1 // above the server's clock, and a head that reads well
			for range readingsToLose - 1 {
				p.answerTable()
				unheard[messages.DropHoldings](t, p.holder)
				remind[tableDue](p)
			}
			p.answerTable()
			p.tell(p.pid, messages.HoldingsDropped{Round: heard[messages.DropHoldings](t, p.holder).Round})
			p.beat("w-1", partition.Live{})
			p.complete()
			m, who := p.fence()
			require.Equal(t, partition.WorkerID("w-1"), who)
			require.Contains(t, m.Writes[0].Record.(partition.Journal).Cause, "the table is damaged: ")
			p.accept(m)
			p.quarantineOver()
			require.Zero(t, heard[messages.TableRead](t, p.calculator).Table.Step)
			p.rev = 300
			p.beat("w-0", partition.Live{}) // its own
			p.want(pair[:1], 0, 0)
			m = p.store()
			require.EqualValues(t, 200, m.Writes[1].Expect)
			owned := m.Writes[2].Record.(partition.Assignment).Owned
			require.Equal(t, []partition.Grant{{Partition: "a", Token: partition.Token(step), Entered: step}, {Partition: "b", Token: partition.Token(step), Entered: step}}, owned)
		})
	}
}

// A reading in the middle of a publish may find parts of two records.
func TestPublisher_DamageThatDoesNotStayIsNone(t *testing.T) {
	old := printed(t)
	p := newPrinting(t, false)
	for range 3 * readingsToLose {
		p.head.Revision++
		p.head = broken(messages.KeyHead, p.head.Revision)
		p.answerTable()
		remind[tableDue](p)
	}
	p.head = broken(messages.KeyHead, 200)
	p.answerTable()
	remind[tableDue](p)
	p.head, p.asg = old.head, old.asg
	p.head.Revision = 200
	p.answerTable()
	unheard[messages.DropHoldings](t, p.holder)
	require.EqualValues(t, 5001, heard[messages.TableRead](t, p.calculator).Table.Step)
}

// Whoever overwrites the head of a term that goes on does not end it. Sessions that
// were claimed since it began may own something by what was lost, too, and the steps
// that it took, or may have taken, are not taken again.
func TestPublisher_HeadDamagedDuringATerm(t *testing.T) {
	p, m := midMove(t)
	p.unsure(m)
	remind[sendDue](p)
	m = p.store()
	p.rev = 890
	p.beat("w-0", partition.Live{})
	p.beat("w-1", partition.Live{Claim: 889}) // after the term began
	p.conflict(m)
	p.checks(testTerm, broken(messages.KeyHead, 900))
	unheard[messages.TermFailed](t, p.parent)
	p.head = broken(messages.KeyHead, 900)
	for range readingsToLose - 1 {
		p.answerTable()
		remind[tableDue](p)
	}
	p.answerTable()
	p.tell(p.pid, messages.HoldingsDropped{Round: heard[messages.DropHoldings](t, p.holder).Round})
	f, who := p.fence()
	require.Equal(t, partition.WorkerID("w-1"), who)
	p.rev = 910
	p.beat("w-2", partition.Live{Claim: 901}) // after the loss
	p.accept(f)
	p.quarantineOver()
	read := heard[messages.TableRead](t, p.calculator)
	require.True(t, read.Lost)
	require.Zero(t, read.Table.Step)
	p.beat("w-0", partition.Live{})
	p.want(pair[:1], 0, 0)
	next := headOf(p.store())
	require.Greater(t, next.Step, headOf(m).Step)
	require.Greater(t, next.Version, headOf(m).Version-1)
}

// One reading without what the term has written may be of a server that is behind.
// Where nothing is again and again, somebody has taken it away: the next term begins
// as one without a head.
//
// hazard 57
func TestPublisher_RecordsTakenAwayDuringATerm(t *testing.T) {
	for name, nothing := range map[string]struct {
		term partition.Revision
		head messages.Entry
	}{
		"the head": {testTerm, messages.Entry{Key: messages.KeyHead}},
		"all":      {0, messages.Entry{Key: messages.KeyHead}},
	} {
		t.Run(name, func(t *testing.T) {
			p, m := midMove(t)
			p.beat("w-0", partition.Live{})
			p.conflict(m)
			checks := func(term partition.Revision, head messages.Entry) {
				p.checks(term, head)
				unheard[messages.TermFailed](t, p.parent)
				if slices.Contains(p.outside.kinds(), "messages.Store") { // it decides anew
					p.conflict(p.store())
				} else {
					remind[checkDue](p)
				}
			}
			for range 3 {
				for range readingsToLose - 1 {
					checks(nothing.term, nothing.head)
				}
				checks(testTerm, p.head) // after all
			}
			for range readingsToLose - 1 {
				checks(nothing.term, nothing.head)
			}
			p.checks(nothing.term, nothing.head)
			require.True(t, heard[messages.TermFailed](t, p.parent).Resign)
		})
	}
}

// The silent worker whose record is damaged cannot be fenced at the revision that
// was seen. It cannot renew either: when the lease has passed since the damage was
// seen, what it owned is free.
func TestPublisher_DamagedRecordOfASilentWorker(t *testing.T) {
	p := printed(t)
	p.after(p.settings.Wait(p.settings.Lease))
	p.beat("w-1", partition.Live{})
	p.want(pair[1:], 0, 0)
	m := p.store()
	p.conflict(m)
	p.checks(testTerm, p.head, broken(messages.KeyLive("w-0"), 900))
	m = p.store()
	require.Equal(t, []partition.PartitionID{"a", "b"}, m.Writes[2].Record.(partition.Assignment).Pending, "it may have renewed right before")
	p.accept(m)
	p.after(p.settings.Wait(p.settings.Lease) - 1)
	p.beat("w-1", partition.Live{})
	unheard[messages.Store](t, p.outside)
	remind[wakeDue](p)
	m = p.store()
	require.Equal(t, partition.FreedByReplacement, headOf(m).Freed[0].By)
	require.EqualValues(t, 900, headOf(m).Freed[0].Revision)
	for _, w := range m.Writes {
		require.NotEqual(t, messages.KeyLive("w-0"), w.Key, "there is nobody to fence")
	}
}

func TestDebouncer_DamagedRecordIsTheEndOfASession(t *testing.T) {
	g := newGatherings(t)
	g.tell(g.pid, messages.Sighted{Entries: []messages.Entry{broken(messages.KeyLive("worker-1"), 50)}, At: g.now})
	g.ring()
	w := heard[messages.WorkersChanged](t, g.calculator).Roster["worker-1"]
	require.Equal(t, partition.Over, w.Standing(g.now, g.set.Rules(g.now.Add(-1))))
	require.EqualValues(t, 50, w.Revision)
	newer := broken(messages.KeyLive("worker-1"), 60)
	newer.Newer = true
	g.tell(g.pid, messages.Sighted{Entries: []messages.Entry{newer}, At: g.now})
	unheard[messages.Remind](t, g.outside)
}

// The ID of a damaged record is free. What was owned under it is not: the claim
// names no predecessor that released it.
func TestSession_ClaimsADamagedRecord(t *testing.T) {
	p := newTenancy(t, nil)
	newer := broken(messages.KeyLive("worker-0"), 3)
	newer.Newer = true
	p.scan(newer, broken(messages.KeyLive("worker-1"), 7))
	m, live := p.written()
	require.Equal(t, messages.KeyLive("worker-1"), m.Writes[0].Key)
	require.EqualValues(t, 7, m.Writes[0].Expect)
	require.Empty(t, live.Predecessor)
	require.False(t, live.PredecessorReleased)
}

// Whose record is damaged was not replaced by a twin, and says what it saw.
func TestSession_OwnRecordDamaged(t *testing.T) {
	p := live(t, nil)
	p.beats()
	m, _ := p.written()
	p.refuse(m, 11, true)
	p.read(broken(messages.KeyLive("worker-0"), 11))
	lost := heard[messages.SessionLost](t, p.parent)
	require.Empty(t, lost.Replaced)
	require.Contains(t, lost.Reason, "garbage")
}

// A decision that was first published on a table which was not the latest is one
// version above the table that is.
//
// hazard 47
func TestPublisher_VersionFollowsTheTableThatWasReadAnew(t *testing.T) {
	old := printed(t)
	p := newPrinting(t, true)
	p.answerTable() // the reading does not show the head
	p.beat("w-0", partition.Live{})
	p.complete()
	p.want(pair[:1], 0, 0, 0)
	m := p.store()
	require.EqualValues(t, 1, headOf(m).Version)
	p.conflict(m)
	head := old.head.Record.(partition.Head)
	head.Version, head.Term, head.Nonce = 7, testTerm-1, "another"
	p.head = messages.Entry{Key: messages.KeyHead, Revision: 200, Record: head}
	p.asg, p.rev = old.asg, 300
	p.checks(testTerm, p.head)
	p.answerTable()
	p.beat("w-0", partition.Live{})
	require.EqualValues(t, 8, headOf(p.store()).Version)
}

// A session that may not list the workers says so once, for good, and still ends
// when it is told to.
func TestSession_MayNotScan(t *testing.T) {
	p := newTenancy(t, nil)
	p.tell(p.pid, messages.ReadFailed{Round: heard[messages.Read](t, p.outside).Round, Denied: true, Reason: "not permitted", At: p.now})
	failed := heard[messages.ClaimFailed](t, p.parent)
	require.True(t, failed.Final)
	require.False(t, failed.Unreachable)
	require.Equal(t, "the records of the workers may not be read: not permitted", failed.Reason)
	unheard[messages.Remind](t, p.outside)
	p.tell(p.pid, messages.EndSession{})
	heard[messages.SessionReleased](t, p.parent)
}

// Of a table that is damaged, this term knows how long the leases were and what it has
// published: whoever was replaced since is awaited, and this worker takes nothing of it.
func TestPublisher_ATableThatIsDamagedIsKnown(t *testing.T) {
	p := ready(t, "w-0", "w-1")
	long := 5 * p.settings.Lease
	p.beat("w-1", partition.Live{Lease: long})
	p.want(pair, 0, 1)
	m := p.store()
	p.accept(m)
	p.want(pair, 0, 0)
	p.conflict(p.store())
	p.head = broken(messages.KeyHead, 900)
	p.checks(testTerm, p.head)
	for range readingsToLose - 1 {
		p.answerTable()
		remind[tableDue](p)
	}
	p.answerTable()
	drop := heard[messages.DropHoldings](t, p.holder)
	require.Greater(t, drop.Step, headOf(m).Step, "the one that was refused may have landed")
	p.rev = 910
	p.beat("w-1", partition.Live{Session: "short", Claim: 901, Predecessor: "s-w-1"})
	p.calculator.forget()
	p.tell(p.pid, messages.HoldingsDropped{Round: drop.Round})
	require.Equal(t, p.settings.Wait(long), p.waits())
}
