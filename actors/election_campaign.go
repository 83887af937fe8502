package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// candidacy is one attempt to lead: lead and term in one atomic batch.
type candidacy struct {
	tries      uint64
	nonce      string
	wantsLead  partition.Revision // that lead and term must still have
	wantsTerm  partition.Revision
	firstSent  time.Time
	maybeSince bool // an earlier attempt may have been written
}

// campaign stands for the lead, with one attempt for each time that it fell free.
func (e *election) campaign(ctx actor.Context) electionState {
	e.tries++
	e.candidacy = candidacy{
		tries: e.tries, nonce: e.dice.Nonce("term", e.tries), wantsLead: e.known.revision, wantsTerm: e.termAt,
	}
	e.beat = e.known.lead.Beat + 1
	return e.try(ctx)
}

// try sends the candidacy, again if need be: the same records, the same nonce.
func (e *election) try(ctx actor.Context) electionState {
	e.round++
	ctx.Request(e.outside, messages.Store{Round: e.round, Writes: []messages.Write{
		{Key: messages.KeyLead, Expect: e.wantsLead, Record: partition.Lead{Worker: e.worker, Session: e.session, Beat: e.beat}},
		{Key: messages.KeyTerm, Expect: e.wantsTerm, Record: partition.Term{Worker: e.worker, Session: e.session, Nonce: e.nonce}},
	}})
	return campaigning
}

func (e *election) won(ctx actor.Context, m messages.Stored) electionState {
	if m.Round != e.round {
		return campaigning
	}
	sent := m.Sent
	if e.maybeSince {
		sent = e.firstSent
	}
	return e.lead(ctx, m.Revisions[0], m.Revisions[1], sent, m.At)
}

// refused: the lead was not free after all, or an attempt that got no answer was
// written and stands in the way of its own repetition.
func (e *election) refused(ctx actor.Context, m messages.Conflicted) electionState {
	switch {
	case m.Round != e.round:
		return campaigning
	case e.maybeSince:
		e.readKeys(ctx, messages.KeyLead, messages.KeyTerm)
		return verifying
	}
	return e.next(ctx)
}

func (e *election) unsure(ctx actor.Context, m messages.Unsure) electionState {
	if m.Round != e.round {
		return campaigning
	}
	if !e.maybeSince {
		e.maybeSince, e.firstSent = true, m.Sent
	}
	return e.try(ctx)
}

// rejected: this attempt was not written. An earlier one may have been: it is
// repeated until that is known.
func (e *election) rejected(ctx actor.Context, m messages.Rejected) electionState {
	switch {
	case m.Round != e.round:
		return campaigning
	case !e.maybeSince && e.ending:
		return e.done(ctx)
	case !e.maybeSince:
		e.lookLater(ctx, retryDelay)
		return looking
	}
	ctx.Request(e.outside, messages.Remind{After: retryDelay, Mail: campaignDue{e.round}})
	return campaigning
}

func (e *election) again(ctx actor.Context, m campaignDue) electionState {
	if m.Round != e.round {
		return campaigning
	}
	return e.try(ctx)
}

// verified: a term with my nonce is mine. One that is not newer than what I
// expected says nothing: the refusal proves that something is.
func (e *election) verified(ctx actor.Context, m messages.ReadDone) electionState {
	if m.Round != e.round {
		return verifying
	}
	lead, _ := m.Entries[0].Record.(partition.Lead)
	term, _ := m.Entries[1].Record.(partition.Term)
	ours := lead.Worker == e.worker && lead.Session == e.session && lead.Beat == e.beat
	switch {
	case term.Nonce == e.nonce && ours:
		return e.lead(ctx, m.Entries[0].Revision, m.Entries[1].Revision, e.firstSent, m.At)
	case term.Nonce == e.nonce, ours, m.Entries[0].Revision <= e.wantsLead && m.Entries[1].Revision <= e.wantsTerm:
		e.verifyLater(ctx)
		return verifying
	}
	e.termAt = max(e.termAt, m.Entries[1].Revision)
	return e.next(ctx)
}

func (e *election) verifyFailed(ctx actor.Context, m messages.ReadFailed) electionState {
	if m.Round == e.round {
		e.verifyLater(ctx)
	}
	return verifying
}

func (e *election) verifyLater(ctx actor.Context) {
	ctx.Request(e.outside, messages.Remind{After: retryDelay, Mail: verifyDue{e.round}})
}

func (e *election) verifyAgain(ctx actor.Context, m verifyDue) electionState {
	if m.Round == e.round {
		e.readKeys(ctx, messages.KeyLead, messages.KeyTerm)
	}
	return verifying
}
