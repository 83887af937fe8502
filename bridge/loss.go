package bridge

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// check asks whether the stream is still the one that was opened.
func (o *outside) check() {
	if o.stream.phase == open {
		o.look(o.stream.try)
	}
}

// compare is an answer about the stream while one is open.
func (o *outside) compare(ctx actor.Context, info StreamInfo, gone bool) {
	switch {
	case gone:
		o.lose(ctx, "the stream is gone", false)
	case info.Result.Outcome != Accepted:
	case info.Config.Incarnation != o.stream.incarnation:
		o.lose(ctx, "the stream was replaced by another incarnation", false)
	case o.older(info):
		o.loseBy(ctx, o.shortOf(info))
	default:
		if err := o.cfg.fits(info.Config); err != nil {
			o.lose(ctx, "the stream was edited: "+err.Error(), false)
		}
	}
}

// older reports whether a stream is a former copy of the one that was open: it
// does not have what was seen in it. Only the one server of a stream without
// replicas knows that; of several, the one that answers may be behind the others, also
// while somebody takes the replicas away. There prove finds it out.
func (o *outside) older(info StreamInfo) bool {
	return info.Config.Replicas == 1 && o.cfg.fits(info.Config) == nil && info.Config.Incarnation == o.stream.incarnation && info.Last < o.stream.asked
}

// shortOf says of such a stream what it lacks.
func (o *outside) shortOf(info StreamInfo) string {
	return fmt.Sprintf("the stream's last revision is %d, but %d was seen before it was asked: the store went back", info.Last, o.stream.asked)
}

// loseBy ends this incarnation by a proof that the store went back: everybody is told.
func (o *outside) loseBy(ctx actor.Context, proof string) {
	o.lose(ctx, proof, true)
	o.stream.why = proof
}

// lose ends this incarnation for everybody here.
func (o *outside) lose(ctx actor.Context, reason string, alarm bool) {
	if o.stream.phase != open {
		return
	}
	if alarm {
		o.stream.burnt, o.stream.why = o.stream.incarnation, ""
	}
	o.log.Warn("the store is lost", "reason", reason, "alarm", alarm)
	o.stream.phase = closed
	o.endAll("the store is lost: " + reason)
	o.bar()
	ctx.Send(o.parent, messages.StoreLost{Reason: reason, Alarm: alarm, At: o.clock.Now()})
	if o.stream.cancel != nil {
		o.stream.cancel() // a question that is under way is of the former one
		o.stream.cancel = nil
	}
	o.stream.asking = false
	o.stream.try++
	o.look(o.stream.try)
}

// endAll ends what is read and watched of a stream that is over.
func (o *outside) endAll(reason string) {
	o.watches.drop(func(*watching) bool { return true })
	for _, id := range slices.Sorted(maps.Keys(o.reads)) {
		o.readFailed(id, Result{Outcome: Unknown, Err: errors.New(reason)})
	}
}

// wentBack returns why a write that was accepted shows that the store is not what it
// was, empty if it is: it has a revision that was given before, or a record had a
// lower revision than it is known to have had.
func (o *outside) wentBack(x *op, first uint64) string {
	switch {
	case first <= x.newest:
		return fmt.Sprintf("an accepted write has revision %d, but %d was seen before it was sent", first, x.newest)
	case x.proof:
		return fmt.Sprintf("%s had revision %d, but was written after revision %d", x.ask.Writes[0].Key, x.least, x.batch[0].Expect.Sequence)
	}
	return ""
}

// disproved reports whether a record of the store shows that it went back. Then the
// incarnation ends here.
func (o *outside) disproved(ctx actor.Context, record any) bool {
	switch r := record.(type) {
	case partition.Head:
		return o.seesHead(ctx, r)
	case partition.Term:
		return o.seesMark(ctx, r)
	}
	return false
}

// seesHead reports whether a head contradicts the latest one that was seen: in one
// incarnation each step is published once, so that one of the two was lost. It may be that
// somebody wrote an older head over it in a store that did not go back: that is an alarm for
// whoever has seen both, and no proof.
func (o *outside) seesHead(ctx actor.Context, h partition.Head) (contradicts bool) {
	known := &o.stream.head
	switch {
	case h.Step < known.Step:
	case h.Step == known.Step && h.Nonce != known.Nonce:
		o.lose(ctx, fmt.Sprintf("there are two heads of step %d: the store went back", h.Step), true)
		return true
	default:
		*known = partition.Head{Step: h.Step, Nonce: h.Nonce}
	}
	return false
}

// prove takes the server at its word, if that is that a record has a lower revision
// than it is known to have had: a server that is behind the others says so, too, but
// only in a store that went back the write is accepted on that. It is a renewal of
// one's own record, so that everybody finds out by the next one.
func (o *outside) prove(x *op, last uint64) bool {
	if last == 0 || len(x.batch) > 1 || x.ask.NotAfter.IsZero() {
		return false
	}
	m := x.batch[0]
	again := m.Expect.Sequence == last
	m.Expect = &Expectation{m.Expect.Subject, last}
	x.proof, x.batch = true, []Message{m}
	if again {
		o.after(leastBackoff, proveAgain{x})
	} else {
		o.submit(x)
	}
	return true
}
