package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// former reports whether mail is of a session that is over, and was interrupted before it
// said this. Whoever follows it then would never be told that its lease is over.
func (h *holder) former(life partition.Round) bool { return life < h.life }

func (h *holder) extend(ctx actor.Context, m messages.HoldUntil) holderState {
	if h.former(m.Round) {
		return h.state
	}
	h.hear(m.At)
	h.leaseEnd = m.LeaseEnd
	h.apply(ctx)
	return h.state
}

// suspend stops the handlers while the lease is in doubt, and tells subscribers that
// they own nothing, so that they have as long to stop. The partitions stay. What
// drains has no longer than the lease either, and nobody waits to be told.
func (h *holder) suspend(ctx actor.Context, m messages.Suspend) holderState {
	if h.former(m.Round) {
		return h.state
	}
	h.hurry(ctx, m.Deadline)
	h.stopAll(ctx)
	if h.state == leaving {
		return leaving
	}
	for it := range h.items.all() {
		if it.phase == working {
			h.items.turn(it, paused)
			h.stopChild(ctx, it, m.Deadline)
		}
	}
	h.starts.queue = nil // all begin anew
	h.state = halted
	h.change++
	h.report(ctx, nil, h.owned)
	return halted
}

// resume first applies what was assigned meanwhile: what was taken away is not
// started again. Subscribers gain the rest anew, under the same tokens.
func (h *holder) resume(ctx actor.Context, m messages.HoldUntil) holderState {
	if h.former(m.Round) {
		return halted
	}
	h.hear(m.At)
	h.state, h.leaseEnd = following, m.LeaseEnd
	h.apply(ctx)
	for it := range h.items.all() {
		if it.phase == paused {
			h.items.turn(it, starting)
		}
		if it.phase == starting {
			h.start(ctx, it)
		}
	}
	h.change++
	h.report(ctx, h.owned, nil)
	return following
}

// drop ends everything at once: the lease is over. So is the session, even if it has not
// said yet that it began.
func (h *holder) drop(ctx actor.Context, m messages.DropAll) holderState {
	if h.former(m.Round) {
		return h.state
	}
	h.life = m.Round + 1
	h.hear(m.At)
	h.forget(ctx)
	h.session, h.nonce, h.latest = nil, "", partition.Assignment{}
	if h.state == leaving {
		return h.left(ctx)
	}
	return absent
}

// doubt ends the session if its step says something else than before: the store lost one of
// the two, and a leader that knows nothing of it would believe that the other one is applied.
func (h *holder) doubt(ctx actor.Context, m messages.Seen, a partition.Assignment) {
	if m.Round != h.round || h.nonce == "" || a.Session != h.nonce || a.Step != h.latest.Step || a.Digest() == h.latest.Digest() {
		return
	}
	reason := fmt.Sprintf("there are two assignments of step %d: the store lost writes", a.Step)
	ctx.Send(ctx.Self(), messages.DropAll{Reason: reason, At: m.At, Round: h.life})
	ctx.Request(ctx.Parent(), messages.SessionLost{Session: h.nonce, Reason: reason, At: m.At})
}

// forget lets go of everything that the session had, without waiting for anybody:
// handlers are stopped, and what they still do is protected by the token alone.
func (h *holder) forget(ctx actor.Context) {
	h.poison.lose(h.now)
	h.starts.queue = nil
	h.stops.reset()
	if h.items.list.Len() == 0 && len(h.pending) == 0 {
		return
	}
	lost := h.owned
	h.owned, h.pending = nil, nil
	h.change++
	for it := range h.items.all() {
		h.items.turn(it, forgotten)
		if it.child != nil {
			ctx.Stop(it.child)
		}
	}
	h.settle(ctx, h.items.all())
	h.report(ctx, nil, lost)
}

// dropHoldings lets go of everything at once, as nothing counts that was assigned
// under the head that was lost. The session goes on; handlers that do not stop
// are written off in its record.
func (h *holder) dropHoldings(ctx actor.Context, m messages.DropHoldings) holderState {
	if m.Session != h.nonce { // of that one nothing is held, and its leader is over
		ctx.Respond(messages.HoldingsDropped{Round: m.Round})
		return h.state
	}
	h.floor, h.stale = max(h.floor, m.Term), max(h.stale, m.Step)
	waits := h.latest.Step > h.applied
	h.applied, h.seen = max(h.applied, h.latest.Step), max(h.seen, h.latest.Step)
	h.bare = h.bare || waits
	if len(h.owned)+len(h.pending)+h.items.count[draining] > 0 {
		lost := h.owned
		h.owned, h.pending, h.bare = nil, nil, true
		h.stops.reset()
		h.change++
		for it := range h.items.all() {
			if it.phase == forgotten || it.phase == abandoned {
				continue
			}
			h.items.turn(it, abandoned)
			it.change = h.change
			if it.child != nil {
				ctx.Stop(it.child)
			}
		}
		h.report(ctx, nil, lost)
		h.news(ctx)
	} else if waits {
		h.lack(ctx)
	}
	ctx.Respond(messages.HoldingsDropped{Round: m.Round, Left: h.holdings(ctx, 0).Abandoned})
	return h.leftIf(ctx)
}

// lack: this session was given something that it does not take.
func (h *holder) lack(ctx actor.Context) {
	h.bare = true
	h.change++
	h.report(ctx, nil, nil)
}

// leave lets everything go, once and for all.
func (h *holder) leave(ctx actor.Context, m messages.LetAllGo) holderState {
	if h.state == absent {
		return h.left(ctx)
	}
	h.state = leaving
	lost := h.owned
	h.owned, h.pending = nil, nil
	h.change++
	for _, o := range lost {
		h.revoke(ctx, itemKey{o.ID, o.Token}, 0, m.Within)
	}
	h.hurry(ctx, h.now.Add(m.Within))
	h.hurryStops(ctx)
	h.leaves++
	ctx.Request(h.outside, messages.Remind{After: m.Within, Mail: leaveDue{h.leaves}})
	h.report(ctx, nil, lost)
	h.news(ctx)
	return h.leftIf(ctx)
}

// leaveOver: what has not been let go by now is written off.
func (h *holder) leaveOver(ctx actor.Context, m leaveDue) holderState {
	if m.Round != h.leaves {
		return leaving
	}
	return h.writeOff(ctx, drainDue{h.change})
}

// leftIf is what a change means to one who waits for the end.
func (h *holder) leftIf(ctx actor.Context) holderState {
	if h.state == leaving && h.items.count[draining] == 0 {
		return h.left(ctx)
	}
	return h.state
}

// left says that nothing is owned, and what did not stop in time.
func (h *holder) left(ctx actor.Context) holderState {
	var running []string
	for it := range h.items.all() {
		running = append(running, fmt.Sprintf("partition %s, token %d: %s", it.owned.ID, it.owned.Token, it.who()))
	}
	if h.owesNews {
		h.news(ctx)
	}
	ctx.Request(ctx.Parent(), messages.AllLetGo{Running: running})
	return empty
}
