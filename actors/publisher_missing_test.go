package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// dead is a publisher that is about to fence w-0 for its silence, and is refused.
func dead(t *testing.T) (p *printing, at partition.Revision) {
	p = printed(t)
	p.after(p.settings.Wait(p.settings.Lease))
	p.beat("w-1", partition.Live{})
	p.want(pair[1:], 0, 0)
	m := p.store()
	require.True(t, m.Writes[2].Record.(partition.Live).Fence.AfterSilence)
	p.conflict(m)
	return p, m.Writes[2].Expect
}

// nothing answers the readings until it is time to decide anew: there is no record of w-0.
func (p *printing) nothing() messages.Store {
	none := messages.Entry{Key: messages.KeyLive("w-0")}
	p.checks(testTerm, p.head, none)
	unheard[messages.Store](p.t, p.outside)
	p.after(p.settings.StoreTimeout)
	remind[checkDue](p)
	p.checks(testTerm, p.head, none)
	m := p.store()
	require.Equal(p.t, messages.KeyLive("w-0"), m.Writes[2].Key)
	require.Zero(p.t, m.Writes[2].Expect, "it must still have none")
	fenced := m.Writes[2].Record.(partition.Live)
	require.Equal(p.t, &partition.Fence{Term: testTerm}, fenced.Fence, "nobody knows how long it was silent")
	require.EqualValues(p.t, "s-w-0", fenced.Session)
	return m
}

// hazard 57
func TestPublisher_WhoIsSilentHasNoRecordAnyMore(t *testing.T) {
	p, _ := dead(t)
	p.accept(p.nothing())
	require.Zero(t, heard[messages.Published](t, p.calculator).Moves)
	fenced := p.now
	p.after(p.settings.HeartbeatInterval)
	p.beat("w-1", partition.Live{})
	unheard[messages.Store](t, p.outside)
	for p.now.Before(fenced.Add(p.settings.Wait(p.settings.Lease))) {
		p.beat("w-1", partition.Live{})
		unheard[messages.Store](t, p.outside)
		remind[wakeDue](p)
	}
	p.accept(p.store())
	require.Positive(t, heard[messages.Published](t, p.calculator).Moves)
	heard[messages.HandedOver](t, p.calculator)
}

// A reading without the record may be old. The record is seen anew, and its silence counts
// from then on.
func TestPublisher_WhoIsSilentHasARecordAfterAll(t *testing.T) {
	p, at := dead(t)
	p.conflict(p.nothing())
	p.checks(testTerm, p.head, messages.Entry{Key: messages.KeyLive("w-0"), Revision: at, Record: partition.Live{Session: "s-w-0", Claim: 5, Lease: p.settings.Lease}})
	unheard[messages.Store](t, p.outside)
	require.Equal(t, at, p.silentAgain().Writes[2].Expect)
}

// Who is to be fenced has no record any more: the fence expects that, and its lease counts
// from the acknowledgement.
//
// hazard 57
func TestPublisher_QuarantineFencesWhoHasNoRecordAnyMore(t *testing.T) {
	p := lost(t)
	p.beat("w-1", partition.Live{})
	p.complete()
	m, _ := p.fence()
	p.conflict(m)
	p.checksOne(messages.Entry{Key: messages.KeyLive("w-1")})
	remind[quarantineDue](p)
	remind[quarantineDue](p)
	m, who := p.fence()
	require.EqualValues(t, "w-1", who)
	require.Zero(t, m.Writes[1].Expect)
	require.EqualValues(t, "s-w-1", m.Writes[1].Record.(partition.Live).Session)
	p.complete()
	unheard[messages.Store](t, p.outside) // it is under way
	p.accept(m)
	fenced := p.now
	for p.now.Before(fenced.Add(p.settings.Wait(p.settings.Lease))) {
		unheard[messages.TableRead](t, p.calculator)
		remind[quarantineDue](p)
	}
	heard[messages.TableRead](t, p.calculator)
}

// Two old readings, one of no record and one of a session that is over, say nothing of who
// was seen since: it has to be fenced before the next one has what it owns.
//
// hazard 57
func TestPublisher_AFormerSessionComesAfterNobody(t *testing.T) {
	p, at := dead(t)
	p.conflict(p.nothing())
	former := partition.Live{Session: "former", Claim: 2, Lease: p.settings.Lease, Released: true}
	old := messages.Entry{Key: messages.KeyLive("w-0"), Revision: at - 1, Record: former}
	p.checks(testTerm, p.head, old)
	p.after(p.settings.StoreTimeout)
	p.beat("w-1", partition.Live{})
	remind[checkDue](p)
	p.checks(testTerm, p.head, old)
	remind[wakeDue](p) // it rests between two tries
	m := p.store()
	require.Empty(t, headOf(m).Freed)
	require.Zero(t, m.Writes[2].Expect)
	require.EqualValues(t, "s-w-0", m.Writes[2].Record.(partition.Live).Session)
}

// silentAgain is the step that fences w-0, whose silence counts from here.
func (p *printing) silentAgain() messages.Store {
	p.t.Helper()
	from := p.now
	p.after(p.settings.Wait(p.settings.Lease) - 1)
	p.beat("w-1", partition.Live{})
	unheard[messages.Store](p.t, p.outside)
	p.now = from.Add(p.settings.Wait(p.settings.Lease))
	p.want(pair[1:], 0, 0)
	m := p.store()
	require.True(p.t, m.Writes[2].Record.(partition.Live).Fence.AfterSilence)
	return m
}

// The store went back to an older record of who is to be fenced, who may have renewed since
// that: the fence expects it, says what it says, and comes a lease later.
func TestPublisher_WhoIsSilentHasAnOlderRecord(t *testing.T) {
	p, at := dead(t)
	older := partition.Live{Session: "s-w-0", Claim: 2, Beat: 7, Lease: p.settings.Lease}
	e := messages.Entry{Key: messages.KeyLive("w-0"), Revision: at - 1, Record: older}
	p.checks(testTerm, p.head, e)
	unheard[messages.Store](t, p.outside)
	p.after(p.settings.StoreTimeout)
	remind[checkDue](p)
	p.checks(testTerm, p.head, e)
	m := p.silentAgain()
	require.Equal(t, at-1, m.Writes[2].Expect)
	require.EqualValues(t, 7, m.Writes[2].Record.(partition.Live).Beat)
}

// So it is with a head that is lost.
func TestPublisher_AFormerSessionHidesNobody(t *testing.T) {
	p := lost(t)
	p.beat("w-1", partition.Live{Session: "s2", Claim: 8})
	p.complete()
	m, _ := p.fence()
	p.conflict(m)
	p.checksOne(messages.Entry{Key: messages.KeyLive("w-1")})
	remind[quarantineDue](p)
	for range 2 {
		remind[quarantineDue](p)
		m, _ = p.fence()
		require.Zero(t, m.Writes[1].Expect)
		require.EqualValues(t, "s2", m.Writes[1].Record.(partition.Live).Session)
		p.conflict(m)
		former := partition.Live{Session: "s1", Claim: 5, Lease: p.settings.Lease, Released: true}
		p.checksOne(messages.Entry{Key: messages.KeyLive("w-1"), Revision: 6, Record: former})
	}
}

// A reading without the record is older than the renewal that was seen meanwhile.
func TestPublisher_WhoRenewsHasARecord(t *testing.T) {
	p, _ := dead(t)
	p.after(p.settings.StoreTimeout)
	p.beat("w-0", partition.Live{})
	p.checks(testTerm, p.head, messages.Entry{Key: messages.KeyLive("w-0")})
	unheard[messages.Store](t, p.outside)
}

// One reading may be old. What it says of one does not delay the fence of that one because
// another has renewed.
func TestPublisher_OneOldReadingDelaysNoFence(t *testing.T) {
	three := []partition.WorkerID{"w-0", "w-1", "w-2"}
	p := ready(t, three...)
	p.want(three, 0, 2)
	p.accept(p.store())
	p.after(p.settings.Wait(p.settings.Lease))
	p.beat("w-1", partition.Live{})
	p.want(three[1:2], 0, 0)
	m := p.store()
	require.Equal(t, messages.KeyLive("w-2"), m.Writes[3].Key)
	p.conflict(m)
	of := func(id partition.WorkerID, r partition.Revision) messages.Entry {
		live := partition.Live{Session: partition.SessionID("s-" + id), Claim: 2, Lease: p.settings.Lease}
		return messages.Entry{Key: messages.KeyLive(id), Revision: r, Record: live}
	}
	p.rev++
	p.checks(testTerm, p.head, of("w-0", p.rev), of("w-2", m.Writes[3].Expect-1))
	again := p.store()
	require.Equal(t, messages.KeyLive("w-2"), again.Writes[2].Key)
	require.Equal(t, m.Writes[3].Expect, again.Writes[2].Expect)
	require.True(t, again.Writes[2].Record.(partition.Live).Fence.AfterSilence)
}

// The records of those who were to be fenced may not all be answered, again and again: then what
// became of the step is found out without them, and it is decided anew by what was seen since.
func TestPublisher_TheRecordsOfThoseToBeFencedCannotBeRead(t *testing.T) {
	p, _ := dead(t)
	p.after(p.settings.StoreTimeout)
	for range maxFailures {
		ask := heard[messages.Read](t, p.outside)
		require.Equal(t, []messages.Key{messages.KeyTerm, messages.KeyHead, messages.KeyLive("w-0")}, ask.Keys)
		p.tell(p.pid, messages.ReadFailed{Round: ask.Round, Reason: "no answer", At: p.now})
		unheard[messages.Store](t, p.outside)
		remind[checkDue](p)
	}
	p.checks(testTerm, p.head)
	m := p.store()
	require.Equal(t, messages.KeyLive("w-0"), m.Writes[2].Key, "nobody has seen it renew")
	p.conflict(m)
	require.Len(t, heard[messages.Read](t, p.outside).Keys, 3)
}

// A reading shows an older record of who is to be fenced, and a later one the record that was seen
// before: nobody has told anything new of that session by then. It is fenced when it has been
// silent for a lease since, although nothing else happens.
func TestPublisher_WhoIsSilentHasItsRecordAgain(t *testing.T) {
	p, at := dead(t)
	of := func(r partition.Revision) messages.Entry {
		return messages.Entry{Key: messages.KeyLive("w-0"), Revision: r, Record: partition.Live{Session: "s-w-0", Claim: 2, Lease: p.settings.Lease}}
	}
	p.checks(testTerm, p.head, of(at-1))
	p.after(p.settings.StoreTimeout)
	remind[checkDue](p)
	p.checks(testTerm, p.head, of(at-1))
	m := p.silentAgain()
	require.Equal(t, at-1, m.Writes[2].Expect)
	p.conflict(m)
	p.checks(testTerm, p.head, of(at))
	unheard[messages.Store](t, p.outside)
	require.Empty(t, heard[messages.HandedOver](t, p.calculator).Misjudged)
	seen := p.now
	for p.now.Before(seen.Add(p.settings.Wait(p.settings.Lease))) {
		p.beat("w-1", partition.Live{})
		unheard[messages.Store](t, p.outside)
		remind[wakeDue](p)
	}
	m = p.store()
	require.Equal(t, at, m.Writes[2].Expect)
	require.True(t, m.Writes[2].Record.(partition.Live).Fence.AfterSilence)
}
