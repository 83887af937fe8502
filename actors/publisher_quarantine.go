package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// quarantine is what a term goes through that found no head, or none that can be
// used: somebody may still own something under a head that was lost. Every session
// that is older than the loss is fenced, one after the other, as writes that are
// fenced on one record exclude each other; then all their leases have to end. So has what
// this worker itself does not let go at once, counted from when its record lists that.
type quarantine struct {
	cause   string
	loss    partition.Loss
	fencing partition.Witness     // the one whose fence is under way
	dropped bool                  // this worker was asked to drop what it has, and answered
	left    []partition.Abandoned // what it had not let go then
}

// withoutHead: first this worker drops what it holds itself.
func (p *publisher) withoutHead(ctx actor.Context) publisherState {
	if p.fresh {
		return p.start(ctx)
	}
	if p.headed && !p.believes(0) {
		return p.readLater(ctx, "the reading has no head, and there was one")
	}
	p.damage = damage{}
	return p.beginQuarantine(ctx, "there is no head", p.term, p.table.Seats)
}

// beginQuarantine: the head that was lost had these seats, as far as this term knows.
func (p *publisher) beginQuarantine(ctx actor.Context, cause string, lost partition.Revision, seats []partition.Seat) publisherState {
	p.quarantine = quarantine{cause: cause, loss: partition.Loss{At: lost, Own: p.session, Longest: max(p.settings.Lease, p.longest)}}
	for _, s := range seats {
		p.quarantine.loss.Longest = max(p.quarantine.loss.Longest, s.Lease)
	}
	ctx.Send(p.manager, messages.Quarantined{Term: p.term, Reason: cause, At: p.now})
	p.round++
	return p.drop(ctx)
}

func (p *publisher) drop(ctx actor.Context) publisherState {
	ctx.Request(p.holder, messages.DropHoldings{Round: p.round, Session: p.session, Term: p.term, Step: max(p.highest, p.table.Step)})
	p.quarantineLater(ctx, p.settings.StoreTimeout)
	return dropping
}

func (p *publisher) dropAgain(ctx actor.Context, m quarantineDue) publisherState {
	if m.Round != p.wakes {
		return dropping
	}
	p.hear(m.At)
	return p.drop(ctx)
}

// dropped: what works on yet is written off by then, and every look at the store that
// counts comes later. If this worker's record does not list that in time, as nothing has
// room for it, the next leader may fence this session.
func (p *publisher) dropped(ctx actor.Context, m messages.HoldingsDropped) publisherState {
	if m.Round != p.round {
		return dropping
	}
	q, again := &p.quarantine, p.quarantine.dropped
	q.left, q.dropped, p.emptied = m.Left, true, true
	switch {
	case !again:
		q.loss.From(p.now)
	case !p.listed() && !p.now.Before(q.loss.Since.Add(p.settings.Wait(q.loss.Longest)+2*p.settings.RevokeTimeout)):
		return p.fail(ctx, "this worker's record does not list what it has written off", true)
	case !p.listed():
		p.quarantineLater(ctx, retryDelay)
		return quarantined
	}
	return p.fenceNext(ctx)
}

// listed reports whether this worker's record lists all that it had not let go.
func (p *publisher) listed() bool {
	return p.quarantine.loss.Lists(p.roster[p.worker], p.quarantine.left)
}

// fenceNext fences the next session that is older than the loss. When there is
// none and all have been seen, it waits for the longest lease. If this worker's record
// does not list what was not let go, it is asked again: all may have been let go since.
func (p *publisher) fenceNext(ctx actor.Context) publisherState {
	if p.quarantine.fencing.Worker != "" || !p.complete {
		return quarantined
	}
	loss := &p.quarantine.loss
	for _, id := range p.roster.IDs() {
		if w := p.roster[id]; loss.Await(w) {
			return p.fenceOne(ctx, w)
		}
	}
	end := loss.Since.Add(p.settings.Wait(loss.Longest))
	switch {
	case p.now.Before(end):
		p.wakes++
		ctx.Request(p.outside, messages.Remind{From: end, Mail: quarantineDue{p.wakes, end}})
		return quarantined
	case !p.listed():
		p.round++
		return p.drop(ctx)
	}
	return p.start(ctx)
}

func (p *publisher) fenceOne(ctx actor.Context, w partition.Witness) publisherState {
	p.quarantine.fencing = w
	step := max(p.floor(), p.table.Step) + 1
	fence := partition.SessionFence{
		Worker: w.Worker, Revision: w.Revision, Live: w.Live.Fenced(partition.Fence{Term: p.term}),
	}
	record := partition.Journal{
		Step: step, Term: p.term, Leader: p.worker, Cause: p.quarantine.cause,
		Evidence: []string{fmt.Sprintf("session %s of %s is older than the loss and fenced at revision %d", w.Live.Session, w.Worker, w.Revision)},
	}
	p.round++
	ctx.Request(p.outside, messages.Store{
		Round: p.round, NotAfter: p.until,
		Writes: []messages.Write{p.journalWrite(step, record), fenceWrite(fence)},
	})
	return quarantined
}

func (p *publisher) fenceStored(ctx actor.Context, m messages.Stored) publisherState {
	if m.Round != p.round {
		return quarantined
	}
	p.hear(m.At)
	w := p.quarantine.fencing
	p.sight(w.Worker, w.Live.Fenced(partition.Fence{Term: p.term}), m.Revisions[1], m.At)
	p.quarantine.fencing, p.tries = partition.Witness{}, 0
	p.comesOn(ctx)
	return p.fenceNext(ctx)
}

// fenceRefused: it renewed, or a fence in doubt had landed, or the term is over.
func (p *publisher) fenceRefused(ctx actor.Context, m messages.Conflicted) publisherState {
	return p.readFenced(ctx, m.Round, m.At)
}

func (p *publisher) fenceUnsure(ctx actor.Context, m messages.Unsure) publisherState {
	return p.readFenced(ctx, m.Round, m.At)
}

func (p *publisher) readFenced(ctx actor.Context, round partition.Round, at time.Time) publisherState {
	if round == p.round {
		p.hear(at)
		p.ask(ctx, messages.KeyTerm, messages.KeyLive(p.quarantine.fencing.Worker))
	}
	return quarantined
}

// fenceRead: what is seen counts; without news the same fence is tried again.
func (p *publisher) fenceRead(ctx actor.Context, m messages.ReadDone) publisherState {
	if m.Round != p.round {
		return quarantined
	}
	p.hear(m.At)
	if m.Entries[0].Revision > p.term {
		return p.fail(ctx, "another worker leads", false)
	}
	if live, ok := liveOf(m.Entries[1]); ok {
		p.sight(p.quarantine.fencing.Worker, live, m.Entries[1].Revision, m.At)
	}
	p.missing(m.Entries[1], p.quarantine.fencing.Revision)
	return p.fenceAgain(ctx, "a session of a former term cannot be fenced")
}

func (p *publisher) fenceReadFailed(ctx actor.Context, m messages.ReadFailed) publisherState {
	if m.Round != p.round {
		return quarantined
	}
	p.hear(m.At)
	return p.fenceAgain(ctx, m.Reason)
}

func (p *publisher) fenceRejected(ctx actor.Context, m messages.Rejected) publisherState {
	if m.Round != p.round {
		return quarantined
	}
	p.hear(m.At)
	return p.fenceAgain(ctx, m.Reason)
}

func (p *publisher) fenceAgain(ctx actor.Context, reason string) publisherState {
	p.stumble(ctx, reason)
	p.quarantine.fencing = partition.Witness{}
	p.quarantineLater(ctx, p.pause())
	return quarantined
}

func (p *publisher) quarantineLater(ctx actor.Context, after time.Duration) {
	p.wakes++
	ctx.Request(p.outside, messages.Remind{From: p.now, After: after, Mail: quarantineDue{p.wakes, p.now.Add(after)}})
}

func (p *publisher) quarantineGoesOn(ctx actor.Context, m quarantineDue) publisherState {
	if m.Round != p.wakes {
		return quarantined
	}
	p.hear(m.At)
	return p.fenceNext(ctx)
}

func (p *publisher) quarantineNews(ctx actor.Context, m messages.Witnessed) publisherState {
	if !p.see(m) {
		return quarantined
	}
	return p.fenceNext(ctx)
}
