package actors

import (
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// claim is the search for an ID: one scan, then one conditional write after the
// other, best candidate first.
type claim struct {
	candidates []partition.Candidate
	at         int // the one that is tried
	refusals   int // in a row: others were quicker
	skipped    bool
	fails      int // scans in a row that failed
	sent       time.Time
	unsure     bool // it may have been written
	// seen has, for records of others, the revision and the instant of its first
	// sight: a record that stays unchanged for its lease is nobody's.
	seen map[partition.WorkerID]messages.Seen
	// newer is what is wrong with a record that only a newer build understands.
	newer string
	// failing: a claim was not answered or not written. A scan that is answered
	// does not mean that the store works again.
	failing bool
}

func (c claim) current() partition.Candidate { return c.candidates[c.at] }

func (s *session) scan(ctx actor.Context, _ *actor.Started) sessionState {
	return s.look(ctx)
}

func (s *session) rescan(ctx actor.Context, m scanDue) sessionState {
	if m.Round != s.round {
		return scanning
	}
	return s.look(ctx)
}

// look asks for all records, as the best candidate depends on all of them.
func (s *session) look(ctx actor.Context) sessionState {
	s.round++
	ctx.Request(s.outside, messages.Read{Round: s.round, Keys: []messages.Key{messages.AllLive}})
	return scanning
}

func (s *session) lookLater(ctx actor.Context, after time.Duration) sessionState {
	s.round++
	s.remind(ctx, after, scanDue{s.round})
	return scanning
}

func (s *session) scanFailed(ctx actor.Context, m messages.ReadFailed) sessionState {
	if m.Round != s.round {
		return scanning
	}
	if m.Denied {
		s.tell(ctx, messages.ClaimFailed{Reason: "the records of the workers may not be read: " + m.Reason, Final: true, At: m.At})
		return scanning
	}
	s.tell(ctx, messages.ClaimFailed{Reason: m.Reason, Unreachable: true, At: m.At})
	s.claim.fails++
	return s.lookLater(ctx, s.apart(s.claim.fails))
}

// apart is a pause that grows with the number of attempts, and differs from worker
// to worker: a store that could not answer all of them at once can answer some.
func (s *session) apart(attempts int) time.Duration {
	most := min(retryDelay<<min(attempts, 10), s.settings.HeartbeatInterval)
	return most/2 + s.dice.Jitter("apart", uint64(s.round), most/2)
}

func (s *session) scanned(ctx actor.Context, m messages.ReadDone) sessionState {
	if m.Round != s.round {
		return scanning
	}
	if !s.claim.failing {
		s.tell(ctx, messages.ClaimScanned{At: m.At})
	}
	if s.claim.seen == nil {
		s.claim.seen = map[partition.WorkerID]messages.Seen{}
	}
	s.claim.newer = ""
	var slots []partition.Slot
	for _, e := range m.Entries {
		if e.Newer {
			s.claim.newer = "; " + e.Fault
		}
		live, ok := liveOf(e)
		if !ok {
			continue // what only a newer build understands is somebody's: the write is refused
		}
		w := partition.WorkerID(e.Key[len("live."):])
		slots = append(slots, partition.Slot{Worker: w, Revision: e.Revision, Live: live})
		if was, known := s.claim.seen[w]; !known || was.Entry.Revision != e.Revision {
			s.claim.seen[w] = messages.Seen{Entry: e, At: m.At}
		}
	}
	s.claim.candidates, s.claim.at, s.claim.skipped, s.claim.fails = s.allowed(slots, m.At), 0, false, 0
	return s.propose(ctx, m.At)
}

// allowed drops the records of others that were not silent for long enough.
func (s *session) allowed(slots []partition.Slot, now time.Time) []partition.Candidate {
	set := s.settings
	all := partition.Claims{
		Prefix: set.WorkerIDPrefix, From: set.WorkerIDs.From, Count: set.WorkerIDs.Count,
		InstanceKey: set.InstanceKey, Lost: s.lost,
	}.Candidates(slots)
	return slices.DeleteFunc(all, func(c partition.Candidate) bool {
		if !c.Silent {
			return false
		}
		seen := s.claim.seen[c.Worker]
		live, _ := seen.Entry.Record.(partition.Live)
		return now.Before(seen.At.Add(set.Wait(max(live.Lease, set.Lease))))
	})
}

// next goes on to another candidate, because this one went to somebody else.
func (s *session) next(ctx actor.Context, at time.Time) sessionState {
	s.claim.refusals++
	was := s.claim.at
	s.claim.at = partition.NextCandidate(s.claim.candidates, was, s.claim.refusals, s.dice)
	s.claim.skipped = s.claim.skipped || s.claim.at != was+1
	return s.propose(ctx, at)
}

// propose tries the present candidate; without one it looks again a little later.
func (s *session) propose(ctx actor.Context, at time.Time) sessionState {
	switch {
	case s.ending:
		return s.gone(ctx, at, "")
	case s.claim.at < len(s.claim.candidates):
		return s.claimCurrent(ctx)
	case s.claim.skipped: // there may be some that nobody took
		return s.lookLater(ctx, s.apart(1))
	}
	s.claimAnswered(ctx, at)
	ids := s.settings.WorkerIDs
	s.tell(ctx, messages.ClaimFailed{At: at, Reason: fmt.Sprintf(
		"no worker ID from %s to %s is free: %d records are in use%s",
		partition.WorkerIDAt(s.settings.WorkerIDPrefix, ids.From),
		partition.WorkerIDAt(s.settings.WorkerIDPrefix, ids.From+ids.Count-1), len(s.claim.seen), s.claim.newer)})
	return s.lookLater(ctx, s.settings.HeartbeatInterval)
}

func (s *session) claimCurrent(ctx actor.Context) sessionState {
	c := s.claim.current()
	s.worker, s.claim.unsure, s.claim.sent = c.Worker, false, time.Time{}
	s.record = partition.Live{
		Session: s.nonce, Lease: s.settings.Lease, InstanceKey: s.settings.InstanceKey, Beat: 1,
		Reads: partition.Schema, NeverLead: s.settings.NeverLead, Draining: s.flags.Draining, Restarting: s.flags.Restarting, Refresh: s.flags.Refresh,
		Capacity: s.settings.Capacity, Zone: s.settings.Zone, Labels: s.settings.Labels,
		Predecessor: c.Predecessor, PredecessorReleased: c.Released, Abandoned: c.Abandoned, Poison: c.Poison,
	}
	return s.try(ctx)
}

// try sends the claim, again if need be: the same record under the same nonce.
func (s *session) try(ctx actor.Context) sessionState {
	s.round++
	ctx.Request(s.outside, messages.Store{Round: s.round, Writes: []messages.Write{{
		Key: messages.KeyLive(s.worker), Record: s.record, Expect: s.claim.current().Expect,
	}}})
	return claiming
}

func (s *session) claimed(ctx actor.Context, m messages.Stored) sessionState {
	if m.Round != s.round {
		return claiming
	}
	return s.begin(ctx, m.Revisions[0], m.Sent, m.At) // and no earlier attempt was written
}

// begin starts the life of the session.
func (s *session) begin(ctx actor.Context, revision partition.Revision, sent, at time.Time) sessionState {
	s.record.Claim = revision
	s.lease = partition.Lease{Session: s.nonce, Length: s.settings.Lease, Kept: s.available()}
	s.lease.Sending(s.record.Beat, sent)
	s.claimAnswered(ctx, at)
	s.claim = claim{} // what it saw of the others is theirs, and may be much
	if !s.lease.Accepted(s.record.Beat, revision, at) {
		return s.lose(ctx, at, "the claim was answered after its lease had ended", "")
	}
	s.watchLease(ctx)
	s.beatLater(ctx)
	if s.ending {
		return s.release(ctx, messages.EndSession{})
	}
	ctx.Request(s.holder, messages.HoldFor{Worker: s.worker, Session: s.nonce, LeaseEnd: s.lease.End, Claim: revision, Round: s.life})
	warning := ""
	if len(s.lost) > 0 {
		warning = fmt.Sprintf("InstanceKey %q is used by another process, which took %s",
			s.settings.InstanceKey, s.lost[len(s.lost)-1])
	}
	s.tell(ctx, messages.SessionStarted{
		Worker: s.worker, Session: s.nonce, Claim: revision, LeaseEnd: s.lease.End, Warning: warning, At: at,
	})
	return living
}

// claimRefused looks again if the record has this process's instance key: another ID would
// move all its partitions. Otherwise whatever is stored above the record that was expected
// decides: an earlier attempt without an answer may stand in the way, or this one, if it
// came twice and the answer to the first is lost.
func (s *session) claimRefused(ctx actor.Context, m messages.Conflicted) sessionState {
	if m.Round != s.round {
		return claiming
	}
	s.claimAnswered(ctx, m.At)
	if s.claim.sent.IsZero() {
		s.claim.sent = m.Sent
	}
	switch {
	case !s.claim.unsure && s.claim.current().Twin:
		return s.lookLater(ctx, retryDelay) // a last heartbeat came in between: the ID is still ours by its key
	case !s.claim.unsure && m.Named && m.Revision == 0:
		return s.next(ctx, m.At)
	case m.Named && m.Revision == 0:
		return s.lose(ctx, m.At, "the record is gone from the store", "")
	}
	s.named = max(m.Revision, s.claim.current().Expect+1)
	return s.confirm(ctx)
}

func (s *session) confirm(ctx actor.Context) sessionState {
	s.round++
	ctx.Request(s.outside, messages.Read{Round: s.round, Keys: []messages.Key{messages.KeyLive(s.worker)}})
	return confirming
}

func (s *session) claimRead(ctx actor.Context, m messages.ReadDone) sessionState {
	if m.Round != s.round {
		return confirming
	}
	e := m.Entries[0]
	switch {
	case e.Revision == 0: // older than the refusal, or what refused it is gone: only who writes is told so
		s.remind(ctx, retryDelay, claimDue{s.round})
		return claiming
	case e.Revision < s.named: // older than the refusal
		s.remind(ctx, retryDelay, readDue{s.round})
		return confirming
	}
	s.named = 0
	live, ok := e.Record.(partition.Live)
	if ok && live.Session == s.nonce && live.Fence == nil {
		return s.begin(ctx, e.Revision, s.claim.sent, m.At) // of the first attempt: never too long
	}
	if !s.claim.unsure {
		return s.next(ctx, m.At)
	}
	// The claim may have been written, and fenced or replaced since: a session is
	// of one ID, so that another one goes on.
	return s.lose(ctx, m.At, "the ID went to another session or was fenced while it was claimed", s.replaced(live))
}

func (s *session) confirmAgain(ctx actor.Context, m readDue) sessionState {
	if m.Round != s.round {
		return confirming
	}
	return s.confirm(ctx)
}

func (s *session) claimAgain(ctx actor.Context, m claimDue) sessionState {
	if m.Round != s.round {
		return claiming
	}
	return s.try(ctx)
}

func (s *session) quit(ctx actor.Context, _ messages.EndSession) sessionState {
	return s.gone(ctx, time.Time{}, "")
}

// quitLater: a claim under way is awaited, then released.
func (s *session) quitLater(_ actor.Context, _ messages.EndSession) { s.ending = true }
