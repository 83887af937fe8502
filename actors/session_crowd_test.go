package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// One of many that claim at once leaves IDs out, and looks again when there are no
// more: somebody may have left out what it could have had.
func TestSession_OneOfACrowd(t *testing.T) {
	p := newTenancy(t, func(c *sessionConfig) { c.settings.WorkerIDs.Count = 40 })
	p.scan()
	tried := map[messages.Key]bool{}
	for len(p.outside.mail) > 0 {
		m, ok := p.outside.mail[0].(messages.Store)
		if !ok {
			break
		}
		p.outside.forget()
		tried[m.Writes[0].Key] = true
		p.refuse(m, 5, true)
		p.read(slot("", 5, partition.Live{Session: "other"}))
	}
	require.Greater(t, len(tried), partition.InTurn)
	require.Less(t, len(tried), 40)
	unheard[messages.ClaimFailed](t, p.parent)
	awake[scanDue](p)
	p.scan()
	m, _ := p.written()
	require.Equal(t, messages.KeyLive("worker-0"), m.Writes[0].Key)
	p.refuse(m, 5, true)
	p.read(slot("", 5, partition.Live{Session: "other"}))
	m, _ = p.written()
	require.NotEqual(t, messages.KeyLive("worker-1"), m.Writes[0].Key, "the crowd is still there")
}

// A store that does not answer everybody at once is asked by each at another time,
// and less and less often.
func TestSession_ScansThatFailGetSparse(t *testing.T) {
	pauses := func(luck byte) (all []time.Duration) {
		p := newTenancy(t, func(c *sessionConfig) { c.dice = partition.Dice{Entropy: [16]byte{luck}} })
		for range 6 {
			p.tell(p.pid, messages.ReadFailed{Round: heard[messages.Read](t, p.outside).Round, At: p.now})
			r := remindOf[scanDue](t, p.outside)
			all = append(all, r.After)
			p.tell(p.pid, r.Mail)
		}
		return all
	}
	one, other := pauses(1), pauses(2)
	require.NotEqual(t, one, other)
	set := partition.Default()
	for i := range one {
		require.LessOrEqual(t, one[i], set.HeartbeatInterval)
		require.GreaterOrEqual(t, one[i], min(retryDelay<<i, set.HeartbeatInterval/2))
	}
}

// A claim that comes twice stands in its own way, if the answer to the first is lost: with
// another ID besides, the session had two.
func TestSession_ClaimThatComesTwice(t *testing.T) {
	p := newTenancy(t, nil)
	p.scan()
	m, first := p.written()
	sent := p.now
	p.refuse(m, 5, true)
	p.after(time.Second)
	p.read(messages.Entry{}) // from before
	awake[claimDue](p)
	m, again := p.written()
	require.Equal(t, first, again)
	p.refuse(m, 5, true)
	p.read(slot("", 5, first))
	s := heard[messages.SessionStarted](t, p.parent)
	require.Equal(t, partition.WorkerID("worker-0"), s.Worker)
	require.Equal(t, partition.Revision(5), s.Claim)
	require.Equal(t, sent.Add(p.settings.Lease), s.LeaseEnd)
	unheard[messages.Store](t, p.outside)
}

// What refused a claim may be gone when it is to be read: no reading is as new as the refusal
// then, and the claim is sent again, whose answer says what is there.
func TestSession_WhatRefusedAClaimIsGone(t *testing.T) {
	gone := func(t *testing.T, in func(p *tenancy, m messages.Store) messages.Store) (*tenancy, messages.Store) {
		p := newTenancy(t, nil)
		p.scan(slot("worker-0", 3, partition.Live{Session: "other", Released: true}))
		m, first := p.written()
		m = in(p, m)
		p.refuse(m, 5, true)
		p.read(messages.Entry{})
		unheard[messages.Store](t, p.outside)
		awake[claimDue](p)
		m, again := p.written()
		require.Equal(t, first, again, "the same claim, the same nonce")
		return p, m
	}
	t.Run("another's", func(t *testing.T) {
		p, m := gone(t, func(_ *tenancy, m messages.Store) messages.Store { return m })
		p.refuse(m, 0, true)
		m, _ = p.written()
		require.Equal(t, messages.KeyLive("worker-1"), m.Writes[0].Key)
	})
	t.Run("perhaps its own", func(t *testing.T) {
		p, m := gone(t, func(p *tenancy, m messages.Store) messages.Store {
			p.doubt(m)
			awake[claimDue](p)
			m, _ = p.written()
			return m
		})
		p.refuse(m, 0, true)
		require.Equal(t, "the record is gone from the store", heard[messages.SessionLost](t, p.parent).Reason)
	})
}
