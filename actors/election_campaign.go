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

	losses  int       // in a row, without a sight of a leader that lives
	resume  time.Time // when to stand again after a loss
	doubted bool      // the store refused what is known: it is asked anew
}

// campaign stands for the lead, with one attempt for each time that it fell free.
func (e *election) campaign(ctx actor.Context) electionState {
	e.armed = leadDue{}
	e.tries++
	e.nonce = e.dice.Nonce("term", e.tries)
	e.wantsLead, e.wantsTerm = e.known.Revision, e.termAt
	e.firstSent, e.maybeSince = time.Time{}, false
	e.beat = e.known.Lead.Beat + 1
	return e.try(ctx)
}

// tried reports whether the latest attempt expected what is known now.
func (e *election) tried() bool { return e.wantsLead == e.known.Revision && e.wantsTerm == e.termAt }

// paused reports whether it is too early to stand again. After the first loss it
// is not, if the store says something else than what was expected.
func (e *election) paused(at time.Time) bool {
	return e.losses > 0 && at.Before(e.resume) && (e.losses > 1 || e.tried())
}

// lose is the end of a candidacy without a term. The first time that follows a
// look at once, later ones follow more and more slowly: the store may answer with
// what it had long ago.
func (e *election) lose(ctx actor.Context, at time.Time) electionState {
	e.losses++
	e.doubted = true
	pause := min(retryDelay<<min(e.losses-1, 10), e.settings.LeadRenewal())
	pause += e.dice.Jitter("lost", e.tries, retryDelay)
	e.resume = at.Add(pause)
	if e.losses == 1 || e.ending {
		return e.next(ctx)
	}
	e.lookLater(ctx, pause)
	return watching
}

// hopeless reports whether a candidacy in doubt is too old to lead by it: the
// leadership would be over before it began. Others take the lead, if it has it,
// when it was silent.
func (e *election) hopeless(at time.Time) bool {
	return e.maybeSince && !at.Before(e.firstSent.Add(e.settings.LeaderLease))
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
	return e.lose(ctx, m.At)
}

func (e *election) unsure(ctx actor.Context, m messages.Unsure) electionState {
	if m.Round != e.round {
		return campaigning
	}
	if !e.maybeSince {
		e.maybeSince, e.firstSent = true, m.Sent
	}
	return e.tryLater(ctx, m.At)
}

// rejected: this attempt was not written. An earlier one may have been: it is
// repeated until that is known.
func (e *election) rejected(ctx actor.Context, m messages.Rejected) electionState {
	switch {
	case m.Round != e.round:
		return campaigning
	case e.maybeSince:
		return e.tryLater(ctx, m.At)
	case e.ending:
		return e.done(ctx)
	}
	e.lookLater(ctx, retryDelay)
	return looking
}

// tryLater repeats a candidacy in doubt, as long as it may be worth something.
func (e *election) tryLater(ctx actor.Context, at time.Time) electionState {
	if e.hopeless(at) {
		return e.lose(ctx, at)
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
		return e.verifyLater(ctx, m.At)
	}
	return e.lose(ctx, m.At)
}

func (e *election) verifyFailed(ctx actor.Context, m messages.ReadFailed) electionState {
	if m.Round != e.round {
		return verifying
	}
	return e.verifyLater(ctx, m.At)
}

func (e *election) verifyLater(ctx actor.Context, at time.Time) electionState {
	if e.hopeless(at) {
		return e.lose(ctx, at)
	}
	ctx.Request(e.outside, messages.Remind{After: retryDelay, Mail: verifyDue{e.round}})
	return verifying
}

func (e *election) verifyAgain(ctx actor.Context, m verifyDue) electionState {
	if m.Round == e.round {
		e.readKeys(ctx, messages.KeyLead, messages.KeyTerm)
	}
	return verifying
}
