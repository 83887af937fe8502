package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// beat asks the holder what to say: a heartbeat vouches for session and holder,
// never for handlers. A holder that does not answer ends the lease.
func (s *session) beat(ctx actor.Context, m beatDue) {
	if m.Round == s.beats {
		s.ask(ctx)
		s.beatLater(ctx)
	}
}

func (s *session) ask(ctx actor.Context) {
	s.asked++
	ctx.Request(s.holder, messages.GetHoldings{Round: s.asked})
}

func (s *session) beatLater(ctx actor.Context) {
	s.beats++
	s.remind(ctx, s.settings.HeartbeatInterval, beatDue{s.beats})
}

// hold takes what the holder says into the record. News are written at once,
// which acknowledges them; several within ackDelay are one write.
func (s *session) hold(ctx actor.Context, m messages.Holdings) {
	s.take(m)
	switch {
	case m.Round != 0 && m.Round == s.asked:
		s.send(ctx)
	case m.Round == 0:
		s.flushAfter(ctx, ackDelay)
	}
}

// take reports whether all of it is in the record. What does not fit into it cannot
// be acknowledged: it says what it said.
func (s *session) take(m messages.Holdings) bool {
	s.record.Seen = max(s.record.Seen, m.Seen)
	if partition.Listing(m.Held, m.Abandoned) > partition.MaxListing {
		return false
	}
	if m.Session == s.nonce && m.Applied >= s.record.Applied {
		s.record.Applied = m.Applied
		if m.Applied > 0 { // until then the record speaks for its predecessor too
			s.record.Held, s.record.Abandoned = m.Held, m.Abandoned
			s.record.Poison, s.record.Quarantined = m.Poison, partition.Unworked(m.Poison)
			s.record.Predecessor, s.record.PredecessorReleased = "", false
		} else if len(m.Poison) > 0 { // it knows better what is over
			s.record.Poison = partition.EndPoison(s.record.Poison, m.Poison)
		}
	}
	return true
}

func (s *session) flushAfter(ctx actor.Context, delay time.Duration) {
	if !s.flush {
		s.flush = true
		s.remind(ctx, delay, flushDue{})
	}
}

func (s *session) write(ctx actor.Context, _ flushDue) {
	s.flush = false
	s.send(ctx)
}

// send writes the record as it is now, unless a write is under way: then again
// after its answer. It may not be sent after the lease: a paused process that
// wakes writes nothing. An Available worker does, if nobody took its place.
func (s *session) send(ctx actor.Context) {
	if s.writing {
		s.dirty = true
		return
	}
	s.record.Beat++
	s.writing, s.dirty, s.checks, s.carried, s.flying = true, false, false, s.pledged, s.record
	s.round++
	end := s.lease.End
	if s.available() {
		end = time.Time{}
	}
	ctx.Request(s.outside, messages.Store{Round: s.round, NotAfter: end, Writes: []messages.Write{{
		Key: messages.KeyLive(s.worker), Record: s.flying, Expect: s.lease.Revision,
	}}})
}

func (s *session) stored(ctx actor.Context, m messages.Stored) sessionState {
	if m.Round != s.round {
		return s.state
	}
	s.lease.Sending(s.flying.Beat, m.Sent)
	return s.renewed(ctx, s.flying, m.Revisions[0], m.At)
}

// renewed: the store is known to have this record of ours.
func (s *session) renewed(ctx actor.Context, written partition.Live, revision partition.Revision, at time.Time) sessionState {
	was := s.lease.End
	if !s.lease.Accepted(written.Beat, revision, at) {
		return s.lose(ctx, at, "the lease ended before a heartbeat was answered", "")
	}
	s.writing, s.named = false, 0
	if written.Released {
		return s.gone(ctx, at, "")
	}
	landed := written.Beat == s.flying.Beat
	if landed {
		s.trouble = ""
	}
	if landed && s.carried != nil {
		s.tell(ctx, messages.FlagsSet{Flags: *s.carried, At: at})
		if s.pledged == s.carried {
			s.pledged = nil
		}
		s.carried = nil
	}
	if s.lease.End.After(was) {
		s.watchLease(ctx)
		s.tell(ctx, messages.SessionRenewed{Session: s.nonce, LeaseEnd: s.lease.End, At: at})
		ctx.Request(s.holder, messages.HoldUntil{LeaseEnd: s.lease.End, At: at, Round: s.life})
		if s.state == suspected {
			s.state = living
		}
	}
	switch {
	case s.checks: // nothing was written
		s.checks = false
	case !landed: // an earlier write did; the latest one did not, or not yet
		s.flushAfter(ctx, retryDelay)
	case s.dirty || s.pledged != nil:
		s.send(ctx)
	}
	return s.state
}

// watchLease asks to be reminded of doubt and of the end.
func (s *session) watchLease(ctx actor.Context) {
	end := s.lease.End
	ctx.Request(s.outside, messages.Remind{From: end, After: -s.settings.DrainTimeout, Mail: suspectDue{end}})
	ctx.Request(s.outside, messages.Remind{From: end, Mail: leaseDue{end}})
}

// refused: a refusal without a record means that the store lost it, and one's
// own earlier write may be what stands in the way. All else is somebody's. A record older
// than what was accepted, for a lease and more, is what the store went back to.
func (s *session) refused(ctx actor.Context, m messages.Conflicted) sessionState {
	switch {
	case m.Round != s.round:
		return s.state
	case m.Named && m.Revision == 0:
		return s.lose(ctx, m.At, "the record is gone from the store", "")
	case m.Named && m.Revision < s.lease.Revision && s.available() && !m.At.Before(s.lease.End):
		return s.lose(ctx, m.At, "the store lost a heartbeat that it had accepted", "")
	}
	s.named = m.Revision
	s.read(ctx)
	return s.state
}

func (s *session) read(ctx actor.Context) {
	s.round++
	ctx.Request(s.outside, messages.Read{Round: s.round, Keys: []messages.Key{messages.KeyLive(s.worker)}})
}

func (s *session) readBack(ctx actor.Context, m messages.ReadDone) sessionState {
	if m.Round != s.round {
		return s.state
	}
	e := m.Entries[0]
	live, ok := e.Record.(partition.Live)
	if !ok {
		live = partition.Live{} // what cannot be understood is not ours
	}
	switch s.lease.ReadBack(live, e.Revision, s.named) {
	case partition.Mine:
		return s.renewed(ctx, live, e.Revision, m.At)
	case partition.Taken:
		switch {
		case e.Fault != "":
			return s.lose(ctx, m.At, e.Fault, "")
		case live.Session == s.nonce:
			return s.lose(ctx, m.At, fenced(live), "")
		}
		return s.lose(ctx, m.At, "another session took "+string(s.worker), s.replaced(live))
	default: // older than what is known
		if !s.checks && (e.Revision == 0 || !m.At.Before(s.lease.End)) { // or the record, or a heartbeat, is gone: only who writes is told so
			s.writing = false
			s.flushAfter(ctx, retryDelay)
			return s.state
		}
		s.remind(ctx, retryDelay, readDue{s.round})
		return s.state
	}
}

func (s *session) readAgain(ctx actor.Context, m readDue) {
	if m.Round == s.round {
		s.read(ctx)
	}
}

func (s *session) setFlags(ctx actor.Context, m messages.SetFlags) {
	s.keepFlags(ctx, m)
	s.send(ctx)
}

// keepFlags: the next write carries them.
func (s *session) keepFlags(_ actor.Context, m messages.SetFlags) {
	s.flags, s.pledged = m, &m
	s.record.Draining, s.record.Restarting, s.record.Refresh = m.Draining, m.Restarting, m.Refresh
}

func (s *session) suspect(ctx actor.Context, m suspectDue) sessionState {
	if !m.End.Equal(s.lease.End) {
		return living
	}
	if !s.available() {
		ctx.Request(s.holder, messages.Suspend{Deadline: m.End, Round: s.life})
	}
	s.tell(ctx, messages.SessionSuspected{Session: s.nonce, Deadline: m.End, Reason: s.trouble, At: m.End.Add(-s.settings.DrainTimeout)})
	return suspected
}

func (s *session) expire(ctx actor.Context, m leaseDue) sessionState {
	if !m.End.Equal(s.lease.End) || s.available() && s.state != releasing {
		return s.state
	}
	return s.lose(ctx, m.End, because("the lease ended: no heartbeat was accepted in time", s.trouble), "")
}

// fenced says why a leader has ended this session, as far as the record tells.
func fenced(l partition.Live) string {
	if l.Fence != nil && l.Fence.AfterSilence {
		return "the leader fenced this session, which was silent for longer than its lease"
	}
	return "the leader fenced this session, which held what was revoked, or began before a head that was lost"
}

// available reports whether the session goes on after its lease, until it is known
// that another one has its place.
func (s *session) available() bool { return s.settings.Ownership == partition.Available }

// because adds what is known of a cause.
func because(what, cause string) string {
	if cause == "" {
		return what
	}
	return what + ": " + cause
}

// replaced returns the ID if whoever has it now has it by the same instance key:
// it is never taken back.
func (s *session) replaced(by partition.Live) partition.WorkerID {
	if by.Session == s.nonce || by.InstanceKey != s.settings.InstanceKey {
		return ""
	}
	return s.worker
}

// lose ends the session: nothing is owned under it from here on.
func (s *session) lose(ctx actor.Context, at time.Time, reason string, replaced partition.WorkerID) sessionState {
	if s.state == releasing {
		return s.gone(ctx, at, "the release is not known to be stored: "+reason)
	}
	ctx.Request(s.holder, messages.DropAll{Reason: reason, At: at, Round: s.life})
	s.tell(ctx, messages.SessionLost{Session: s.nonce, Reason: reason, Replaced: replaced, At: at})
	return over
}
