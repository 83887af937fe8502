package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// suspend stops the handlers while the lease is in doubt; the partitions stay.
func (h *holder) suspend(ctx actor.Context, m messages.Suspend) holderState {
	for _, it := range h.items.list {
		if it.phase == working {
			h.items.turn(it, paused)
			h.stopChild(ctx, it, m.Deadline)
		}
	}
	return halted
}

func (h *holder) resume(ctx actor.Context, m messages.HoldUntil) holderState {
	h.state, h.leaseEnd, h.now = following, m.LeaseEnd, m.At
	for _, it := range h.items.list {
		if it.phase == paused || it.phase == starting {
			h.items.turn(it, starting)
			h.start(ctx, it)
		}
	}
	h.apply(ctx)
	return following
}

// drop ends everything at once: the lease is over.
func (h *holder) drop(ctx actor.Context, m messages.DropAll) holderState {
	h.now = m.At
	h.forget(ctx)
	h.session, h.nonce, h.latest = nil, "", partition.Assignment{}
	if h.state == leaving {
		return h.left(ctx)
	}
	return absent
}

// forget lets everything go without waiting for handlers: they are stopped, and
// what they still do is protected by the token alone.
func (h *holder) forget(ctx actor.Context) {
	lost := h.owned
	h.owned = nil
	h.change++
	for _, it := range h.items.list {
		h.items.turn(it, forgotten)
		if it.child != nil {
			ctx.Stop(it.child)
		}
	}
	h.settle(ctx)
	h.report(ctx, nil, lost)
}

// dropHoldings: the session goes on, and an assignment that was seen already is
// not applied again.
func (h *holder) dropHoldings(ctx actor.Context, m messages.DropHoldings) {
	if len(h.items.list) > 0 {
		h.applied = h.latest.Step
		h.forget(ctx)
	}
	ctx.Respond(messages.HoldingsDropped{Round: m.Round})
}

// leave lets everything go, once and for all.
func (h *holder) leave(ctx actor.Context, m messages.LetAllGo) holderState {
	h.state = leaving
	lost := h.owned
	h.owned = nil
	h.change++
	for _, o := range lost {
		h.revoke(ctx, itemKey{o.ID, o.Token}, 0)
	}
	h.round++
	ctx.Request(h.outside, messages.Remind{After: m.Within, Mail: leaveDue{h.round}})
	h.report(ctx, nil, lost)
	h.news(ctx)
	return h.leftIf(ctx)
}

func (h *holder) leaveAtOnce(ctx actor.Context, _ messages.LetAllGo) holderState { return h.left(ctx) }

func (h *holder) leaveOver(ctx actor.Context, m leaveDue) holderState {
	if m.Round == h.round && h.abandon(h.change) {
		h.news(ctx)
	}
	return h.leftIf(ctx)
}

// leftIf is what a change means to one who waits for the end.
func (h *holder) leftIf(ctx actor.Context) holderState {
	if h.state == leaving && h.items.count[draining] == 0 {
		return h.left(ctx)
	}
	return h.state
}

func (h *holder) left(ctx actor.Context) holderState {
	var running []string
	for _, it := range h.items.list {
		if it.child != nil {
			running = append(running, fmt.Sprintf("partition %s, token %d: %s", it.owned.ID, it.owned.Token, it.child.Id))
		}
	}
	ctx.Send(ctx.Parent(), messages.AllLetGo{Running: running})
	return empty
}
