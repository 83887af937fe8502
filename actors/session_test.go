package actors

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// tenancy is a session among probes: its parent, its holder and the outside.
type tenancy struct {
	*play
	outside, holder *probe
	pid             *actor.PID
	settings        partition.Settings
}

func newTenancy(t *testing.T, change func(*sessionConfig)) *tenancy {
	p := &tenancy{play: newPlay(t), settings: partition.Default()}
	p.outside, p.holder = p.probe("outside"), p.probe("holder")
	cfg := sessionConfig{settings: p.settings, outside: p.outside.pid, holder: p.holder.pid, nonce: "mine"}
	if change != nil {
		change(&cfg)
	}
	p.settings = cfg.settings
	p.pid = p.child(sessionProps(cfg), "session-1")
	return p
}

// scan answers the question for all records.
func (p *tenancy) scan(entries ...messages.Entry) {
	p.t.Helper()
	p.tell(p.pid, messages.ReadDone{Round: heard[messages.Read](p.t, p.outside).Round, Entries: entries, At: p.now})
}

func slot(w partition.WorkerID, revision partition.Revision, live partition.Live) messages.Entry {
	return messages.Entry{Key: messages.KeyLive(w), Revision: revision, Record: live}
}

// written is the write that is under way.
func (p *tenancy) written() (messages.Store, partition.Live) {
	p.t.Helper()
	m := heard[messages.Store](p.t, p.outside)
	require.Len(p.t, m.Writes, 1)
	require.False(p.t, m.Writes[0].Blind)
	return m, m.Writes[0].Record.(partition.Live)
}

// accept answers the write under way: sent and answered now.
func (p *tenancy) accept(revision partition.Revision) partition.Live {
	p.t.Helper()
	m, live := p.written()
	p.stored(m, revision, p.now, p.now)
	return live
}

func (p *tenancy) stored(m messages.Store, revision partition.Revision, sent, at time.Time) {
	p.tell(p.pid, messages.Stored{Round: m.Round, Revisions: []partition.Revision{revision}, Sent: sent, At: at})
}

// refuse answers a write with the revision that stands there; named says whether
// the server told it.
func (p *tenancy) refuse(m messages.Store, revision partition.Revision, named bool) {
	p.tell(p.pid, messages.Conflicted{Round: m.Round, Revision: revision, Named: named, Sent: p.now, At: p.now})
}

func (p *tenancy) doubt(m messages.Store) {
	p.tell(p.pid, messages.Unsure{Round: m.Round, Reason: "no answer", Sent: p.now, At: p.now})
}

// read answers the question for the own record.
func (p *tenancy) read(e messages.Entry) {
	p.t.Helper()
	m := heard[messages.Read](p.t, p.outside)
	e.Key = m.Keys[0]
	p.tell(p.pid, messages.ReadDone{Round: m.Round, Entries: []messages.Entry{e}, At: p.now})
}

// awake is the latest reminder of a type coming due.
func awake[M any](p *tenancy) {
	p.t.Helper()
	p.tell(p.pid, remindOf[M](p.t, p.outside).Mail)
}

// remindOf takes the latest reminder of a type out of the probe's mail.
func remindOf[M any](t *testing.T, b *probe) messages.Remind {
	t.Helper()
	for i := len(b.mail) - 1; i >= 0; i-- {
		if r, ok := b.mail[i].(messages.Remind); ok {
			if _, ok := r.Mail.(M); ok {
				b.mail = append(b.mail[:i:i], b.mail[i+1:]...)
				return r
			}
		}
	}
	var none M
	t.Fatalf("%s was not asked to remind of %T", b.pid.Id, none)
	return messages.Remind{}
}

// say answers the session's latest question to the holder.
func (p *tenancy) say(h messages.Holdings) {
	p.t.Helper()
	for _, m := range p.holder.mail {
		if q, ok := m.(messages.GetHoldings); ok {
			h.Round = q.Round
		}
	}
	require.NotZero(p.t, h.Round, "the holder was not asked")
	p.holder.forget()
	p.tell(p.pid, h)
}

// live brings a session to life as worker-0, at revision 10.
func live(t *testing.T, change func(*sessionConfig)) *tenancy {
	p := newTenancy(t, change)
	p.scan()
	p.accept(10)
	heard[messages.SessionStarted](t, p.parent)
	return p
}

// beats lets a heartbeat go out, of a holder that applied nothing yet.
func (p *tenancy) beats() {
	p.t.Helper()
	awake[beatDue](p)
	p.say(messages.Holdings{Session: "mine"})
}

func TestSession_ClaimsTheLowestFreeID(t *testing.T) {
	p := newTenancy(t, nil)
	p.scan(slot("worker-0", 3, partition.Live{Session: "other", Lease: time.Second}))
	heard[messages.ClaimScanned](t, p.parent)

	m, claim := p.written()
	sent := p.now
	require.Equal(t, messages.KeyLive("worker-1"), m.Writes[0].Key)
	require.Zero(t, m.Writes[0].Expect)
	require.Equal(t, partition.SessionID("mine"), claim.Session)
	p.stored(m, 10, sent, p.after(time.Second))

	s := heard[messages.SessionStarted](t, p.parent)
	require.Equal(t, messages.SessionStarted{
		Worker: "worker-1", Session: "mine", Claim: 10, LeaseEnd: sent.Add(p.settings.Lease), At: p.now,
	}, s, "the lease counts from the sending")
	require.Equal(t, messages.HoldFor{Worker: "worker-1", Session: "mine", LeaseEnd: s.LeaseEnd, Claim: 10}, heard[messages.HoldFor](t, p.holder))
}

func TestSession_ClaimsItsOwnRecordFirst(t *testing.T) {
	p := newTenancy(t, func(c *sessionConfig) { c.settings.InstanceKey = "pod-1" })
	p.scan(
		slot("worker-0", 3, partition.Live{Session: "a", Released: true}),
		slot("worker-4", 7, partition.Live{Session: "b", InstanceKey: "pod-1", Abandoned: []partition.Abandoned{{Partition: "p"}}}),
		slot("worker-5", 9, partition.Live{Session: "c", InstanceKey: "pod-2"}),
	)
	m, claim := p.written()
	require.Equal(t, messages.KeyLive("worker-4"), m.Writes[0].Key)
	require.Equal(t, partition.Revision(7), m.Writes[0].Expect)
	require.Equal(t, partition.SessionID("b"), claim.Predecessor)
	require.False(t, claim.PredecessorReleased)
	require.NotEmpty(t, claim.Abandoned, "what the predecessor wrote off stays known")
}

// hazard 12
func TestSession_ClaimsOnlyWhatWasSilentForLongEnough(t *testing.T) {
	p := newTenancy(t, func(c *sessionConfig) { c.settings.WorkerIDs.Count = 1 })
	other := partition.Live{Session: "other", Lease: 10 * time.Second}
	p.scan(slot("worker-0", 3, other))
	require.Contains(t, heard[messages.ClaimFailed](t, p.parent).Reason, "no worker ID from worker-0 to worker-0 is free")

	again := func(wait time.Duration, revision partition.Revision) {
		awake[scanDue](p)
		p.after(wait)
		p.scan(slot("worker-0", revision, other))
	}
	again(9*time.Second, 4) // it lives
	again(10*time.Second, 4)
	unheard[messages.Store](t, p.outside)
	awake[scanDue](p)
	p.tell(p.pid, messages.ReadFailed{Round: heard[messages.Read](t, p.outside).Round, At: p.after(time.Hour)})
	require.True(t, lastOf[messages.ClaimFailed](t, p.parent).Unreachable)
	unheard[messages.Store](t, p.outside) // a failed read is no silence
	p.now = p.now.Add(-time.Hour)
	again(time.Second+1, 4)
	m, _ := p.written()
	require.Equal(t, partition.Revision(4), m.Writes[0].Expect)
}

// lastOf returns the latest message of a type that the probe heard.
func lastOf[M any](t *testing.T, b *probe) M {
	t.Helper()
	for i := len(b.mail) - 1; i >= 0; i-- {
		if m, ok := b.mail[i].(M); ok {
			return m
		}
	}
	return heard[M](t, b)
}

func TestSession_RefusedClaimGoesOn(t *testing.T) {
	p := newTenancy(t, nil)
	p.scan()
	m, _ := p.written()
	p.refuse(m, 5, true)
	p.read(slot("", 5, partition.Live{Session: "other"}))
	m, _ = p.written()
	require.Equal(t, messages.KeyLive("worker-1"), m.Writes[0].Key)
	p.refuse(m, 0, true)
	m, _ = p.written()
	require.Equal(t, messages.KeyLive("worker-2"), m.Writes[0].Key, "nothing is there")
}

// hazard 14
func TestSession_ClaimInDoubt(t *testing.T) {
	p := newTenancy(t, nil)
	p.scan()
	m, first := p.written()
	sent := p.now
	p.doubt(m)
	awake[claimDue](p)
	m, again := p.written()
	require.Equal(t, first, again, "the same claim, the same nonce")
	p.after(time.Second)
	p.doubt(m)
	awake[claimDue](p)
	m, _ = p.written()
	p.refuse(m, 12, true)
	unheard[messages.Store](t, p.outside)

	p.read(slot("", 11, partition.Live{Session: "other"})) // a read that is older than the refusal says nothing
	unheard[messages.SessionStarted](t, p.parent)
	awake[readDue](p)
	p.read(slot("", 12, first))
	s := heard[messages.SessionStarted](t, p.parent)
	require.Equal(t, partition.WorkerID("worker-0"), s.Worker)
	require.Equal(t, partition.Revision(12), s.Claim)
	require.Equal(t, sent.Add(p.settings.Lease), s.LeaseEnd, "from the first sending")
}

func TestSession_ClaimInDoubtThatAnotherHas(t *testing.T) {
	for name, there := range map[string]partition.Live{
		"another session": {Session: "other"},
		"a fence":         {Session: "mine", Fence: &partition.Fence{Term: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTenancy(t, nil)
			p.scan()
			m, _ := p.written()
			p.doubt(m)
			awake[claimDue](p)
			m, _ = p.written()
			p.refuse(m, 0, false)    // the server named nothing
			p.read(messages.Entry{}) // but something is there
			unheard[messages.SessionLost](t, p.parent)
			awake[claimDue](p)
			m, _ = p.written()
			p.refuse(m, 12, true)
			p.read(slot("", 12, there))
			twin := heard[messages.SessionLost](t, p.parent).Replaced == "worker-0"
			require.Equal(t, there.Fence == nil, twin, "it is not taken back")
			unheard[messages.Store](t, p.outside)
		})
	}
}

// hazard 13
func TestSession_EndsDuringClaim(t *testing.T) {
	p := newTenancy(t, nil)
	p.tell(p.pid, messages.EndSession{})
	heard[messages.SessionReleased](t, p.parent)

	p = newTenancy(t, nil)
	p.scan()
	m, _ := p.written()
	p.tell(p.pid, messages.EndSession{})
	p.doubt(m)
	unheard[messages.SessionReleased](t, p.parent)
	awake[claimDue](p)
	p.accept(10)
	unheard[messages.SessionStarted](t, p.parent)
	unheard[messages.HoldFor](t, p.holder)
	p.say(messages.Holdings{})
	require.True(t, p.accept(11).Released, "a claim under way is awaited and released")
	require.Empty(t, heard[messages.SessionReleased](t, p.parent).Reason)
}

func TestSession_ClaimAnsweredTooLate(t *testing.T) {
	p := newTenancy(t, nil)
	p.scan()
	m, _ := p.written()
	sent := p.now
	p.stored(m, 10, sent, p.after(p.settings.Lease))
	heard[messages.SessionLost](t, p.parent)
	unheard[messages.SessionStarted](t, p.parent)
}
