package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// leadership is what a leader knows of its own lead.
type leadership struct {
	lease   partition.Lease
	beat    uint64
	writing bool // a renewal or its read-back is under way
	named   partition.Revision
	term    partition.Revision
	child   *actor.PID
	resigns bool // it sits one lease out
	over    bool // the lead is known to be another's, or too old to be trusted
}

// lead begins a term. The leadership is trusted for one leader lease from when it
// was first asked for, never from the answer.
func (e *election) lead(ctx actor.Context, lead, term partition.Revision, sent, at time.Time) electionState {
	e.hear(at)
	e.leadership = leadership{beat: e.beat, term: term}
	e.termAt, e.termOf, e.losses, e.doubted = term, e.session, 0, false
	e.known = partition.LeadSight{Lead: partition.Lead{Worker: e.worker, Session: e.session, Beat: e.beat}, Revision: lead, At: at}
	e.lease = partition.Lease{Session: e.session, Length: e.settings.LeaderLease}
	e.lease.Sending(e.beat, sent)
	if !e.lease.Accepted(e.beat, lead, at) || e.ending {
		return e.release(ctx)
	}
	e.tell(ctx, e.worker, at)
	ctx.Request(ctx.Parent(), messages.LeadershipGained{Term: term, At: at})
	e.child = stage.Spawn(ctx, termProps(termConfig{
		settings: e.settings, outside: e.outside, manager: ctx.Parent(), holder: e.holder, strategy: e.strategy, source: e.source,
		worker: e.worker, session: e.session, term: term, dice: e.dice.Dealt("term", uint64(term)), fresh: e.fresh, headed: e.headed, until: e.lease.End,
		seen: e.seen, grace: e.grace,
	}), fmt.Sprintf("term-%d", term))
	e.seen, e.fresh = partition.Roster{}, false // the term owns the others now
	e.follow(ctx)
	e.watchLead(ctx)
	e.renewLater(ctx)
	return leading
}

// give notes until when nobody is taken for dead, by this term or the next.
func (e *election) give(ctx actor.Context, m messages.GiveGrace) {
	e.grace = m.Until
	if e.state == leading {
		ctx.Send(e.child, m)
	}
}

func (e *election) watchLead(ctx actor.Context) {
	ctx.Request(e.outside, messages.Remind{From: e.lease.End, Mail: leadEnd{e.lease.End}})
}

func (e *election) renewLater(ctx actor.Context) {
	ctx.Request(e.outside, messages.Remind{After: e.settings.LeadRenewal(), Mail: renewDue{e.beat}})
}

// renew changes the lead, so that the others see that it lives. It may not be
// sent after the lease: a paused leader that wakes renews nothing.
func (e *election) renew(ctx actor.Context, m renewDue) electionState {
	if m.Beat != e.beat {
		return leading
	}
	if !e.writing {
		e.beat++
		e.writing = true
		e.round++
		ctx.Request(e.outside, messages.Store{Round: e.round, NotAfter: e.lease.End, Writes: []messages.Write{{
			Key: messages.KeyLead, Expect: e.lease.Revision, Record: partition.Lead{Worker: e.worker, Session: e.session, Beat: e.beat},
		}}})
	}
	e.renewLater(ctx)
	return leading
}

func (e *election) renewed(ctx actor.Context, m messages.Stored) electionState {
	if m.Round != e.round {
		return leading
	}
	e.lease.Sending(e.beat, m.Sent)
	return e.extend(ctx, e.beat, m.Revisions[0], m.At)
}

// extend: the store is known to have this renewal of ours.
func (e *election) extend(ctx actor.Context, beat uint64, revision partition.Revision, at time.Time) electionState {
	e.hear(at)
	was := e.lease.End
	if !e.lease.Accepted(beat, revision, at) {
		return e.end(ctx, "the lead was not renewed in time", true)
	}
	e.writing, e.named = false, 0
	e.known = partition.LeadSight{Lead: partition.Lead{Worker: e.worker, Session: e.session, Beat: beat}, Revision: revision, At: at}
	if e.lease.End.After(was) {
		ctx.Send(e.child, messages.LeadRenewed{Until: e.lease.End, At: at})
		e.watchLead(ctx)
	}
	return leading
}

func (e *election) renewRefused(ctx actor.Context, m messages.Conflicted) electionState {
	if m.Round != e.round {
		return leading
	}
	e.hear(m.At)
	if m.Named && m.Revision == 0 {
		return e.end(ctx, "the lead is gone from the store", true)
	}
	e.named = m.Revision
	e.readKeys(ctx, messages.KeyLead)
	return leading
}

func (e *election) renewUnsure(ctx actor.Context, m messages.Unsure) electionState {
	if m.Round == e.round {
		e.hear(m.At)
		e.lease.Sending(e.beat, m.Sent)
		e.readKeys(ctx, messages.KeyLead)
	}
	return leading
}

func (e *election) renewRejected(_ actor.Context, m messages.Rejected) electionState {
	if m.Round == e.round {
		e.hear(m.At)
		e.writing = false // nothing was written: the next renewal tries again
	}
	return leading
}

// readBack: an own beat is adopted; another's record ends the term.
func (e *election) readBack(ctx actor.Context, m messages.ReadDone) electionState {
	if m.Round != e.round {
		return leading
	}
	e.hear(m.At)
	lead, _ := m.Entries[0].Record.(partition.Lead)
	switch e.lease.ReadLead(lead, m.Entries[0].Revision, e.named) {
	case partition.Mine:
		return e.extend(ctx, lead.Beat, m.Entries[0].Revision, m.At)
	case partition.Taken:
		return e.end(ctx, damaged(m.Entries[0], "another worker leads"), true)
	case partition.Nothing:
		e.writing = false // the next renewal asks again
	}
	return leading
}

func (e *election) readFailed(_ actor.Context, m messages.ReadFailed) electionState {
	if m.Round == e.round {
		e.hear(m.At)
		e.writing = false
	}
	return leading
}

func (e *election) expired(ctx actor.Context, m leadEnd) electionState {
	if !m.End.Equal(e.lease.End) {
		return leading
	}
	e.hear(m.End)
	return e.end(ctx, "the lead was not renewed in time", true)
}

// termFailed: what the term needs to go on is not there.
func (e *election) termFailed(ctx actor.Context, m messages.TermFailed) electionState {
	if m.Term != e.term {
		return leading
	}
	if m.Unread != "" {
		e.bar(ctx, m.Unread, m.Reason, e.now)
	}
	if m.Resign {
		e.resign(ctx, m.Reason)
	}
	return e.end(ctx, m.Reason, false)
}

func (e *election) sourceChanged(ctx actor.Context, m messages.PartitionsListed) electionState {
	ctx.Send(e.child, m)
	return leading
}

func (e *election) stepDown(ctx actor.Context, _ messages.StandDown) electionState {
	e.ending = true
	return e.end(ctx, "this worker stops", false)
}

// end stops the term; over says that there is nothing to release.
func (e *election) end(ctx actor.Context, reason string, over bool) electionState {
	e.over = over
	ctx.Request(ctx.Parent(), messages.LeadershipLost{Term: e.term, Reason: reason, At: e.now})
	ctx.Stop(e.child)
	return stepping
}
