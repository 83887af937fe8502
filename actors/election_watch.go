package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// standJitter is the most that a candidate waits when the lead has fallen free, so
// that most candidates see who was first and write nothing.
const standJitter = 10 * time.Millisecond

// look reads who leads, who may lead, and what a candidacy has to expect.
func (e *election) look(ctx actor.Context) electionState {
	e.hurried = false
	keys := []messages.Key{messages.KeyLead, messages.KeyTerm, messages.KeyHead}
	if e.unread != "" {
		keys = append(keys, e.unread)
	}
	e.readKeys(ctx, keys...)
	return looking
}

// bar keeps this worker from the lead while it does not understand a record that a
// leader needs: it would write over it, or decide without it.
func (e *election) bar(ctx actor.Context, key messages.Key, reason string, at time.Time) {
	if key != e.unread {
		e.unread = key
		ctx.Request(ctx.Parent(), messages.LeadBarred{Reason: reason, At: at})
	}
}

// barBy looks for such a record among those that were read.
func (e *election) barBy(ctx actor.Context, entries []messages.Entry, at time.Time) {
	var newer messages.Entry
	for _, x := range entries {
		if x.Newer {
			newer = x
		}
	}
	e.bar(ctx, newer.Key, newer.Fault, at)
}

func (e *election) lookFailed(ctx actor.Context, m messages.ReadFailed) electionState {
	if m.Round == e.round {
		e.lookLater(ctx, retryDelay)
	}
	return looking
}

// lookLater sets when to look next; an earlier wish for a look is over.
func (e *election) lookLater(ctx actor.Context, after time.Duration) {
	e.looks++
	ctx.Request(e.outside, messages.Remind{After: after, Mail: lookDue{e.looks}})
}

// hurry looks soon: the candidates of the last look may have left, and who looks
// seldom must not leave a group without any. At first nobody has a seat, and
// everybody is a candidate: now the head says who is one.
func (e *election) hurry(ctx actor.Context, _ messages.Reassigned) {
	e.fresh = false
	if (!e.watch || !e.seated) && !e.hurried && !e.settings.NeverLead {
		e.hurried = true
		e.lookLater(ctx, e.dice.Jitter("hurry", uint64(e.looks), e.settings.LeadRenewal()))
	}
}

func (e *election) lookAgain(ctx actor.Context, m lookDue) electionState {
	if m.Round != e.looks {
		return e.state
	}
	return e.look(ctx)
}

func (e *election) looked(ctx actor.Context, m messages.ReadDone) electionState {
	if m.Round != e.round {
		return looking
	}
	was := e.known
	lead, _ := m.Entries[0].Record.(partition.Lead) // what cannot be understood leads nobody
	if e.doubted {
		e.known = was.Named(lead, m.Entries[0].Revision, m.At)
		e.readTerm(m.Entries[1])
		e.doubted = e.tried()
	} else {
		e.known = was.See(lead, m.Entries[0].Revision, m.At)
		if e.otherTerm() || m.Entries[1].Revision > e.termAt {
			e.readTerm(m.Entries[1])
		}
	}
	e.tell(ctx, e.known.Leader(), m.At)
	e.barBy(ctx, m.Entries, m.At)
	head, _ := m.Entries[2].Record.(partition.Head)
	e.headed = e.headed || m.Entries[2].Revision != 0
	e.fresh = e.fresh && !e.headed
	e.seated = head.Seated(e.worker)
	e.candidate(ctx, partition.MayLead(head, e.worker, e.settings.Candidates))
	if !e.hurried {
		e.lookLater(ctx, e.untilLook(was, m.At))
	}
	e.armed = leadDue{} // it may have come while this worker looked
	return e.consider(ctx, m.At)
}

func (e *election) readTerm(entry messages.Entry) {
	term, _ := entry.Record.(partition.Term)
	e.termAt, e.termOf = entry.Revision, term.Session
}

// otherTerm reports whether the term that was read is not that of the lead: then it is over,
// however high its revision is. In an older copy of the store a later one may have that
// revision once more: the mark of the copy, which a candidacy on it would write over.
func (e *election) otherTerm() bool { return e.known.Lead.Session != e.termOf }

// candidate watches the lead, or leaves that to others.
func (e *election) candidate(ctx actor.Context, may bool) {
	may = may && !e.settings.NeverLead
	switch {
	case may && !e.watch:
		ctx.Request(e.outside, messages.Watch{Key: messages.KeyLead})
	case !may && e.watch:
		ctx.Request(e.outside, messages.Unwatch{Key: messages.KeyLead})
	}
	e.watch = may
	e.follow(ctx)
}

// untilLook is how long the next look can wait. Who does not watch looks seldom,
// but once more when the lead's wait is over, if the leader may have stopped.
func (e *election) untilLook(was partition.LeadSight, at time.Time) time.Duration {
	jitter := e.dice.Jitter("look", uint64(e.looks), e.settings.LeadRenewal())
	if !e.watch && !e.settings.NeverLead && !e.known.Vacant(at, e.settings.LeadWait()) &&
		e.known.Revision != was.Revision && was.Doubts(e.known, e.settings.LeaderLease, e.settings.LeadRenewal()) {
		return e.known.At.Add(e.settings.LeadWait()).Sub(at)
	}
	return 2*e.settings.LeaderLease + jitter
}

func (e *election) tell(ctx actor.Context, leader partition.WorkerID, at time.Time) {
	if e.told == nil || *e.told != leader {
		e.told = &leader
		ctx.Request(ctx.Parent(), messages.LeaderKnown{Worker: leader, At: at})
	}
}

// consider decides when to stand: very soon if the lead is free or was unchanged
// for so long that nobody believes in it any more, else when that will be so.
func (e *election) consider(ctx actor.Context, at time.Time) electionState {
	switch wait := e.settings.LeadWait(); {
	case e.settings.NeverLead:
	case e.unread != "":
		e.armed = leadDue{}
	case !e.known.Vacant(at, wait):
		e.losses = 0
		if e.watch {
			e.standAt(ctx, e.known.At.Add(wait))
			e.missAt(ctx)
		}
	case e.paused(at):
		e.lookLater(ctx, e.resume.Sub(at))
	default:
		e.standAt(ctx, at)
	}
	return watching
}

// standAt arms one candidacy for this fall of the lead. A lead that changes before
// disarms it.
func (e *election) standAt(ctx actor.Context, at time.Time) {
	at = at.Add(e.dice.Jitter("stand", uint64(e.known.Revision), standJitter))
	due := leadDue{e.known.Revision, at}
	if due != e.armed {
		e.armed = due
		ctx.Request(e.outside, messages.Remind{From: at, Mail: due})
	}
}

func (e *election) fell(ctx actor.Context, m leadDue) electionState {
	if m != e.armed {
		return watching
	}
	return e.campaign(ctx)
}

func (e *election) saw(ctx actor.Context, m messages.Seen) electionState {
	was := e.known
	e.glimpse(ctx, m)
	if e.known.Revision == was.Revision {
		return watching
	}
	switch {
	case e.known.Lead.Session == was.Lead.Session:
	case e.known.Lead.Released && e.otherTerm():
		return e.look(ctx)
	case !e.known.Lead.Released:
		// Another leader: the term is another one, and soon the head.
		e.lookLater(ctx, e.dice.Jitter("look", uint64(e.looks), e.settings.LeadRenewal()))
	}
	return e.consider(ctx, m.At)
}

// glimpse notes what the watch sees, whatever this worker is waiting for. A look
// that was answered before says nothing then.
func (e *election) glimpse(ctx actor.Context, m messages.Seen) {
	if m.Entry.Key != messages.KeyLead {
		e.meet(m.Entry, m.At)
		return
	}
	lead, _ := m.Entry.Record.(partition.Lead)
	next := e.known.See(lead, m.Entry.Revision, m.At)
	if next.Revision == e.known.Revision || lead.Session == e.session && !lead.Released {
		return // old, or of this election's own making
	}
	e.known, e.doubted = next, false
	if m.Entry.Newer {
		e.bar(ctx, m.Entry.Key, m.Entry.Fault, m.At)
	}
	e.tell(ctx, e.known.Leader(), m.At)
	e.follow(ctx)
	if !e.known.Free() {
		e.forget()
	}
}
