package bridge

import (
	"cmp"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// mostLost is how many bytes of a reason a mark has.
const mostLost = 300

// marking is an attempt to tell those who remember nothing that a store went back: the
// lead is taken in it, and given up at once, under a term that says so. Whoever leads has
// no term by that and no lead, so that it soon looks who has; a candidate that read the
// former records is refused. It is one question after the other: the term, the lead, and
// the write, on condition that both are as they were read.
//
// Every look at such a stream is a reason for an attempt, as the mark itself may be lost,
// until one is denied.
type marking struct {
	question uint64 // the number of the one under way, 0 if there is none
	prefix   string
	found    []messages.Entry
	cancel   func()
	timer    func()
	denied   bool
	told     string // why the latest failed, as was logged
}

// markKeys are read for a mark, and written.
var markKeys = []messages.Key{messages.KeyTerm, messages.KeyLead}

type (
	markDone struct {
		question uint64
		result   Result
	}
	markLate struct{ question uint64 }
)

// mark begins an attempt, unless one is under way, if there is a proof: a mark that is wrong
// stops the whole group.
func (o *outside) mark(incarnation string) {
	k := &o.stream.mark
	if k.question != 0 || k.denied || o.stream.why == "" {
		return
	}
	k.prefix, k.found = subjectPrefix(o.cfg.Group, incarnation), nil
	o.markNext()
}

// markNext asks for what was not read yet, and writes when all was.
func (o *outside) markNext() {
	k := &o.stream.mark
	op := Op{}
	if n := len(k.found); n < len(markKeys) {
		op.Get = k.prefix + partName(markKeys[n], 0)
	} else {
		batch, err := o.markBatch()
		if err != nil {
			o.unmarked(err.Error())
			return
		}
		op.Publish = batch
	}
	id := o.number()
	k.question = id
	k.timer = o.after(o.times.StoreTimeout, markLate{id})
	k.cancel = o.port.Submit(op, o.times.StoreTimeout, func(r Result) { o.send(markDone{id, r}) })
}

// markBatch is a candidacy of nobody.
func (o *outside) markBatch() (batch []Message, err error) {
	k, s := &o.stream.mark, o.stream
	o.rolls++
	nonce := o.dice.Nonce("mark", o.rolls)
	lead, _ := k.found[1].Record.(partition.Lead)
	for i, record := range []any{
		partition.Term{Worker: o.id, Session: partition.SessionID(nonce), Nonce: nonce, Lost: shortened(s.why, mostLost)},
		partition.Lead{Worker: o.id, Session: partition.SessionID(nonce), Beat: lead.Beat + 1, Released: true},
	} {
		data, _, err := encode(record)
		if err != nil {
			return nil, err
		}
		subject := k.prefix + partName(markKeys[i], 0)
		batch = append(batch, Message{Subject: subject, Data: data, Expect: &Expectation{subject, uint64(k.found[i].Revision)}})
	}
	return batch, nil
}

func (o *outside) markTimedOut(m markLate) {
	if k := &o.stream.mark; k.question == m.question {
		k.cancel()
		o.marked(markDone{m.question, Result{Outcome: Unknown, Err: errLate}})
	}
}

// marked is the answer to a question of an attempt.
func (o *outside) marked(m markDone) {
	k := &o.stream.mark
	if k.question != m.question {
		return
	}
	k.question = 0
	k.timer()
	o.lateHere(m.question, m.result)
	writes := len(k.found) == len(markKeys)
	if writes {
		o.counts.ended(writing, m.result)
	} else {
		o.counts.ended(readingOne, m.result)
	}
	switch {
	case m.result.Code == CodeWrongSequence: // somebody else was faster, to mark it or to lead
	case m.result.Outcome != Accepted:
		k.denied = m.result.Outcome == Denied
		o.unmarked(reason(m.result))
	case writes:
		o.proven()
		k.told = ""
		o.log.Warn("the older copy is marked: nobody leads in it any more", "reason", o.stream.why)
	default:
		o.markFound(m.result)
	}
}

// markFound goes on with an attempt, unless that has its mark already, or a record of a
// newer build has the place.
func (o *outside) markFound(r Result) {
	k := &o.stream.mark
	found := messages.Entry{Key: markKeys[len(k.found)]}
	if r.Sequence != 0 {
		found = entry(found.Key, r.Sequence, r.Time, r.Data)
	}
	k.found = append(k.found, found)
	switch t, _ := found.Record.(partition.Term); {
	case t.Lost != "":
	case found.Newer:
		o.unmarked(found.Fault)
	default:
		o.markNext()
	}
}

// unmarked: the next look tries again. It is logged once.
func (o *outside) unmarked(reason string) {
	if k := &o.stream.mark; k.told != reason {
		k.told = reason
		o.log.Warn("the older copy could not be marked: a worker that remembers nothing may trust it", "reason", reason)
	}
}

// endMark ends an attempt: its stream is over, or this actor.
func (o *outside) endMark() {
	if k := &o.stream.mark; k.question != 0 {
		k.cancel()
		k.timer()
	}
	o.stream.mark = marking{}
}

// seesMark reports whether a term says that the store went back, as somebody knows who
// remembers more. Then the incarnation ends here, too.
func (o *outside) seesMark(ctx actor.Context, t partition.Term) bool {
	if t.Lost == "" {
		return false
	}
	who, why := cmp.Or(printable(string(t.Worker)), "a worker"), shortened(t.Lost, mostLost)
	o.lose(ctx, fmt.Sprintf("the stream went back to an older copy: %s says so: %s", who, why), true)
	o.stream.why = who + ": " + why
	return true
}
