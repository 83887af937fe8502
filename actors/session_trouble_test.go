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
