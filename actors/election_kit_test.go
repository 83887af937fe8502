package actors

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// ballot is an election of worker-1 among probes.
type ballot struct {
	*play
	outside  *probe
	others   *probe
	election *actor.PID
	set      partition.Settings
}

func newBallot(t *testing.T) *ballot { return newBallotOf(t, "worker-1", partition.Default(), 0) }

func newBallotOf(t *testing.T, w partition.WorkerID, set partition.Settings, luck byte) *ballot {
	return newBallotWith(t, electionConfig{settings: set, worker: w, dice: partition.Dice{Entropy: [16]byte{luck}}})
}

func newBallotWith(t *testing.T, cfg electionConfig) *ballot {
	b := &ballot{play: newPlay(t), set: cfg.settings}
	b.outside, b.others = b.probe("outside"), b.probe("others")
	b.outside.only = "election-1"
	cfg.outside, cfg.holder, cfg.strategy, cfg.source, cfg.session = b.outside.pid, b.others.pid, b.others.pid, b.others.pid, "me"
	b.election = b.child(electionProps(cfg), "election-1")
	return b
}

// records is what the store says.
type records map[messages.Key]messages.Entry

// theirs is a store in which another worker leads.
func theirs(rev partition.Revision, beat uint64) records {
	return records{
		messages.KeyLead: {Key: messages.KeyLead, Revision: rev, Record: partition.Lead{Worker: "worker-9", Session: "them", Beat: beat}},
		messages.KeyTerm: {Key: messages.KeyTerm, Revision: 5, Record: partition.Term{Worker: "worker-9", Session: "them", Nonce: "theirs"}},
	}
}

func (b *ballot) say(mail any) { b.tell(b.election, mail) }

// answer answers the pending read.
func (b *ballot) answer(r records) {
	b.t.Helper()
	q := heard[messages.Read](b.t, b.outside)
	var entries []messages.Entry
	for _, k := range q.Keys {
		e := r[k]
		e.Key = k
		entries = append(entries, e)
	}
	b.say(messages.ReadDone{Round: q.Round, Entries: entries, At: b.now})
}

// due takes the latest reminder with such mail that was asked for.
func due[M any](b *ballot) (r messages.Remind, found bool) {
	for _, m := range b.outside.mail {
		if it, ok := m.(messages.Remind); ok {
			if _, ok := it.Mail.(M); ok {
				r, found = it, true
			}
		}
	}
	return r, found
}

// ring lets the time of the latest reminder come.
func ring[M any](b *ballot) {
	b.t.Helper()
	r, found := due[M](b)
	require.True(b.t, found, "no such reminder among %v", b.outside.kinds())
	if r.From.IsZero() {
		r.From = b.now
	}
	if at := r.From.Add(r.After); at.After(b.now) {
		b.now = at
	}
	b.outside.forget()
	b.say(r.Mail)
}

func (b *ballot) refuse(revision partition.Revision) {
	b.t.Helper()
	q := heard[messages.Store](b.t, b.outside)
	b.say(messages.Conflicted{Round: q.Round, Revision: revision, Named: revision != 0, At: b.now})
}

func (b *ballot) accept(revisions ...partition.Revision) {
	b.t.Helper()
	q := heard[messages.Store](b.t, b.outside)
	b.say(messages.Stored{Round: q.Round, Revisions: revisions, Sent: b.now, At: b.now})
}

func (b *ballot) doubt() {
	b.t.Helper()
	q := heard[messages.Store](b.t, b.outside)
	b.say(messages.Unsure{Round: q.Round, Sent: b.now, At: b.now})
}

// stand brings the election to its first candidacy.
func (b *ballot) stand() {
	b.answer(nil)
	ring[leadDue](b)
}

// win brings the election to a term, with revisions 10 and 11.
func (b *ballot) win() {
	b.stand()
	b.accept(10, 11)
	heard[messages.LeadershipGained](b.t, b.parent)
}

// last is the latest Store, which stays unanswered.
func (b *probe) last(t *testing.T) (q messages.Store) {
	t.Helper()
	found := false
	for _, m := range b.mail {
		if it, ok := m.(messages.Store); ok {
			q, found = it, true
		}
	}
	require.True(t, found, "no Store among %v", b.kinds())
	return q
}
