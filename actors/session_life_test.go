package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Worker 1.
//
// hazard 19
func TestSession_LeaseCountsFromSending(t *testing.T) {
	p := live(t, nil)
	p.beats()
	m, beat := p.written()
	require.Equal(t, partition.Revision(10), m.Writes[0].Expect)
	require.Equal(t, uint64(2), beat.Beat)
	require.Equal(t, partition.Revision(10), beat.Claim)
	require.Equal(t, p.now.Add(p.settings.Lease), m.NotAfter)
	sent := p.after(time.Second)
	p.stored(m, 11, sent, p.after(time.Second))
	require.Equal(t, sent.Add(p.settings.Lease), heard[messages.SessionRenewed](t, p.parent).LeaseEnd)
	require.Equal(t, messages.HoldUntil{LeaseEnd: sent.Add(p.settings.Lease), At: p.now}, heard[messages.HoldUntil](t, p.holder))
}

// Worker 1: a reply after the deadline revives nothing.
//
// hazards 18 and 21
func TestSession_LateReplyRevivesNothing(t *testing.T) {
	p := live(t, nil)
	p.beats()
	m, _ := p.written()
	p.stored(m, 11, p.now, p.after(p.settings.Lease))
	heard[messages.DropAll](t, p.holder)
	heard[messages.SessionLost](t, p.parent)
	p.outside.forget()
	p.tell(p.pid, beatDue{2})
	p.tell(p.pid, flushDue{})
	unheard[messages.Store](t, p.outside) // it is over
}

// Worker 2.
//
// hazard 3
func TestSession_UnknownOutcomeIsReadBack(t *testing.T) {
	p := live(t, nil)
	end := p.now.Add(p.settings.Lease)
	p.after(time.Second)
	p.beats()
	m, beat := p.written()
	sent := p.now
	p.doubt(m)
	unheard[messages.SessionRenewed](t, p.parent)
	p.after(time.Second)
	p.read(slot("", 9, beat)) // below the revision that is known: it says nothing
	unheard[messages.SessionRenewed](t, p.parent)
	unheard[messages.SessionLost](t, p.parent)
	awake[readDue](p)
	p.read(slot("", 11, beat))
	require.Equal(t, sent.Add(p.settings.Lease), heard[messages.SessionRenewed](t, p.parent).LeaseEnd, "from that beat's sending")
	require.True(t, sent.Add(p.settings.Lease).After(end))

	p.beats()
	m, _ = p.written()
	require.Equal(t, partition.Revision(11), m.Writes[0].Expect, "the revision is adopted")
}

// Worker 2: what did not land is written again, a little later.
func TestSession_UnknownOutcomeThatDidNotLand(t *testing.T) {
	p := live(t, nil)
	p.after(time.Second)
	p.beats()
	m, _ := p.written()
	p.doubt(m)
	p.read(slot("", 10, partition.Live{Session: "mine", Beat: 1}))
	unheard[messages.SessionRenewed](t, p.parent) // the lease is not extended
	unheard[messages.Store](t, p.outside)
	awake[flushDue](p)
	m, _ = p.written()
	require.Equal(t, partition.Revision(10), m.Writes[0].Expect)

	p.refuse(m, 11, true) // so it had landed
	p.read(slot("", 10, partition.Live{Session: "mine", Beat: 1}))
	unheard[messages.SessionLost](t, p.parent) // below the one that the refusal names
	awake[readDue](p)
	p.read(slot("", 11, partition.Live{Session: "mine", Beat: 2}))
	heard[messages.SessionRenewed](t, p.parent)
}

// Worker 3.
//
// hazard 18
func TestSession_Refused(t *testing.T) {
	refused := func(t *testing.T, revision partition.Revision) *tenancy {
		p := live(t, nil)
		p.beats()
		m, _ := p.written()
		p.refuse(m, revision, true)
		return p
	}
	t.Run("no record", func(t *testing.T) {
		p := refused(t, 0)
		require.Empty(t, heard[messages.SessionLost](t, p.parent).Replaced)
		heard[messages.DropAll](t, p.holder)
		unheard[messages.Store](t, p.outside) // never made anew in the same session
	})
	t.Run("another session", func(t *testing.T) {
		p := refused(t, 11)
		p.read(slot("", 11, partition.Live{Session: "other"}))
		require.Equal(t, partition.WorkerID("worker-0"), heard[messages.SessionLost](t, p.parent).Replaced)
		heard[messages.DropAll](t, p.holder)
		p = refused(t, 11)
		p.read(slot("", 11, partition.Live{Session: "other", InstanceKey: "another's"}))
		require.Empty(t, heard[messages.SessionLost](t, p.parent).Replaced, "no twin")
	})
	t.Run("a fence", func(t *testing.T) {
		p := refused(t, 11)
		p.read(slot("", 11, partition.Live{Session: "mine", Fence: &partition.Fence{Term: 1}}))
		require.Empty(t, heard[messages.SessionLost](t, p.parent).Replaced)
	})
	t.Run("something unreadable", func(t *testing.T) {
		p := refused(t, 11)
		p.read(messages.Entry{Revision: 11, Fault: "garbage"})
		heard[messages.SessionLost](t, p.parent)
	})
	t.Run("no record in a read", func(t *testing.T) {
		p := refused(t, 11)
		p.read(messages.Entry{})
		unheard[messages.SessionLost](t, p.parent) // only a refusal can say that
	})
}

// Worker 4.
func TestSession_SuspectAndRenewed(t *testing.T) {
	p := live(t, nil)
	end := p.now.Add(p.settings.Lease)
	r := remindOf[suspectDue](t, p.outside)
	require.Equal(t, end.Add(-p.settings.DrainTimeout), r.From.Add(r.After))
	p.beats()
	m, _ := p.written()
	sent := p.after(time.Second)
	p.tell(p.pid, r.Mail)
	require.Equal(t, messages.Suspend{Deadline: end}, heard[messages.Suspend](t, p.holder))
	heard[messages.SessionSuspected](t, p.parent)
	p.tell(p.pid, messages.Stored{Round: 99, Revisions: []partition.Revision{99}, Sent: p.now, At: p.now}) // of nobody
	p.stored(m, 11, sent, p.now)
	heard[messages.SessionRenewed](t, p.parent)
	heard[messages.HoldUntil](t, p.holder)
	p.tell(p.pid, r.Mail) // of the former end
	unheard[messages.SessionSuspected](t, p.parent)
}

func TestSession_SuspectAndOver(t *testing.T) {
	p := live(t, nil)
	end := remindOf[leaseDue](t, p.outside)
	awake[suspectDue](p)
	p.tell(p.pid, end.Mail)
	require.Equal(t, end.From, heard[messages.DropAll](t, p.holder).At)
	heard[messages.SessionLost](t, p.parent)
}

// Worker 6: news are written at once, several within ackDelay as one.
func TestSession_Acknowledges(t *testing.T) {
	p := live(t, func(c *sessionConfig) { c.nonce = "mine" })
	news := func(step partition.Step, held ...partition.PartitionID) {
		p.tell(p.pid, messages.Holdings{Session: "mine", Applied: step, Seen: step, Held: held})
	}
	news(4, "p")
	news(5, "p", "q")
	require.Equal(t, ackDelay, remindOf[flushDue](t, p.outside).After)
	p.tell(p.pid, flushDue{})
	m, ack := p.written()
	require.Equal(t, partition.Step(5), ack.Applied)
	require.Equal(t, []partition.PartitionID{"p", "q"}, ack.Held)

	news(5)
	awake[flushDue](p)
	unheard[messages.Store](t, p.outside) // one write at a time
	p.stored(m, 11, p.now, p.now)
	require.Empty(t, p.accept(12).Held)

	news(3, "old")
	p.tell(p.pid, messages.Holdings{Session: "former", Applied: 9, Seen: 9})
	awake[flushDue](p)
	last := p.accept(13)
	require.Equal(t, partition.Step(5), last.Applied, "neither older news nor those of a former session")
	require.Equal(t, partition.Step(9), last.Seen)
}

// The record speaks for its predecessor until an assignment was applied.
func TestSession_KeepsPredecessor(t *testing.T) {
	p := newTenancy(t, func(c *sessionConfig) { c.settings.InstanceKey = "pod" })
	gone := []partition.Abandoned{{Partition: "p", Token: 3}}
	poison := []partition.Poison{{Partition: "q", Token: 3, Left: time.Minute}}
	p.scan(slot("worker-0", 7, partition.Live{Session: "old", InstanceKey: "pod", Released: true, Abandoned: gone, Poison: poison}))
	p.accept(10)
	p.beats()
	beat := p.accept(11)
	require.Equal(t, partition.SessionID("old"), beat.Predecessor)
	require.True(t, beat.PredecessorReleased)
	require.Equal(t, gone, beat.Abandoned)
	require.Equal(t, poison, beat.Poison)
	p.tell(p.pid, messages.Holdings{Session: "mine", Poison: []partition.Poison{{Partition: "q", Token: 3}, {Partition: "z", Token: 2}}})
	awake[flushDue](p)
	beat = p.accept(12)
	require.Equal(t, []partition.Poison{{Partition: "q", Token: 3}, {Partition: "z", Token: 2}}, beat.Poison, "what this process knows to be over")
	require.Equal(t, partition.SessionID("old"), beat.Predecessor)
	now := []partition.Poison{{Partition: "r", Token: 12, Left: time.Hour}, {Partition: "s", Token: 12}}
	p.tell(p.pid, messages.Holdings{Session: "mine", Applied: 12, Poison: now})
	awake[flushDue](p)
	beat = p.accept(13)
	require.Empty(t, beat.Predecessor)
	require.Empty(t, beat.Abandoned)
	require.Equal(t, now, beat.Poison)
	require.Equal(t, []partition.PartitionID{"r"}, beat.Quarantined)
}

// hazard 17
func TestSession_NoHeartbeatWithoutHolder(t *testing.T) {
	p := live(t, nil)
	end := remindOf[leaseDue](t, p.outside)
	for range 3 {
		awake[beatDue](p)
	}
	p.tell(p.pid, messages.Holdings{Round: 1}) // the answer to an older question
	unheard[messages.Store](t, p.outside)
	p.tell(p.pid, end.Mail)
	heard[messages.SessionLost](t, p.parent)
}

func TestSession_Flags(t *testing.T) {
	p := live(t, nil)
	p.beats()
	m, _ := p.written()
	flags := messages.SetFlags{Restarting: true}
	p.tell(p.pid, flags)
	p.stored(m, 11, p.now, p.now)
	unheard[messages.FlagsSet](t, p.parent) // that one was sent before
	require.True(t, p.accept(12).Restarting)
	require.Equal(t, flags, heard[messages.FlagsSet](t, p.parent).Flags)
	p.beats()
	require.True(t, p.accept(13).Restarting)
	unheard[messages.FlagsSet](t, p.parent)
}

// A store that is away for longer than a lease costs nobody the ID: the attempt
// that is accepted is the one that was written.
func TestSession_ClaimStoredAtLast(t *testing.T) {
	p := newTenancy(t, nil)
	p.scan()
	m, _ := p.written()
	p.doubt(m)
	p.after(2 * p.settings.Lease)
	awake[claimDue](p)
	sent := p.now
	p.accept(10)
	require.Equal(t, sent.Add(p.settings.Lease), heard[messages.SessionStarted](t, p.parent).LeaseEnd)
}
