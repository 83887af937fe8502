package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// stall is how long a publisher has owed something, and not come nearer to it: to all of it,
// or to what it told somebody to let go of first.
type stall struct {
	since time.Time     // by renewals of the lead; zero if it owes nothing
	lease time.Duration // the longest one that a wait may have been for since then
	times int           // told in a row
	// readings is what those of the table since then took at most, with the pauses after them,
	// that came to nothing. Some in a row end the term by themselves.
	readings time.Duration
	// blocked: by the latest look something cannot come on before there is news, which takes
	// as long as it takes.
	blocked bool
	others  bool // came on since then
}

// renewed also is the clock of a watch: as long as this worker leads, it sees whether a
// hand-over comes on, whatever the actors of the term wait for. What another worker
// does or leaves is over by the bound, because it is fenced then. So what is stuck is
// this term, which ends after three bounds in a row.
func (p *publisher) renewed(ctx actor.Context, m messages.LeadRenewed) {
	p.until = m.Until
	if !p.owes() {
		p.comesOn(ctx)
		return
	}
	p.hear(m.At)
	if p.stall.since.IsZero() {
		p.stall.since = m.At
	}
	p.stall.lease = max(p.stall.lease, p.longestLease())
	if bound := p.settings.HandOverBound(p.stall.lease) + p.stall.readings; !m.At.Before(p.stall.since.Add(bound)) {
		p.stuck(ctx, m.At, bound)
	}
}

func (p *publisher) stuck(ctx actor.Context, at time.Time, bound time.Duration) {
	what := "nobody gave up or was given anything"
	if p.stall.others {
		what = "what was to be let go first did not come on, though others did,"
	}
	p.stall = stall{since: at, times: p.stall.times + 1, blocked: p.stall.blocked}
	reason := fmt.Sprintf("%s for %v: %s", what, bound.Round(time.Millisecond), p.lacks())
	told := messages.HandOverStalled{Term: p.term, Reason: reason, At: at}
	ctx.Send(p.manager, told)
	ctx.Send(p.outside, told)
	if p.stall.times == maxFailures {
		ctx.Send(ctx.Parent(), messages.TermFailed{Term: p.term, Reason: "the hand-over is stuck: " + reason, Resign: true})
	}
}

// owes reports whether something is due from this publisher: a hand-over, or to be
// ready for one.
func (p *publisher) owes() bool { return !p.known || !p.complete || p.want != nil && !p.want.done }

// progress: somebody gave something up or was given it, or was fenced. While what was to be let
// go first stays as it was, that is the progress of others: each partition that was to be let
// go has its own waits. One that waits for a lease alone is seen if nothing else comes on.
func (p *publisher) progress(ctx actor.Context, before partition.Table) {
	first := firstRevoke(p.table)
	if first != 0 && first == firstRevoke(before) && !p.stall.blocked {
		p.stall.others = true
		return
	}
	p.comesOn(ctx)
}

// firstRevoke is the earliest step that told an owner to let go of what it still has; 0 if
// there is none.
func firstRevoke(t partition.Table) (first partition.Step) {
	for _, r := range t.Rows {
		if r.Revoking != 0 && (first == 0 || r.Revoking < first) {
			first = r.Revoking
		}
	}
	return first
}

// comesOn: somebody gave something up or was given it, was fenced, or nothing is due.
func (p *publisher) comesOn(ctx actor.Context) {
	if p.stall.times > 0 {
		ctx.Send(p.manager, messages.HandOverResumed{Term: p.term, At: p.now})
	}
	p.stall = stall{blocked: p.stall.blocked}
}

// longestLease is the longest one that a wait may still be for: who was released or whose
// lease is over is not waited for.
func (p *publisher) longestLease() time.Duration {
	longest := p.settings.Lease
	for _, w := range p.roster {
		if !w.Live.Released && p.now.Before(w.At.Add(p.settings.Wait(w.Live.Lease))) {
			longest = max(longest, w.Live.Lease)
		}
	}
	for _, s := range p.table.Seats {
		longest = max(longest, s.Lease)
	}
	return longest
}

// lacks says what it waits for, in words.
func (p *publisher) lacks() string {
	switch {
	case !p.known:
		return "the term has no table yet, and is " + string(p.state)
	case p.state == reading:
		return "the table is read anew, and what is read cannot be used"
	case !p.complete:
		return "neither a watch nor a list has shown all workers"
	}
	var first partition.Row
	revoked, since := 0, firstRevoke(p.table)
	for _, r := range p.table.Rows {
		if r.Revoking == 0 {
			continue
		}
		if revoked++; r.Revoking == since && first.Revoking == 0 {
			first = r
		}
	}
	if revoked == 0 {
		return fmt.Sprintf("no step of it (%s) is stored after step %d", p.want.Cause, p.table.Step)
	}
	return fmt.Sprintf("%d partitions are to be let go (%s), the first one %s by %s",
		revoked, p.want.Cause, first.Partition, p.table.Seats[first.Seat].Worker)
}
