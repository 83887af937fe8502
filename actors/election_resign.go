package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// termEnded: nothing of the term works any more. One that ended by itself is not
// tried again before others had their chance: it would end in the same way.
func (e *election) termEnded(ctx actor.Context, m *actor.Terminated) electionState {
	switch {
	case e.child == nil || !m.Who.Equal(e.child):
		return e.state
	case e.state == leading:
		const reason = "an actor of the term failed"
		e.resign(ctx, reason)
		ctx.Request(ctx.Parent(), messages.LeadershipLost{Term: e.term, Reason: reason, At: e.now})
	}
	e.child = nil
	if e.over {
		return e.leave(ctx)
	}
	return e.release(ctx)
}

// resign: this worker says why it does not stand for the lead, until others had
// their chance.
func (e *election) resign(ctx actor.Context, reason string) {
	e.resigns = true
	if e.unread == "" {
		ctx.Request(ctx.Parent(), messages.LeadBarred{Reason: reason, At: e.now})
	}
}

func (e *election) rested(ctx actor.Context, _ restDue) electionState {
	if e.unread == "" {
		ctx.Request(ctx.Parent(), messages.LeadBarred{At: e.now})
	}
	return e.look(ctx)
}

// release gives the lead up, so that another worker takes it at once.
func (e *election) release(ctx actor.Context) electionState {
	e.round++
	ctx.Request(e.outside, messages.Store{Round: e.round, NotAfter: e.lease.End, Writes: []messages.Write{{
		Key: messages.KeyLead, Expect: e.lease.Revision, Record: e.releasing(),
	}}})
	return resigning
}

func (e *election) releasing() partition.Lead {
	return partition.Lead{Worker: e.worker, Session: e.session, Beat: e.beat + 1, Released: true}
}

func (e *election) released(ctx actor.Context, m messages.Stored) electionState {
	if m.Round != e.round {
		return resigning
	}
	e.known = e.known.See(e.releasing(), m.Revisions[0], m.At)
	return e.leave(ctx)
}

// releaseRefused: a renewal that was under way was written, or an earlier attempt
// to release, or another leads. Only a look at the record tells: the revision that
// the refusal names may be the successor's.
func (e *election) releaseRefused(ctx actor.Context, m messages.Conflicted) electionState {
	switch {
	case m.Round != e.round:
		return resigning
	case m.Named && m.Revision == 0:
		return e.leave(ctx)
	}
	e.named = m.Revision
	e.readKeys(ctx, messages.KeyLead)
	return resigning
}

func (e *election) releaseRead(ctx actor.Context, m messages.ReadDone) electionState {
	if m.Round != e.round {
		return resigning
	}
	lead, _ := m.Entries[0].Record.(partition.Lead)
	switch e.lease.ReadLead(lead, m.Entries[0].Revision, e.named) {
	case partition.Mine:
		if m.Entries[0].Revision > e.lease.Revision {
			e.lease.Revision = m.Entries[0].Revision
			return e.release(ctx)
		}
	case partition.Taken:
		return e.leave(ctx)
	case partition.Nothing: // older than the refusal
	}
	return e.releaseLater(ctx, m.At)
}

func (e *election) releaseReadFailed(ctx actor.Context, m messages.ReadFailed) electionState {
	if m.Round != e.round {
		return resigning
	}
	return e.releaseLater(ctx, m.At)
}

func (e *election) releaseUnsure(ctx actor.Context, m messages.Unsure) electionState {
	if m.Round != e.round {
		return resigning
	}
	return e.releaseLater(ctx, m.At)
}

// releaseLater tries again, as long as a release tells more than silence does.
func (e *election) releaseLater(ctx actor.Context, at time.Time) electionState {
	if !at.Before(e.lease.End) {
		return e.leave(ctx)
	}
	ctx.Request(e.outside, messages.Remind{After: retryDelay, Mail: releaseDue{e.round}})
	return resigning
}

func (e *election) releaseAgain(ctx actor.Context, m releaseDue) electionState {
	if m.Round != e.round {
		return resigning
	}
	return e.release(ctx)
}

// releaseRejected: the connection may be about to come back.
func (e *election) releaseRejected(ctx actor.Context, m messages.Rejected) electionState {
	switch {
	case m.Round != e.round:
		return resigning
	case m.Final:
		return e.leave(ctx)
	}
	return e.releaseLater(ctx, m.At)
}

// leave: the lead is released, or will be taken when it has been silent.
func (e *election) leave(ctx actor.Context) electionState {
	if e.resigns && !e.ending {
		ctx.Request(e.outside, messages.Remind{After: e.settings.LeaderLease, Mail: restDue{}})
		return resting
	}
	return e.next(ctx)
}
