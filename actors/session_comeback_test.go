package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// The last heartbeat of a process that crashed may arrive while its successor
// claims: the successor looks again, and has the same ID.
//
// hazard 16
func TestSession_ALastHeartbeatOfItsPredecessorDoesNotCostTheID(t *testing.T) {
	p := newTenancy(t, func(c *sessionConfig) { c.settings.InstanceKey = "pod-1" })
	former := partition.Live{Session: "former", InstanceKey: "pod-1", Lease: p.settings.Lease}
	p.scan(slot("worker-0", 4, partition.Live{Session: "other", Released: true}), slot("worker-3", 5, former))
	m, _ := p.written()
	require.Equal(t, messages.KeyLive("worker-3"), m.Writes[0].Key)
	p.refuse(m, 6, true)
	awake[scanDue](p)
	p.scan(slot("worker-0", 4, partition.Live{Session: "other", Released: true}), slot("worker-3", 6, former))
	m, live := p.written()
	require.Equal(t, messages.KeyLive("worker-3"), m.Writes[0].Key)
	require.EqualValues(t, 6, m.Writes[0].Expect)
	require.Equal(t, partition.SessionID("former"), live.Predecessor)
}
