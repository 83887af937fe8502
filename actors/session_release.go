package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

// release writes, as the last word, what the holder says now.
func (s *session) release(ctx actor.Context, _ messages.EndSession) sessionState {
	s.ask(ctx)
	return releasing
}

// lastWord releases the session with what the holder answers now. What has not
// stopped must be listed in it: if that does not fit, others wait for the lease's end
// instead, which no further heartbeat delays.
func (s *session) lastWord(ctx actor.Context, m messages.Holdings) sessionState {
	whole := s.take(m)
	switch {
	case m.Round == 0 || m.Round != s.asked:
		return releasing // the answer says it too
	case !whole:
		return s.gone(ctx, time.Time{}, "the release was not written: what has not stopped does not fit into it")
	}
	s.record.Released = true
	s.send(ctx)
	return releasing
}

// releaseRejected tries again as long as the lease lasts, less and less often: the
// connection may be about to come back. Afterwards there is nothing to release, and
// what can never be stored is not asked for again.
func (s *session) releaseRejected(ctx actor.Context, m messages.Rejected) sessionState {
	switch {
	case m.Round != s.round:
		return releasing
	case s.flying.Released && (m.Final || !m.At.Before(s.lease.End)):
		return s.gone(ctx, m.At, "the release was not written: "+m.Reason)
	}
	s.writing = false
	s.faltered(ctx, m.Reason, m.At)
	if s.dirty || s.flying.Released {
		s.flushAfter(ctx, s.apart(s.tries))
		s.tries++
	}
	return releasing
}

// releaseReadFailed asks again what became of a write, as long as the lease lasts.
// Whoever is available may have none any more: nothing else would end it.
func (s *session) releaseReadFailed(ctx actor.Context, m messages.ReadFailed) sessionState {
	if m.Round == s.round && !m.At.Before(s.lease.End) {
		return s.gone(ctx, m.At, "the release is not known to be stored: "+m.Reason)
	}
	s.readFailed(ctx, m)
	return releasing
}

func (s *session) gone(ctx actor.Context, at time.Time, reason string) sessionState {
	s.tell(ctx, messages.SessionReleased{Reason: reason, At: at})
	return over
}
