package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	// gatherAcks is how long acknowledgements are gathered before one publish
	// answers them all.
	gatherAcks = 20 * time.Millisecond
	// manyRows take longer to look at than to gather: not each acknowledgement is a reason.
	manyRows = 5000
	// maxRevoked is how many publishes are remembered that revoked something,
	// before those that no row names any more are forgotten.
	maxRevoked = 100
)

// ackGathering says whether acknowledgements are gathered.
type ackGathering int

const (
	gatherNone ackGathering = iota
	gatherOpen
	gatherOver
)

// keep takes the latest decision for when what is under way has ended.
func (p *publisher) keep(_ actor.Context, m messages.HandOver) publisherState {
	p.hear(m.At)
	p.want = &handover{HandOver: m}
	return p.state
}

func (p *publisher) handOver(ctx actor.Context, m messages.HandOver) publisherState {
	p.keep(ctx, m)
	return p.step(ctx)
}

// evidence may be what a hand-over waits for. A plain heartbeat is not, unless something
// is blocked because there was none.
func (p *publisher) evidence(ctx actor.Context, m messages.Witnessed) publisherState {
	if !p.see(m) || p.gathering(ctx) {
		return p.state
	}
	return p.step(ctx)
}

// gathering lets evidence about a large table wait for more, as long as the end of that is
// about to be told.
func (p *publisher) gathering(ctx actor.Context) bool {
	switch {
	case p.state != gaining || len(p.table.Rows) < manyRows:
		return false
	case p.gather == gatherOpen:
		return p.now.Before(p.gatherEnd)
	}
	p.gatherMore(ctx)
	return true
}

func (p *publisher) wake(ctx actor.Context, m wakeDue) publisherState {
	if m.Round != p.wakes {
		return p.state
	}
	p.hear(m.At)
	return p.step(ctx)
}

func (p *publisher) gathered(ctx actor.Context, m gatherDue) publisherState {
	if m.Round != p.gathers {
		return gaining
	}
	p.hear(m.At)
	p.gather = gatherOver
	return p.step(ctx)
}

// step looks for the next step of the hand-over and takes it, or waits for what
// it needs. It looks at the table and the evidence alone, so it does not matter
// who began what is on its way. A table that somebody has outrun is read again, and nothing
// is granted by it.
func (p *publisher) step(ctx actor.Context) publisherState {
	_, _, outrun := p.table.Outrun(p.roster)
	switch {
	case outrun:
		return p.readTable(ctx)
	case p.want == nil:
		return settled
	case !p.complete:
		return gaining
	case p.now.Before(p.rest):
		p.wakeAt(ctx, p.rest)
		return gaining
	}
	version := p.want.version
	if version == 0 {
		version = p.table.Version + 1
	}
	out := partition.Next(p.table, version, p.want.Target, partition.Facts{
		Now: p.now, Rules: p.settings.Rules(p.grace), Roster: p.roster, Replaced: p.replaced, RevokedAt: p.revoked, Since: p.since,
		Term: p.term, Floor: p.floor(),
	})
	p.want.silent, p.stall.blocked = p.silent(out.Blocked), out.Blocked > 0
	switch {
	case out.Publish == nil && out.Outstanding == 0:
		return p.handedOver(ctx, out)
	case out.Publish == nil:
		p.wakeAt(ctx, out.Wake)
		return gaining
	case p.want.begun && out.Frees > 0 && out.Waiting > 0 && p.gather != gatherOver:
		p.gatherMore(ctx)
		return gaining
	}
	p.want.version = version
	return p.publish(ctx, *out.Publish)
}

// silent are those of the target that do not renew, if anything is blocked.
func (p *publisher) silent(blocked int) map[partition.WorkerID]bool {
	if blocked == 0 {
		return nil
	}
	out := map[partition.WorkerID]bool{}
	for _, s := range p.want.Target.Seats {
		if !p.renews(s.Worker) {
			out[s.Worker] = true
		}
	}
	return out
}

// gatherMore waits a little for the others that are to let go.
func (p *publisher) gatherMore(ctx actor.Context) {
	if p.gather == gatherOpen {
		return
	}
	p.gather = gatherOpen
	p.gathers++
	p.gatherEnd = p.now.Add(gatherAcks)
	ctx.Request(p.outside, messages.Remind{From: p.gatherEnd, Mail: gatherDue{p.gathers, p.gatherEnd}})
}

func (p *publisher) wakeAt(ctx actor.Context, at time.Time) {
	p.wakes++ // an earlier wish to be woken is void
	if !at.IsZero() {
		ctx.Request(p.outside, messages.Remind{From: at, Mail: wakeDue{p.wakes, at}})
	}
}

// handedOver: the table is as near to the target as it can come. What is blocked
// stays wanted, for when there is news.
func (p *publisher) handedOver(ctx actor.Context, out partition.Outlook) publisherState {
	w := p.want
	p.comesOn(ctx)
	if !w.done {
		w.done = true
		ctx.Send(p.calculator, messages.HandedOver{
			Round: w.Round, Table: p.table, Changed: w.begun, Moves: w.moves, Misjudged: out.Misjudged, At: p.now,
		})
	}
	if out.Blocked == 0 {
		p.want = nil
		return settled
	}
	p.wakeAt(ctx, p.silence())
	return settled
}

// silence is when somebody may be silent again who blocks what is wanted, as a reading has shown
// an older record than was seen, and another one that very record: here its silence begins anew,
// and whoever decides knows it to be silent and tells nothing more. Zero if there is nobody.
func (p *publisher) silence() (first time.Time) {
	wanted := map[partition.SessionID]bool{}
	for _, s := range p.want.Target.Seats {
		wanted[s.Session] = true
	}
	for _, s := range p.table.Seats {
		w := p.roster[s.Worker]
		if wanted[s.Session] || w.Live.Session != s.Session || w.Revision > p.floors[s.Worker] {
			continue
		}
		if at := w.Turns(p.now, p.settings.Rules(p.grace)); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// publish sends one step as one atomic batch: the journal carries the fence on
// the term, the head the condition on the former head.
func (p *publisher) publish(ctx actor.Context, next partition.Publish) publisherState {
	if !p.want.begun {
		p.want.begun = true
		ctx.Send(p.calculator, messages.PublishBegun{Round: p.want.Round, At: p.now})
	}
	p.gather, p.want.done = gatherNone, false
	p.gathers++
	p.nonces++
	next.Table.Nonce = p.dice.Nonce("publish", p.nonces)
	writes := []messages.Write{
		p.journalWrite(next.Table.Step, next.Journal(p.worker, p.want.Cause, p.want.Evidence, p.want.Target.Measure)),
		{Key: messages.KeyHead, Record: next.Table.Head(next.Freed), Expect: p.head},
	}
	for _, f := range next.Fences {
		writes = append(writes, fenceWrite(f))
	}
	changed := next.Table.Assignments()
	for i, s := range next.Table.Seats {
		if a, ok := changed[int32(i)]; ok {
			writes = append(writes, messages.Write{Key: messages.KeyAssignment(s.Worker), Record: a, Blind: true})
		}
	}
	p.flight = flight{round: p.want.Round, publish: next, writes: writes, since: p.now}
	return p.send(ctx)
}

func (p *publisher) journalWrite(step partition.Step, record partition.Journal) messages.Write {
	return messages.Write{
		Key: messages.KeyJournal(step), Record: record, Blind: true,
		Fence: &messages.FenceOn{Key: messages.KeyTerm, Revision: p.term},
	}
}

func fenceWrite(f partition.SessionFence) messages.Write {
	return messages.Write{Key: messages.KeyLive(f.Worker), Record: f.Live, Expect: f.Revision}
}

// landed: the batch is known to be stored, so nothing else on the same head is.
func (p *publisher) landed(ctx actor.Context, f flight, head partition.Revision, at time.Time) publisherState {
	p.hear(at)
	before := p.table
	p.table, p.head, p.doubts, p.damage, p.emptied = f.publish.Table, head, nil, damage{}, false
	p.tries, p.rest, p.told = 0, time.Time{}, time.Time{}
	p.replaced.Follow(p.table, p.roster)
	if f.publish.Revokes > 0 {
		p.remember(p.table.Step, at)
	}
	moves := len(f.publish.Moves)
	if moves+len(f.publish.Freed)+len(f.publish.Fences) > 0 {
		p.progress(ctx, before)
	}
	switch {
	case p.want == nil:
	case p.want.Round == f.round:
		p.want.moves += moves
	default:
		p.want.version = 0 // nothing of it was published: this was another's
	}
	ctx.Send(p.calculator, messages.Published{Round: f.round, Table: p.table, Moves: moves, At: p.now})
	return p.step(ctx)
}

// remember notes when owners were told to let go.
func (p *publisher) remember(step partition.Step, at time.Time) {
	p.revoked[step] = at
	if len(p.revoked) <= maxRevoked {
		return
	}
	still := map[partition.Step]time.Time{}
	for _, r := range p.table.Rows {
		if since, known := p.revoked[r.Revoking]; known {
			still[r.Revoking] = since
		}
	}
	p.revoked = still
}
