package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

func (s *session) claimUnsure(ctx actor.Context, m messages.Unsure) sessionState {
	if m.Round != s.round {
		return claiming
	}
	if s.claim.sent.IsZero() {
		s.claim.sent = m.Sent
	}
	s.claim.unsure = true
	s.claimFailed(ctx, m.Reason, m.At)
	s.remind(ctx, retryDelay, claimDue{s.round})
	return claiming
}

// claimRejected: nothing was written, by this attempt. An earlier one in doubt
// keeps its candidate until it is known what became of it.
func (s *session) claimRejected(ctx actor.Context, m messages.Rejected) sessionState {
	switch {
	case m.Round != s.round:
		return claiming
	case s.ending && !s.claim.unsure:
		return s.gone(ctx, m.At, "")
	}
	s.claimFailed(ctx, m.Reason, m.At)
	if s.claim.unsure {
		s.remind(ctx, retryDelay, claimDue{s.round})
		return claiming
	}
	return s.lookLater(ctx, retryDelay)
}

func (s *session) claimReadFailed(ctx actor.Context, m messages.ReadFailed) sessionState {
	if m.Round == s.round {
		s.claimFailed(ctx, m.Reason, m.At)
		s.remind(ctx, retryDelay, readDue{s.round})
	}
	return confirming
}

// claimFailed: the store did not do what the claim asked.
func (s *session) claimFailed(ctx actor.Context, reason string, at time.Time) {
	s.claim.failing = true
	s.tell(ctx, messages.ClaimFailed{Reason: reason, Unreachable: true, At: at})
}

// claimAnswered: it does so again.
func (s *session) claimAnswered(ctx actor.Context, at time.Time) {
	if s.claim.failing {
		s.claim.failing = false
		s.tell(ctx, messages.ClaimScanned{At: at})
	}
}

func (s *session) unsure(ctx actor.Context, m messages.Unsure) {
	if m.Round == s.round {
		s.lease.Sending(s.flying.Beat, m.Sent)
		s.faltered(ctx, m.Reason, m.At)
		s.read(ctx)
	}
}

// rejected: nothing was written. The next heartbeat tries again; if none is
// accepted, the lease ends, and this is why.
func (s *session) rejected(ctx actor.Context, m messages.Rejected) {
	if m.Round == s.round {
		s.writing = false
		s.faltered(ctx, m.Reason, m.At)
		if s.state == suspected && s.available() { // others may have noticed: it is looked at, as nothing can be written
			s.checks = true
			s.read(ctx)
			return
		}
		if s.dirty || s.pledged != nil {
			s.flushAfter(ctx, retryDelay)
		}
	}
}

func (s *session) readFailed(ctx actor.Context, m messages.ReadFailed) {
	if m.Round == s.round {
		s.faltered(ctx, m.Reason, m.At)
		s.remind(ctx, retryDelay, readDue{s.round})
	}
}

// faltered: this is why the latest heartbeat was not accepted, as far as is known.
func (s *session) faltered(ctx actor.Context, reason string, at time.Time) {
	s.trouble = reason
	s.tell(ctx, messages.OperationFailed{Reason: reason, At: at})
}
