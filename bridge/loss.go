package bridge

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
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
		o.lose(ctx, fmt.Sprintf("the stream's last revision is %d, but %d was seen before it was asked: the store went back",
			info.Last, o.stream.asked), true)
	default:
		if err := o.cfg.fits(info.Config); err != nil {
			o.lose(ctx, "the stream was edited: "+err.Error(), false)
		}
	}
}

// older reports whether a stream is a former copy of the one that was open: it
// does not have what was seen in it. Only the one server of a stream without
// replicas knows that; of several, the one that answers may be behind the others.
func (o *outside) older(info StreamInfo) bool {
	return info.Config.Replicas == 1 && info.Config.Incarnation == o.stream.incarnation && info.Last < o.stream.asked
}

// lose ends this incarnation for everybody here.
func (o *outside) lose(ctx actor.Context, reason string, alarm bool) {
	if o.stream.phase != open {
		return
	}
	if alarm {
		o.stream.burnt = o.stream.incarnation
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
