package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// spoils writes nonsense over the head, and answers with it as late as may be until the leader
// gives it up, or often enough.
func (p *printing) spoils(readings int) {
	p.t.Helper()
	p.head = messages.Entry{Key: messages.KeyHead, Revision: p.head.Revision + 1000, Fault: "nonsense"}
	for i := range readings {
		p.renew(p.settings.StoreTimeout)
		p.answerTable()
		if i < readingsToLose-1 {
			due := p.now
			remind[tableDue](p)
			late := p.now.Sub(due)
			p.now = due
			p.renew(late)
		}
	}
}

// spoilt is a publisher whose head was spoilt before its step arrived, and that reads the table.
func spoilt(t *testing.T) *printing {
	p := newPrinting(t, true, func(s *partition.Settings) {
		*s = partition.Fast()
		s.RevokeTimeout = s.DrainTimeout
	})
	p.answerTable()
	for _, w := range pair {
		p.beat(w, partition.Live{})
	}
	p.complete()
	p.want(pair, 0, 1)
	p.conflict(p.store())
	p.checks(testTerm, messages.Entry{Key: messages.KeyHead, Revision: p.head.Revision + 1000, Fault: "nonsense"})
	return p
}

// rereads is how long it may take to give up one head.
func (p *printing) rereads() time.Duration {
	return readingsToLose * (mostDelay + p.settings.StoreTimeout)
}

// A table that was spoilt while something is handed over is read again and again before it is
// given up. That is no part of what a hand-over waits for, and may take longer; more so if it is
// spoilt again meanwhile.
func TestPublisher_IsNotStuckWhileADamagedTableIsRead(t *testing.T) {
	p := spoilt(t)
	began := p.now
	p.spoils(readingsToLose - 1)
	p.spoils(readingsToLose)
	require.Greater(t, p.now.Sub(began), p.bound())
	unheard[messages.HandOverStalled](t, p.manager)
	require.Contains(t, heard[messages.Quarantined](t, p.manager).Reason, "nonsense")
	bound := p.bound() + 2*p.rereads()
	p.renew(bound - p.now.Sub(began))
	unheard[messages.HandOverStalled](t, p.manager)
	p.renew(p.settings.LeadRenewal())
	require.Contains(t, heard[messages.HandOverStalled](t, p.manager).Reason, "for "+bound.Round(time.Millisecond).String())
}

// If the readings themselves have no end, that is told.
func TestPublisher_TellsThatTheTableCannotBeRead(t *testing.T) {
	p := spoilt(t)
	p.spoils(1)
	p.renew(p.bound() + p.rereads() + p.settings.LeadRenewal())
	require.Equal(t, "nobody gave up or was given anything for "+(p.bound()+p.rereads()).Round(time.Millisecond).String()+
		": the table is read anew, and what is read cannot be used", heard[messages.HandOverStalled](t, p.manager).Reason)
}
