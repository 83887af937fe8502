package actors

import (
	"cmp"
	"strconv"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// printing is a publisher among probes, over a store of which the test answers
// for.
type printing struct {
	*play
	settings                 partition.Settings
	outside, manager, holder *probe
	calculator, debouncer    *probe
	pid                      *actor.PID
	rev                      partition.Revision
	head                     messages.Entry
	asg                      map[partition.WorkerID]partition.Assignment
	rounds                   partition.Round
}

const (
	testTerm = partition.Revision(10)
	mySelf   = partition.WorkerID("w-0")
)

// newPrinting spawns a publisher; nothing is answered yet.
func newPrinting(t *testing.T, fresh bool, changes ...func(*partition.Settings)) *printing {
	p := &printing{
		play: newPlay(t), settings: partition.Default(), rev: 100, asg: map[partition.WorkerID]partition.Assignment{},
		head: messages.Entry{Key: messages.KeyHead},
	}
	for _, change := range changes {
		change(&p.settings)
	}
	p.outside, p.manager, p.holder = p.probe("outside"), p.probe("manager"), p.probe("holder")
	p.calculator, p.debouncer = p.probe("calculator"), p.probe("debouncer")
	p.pid = p.child(publisherProps(publisherConfig{
		settings: p.settings, outside: p.outside.pid, manager: p.manager.pid, holder: p.holder.pid, worker: mySelf, session: "s-w-0",
		term: testTerm, fresh: fresh, until: p.now.Add(time.Hour),
	}), "publisher")
	p.tell(p.pid, introduce{p.calculator.pid, p.debouncer.pid})
	return p
}

// record is the record of term that all reads show.
func record(term partition.Revision) messages.Entry {
	return messages.Entry{Key: messages.KeyTerm, Revision: term, Record: partition.Term{}, Time: time.UnixMilli(5000)}
}

// answerTable answers the reading of term, head and assignments. It returns how
// these were asked for.
func (p *printing) answerTable() []messages.Key {
	p.t.Helper()
	ask := heard[messages.Read](p.t, p.outside)
	require.Equal(p.t, []messages.Key{messages.KeyTerm, messages.KeyHead}, ask.Keys[:2])
	entries := []messages.Entry{record(testTerm), p.head}
	for w, a := range p.asg {
		entries = append(entries, messages.Entry{Key: messages.KeyAssignment(w), Revision: p.head.Revision, Record: a})
	}
	p.tell(p.pid, messages.ReadDone{Round: ask.Round, Entries: entries, At: p.now})
	return ask.Keys[2:]
}

// ready is a publisher in a fresh store, that knows all workers.
func ready(t *testing.T, workers ...partition.WorkerID) *printing {
	p := newPrinting(t, true)
	p.answerTable()
	for _, w := range workers {
		p.beat(w, partition.Live{})
	}
	p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
	heard[messages.TableRead](t, p.calculator)
	return p
}

// beat shows a heartbeat of the worker's only session.
func (p *printing) beat(w partition.WorkerID, live partition.Live) partition.Revision {
	p.rev++
	if live.Session == "" {
		live.Session = partition.SessionID("s-" + w)
	}
	live.Lease = cmp.Or(live.Lease, p.settings.Lease)
	if live.Claim == 0 {
		live.Claim = 5
	}
	seen, _ := partition.Witness{}.See(w, live, p.rev, p.now)
	p.tell(p.pid, messages.Witnessed{Witness: seen, At: p.now})
	return p.rev
}

// want hands a decision over: owners by partition, in the order of a, b, c, …
func (p *printing) want(workers []partition.WorkerID, owners ...int32) {
	var list []partition.Partition
	for i := range owners {
		if name := string(rune('a' + i)); i < 26 {
			list = append(list, partition.Of(name))
		} else {
			list = append(list, partition.Of("z", strconv.Itoa(10_000+i)))
		}
	}
	set, err := partition.NewSet(list)
	require.NoError(p.t, err)
	target := partition.Target{Set: set, Owner: owners}
	for _, w := range workers {
		target.Seats = append(target.Seats, partition.TargetSeat{Worker: w, Session: partition.SessionID("s-" + w)})
	}
	p.rounds++
	p.tell(p.pid, messages.HandOver{Round: p.rounds, Cause: "test", Target: target, At: p.now})
}

// store has the batch that was sent, which must look as a batch does.
func (p *printing) store() messages.Store {
	p.t.Helper()
	m := heard[messages.Store](p.t, p.outside)
	require.Equal(p.t, &messages.FenceOn{Key: messages.KeyTerm, Revision: testTerm}, m.Writes[0].Fence, "the journal carries the fence on the term")
	require.False(p.t, m.NotAfter.IsZero())
	return m
}

func headOf(m messages.Store) partition.Head { return m.Writes[1].Record.(partition.Head) }

// accept answers that the batch is stored.
func (p *printing) accept(m messages.Store) {
	s := messages.Stored{Round: m.Round, Sent: p.now, At: p.now}
	for _, w := range m.Writes {
		p.rev++
		s.Revisions = append(s.Revisions, p.rev)
		p.keep(w)
	}
	p.tell(p.pid, s)
}

// keep notes what the store has from now on.
func (p *printing) keep(w messages.Write) {
	switch r := w.Record.(type) {
	case partition.Head:
		p.head = messages.Entry{Key: w.Key, Revision: p.rev, Record: r}
	case partition.Assignment:
		p.asg[partition.WorkerID(w.Key[len("asg."):])] = r
	}
}

// remind delivers the first reminder of a type, at the instant it is due.
func remind[M any](p *printing) {
	p.t.Helper()
	for i, m := range p.outside.mail {
		r, ok := m.(messages.Remind)
		if _, this := r.Mail.(M); ok && this {
			p.outside.mail = append(p.outside.mail[:i:i], p.outside.mail[i+1:]...)
			if r.From.IsZero() {
				r.From = p.now
			}
			if due := r.From.Add(r.After); due.After(p.now) {
				p.now = due
			}
			p.tell(p.pid, r.Mail)
			return
		}
	}
	p.t.Fatalf("no such reminder: %s", p.outside.kinds())
}

// checks answers the reading after a refusal or doubt.
func (p *printing) checks(term partition.Revision, head messages.Entry, lives ...messages.Entry) {
	p.t.Helper()
	ask := heard[messages.Read](p.t, p.outside)
	require.Equal(p.t, messages.KeyTerm, ask.Keys[0])
	require.Len(p.t, ask.Keys, 2+len(lives))
	p.tell(p.pid, messages.ReadDone{Round: ask.Round, Entries: append([]messages.Entry{record(term), head}, lives...), At: p.now})
}

func (p *printing) conflict(m messages.Store) {
	p.tell(p.pid, messages.Conflicted{Round: m.Round, At: p.now})
}

func (p *printing) unsure(m messages.Store) {
	p.tell(p.pid, messages.Unsure{Round: m.Round, Reason: "no answer", Sent: p.now, At: p.now})
}

var pair = []partition.WorkerID{"w-0", "w-1"}
