package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// lost is a publisher that found no head in a store that is not fresh, and whose
// worker has dropped what it held, and has not let go of this.
func lost(t *testing.T, left ...partition.Abandoned) *printing {
	p := newPrinting(t, false)
	p.answerTable()
	unheard[messages.TableRead](t, p.calculator)
	require.Equal(t, "there is no head", heard[messages.Quarantined](t, p.manager).Reason)
	drop := heard[messages.DropHoldings](t, p.holder)
	remind[quarantineDue](p)
	require.Equal(t, drop, heard[messages.DropHoldings](t, p.holder), "it is asked until it answers")
	p.tell(p.pid, messages.HoldingsDropped{Round: drop.Round, Left: left})
	return p
}

// waits is how long it is until the cold start.
func (p *printing) waits() time.Duration {
	p.t.Helper()
	from := p.now
	for range 4 {
		unheard[messages.TableRead](p.t, p.calculator)
		remind[quarantineDue](p)
		if len(p.calculator.mail) > 0 {
			return p.now.Sub(from)
		}
	}
	p.t.Fatal("it waits for ever")
	return 0
}

func (p *printing) complete() { p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now}) }

// fence has the batch that ends a session.
func (p *printing) fence() (messages.Store, partition.WorkerID) {
	m := p.store()
	require.Len(p.t, m.Writes, 2)
	live := m.Writes[1].Record.(partition.Live)
	require.Equal(p.t, &partition.Fence{Term: testTerm}, live.Fence)
	return m, partition.WorkerID(m.Writes[1].Key[len("live."):])
}

func TestPublisher_QuarantineFencesOldSessionsAndWaits(t *testing.T) {
	p := lost(t)
	p.beat("w-0", partition.Live{})                          // its own
	p.beat("w-1", partition.Live{})                          // old
	p.beat("w-2", partition.Live{Claim: testTerm + 1})       // younger than the term
	p.beat("w-3", partition.Live{Released: true})            // over
	p.beat("w-4", partition.Live{Fence: &partition.Fence{}}) // its lease may still run
	p.beat("w-5", partition.Live{})                          // old
	unheard[messages.Store](t, p.outside)
	p.complete()
	m, who := p.fence()
	require.Equal(t, partition.WorkerID("w-1"), who)
	unheard[messages.Store](t, p.outside) // one after the other
	p.accept(m)
	m, who = p.fence()
	require.Equal(t, partition.WorkerID("w-5"), who)
	p.after(p.settings.StoreTimeout)
	acknowledged := p.now
	p.accept(m)
	unheard[messages.TableRead](t, p.calculator)
	for p.now.Before(acknowledged.Add(p.settings.Wait(p.settings.Lease))) {
		unheard[messages.TableRead](t, p.calculator)
		remind[quarantineDue](p)
	}
	read := heard[messages.TableRead](t, p.calculator)
	require.True(t, read.Lost)
	require.Zero(t, read.Table.Step)
	p.beat("w-0", partition.Live{})
	p.want(pair[:1], 0)
	require.EqualValues(t, 5001, headOf(p.store()).Step)
}

// What this worker does not let go is awaited from when its record lists it, as what anybody
// else has written off is.
func TestPublisher_QuarantineAwaitsWhatItsOwnWorkerHasWrittenOff(t *testing.T) {
	x := partition.Abandoned{Partition: "p", Token: 5, Step: 0}
	p := lost(t, x)
	p.beat(mySelf, partition.Live{})
	p.complete()
	wait := p.settings.Wait(p.settings.Lease)
	p.after(wait / 2)
	p.beat(mySelf, partition.Live{Abandoned: []partition.Abandoned{x}})
	require.Equal(t, wait, p.waits())
	unheard[messages.DropHoldings](t, p.holder)
}

// A record that does not list what was left says nothing: the worker is asked again.
func TestPublisher_QuarantineAsksWhatIsLeft(t *testing.T) {
	x := partition.Abandoned{Partition: "p", Token: 5, Step: 0}
	asks := func(p *printing) messages.DropHoldings {
		p.beat(mySelf, partition.Live{})
		p.complete()
		remind[quarantineDue](p)
		remind[quarantineDue](p)
		unheard[messages.TableRead](t, p.calculator)
		return heard[messages.DropHoldings](t, p.holder)
	}
	p := lost(t, x)
	p.tell(p.pid, messages.HoldingsDropped{Round: asks(p).Round}) // it let go before it said that it has not
	heard[messages.TableRead](t, p.calculator)

	p = lost(t, x)
	m := asks(p)
	p.tell(p.pid, messages.HoldingsDropped{Round: m.Round - 1})
	unheard[messages.TableRead](t, p.calculator)
	p.tell(p.pid, messages.HoldingsDropped{Round: m.Round, Left: []partition.Abandoned{x}})
	unheard[messages.DropHoldings](t, p.holder) // not at once
	p.beat(mySelf, partition.Live{Abandoned: []partition.Abandoned{x}})
	require.Equal(t, p.settings.Wait(p.settings.Lease), p.waits())
}

// If it never does, the next leader may fence the session.
func TestPublisher_QuarantineDoesNotAskForEver(t *testing.T) {
	x := partition.Abandoned{Partition: "p", Token: 5, Step: 0}
	p := lost(t, x)
	p.complete()
	from := p.now
	remind[quarantineDue](p)
	for len(p.parent.mail) == 0 {
		require.Less(t, p.now.Sub(from), p.settings.Wait(p.settings.Lease)+3*p.settings.RevokeTimeout)
		remind[quarantineDue](p)
		p.tell(p.pid, messages.HoldingsDropped{Round: heard[messages.DropHoldings](t, p.holder).Round, Left: []partition.Abandoned{x}})
		if len(p.parent.mail) == 0 {
			remind[quarantineDue](p)
		}
	}
	failed := heard[messages.TermFailed](t, p.parent)
	require.Equal(t, "this worker's record does not list what it has written off", failed.Reason)
	require.True(t, failed.Resign)
	require.GreaterOrEqual(t, p.now.Sub(from), p.settings.Wait(p.settings.Lease)+2*p.settings.RevokeTimeout)
}

// Whoever was replaced, or whose record has vanished, before all records were seen, may
// own something for as long as its lease then.
func TestPublisher_QuarantineCountsFromWhenAllWereSeen(t *testing.T) {
	p := lost(t)
	p.after(p.settings.Lease)
	p.complete()
	require.Equal(t, p.settings.Wait(p.settings.Lease), p.waits())
}

// Somebody has a longer lease, and another one takes its ID before this term is ready to
// look at it.
func TestPublisher_QuarantineAwaitsTheLongestLeaseThatWasSeen(t *testing.T) {
	replaced := func(p *printing) {
		p.beat("w-2", partition.Live{Session: "long", Claim: 6, Lease: 5 * p.settings.Lease})
		p.beat("w-2", partition.Live{Session: "short", Claim: testTerm + 1, Predecessor: "long"})
	}
	for name, ready := range map[string]func() *printing{
		"before the table was read": func() *printing {
			p := newPrinting(t, false)
			replaced(p)
			p.answerTable()
			p.tell(p.pid, messages.HoldingsDropped{Round: heard[messages.DropHoldings](t, p.holder).Round})
			return p
		},
		"before all were seen": func() *printing {
			p := lost(t)
			replaced(p)
			return p
		},
		"behind another fence": func() *printing {
			p := lost(t)
			p.beat("w-1", partition.Live{})
			p.complete()
			m, _ := p.fence()
			replaced(p)
			p.accept(m)
			return p
		},
		"in a head whose assignments are damaged": func() *printing {
			p, old := newPrinting(t, false), printed(t)
			h := old.head.Record.(partition.Head)
			h.Seats[1].Lease = 5 * p.settings.Lease
			p.head = messages.Entry{Key: messages.KeyHead, Revision: old.head.Revision, Record: h}
			for range readingsToLose - 1 {
				p.answerTable()
				remind[tableDue](p)
			}
			p.answerTable()
			p.tell(p.pid, messages.HoldingsDropped{Round: heard[messages.DropHoldings](t, p.holder).Round})
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := ready()
			p.complete()
			require.Equal(t, p.settings.Wait(5*p.settings.Lease), p.waits())
		})
	}
}

func TestPublisher_QuarantineFenceIsRefusedOrUnsure(t *testing.T) {
	p := lost(t)
	p.beat("w-1", partition.Live{})
	p.complete()
	m, _ := p.fence()
	p.conflict(m) // it renewed
	old := partition.Live{Session: "s-w-1", Claim: 5, Lease: 2 * p.settings.Lease}
	p.checksOne(messages.Entry{Key: messages.KeyLive("w-1"), Revision: 500, Record: old})
	remind[quarantineDue](p)
	remind[quarantineDue](p)
	m, _ = p.fence()
	require.EqualValues(t, 500, m.Writes[1].Expect)
	p.unsure(m) // it landed
	p.checksOne(messages.Entry{Key: messages.KeyLive("w-1"), Revision: 501, Record: old.Fenced(partition.Fence{Term: testTerm})})
	fenced := p.now
	remind[quarantineDue](p)
	unheard[messages.Store](t, p.outside)
	remind[quarantineDue](p)
	heard[messages.TableRead](t, p.calculator)
	require.Equal(t, fenced.Add(p.settings.Wait(2*p.settings.Lease)), p.now, "the longest lease that was seen")
}

func TestPublisher_QuarantineFenceIsRejectedOrCannotBeRead(t *testing.T) {
	p := lost(t)
	p.beat("w-1", partition.Live{})
	p.complete()
	m, _ := p.fence()
	p.tell(p.pid, messages.Rejected{Round: m.Round, At: p.now})
	remind[quarantineDue](p)
	remind[quarantineDue](p)
	m, _ = p.fence()
	p.conflict(m)
	ask := heard[messages.Read](t, p.outside)
	p.tell(p.pid, messages.ReadFailed{Round: ask.Round, At: p.now})
	remind[quarantineDue](p)
	m, _ = p.fence()
	p.conflict(m)
	ask = heard[messages.Read](t, p.outside)
	p.tell(p.pid, messages.ReadDone{Round: ask.Round, Entries: []messages.Entry{record(testTerm + 1), {}}, At: p.now})
	heard[messages.TermFailed](t, p.parent)
}

func (p *printing) checksOne(live messages.Entry) {
	ask := heard[messages.Read](p.t, p.outside)
	require.Equal(p.t, []messages.Key{messages.KeyTerm, live.Key}, ask.Keys)
	p.tell(p.pid, messages.ReadDone{Round: ask.Round, Entries: []messages.Entry{record(testTerm), live}, At: p.now})
}

// A head that was taken for lost, because readings were old, is there: by it, this
// worker still has what it dropped. Only a new session finds that it has not.
func TestPublisher_TheHeadThatWasLostIsThere(t *testing.T) {
	old := printed(t)
	p := lost(t)
	p.complete()
	remind[quarantineDue](p)
	remind[quarantineDue](p)
	heard[messages.TableRead](t, p.calculator)
	p.beat("w-0", partition.Live{})
	p.want(pair[:1], 0)
	p.conflict(p.store())
	h := old.head.Record.(partition.Head)
	h.Term, h.Nonce = testTerm-1, "of the term before"
	p.head, p.asg = messages.Entry{Key: messages.KeyHead, Revision: old.head.Revision, Record: h}, old.asg
	p.checks(testTerm, p.head)
	p.answerTable()
	failed := heard[messages.TermFailed](t, p.parent)
	require.Equal(t, "the head that was lost is there", failed.Reason)
	require.True(t, failed.Resign)
}
