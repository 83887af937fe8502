package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A heartbeat that can never be stored is no silence: whoever looks hears why.
func TestSession_SaysWhyNoHeartbeatIsAccepted(t *testing.T) {
	p := live(t, nil)
	doubt, end := remindOf[suspectDue](t, p.outside), remindOf[leaseDue](t, p.outside)
	p.beats()
	m, _ := p.written()
	p.tell(p.pid, messages.Holdings{Session: "mine", Applied: 4}) // an acknowledgement that waits
	awake[flushDue](p)
	p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "the record is too large", At: p.now})
	awake[flushDue](p)
	m, beat := p.written()
	require.Equal(t, partition.Step(4), beat.Applied, "it does not wait for the next heartbeat")
	p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "the record is too large", At: p.now})
	p.tell(p.pid, doubt.Mail)
	require.Equal(t, "the record is too large", heard[messages.SessionSuspected](t, p.parent).Reason)
	p.tell(p.pid, end.Mail)
	require.Contains(t, heard[messages.SessionLost](t, p.parent).Reason, "the record is too large")
}

// What does not fit into the record is not acknowledged, and the session lives on: a
// leader waits for what it cannot be told. It is no last word either.
func TestSession_AcknowledgesNothingThatDoesNotFit(t *testing.T) {
	p := live(t, nil)
	held := make([]partition.PartitionID, partition.MaxListing/32+1)
	p.tell(p.pid, messages.Holdings{Session: "mine", Applied: 4, Seen: 4, Held: held})
	awake[flushDue](p)
	beat := p.accept(11)
	require.Zero(t, beat.Applied)
	require.Empty(t, beat.Held)
	require.Equal(t, partition.Step(4), beat.Seen)
	p.tell(p.pid, messages.Holdings{Session: "mine", Applied: 4, Seen: 4, Held: held[1:]})
	awake[flushDue](p)
	require.Equal(t, partition.Step(4), p.accept(12).Applied)
	p.tell(p.pid, messages.EndSession{})
	ask := heard[messages.GetHoldings](t, p.holder)
	p.tell(p.pid, messages.Holdings{Round: ask.Round, Session: "mine", Applied: 5, Seen: 5, Held: held, Abandoned: make([]partition.Abandoned, 1)})
	unheard[messages.Store](t, p.outside)
	require.Contains(t, heard[messages.SessionReleased](t, p.parent).Reason, "does not fit", "others wait for the lease's end, from here on")
}

// Flags that are set before there is an ID are in what is written first after.
func TestSession_FlagsOfBeforeTheClaim(t *testing.T) {
	flags := messages.SetFlags{Refresh: 3}
	t.Run("before the scan", func(t *testing.T) {
		p := newTenancy(t, nil)
		p.tell(p.pid, flags)
		p.scan()
		_, claim := p.written()
		require.EqualValues(t, 3, claim.Refresh)
	})
	t.Run("while it is claimed", func(t *testing.T) {
		p := newTenancy(t, nil)
		p.scan()
		m, _ := p.written()
		p.tell(p.pid, flags)
		p.stored(m, 10, p.now, p.now)
		p.beats()
		require.EqualValues(t, 3, p.accept(11).Refresh)
		require.Equal(t, flags, heard[messages.FlagsSet](t, p.parent).Flags)
	})
}

// While the store reads and does not write, a scan that it answers says nothing:
// the manager hears that it works again when a claim is answered.
//
// hazard 63
func TestSession_AScanIsNoSignOfAStoreThatWrites(t *testing.T) {
	full := func(p *tenancy, m messages.Store) {
		p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "the stream is full", At: p.now})
	}
	for name, fails := range map[string]func(p *tenancy, m messages.Store){"full": full, "no answer": (*tenancy).doubt} {
		t.Run(name, func(t *testing.T) {
			p := newTenancy(t, nil)
			p.scan()
			heard[messages.ClaimScanned](t, p.parent)
			m, _ := p.written()
			fails(p, m)
			require.True(t, heard[messages.ClaimFailed](t, p.parent).Unreachable)
			if name == "full" {
				awake[scanDue](p)
				p.scan()
				unheard[messages.ClaimScanned](t, p.parent)
			} else {
				awake[claimDue](p)
			}
			p.accept(10)
			heard[messages.ClaimScanned](t, p.parent)
			heard[messages.SessionStarted](t, p.parent)
		})
	}
}

// Whatever the store does not do for the session is told.
func TestSession_TellsWhatFails(t *testing.T) {
	p := live(t, nil)
	p.beats()
	m, _ := p.written()
	p.doubt(m)
	require.Equal(t, messages.OperationFailed{Reason: "no answer", At: p.now}, heard[messages.OperationFailed](t, p.parent))
	p.tell(p.pid, messages.ReadFailed{Round: heard[messages.Read](t, p.outside).Round, Reason: "away", At: p.now})
	require.Equal(t, "away", heard[messages.OperationFailed](t, p.parent).Reason)
	awake[readDue](p)
	p.read(slot("worker-0", 10, partition.Live{Session: "mine", Beat: 1}))
	unheard[messages.OperationFailed](t, p.parent)
	p.beats()
	m, _ = p.written()
	p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "full", At: p.now})
	require.Equal(t, "full", heard[messages.OperationFailed](t, p.parent).Reason)
}

func available(c *sessionConfig) { c.settings.Ownership = partition.Available }

// An Available session goes on after its lease: nothing is suspended, a heartbeat
// may be sent, and one that is accepted makes all as it was.
//
// hazard 56
func TestSession_AvailableOutlivesItsLease(t *testing.T) {
	p := live(t, available)
	p.holder.forget()
	doubt, end := remindOf[suspectDue](t, p.outside), remindOf[leaseDue](t, p.outside)
	p.tell(p.pid, doubt.Mail)
	heard[messages.SessionSuspected](t, p.parent)
	p.tell(p.pid, end.Mail)
	unheard[messages.SessionLost](t, p.parent)
	unheard[messages.Suspend](t, p.holder)
	unheard[messages.DropAll](t, p.holder)
	p.now = p.now.Add(time.Hour)
	p.beats()
	m, _ := p.written()
	require.Zero(t, m.NotAfter)
	p.stored(m, 11, p.now, p.now)
	require.Equal(t, p.now.Add(p.settings.Lease), heard[messages.SessionRenewed](t, p.parent).LeaseEnd)
	p.beats()
	m, _ = p.written()
	p.refuse(m, 12, true)
	p.read(slot("worker-0", 12, partition.Live{Session: "mine", Fence: &partition.Fence{}}))
	heard[messages.SessionLost](t, p.parent)
	heard[messages.DropAll](t, p.holder)
}

// An Available session that cannot write looks whether it was fenced, once for each
// heartbeat: it would never hear of it otherwise.
//
// hazard 63
func TestSession_AvailableLooksWhenItCannotWrite(t *testing.T) {
	p := live(t, available)
	p.tell(p.pid, remindOf[suspectDue](t, p.outside).Mail)
	for range 2 {
		p.beats()
		m, _ := p.written()
		p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "the stream is full", At: p.now})
		p.read(slot("worker-0", 10, partition.Live{Session: "mine", Beat: 1}))
		unheard[messages.Store](t, p.outside)
	}
	p.beats()
	m, _ := p.written()
	p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "the stream is full", At: p.now})
	p.read(messages.Entry{}) // the next heartbeat will be told
	awake[readDue](p)
	p.read(slot("worker-0", 15, partition.Live{Session: "mine", Fence: &partition.Fence{}}))
	require.Contains(t, heard[messages.SessionLost](t, p.parent).Reason, "fenced")
}

// That an earlier heartbeat is stored does not explain the one that is not.
func TestSession_AReadBackOfAnEarlierBeatExplainsNothing(t *testing.T) {
	p := live(t, nil)
	doubt := remindOf[suspectDue](t, p.outside)
	p.beats()
	m, _ := p.written()
	p.doubt(m)
	p.read(slot("worker-0", 10, partition.Live{Session: "mine", Beat: 1}))
	p.tell(p.pid, doubt.Mail)
	require.Equal(t, "no answer", heard[messages.SessionSuspected](t, p.parent).Reason)
}

// Worker 3: who reads no record where its own was writes again, as only a refusal can say that
// the record is gone. An Available session, which has no other end, read for ever.
//
// hazard 57
func TestSession_ARecordThatIsGone(t *testing.T) {
	unread := func(t *testing.T) (*tenancy, messages.Store) {
		p := live(t, available)
		p.tell(p.pid, remindOf[suspectDue](t, p.outside).Mail)
		p.tell(p.pid, remindOf[leaseDue](t, p.outside).Mail)
		p.after(p.settings.Lease)
		p.beats()
		for range 2 { // the store is full
			m, _ := p.written()
			p.doubt(m)
			p.read(messages.Entry{})
			unheard[messages.SessionLost](t, p.parent)
			unheard[messages.Store](t, p.outside) // a little later
			awake[flushDue](p)
		}
		m, _ := p.written()
		require.Equal(t, partition.Revision(10), m.Writes[0].Expect)
		return p, m
	}
	t.Run("it is gone", func(t *testing.T) {
		p, m := unread(t)
		p.refuse(m, 0, true)
		require.Equal(t, "the record is gone from the store", heard[messages.SessionLost](t, p.parent).Reason)
		heard[messages.DropAll](t, p.holder)
	})
	t.Run("the reading was old", func(t *testing.T) {
		p, m := unread(t)
		p.refuse(m, 11, true) // the first one had landed
		p.read(slot("", 11, partition.Live{Session: "mine", Beat: 2}))
		heard[messages.SessionRenewed](t, p.parent)
	})
	t.Run("it is released", func(t *testing.T) {
		p, m := unread(t)
		p.tell(p.pid, messages.EndSession{})
		p.say(messages.Holdings{})
		p.doubt(m)
		p.read(messages.Entry{})
		awake[flushDue](p)
		m, last := p.written()
		require.True(t, last.Released)
		p.refuse(m, 0, true)
		require.Contains(t, heard[messages.SessionReleased](t, p.parent).Reason, "the record is gone")
	})
}

// A heartbeat that was accepted and is lost again, as a store that went back to what it had
// before loses it, is waited for no longer than a lease: who writes then is told.
func TestSession_AHeartbeatThatIsLostAgain(t *testing.T) {
	p := live(t, available)
	p.beats()
	p.accept(12)
	p.beats()
	m, _ := p.written()
	p.doubt(m)
	before := slot("", 10, partition.Live{Session: "mine", Beat: 1})
	p.after(p.settings.Lease - 1)
	p.read(before)
	unheard[messages.Store](t, p.outside)
	awake[readDue](p)
	p.after(1)
	p.read(before)
	unheard[messages.Store](t, p.outside) // a little later
	awake[flushDue](p)
	m, _ = p.written()
	require.Equal(t, partition.Revision(12), m.Writes[0].Expect)
	p.refuse(m, 10, true)
	require.Equal(t, "the store lost a heartbeat that it had accepted", heard[messages.SessionLost](t, p.parent).Reason)
}
