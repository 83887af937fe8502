package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A release is the last word, and not taken for said before it is stored.
//
// hazard 4
func TestSession_Release(t *testing.T) {
	p := live(t, nil)
	p.beats()
	m, beat := p.written()
	require.False(t, beat.Released)
	p.tell(p.pid, messages.EndSession{})
	gone := []partition.Abandoned{{Partition: "p", Token: 3}}
	p.say(messages.Holdings{Session: "mine", Applied: 4, Abandoned: gone})
	p.stored(m, 11, p.now, p.now)
	unheard[messages.SessionReleased](t, p.parent) // that was the heartbeat
	m, last := p.written()
	require.True(t, last.Released)
	require.Equal(t, gone, last.Abandoned)
	require.Equal(t, partition.Revision(11), m.Writes[0].Expect)
	p.stored(m, 12, p.now, p.now)
	require.Empty(t, heard[messages.SessionReleased](t, p.parent).Reason)
}

// leaves is a session whose release is under way.
func leaves(t *testing.T) (*tenancy, messages.Store) {
	p := live(t, nil)
	p.tell(p.pid, messages.EndSession{})
	p.say(messages.Holdings{})
	m, _ := p.written()
	return p, m
}

// What was not written is asked for again as long as that may help.
func TestSession_ReleaseRejected(t *testing.T) {
	rejected := func(p *tenancy, m messages.Store) {
		p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "not connected", At: p.now})
	}
	t.Run("rejected for a while", func(t *testing.T) {
		p, m := leaves(t)
		for most := retryDelay; most <= 16*retryDelay; most *= 2 {
			rejected(p, m)
			unheard[messages.SessionReleased](t, p.parent)
			again := remindOf[flushDue](t, p.outside)
			require.Less(t, again.After, most)
			require.GreaterOrEqual(t, again.After, min(most, p.settings.HeartbeatInterval)/2)
			p.tell(p.pid, again.Mail)
			m, _ = p.written()
			require.True(t, m.Writes[0].Record.(partition.Live).Released)
			require.Equal(t, partition.Revision(10), m.Writes[0].Expect)
		}
		p.stored(m, 11, p.now, p.now)
		require.Empty(t, heard[messages.SessionReleased](t, p.parent).Reason)
	})
	t.Run("rejected for good", func(t *testing.T) {
		p, m := leaves(t)
		p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "too large", Final: true, At: p.now})
		require.Equal(t, "the release was not written: too large", heard[messages.SessionReleased](t, p.parent).Reason)
	})
	t.Run("a heartbeat before it is rejected for good", func(t *testing.T) {
		p := live(t, nil)
		p.beats()
		m, _ := p.written()
		p.tell(p.pid, messages.EndSession{})
		p.say(messages.Holdings{})
		p.tell(p.pid, messages.Rejected{Round: m.Round, Reason: "too large", Final: true, At: p.now})
		awake[flushDue](p)
		p.accept(11)
		require.Empty(t, heard[messages.SessionReleased](t, p.parent).Reason)
	})
	t.Run("rejected until the lease ends", func(t *testing.T) {
		p, m := leaves(t)
		rejected(p, m)
		awake[leaseDue](p)
		require.Contains(t, heard[messages.SessionReleased](t, p.parent).Reason, "not known to be stored: the lease ended: no heartbeat was accepted in time: not connected")
	})
	t.Run("rejected when there is no lease any more", func(t *testing.T) { // of an Available worker
		p, m := leaves(t)
		p.after(p.settings.Lease)
		rejected(p, m)
		require.Contains(t, heard[messages.SessionReleased](t, p.parent).Reason, "was not written: not connected")
	})
}

// unreadable is what the question for the own record comes to.
func (p *tenancy) unreadable() {
	p.t.Helper()
	p.tell(p.pid, messages.ReadFailed{Round: heard[messages.Read](p.t, p.outside).Round, Reason: "no answer", At: p.now})
}

func TestSession_ReleaseInTrouble(t *testing.T) {
	t.Run("in doubt", func(t *testing.T) {
		p, m := leaves(t)
		p.doubt(m)
		p.read(slot("", 11, m.Writes[0].Record.(partition.Live)))
		require.Empty(t, heard[messages.SessionReleased](t, p.parent).Reason)
	})
	t.Run("taken", func(t *testing.T) {
		p, m := leaves(t)
		p.refuse(m, 11, true)
		p.read(slot("", 11, partition.Live{Session: "other"}))
		require.NotEmpty(t, heard[messages.SessionReleased](t, p.parent).Reason)
	})
	t.Run("in doubt, and nothing can be read", func(t *testing.T) {
		p, m := leaves(t)
		p.doubt(m)
		p.unreadable()
		unheard[messages.SessionReleased](t, p.parent)
		awake[readDue](p)
		p.read(slot("", 11, m.Writes[0].Record.(partition.Live)))
		require.Empty(t, heard[messages.SessionReleased](t, p.parent).Reason)
	})
	t.Run("in doubt, and nothing can be read when there is no lease any more", func(t *testing.T) { // of an Available worker
		p, m := leaves(t)
		p.after(p.settings.Lease)
		p.doubt(m)
		p.unreadable()
		require.Equal(t, "the release is not known to be stored: no answer", heard[messages.SessionReleased](t, p.parent).Reason)
	})
	t.Run("no answer", func(t *testing.T) {
		p, _ := leaves(t)
		awake[leaseDue](p)
		require.NotEmpty(t, heard[messages.SessionReleased](t, p.parent).Reason)
	})
}
