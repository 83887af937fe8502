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
			p.rests()
		}
	}
}

// rests lets the pause after a reading pass, at whose end the next one begins.
func (p *printing) rests() {
	p.t.Helper()
	from := p.now
	remind[tableDue](p)
	pause := p.now.Sub(from)
	p.now = from
	p.renew(pause)
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

// watched is since when the publisher is: since the lead was renewed.
func (p *printing) watched() time.Time {
	p.renew(p.settings.LeadRenewal())
	return p.now
}

// patient is a publisher that is watched since began, all of whose readings but the last one came
// to nothing. It is not stuck before those have had their time on top of all else, and then it is.
func (p *printing) patient(began time.Time) {
	p.t.Helper()
	took := p.now.Sub(began)
	require.Greater(p.t, took, p.bound())
	unheard[messages.HandOverStalled](p.t, p.manager)
	bound := p.bound() + took - p.settings.StoreTimeout
	p.renew(bound - took - 1)
	unheard[messages.HandOverStalled](p.t, p.manager)
	p.renew(1)
	require.Contains(p.t, heard[messages.HandOverStalled](p.t, p.manager).Reason, "for "+bound.Round(time.Millisecond).String())
}

// A table that was spoilt while something is handed over is read again and again before it is
// given up. That is no part of what a hand-over waits for, and may take longer; more so if it is
// spoilt again meanwhile.
func TestPublisher_IsNotStuckWhileADamagedTableIsRead(t *testing.T) {
	p := spoilt(t)
	began := p.watched()
	p.spoils(readingsToLose - 1)
	p.spoils(readingsToLose)
	require.Contains(t, heard[messages.Quarantined](t, p.manager).Reason, "nonsense")
	p.patient(began)
}

// A term whose readings have no answer, are old, or show no head where there was one, is as long
// in beginning as these take. After some in a row it ends.
func TestPublisher_IsNotStuckWhileReadingsComeToNothing(t *testing.T) {
	unanswered := func(p *printing) {
		ask := heard[messages.Read](p.t, p.outside)
		p.tell(p.pid, messages.ReadFailed{Round: ask.Round, Reason: "no answer in time", At: p.now})
	}
	old := func(p *printing) {
		ask := heard[messages.Read](p.t, p.outside)
		p.tell(p.pid, messages.ReadDone{Round: ask.Round, Entries: []messages.Entry{record(testTerm - 1), p.head}, At: p.now})
	}
	headless := func(p *printing) { p.answerTable() }
	for name, answers := range map[string][]func(*printing){
		"unanswered":          {unanswered},
		"old":                 {old},
		"unanswered, and old": {unanswered, old},
		"without a head":      {headless, unanswered, unanswered, unanswered},
	} {
		t.Run(name, func(t *testing.T) {
			p := &printing{play: newPlay(t), settings: partition.Fast(), head: messages.Entry{Key: messages.KeyHead}}
			p.settings.RevokeTimeout = p.settings.DrainTimeout
			p.outside, p.manager = p.probe("outside"), p.probe("manager")
			p.pid = p.child(publisherProps(publisherConfig{
				settings: p.settings, outside: p.outside.pid, manager: p.manager.pid, term: testTerm, headed: true,
			}), "publisher")
			fruitless := func() { // and the next one is under way
				answers[0](p)
				answers = append(answers[1:], answers[0])
				p.rests()
				p.renew(p.settings.StoreTimeout)
			}
			began := p.watched()
			p.renew(p.settings.StoreTimeout)
			for range 2*triesToTell - 1 {
				fruitless()
			}
			p.patient(began)
		})
	}
}

// If a reading has no end, that is told.
func TestPublisher_TellsThatTheTableCannotBeRead(t *testing.T) {
	p := spoilt(t)
	began := p.watched()
	p.spoils(1)
	bound := p.bound() + p.now.Sub(began)
	p.renew(p.bound())
	require.Equal(t, "nobody gave up or was given anything for "+bound.Round(time.Millisecond).String()+
		": the table is read anew, and what is read cannot be used", heard[messages.HandOverStalled](t, p.manager).Reason)
}
