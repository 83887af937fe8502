package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// calm is the quarantine of a term that found no head, or none that can be used:
// somebody may still own something under a head that was lost. Every session that
// is older than the term is fenced, one after the other, as writes that are fenced
// on one record exclude each other; then all their leases have to end.
type calm struct {
	cause   string
	fencing partition.Witness // the one whose fence is under way
	last    time.Time         // the latest acknowledgement, first that of the term
}

// withoutHead: first this worker drops what it holds itself.
func (p *publisher) withoutHead(ctx actor.Context) publisherState {
	if p.fresh {
		return p.start(ctx)
	}
	return p.quarantine(ctx, "there is no head")
}

func (p *publisher) quarantine(ctx actor.Context, cause string) publisherState {
	p.calm = calm{cause: cause}
	p.round++
	return p.drop(ctx)
}

func (p *publisher) drop(ctx actor.Context) publisherState {
	ctx.Request(p.holder, messages.DropHoldings{Round: p.round, Term: p.term})
	p.calmLater(ctx, p.settings.StoreTimeout)
	return dropping
}

func (p *publisher) dropAgain(ctx actor.Context, m calmDue) publisherState {
	if m.Round != p.wakes {
		return dropping
	}
	p.hear(m.At)
	return p.drop(ctx)
}

func (p *publisher) dropped(ctx actor.Context, m messages.HoldingsDropped) publisherState {
	if m.Round != p.round {
		return dropping
	}
	p.calm.last = p.now
	return p.quieten(ctx)
}

// quieten fences the next session that is older than the term. When there is none
// and all have been seen, it waits for the longest lease.
func (p *publisher) quieten(ctx actor.Context) publisherState {
	if p.calm.fencing.Revision != 0 || !p.complete {
		return calming
	}
	longest := p.settings.Lease
	for _, id := range p.roster.IDs() {
		w := p.roster[id]
		longest = max(longest, w.Live.Lease)
		switch {
		case w.Live.Fence != nil && w.EndedAt.After(p.calm.last):
			p.calm.last = w.EndedAt
		case w.Live.Ended(), w.Live.Session == p.session, w.Live.Claim > p.term:
		default:
			return p.quietenOne(ctx, w)
		}
	}
	end := p.calm.last.Add(p.settings.Wait(longest))
	if p.now.Before(end) {
		p.wakes++
		ctx.Request(p.outside, messages.Remind{From: end, Mail: calmDue{p.wakes, end}})
		return calming
	}
	return p.start(ctx)
}

func (p *publisher) quietenOne(ctx actor.Context, w partition.Witness) publisherState {
	p.calm.fencing = w
	step := max(p.floor(), p.table.Step) + 1
	fence := partition.SessionFence{
		Worker: w.Worker, Revision: w.Revision, Live: w.Live.Fenced(partition.Fence{Term: p.term}),
	}
	record := partition.Journal{
		Step: step, Term: p.term, Leader: p.worker, Cause: p.calm.cause,
		Evidence: []string{fmt.Sprintf("session %s of %s is older than this term and fenced at revision %d", w.Live.Session, w.Worker, w.Revision)},
	}
	p.round++
	ctx.Request(p.outside, messages.Store{
		Round: p.round, NotAfter: p.until,
		Writes: []messages.Write{p.journalWrite(step, record), fenceWrite(fence)},
	})
	return calming
}

func (p *publisher) calmed(ctx actor.Context, m messages.Stored) publisherState {
	if m.Round != p.round {
		return calming
	}
	p.hear(m.At)
	w := p.calm.fencing
	p.sight(w.Worker, w.Live.Fenced(partition.Fence{Term: p.term}), m.Revisions[1], m.At)
	return p.calmOn(ctx)
}

// calmOn goes on after the answer to a fence.
func (p *publisher) calmOn(ctx actor.Context) publisherState {
	p.calm.fencing, p.tries = partition.Witness{}, 0
	return p.quieten(ctx)
}

// calmRefused: it renewed, or a fence in doubt had landed, or the term is over.
func (p *publisher) calmRefused(ctx actor.Context, m messages.Conflicted) publisherState {
	if m.Round == p.round {
		p.hear(m.At)
		p.ask(ctx, messages.KeyTerm, messages.KeyLive(p.calm.fencing.Worker))
	}
	return calming
}

func (p *publisher) calmUnsure(ctx actor.Context, m messages.Unsure) publisherState {
	if m.Round == p.round {
		p.hear(m.At)
		p.ask(ctx, messages.KeyTerm, messages.KeyLive(p.calm.fencing.Worker))
	}
	return calming
}

// calmRead: what is seen counts; without news the same fence is tried again.
func (p *publisher) calmRead(ctx actor.Context, m messages.ReadDone) publisherState {
	if m.Round != p.round {
		return calming
	}
	p.hear(m.At)
	if m.Entries[0].Revision > p.term {
		return p.fail(ctx, "another worker leads", false)
	}
	if live, ok := liveOf(m.Entries[1]); ok {
		p.sight(p.calm.fencing.Worker, live, m.Entries[1].Revision, m.At)
	}
	return p.calmRetry(ctx, "a session of a former term cannot be fenced")
}

func (p *publisher) calmReadFailed(ctx actor.Context, m messages.ReadFailed) publisherState {
	if m.Round != p.round {
		return calming
	}
	p.hear(m.At)
	return p.calmRetry(ctx, m.Reason)
}

func (p *publisher) calmRejected(ctx actor.Context, m messages.Rejected) publisherState {
	if m.Round != p.round {
		return calming
	}
	p.hear(m.At)
	return p.calmRetry(ctx, m.Reason)
}

func (p *publisher) calmRetry(ctx actor.Context, reason string) publisherState {
	p.stumble(ctx, reason)
	p.calm.fencing = partition.Witness{}
	p.calmLater(ctx, p.pause())
	return calming
}

func (p *publisher) calmLater(ctx actor.Context, after time.Duration) {
	p.wakes++
	ctx.Request(p.outside, messages.Remind{From: p.now, After: after, Mail: calmDue{p.wakes, p.now.Add(after)}})
}

func (p *publisher) calmAgain(ctx actor.Context, m calmDue) publisherState {
	if m.Round != p.wakes {
		return calming
	}
	p.hear(m.At)
	return p.quieten(ctx)
}

func (p *publisher) calmNews(ctx actor.Context, m messages.Witnessed) publisherState {
	if !p.see(m) {
		return calming
	}
	return p.quieten(ctx)
}
