package bridge

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// ops are the writes under way and those that wait for their turn.
type ops struct {
	pending   map[uint64]*op
	queue     []*op
	lateInRow int
	counted   time.Time // when the latest of those ended
	moved     uint64    // the number of the latest operation when this server was left
	moves     int       // how often one was left since a write had an answer
}

// op is one Store on its way.
type op struct {
	client *client
	ask    messages.Store
	batch  []Message
	// first has, for each write, the index of the message of its part 0.
	first  []int
	bases  []*left
	sent   time.Time
	newest uint64 // the highest revision known when it was sent
	least  uint64 // of the revisions that records are expected to have
	proof  bool   // it is sent again as the server said that it would be accepted
	prefix string
	cancel func()
	timer  func()
}

type (
	opDone struct {
		id     uint64
		result Result
	}
	opLate     struct{ id uint64 }
	proveAgain struct{ x *op }
)

// store takes a write. What cannot be sent at all is rejected at once.
func (o *outside) store(ctx actor.Context, m messages.Store) {
	x := &op{client: o.client(ctx), ask: m}
	if o.former.has(x.client.pid) {
		o.turnAway(x, "what it rests on was of a stream that is no more", true)
		return
	}
	x.client.asked, x.client.wrote = true, true
	if err := o.compose(x); err != nil {
		o.turnAway(x, err.Error(), o.stream.phase != closed)
		return
	}
	switch {
	case len(o.ops.pending) < MaxInFlight:
		o.submit(x)
	case len(o.ops.queue) < MaxQueued:
		o.ops.queue = append(o.ops.queue, x)
	default:
		o.turnAway(x, fmt.Sprintf("%d operations are waiting already", MaxQueued), false)
	}
}

func (o *outside) reject(x *op, reason string, final bool) {
	o.answer(x.client, messages.Rejected{Round: x.ask.Round, Reason: reason, Final: final, At: o.clock.Now()})
}

// compose makes the messages of a write. Bases take the room that is left in the batch.
func (o *outside) compose(x *op) error {
	if o.stream.phase != open {
		return fmt.Errorf("the store is not open")
	}
	x.prefix = o.stream.prefix
	for _, room := range []int{MaxBatch - len(x.ask.Writes), 0} {
		if err := x.fill(room); err != nil {
			return err
		}
		if len(x.batch) <= MaxBatch {
			break
		}
	}
	if len(x.batch) == 0 || len(x.batch) > MaxBatch {
		return fmt.Errorf("the write has %d messages; must have 1 to %d", len(x.batch), MaxBatch)
	}
	return nil
}

// fill makes them with room for so many messages besides one for each record.
func (x *op) fill(room int) error {
	x.batch, x.first, x.bases, x.least = nil, nil, nil, math.MaxUint64
	for _, w := range x.ask.Writes {
		pieces, base, err := x.client.bases.split(w, room > 0)
		if err != nil {
			return err
		}
		room -= len(pieces) - 1
		if base != nil {
			base.at += len(x.batch)
			x.bases = append(x.bases, base)
		}
		for _, p := range pieces {
			msg := Message{Subject: x.prefix + p.name, Data: p.data}
			if p.name == partName(w.Key, 0) {
				x.first = append(x.first, len(x.batch))
				msg.Expect = expect(x.prefix, w, p)
			}
			if msg.Expect != nil && p.rest == 0 {
				x.least = min(x.least, msg.Expect.Sequence)
			}
			x.batch = append(x.batch, msg)
		}
	}
	return nil
}

// expect is the condition of a write, on its own base if it is a delta.
func expect(prefix string, w messages.Write, p named) *Expectation {
	switch {
	case p.rest != 0:
		return &Expectation{Subject: prefix + p.on, Sequence: p.rest}
	case w.Fence != nil:
		return &Expectation{Subject: prefix + partName(w.Fence.Key, 0), Sequence: uint64(w.Fence.Revision)}
	case w.Blind:
		return nil
	}
	return &Expectation{Subject: prefix + partName(w.Key, 0), Sequence: uint64(w.Expect)}
}

// submit hands a write to the port, unless it is too late for it. This is the one
// place that compares a leader's or a session's last instant with the clock.
func (o *outside) submit(x *op) {
	now := o.clock.Now()
	switch {
	case o.stream.phase != open || x.prefix != o.stream.prefix:
		o.turnAway(x, "the store is not open", o.stream.phase != closed)
		return
	case !x.ask.NotAfter.IsZero() && !now.Before(x.ask.NotAfter):
		o.turnAway(x, "it was too late to send it: the lease that it rests on has ended", true)
		return
	}
	id := o.number()
	x.sent, x.newest = now, o.stream.newest
	o.ops.pending[id] = x
	x.timer = o.after(o.times.StoreTimeout, opLate{id})
	x.cancel = o.port.Submit(Op{Publish: x.batch}, o.times.StoreTimeout, func(r Result) { o.send(opDone{id, r}) })
}

func (o *outside) opTimedOut(ctx actor.Context, id uint64) {
	x := o.ops.pending[id]
	if x == nil {
		return
	}
	x.cancel()
	o.opEnded(ctx, id, Result{Outcome: Unknown, Err: errLate})
}

// late counts times without an answer, whoever noticed them. Several in a row mean
// that this server may be cut off from the others: it is left. One that is cut off
// is not always silent: it answers at once that another write is in flight, or that
// nobody leads the stream. So a StoreTimeout counts once, however many operations
// end in it: an election may end before. Only writes prove that a server is not cut
// off: it goes on answering questions for a while.
//
// Each move in vain doubles the patience for the next. A store that is slow since
// everybody asks too much of it must not have to bear reconnects as well.
func (o *outside) late(r Result) {
	now := o.clock.Now()
	if r.Outcome != Unknown || errors.Is(r.Err, errAway) || now.Sub(o.ops.counted) < o.times.StoreTimeout {
		return
	}
	o.ops.counted = now
	if o.ops.lateInRow++; o.ops.lateInRow >= timeoutsToMove<<min(o.ops.moves, doublingsToMove) {
		o.log.Warn("no answers: leaving this server", "timeouts", o.ops.lateInRow)
		o.ops.lateInRow, o.ops.moved = 0, o.count
		o.ops.moves++
		o.counts.Reconnects++
		o.port.Reconnect()
	}
}

// proven: a write had an answer, so this server is not cut off.
func (o *outside) proven() { o.ops.lateInRow, o.ops.moves = 0, 0 }

// lateHere is late, unless the operation began at a server that was left since: it
// says nothing about the present one.
func (o *outside) lateHere(number uint64, r Result) {
	if number > o.ops.moved {
		o.late(r)
	}
}

func (o *outside) opEnded(ctx actor.Context, id uint64, r Result) {
	x := o.ops.pending[id]
	if x == nil {
		return
	}
	delete(o.ops.pending, id)
	x.timer()
	o.lateHere(id, r)
	o.counts.ended(writing, r)
	o.judge(ctx, x, r)
	for len(o.ops.queue) > 0 && len(o.ops.pending) < MaxInFlight {
		o.submit(o.ops.next())
	}
}

// next takes the first one of the queue, which has nothing of it any more: its batch may be large.
func (o *ops) next() *op {
	first := o.queue[0]
	o.queue[0], o.queue = nil, o.queue[1:]
	return first
}

// judge turns an outcome into mail.
func (o *outside) judge(ctx actor.Context, x *op, r Result) {
	now := o.clock.Now()
	switch r.Outcome {
	case Accepted:
		o.proven()
		if x.prefix != o.stream.prefix || o.stream.phase != open {
			o.answer(x.client, messages.Unsure{Round: x.ask.Round, Reason: "the stream was replaced", Sent: x.sent, At: now})
			return
		}
		first := r.Sequence - uint64(len(x.batch)) + 1
		if reason := o.wentBack(x, first); reason != "" {
			o.loseBy(ctx, reason+": the store went back")
			o.answer(x.client, messages.Unsure{Round: x.ask.Round, Reason: "the store went back", Sent: x.sent, At: now})
			return
		}
		o.sighted(r.Sequence)
		for _, w := range x.ask.Writes {
			if o.disproved(ctx, w.Record) {
				o.answer(x.client, messages.Unsure{Round: x.ask.Round, Reason: "the store went back", Sent: x.sent, At: now})
				return
			}
		}
		revisions := make([]partition.Revision, len(x.first))
		for i, at := range x.first {
			revisions[i] = partition.Revision(first + uint64(at))
		}
		x.client.bases.keep(x.bases, first)
		o.counts.led(x.ask.Writes)
		o.logWritten(x.ask.Writes, revisions)
		o.answer(x.client, messages.Stored{Round: x.ask.Round, Revisions: revisions, Sent: x.sent, At: now})
	case Unknown:
		o.check()
		if x.proof {
			o.after(leastBackoff, proveAgain{x})
			return
		}
		o.answer(x.client, messages.Unsure{Round: x.ask.Round, Reason: reason(r), Sent: x.sent, At: now})
	case Denied:
		o.reject(x, reason(r), true)
		o.deny(ctx, "writing is not permitted", r.Err)
	default:
		o.refused(x, r, now)
	}
}

// refused: nothing was written, as the server answered, or as there is no connection to
// it. In a batch it does not say which condition failed.
func (o *outside) refused(x *op, r Result, now time.Time) {
	if !errors.Is(r.Err, errAway) {
		o.proven()
	}
	if r.Code == CodeWrongSequence {
		if r.HasLast && r.Last < x.least {
			o.check() // records are gone, or the store went back
			if o.prove(x, r.Last) {
				return
			}
		}
		o.answer(x.client, messages.Conflicted{
			Round: x.ask.Round, Revision: partition.Revision(r.Last), Named: r.HasLast && len(x.batch) == 1, Sent: x.sent, At: now,
		})
		return
	}
	if r.Code == CodeStreamNotFound {
		o.check()
	}
	o.reject(x, reason(r), r.Code == CodeTooLarge)
}

func reason(r Result) string {
	if r.Err == nil {
		return "no reason was given"
	}
	return printable(r.Err.Error())
}
