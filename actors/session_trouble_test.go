package actors

import (
	"testing"

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
