package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// flight is a publish on its way.
type flight struct {
	round   partition.Round // of the decision
	publish partition.Publish
	writes  []messages.Write
	since   time.Time // it is on its way, or in doubt, since then
	unsure  bool      // it may have been written
}

func (p *publisher) send(ctx actor.Context) publisherState {
	p.round++
	ctx.Request(p.outside, messages.Store{Round: p.round, NotAfter: p.until, Writes: p.flight.writes})
	return publishing
}

func (p *publisher) stored(ctx actor.Context, m messages.Stored) publisherState {
	if m.Round != p.round {
		return publishing
	}
	for i, f := range p.flight.publish.Fences {
		p.sight(f.Worker, f.Live, m.Revisions[2+i], m.At)
	}
	return p.landed(ctx, p.flight, m.Revisions[1], m.At)
}

// unsure: the same batch again, with the same nonce, until there is an answer.
func (p *publisher) unsure(ctx actor.Context, m messages.Unsure) publisherState {
	if m.Round != p.round {
		return publishing
	}
	p.hear(m.At)
	p.flight.unsure = true
	p.failed(ctx, later(p.flight.since, p.told), "a step has no answer: "+m.Reason)
	ctx.Request(p.outside, messages.Remind{After: retryDelay, Mail: sendDue{p.round}})
	return publishing
}

// failed tells that steps come to nothing, but once for all tries of a while: some in a
// row end the term, and a client that reconnects rejects many at once.
func (p *publisher) failed(ctx actor.Context, since time.Time, reason string) {
	if p.now.Before(since.Add(2 * p.settings.StoreTimeout)) {
		return
	}
	p.told = p.now
	p.tellFailure(ctx, reason)
}

// sendAgain sends nothing to a table that somebody has outrun, unless this very batch has
// landed.
func (p *publisher) sendAgain(ctx actor.Context, m sendDue) publisherState {
	if m.Round != p.round {
		return publishing
	}
	if _, _, outrun := p.table.Outrun(p.roster); outrun {
		p.flight.since = p.now
		return p.check(ctx)
	}
	return p.send(ctx)
}

// rejected: nothing was written by this attempt. The next step is decided anew
// after a pause; an earlier attempt may still land, which that step finds out. If there is
// none, whoever decides anew meanwhile rests on the table alone.
func (p *publisher) rejected(ctx actor.Context, m messages.Rejected) publisherState {
	if m.Round != p.round {
		return publishing
	}
	p.hear(m.At)
	p.tries++
	p.failed(ctx, p.told, "a step was rejected: "+m.Reason)
	p.doubt()
	if len(p.doubts) == 0 {
		ctx.Send(p.calculator, messages.StepRejected{Round: p.flight.round})
	}
	p.rest = p.now.Add(p.pause())
	p.wakeAt(ctx, p.rest)
	return gaining
}

// doubt keeps what may have been written in mind.
func (p *publisher) doubt() {
	if p.flight.unsure {
		p.doubts = append(p.doubts, p.flight)
	}
}

// refused: a condition did not hold, and the server does not say which.
func (p *publisher) refused(ctx actor.Context, m messages.Conflicted) publisherState {
	if m.Round != p.round {
		return publishing
	}
	p.hear(m.At)
	p.flight.since = p.now
	return p.check(ctx)
}

// check reads what became of a step, and the records of those whom it was to fence. Of many
// records one or the other may have no answer each time, which says nothing of the step: after
// some readings that failed in a row, one does without them.
func (p *publisher) check(ctx actor.Context) publisherState {
	keys := []messages.Key{messages.KeyTerm, messages.KeyHead}
	if p.unread < maxFailures {
		for _, f := range p.flight.publish.Fences {
			keys = append(keys, messages.KeyLive(f.Worker))
		}
	}
	p.ask(ctx, keys...)
	return checking
}

// checked: a nonce of mine in the head says what landed; another head or term,
// that somebody else leads. The head as it was proves nothing: the old batch may
// still land, until a publish on the same revision is accepted.
func (p *publisher) checked(ctx actor.Context, m messages.ReadDone) publisherState {
	if m.Round != p.round {
		return checking
	}
	p.hear(m.At)
	p.unread = 0
	news, lives := false, m.Entries[2:]
	if len(lives) > 0 { // who decides is to hear of them: watch and list may be late
		ctx.Send(p.debouncer, messages.Sighted{Entries: lives, At: m.At})
	}
	for _, e := range lives {
		if live, ok := liveOf(e); ok {
			news = p.sight(partition.WorkerID(e.Key[len("live."):]), live, e.Revision, m.At) || news
		}
	}
	term, head := m.Entries[0], m.Entries[1]
	record, _ := head.Record.(partition.Head)
	if f, mine := p.mine(record.Nonce); mine {
		return p.landed(ctx, f, head.Revision, m.At)
	}
	over := !p.now.Before(p.flight.since.Add(p.settings.StoreTimeout))
	switch {
	case term.Revision > p.term:
		return p.fail(ctx, damaged(term, "another worker leads"), false)
	case head.Revision > p.head && (head.Fault != "" || record.Term < p.term):
		p.stumble(ctx, "the table that was read is not the latest")
		p.entries[messages.KeyHead] = head
		return p.readTable(ctx)
	case head.Revision > p.head:
		return p.fail(ctx, "the head is another's", false)
	case p.gone(term, head):
		return p.fail(ctx, "the records of the decisions are gone from the store", true)
	case over, news && !p.flight.unsure && term.Revision == p.term && head.Revision == p.head:
		for i, e := range lives {
			if over || e.Revision == 0 { // one reading of an older record would delay its fence
				p.missing(e, p.flight.publish.Fences[i].Revision)
			}
		}
		return p.anew(ctx)
	}
	return p.checkLater(ctx)
}

// gone reports whether readings in a row show nothing where this term has written: a
// reading may be of a server that is behind, again and again it is not. The next term
// begins as one that finds no head.
func (p *publisher) gone(term, head messages.Entry) bool {
	if term.Revision != 0 && (head.Revision != 0 || p.head == 0) {
		p.damage = damage{}
		return false
	}
	return p.believes(0)
}

// mine returns which of my batches has the nonce.
func (p *publisher) mine(nonce string) (flight, bool) {
	all := append(slices.Clone(p.doubts), p.flight)
	i := slices.IndexFunc(all, func(f flight) bool { return f.publish.Table.Nonce == nonce })
	if i < 0 {
		return flight{}, false
	}
	return all[i], true
}

// missing: where a worker is to be fenced a reading may show no record at all, or an older
// one of its session than was seen, as if the store had gone back. Then the next fence
// expects that, and its acceptance proves it: what the record said of a silence is no reason
// any more, and that of an older one counts from this reading. If the reading was old that
// fence is refused, and the record is seen anew.
func (p *publisher) missing(e messages.Entry, fenced partition.Revision) {
	id := partition.WorkerID(e.Key[len("live."):])
	w := p.roster[id]
	if w.Revision != fenced || e.Revision >= max(fenced, p.floors[id]) {
		return
	}
	switch live, ok := liveOf(e); {
	case e.Revision == 0:
		w.Revision = 0
	case ok && live.Session == w.Live.Session:
		w, _ = partition.Witness{}.See(id, live, e.Revision, p.now)
	default: // of a session before: it says nothing of this one
		return
	}
	p.floors[id] = max(p.floors[id], fenced)
	p.roster[id] = w
}

// anew decides on the same head again: who was to be fenced has renewed or has no record, or
// nothing could be found out.
func (p *publisher) anew(ctx actor.Context) publisherState {
	p.doubt()
	p.stumble(ctx, "steps are refused again and again")
	if p.tries > 1 {
		p.rest = p.now.Add(p.pause())
	}
	return p.step(ctx)
}

func (p *publisher) checkFailed(ctx actor.Context, m messages.ReadFailed) publisherState {
	if m.Round != p.round {
		return checking
	}
	p.hear(m.At)
	p.unread++
	return p.checkLater(ctx)
}

func (p *publisher) checkLater(ctx actor.Context) publisherState {
	ctx.Request(p.outside, messages.Remind{After: retryDelay, Mail: checkDue{p.round}})
	return checking
}

func (p *publisher) checkAgain(ctx actor.Context, m checkDue) publisherState {
	if m.Round != p.round {
		return checking
	}
	return p.check(ctx)
}
