package actors

import (
	"cmp"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// refresher carries the requests of one worker to the leader, and the answers
// back. It owns who waits for which request, and counts the requests of the
// present session. It hears requests and sessions from the manager and reads the
// head, which says what was served; it tells the manager the count, for the
// worker's record. If it fails, nobody is waiting any more, and the next one counts
// on.
type refresher struct {
	refresherConfig
	state   refresherState
	waiting []waiter
	tickets uint64
	round   partition.Round
	pause   time.Duration
}

type refresherConfig struct {
	settings partition.Settings
	outside  *actor.PID
	// session is the present one, if any, and count what it has asked for so far.
	session partition.SessionID
	count   uint64
}

// waiter is a request that was not served yet: the number-th of its session. A
// request without a sender waits too, so that it is not lost with the session.
type waiter struct {
	from           *actor.PID
	ticket, number uint64
}

type refresherState string

const (
	unasked  refresherState = "unasked"  // waiting for a request
	awaiting refresherState = "awaiting" // waiting for the next look at the head
	heading  refresherState = "heading"  // waiting for the head
)

// Reminders of a refresher to itself, and its mail with the manager.
type (
	headDue    struct{ Round partition.Round }
	unservedIn struct{ Ticket uint64 } // the request was not served in time
	// sessionIs names the present session; empty if there is none.
	sessionIs struct{ Session partition.SessionID }
	// refreshCounted asks for the count in the session's record.
	refreshCounted struct {
		Session partition.SessionID
		Count   uint64
	}
	// unserved asks to tell why a request was not served yet.
	unserved struct{ From *actor.PID }
)

var refresherTable = fsm.New(
	fsm.On(unasked, (*refresher).ask, awaiting),
	fsm.On(awaiting, (*refresher).ask, awaiting),
	fsm.On(awaiting, (*refresher).look, awaiting, heading),
	fsm.On(awaiting, (*refresher).giveUp, awaiting, unasked),
	fsm.On(heading, (*refresher).ask, heading),
	fsm.On(heading, (*refresher).headSeen, heading, awaiting, unasked), // ReadDone
	fsm.On(heading, (*refresher).headUnread, heading, awaiting),
	fsm.On(heading, (*refresher).giveUp, heading, unasked),
	fsm.Stay((*refresher).begin, unasked, awaiting, heading), // sessionIs
	fsm.Stay((*refresher).end, unasked, awaiting, heading),   // Stopping
	fsm.Late[*refresher, refresherState](messages.ReadDone{}, messages.ReadFailed{}, headDue{}, unservedIn{}),
)

func refresherProps(cfg refresherConfig) *actor.Props {
	return stage.Props(func() actor.Actor { return &refresher{refresherConfig: cfg, state: unasked} })
}

// Receive implements actor.Actor.
func (r *refresher) Receive(ctx actor.Context) { refresherTable.Receive(ctx, r, &r.state, nil) }

// patience is how long a request may take by default: it is seen, the source is
// listed, a plan is made, and what is revoked may have to be written off.
func (r *refresher) patience(m messages.RefreshPartitions) time.Duration {
	s := r.settings
	all := s.PollInterval + s.SourceTimeout + s.StrategyTimeout + s.RevokeTimeout + s.Wait(s.Lease) + 4*s.StoreTimeout
	return cmp.Or(max(m.Within, 0), all)
}

func (r *refresher) ask(ctx actor.Context, m messages.RefreshPartitions) refresherState {
	if len(r.waiting) >= maxAsked {
		r.answer(ctx, ctx.Sender(), messages.Refreshed{Reason: "too many requests are waiting"})
		return r.state
	}
	r.count++
	r.tickets++
	r.waiting = append(r.waiting, waiter{ctx.Sender(), r.tickets, r.count})
	ctx.Request(r.outside, messages.Remind{After: r.patience(m), Mail: unservedIn{r.tickets}})
	r.tellCount(ctx)
	if r.state == unasked {
		r.pause = retryDelay
		return r.lookLater(ctx)
	}
	return r.state
}

func (r *refresher) tellCount(ctx actor.Context) {
	if r.session != "" {
		ctx.Request(ctx.Parent(), refreshCounted{r.session, r.count})
	}
}

// begin carries what waits over into a new session, as its first request.
func (r *refresher) begin(ctx actor.Context, m sessionIs) {
	r.session, r.count = m.Session, 0
	if m.Session == "" || len(r.waiting) == 0 {
		return
	}
	r.count = 1
	for i := range r.waiting {
		r.waiting[i].number = 1
	}
	r.tellCount(ctx)
}

// lookLater waits longer each time, up to a heartbeat.
func (r *refresher) lookLater(ctx actor.Context) refresherState {
	r.round++
	ctx.Request(r.outside, messages.Remind{After: r.pause, Mail: headDue{r.round}})
	r.pause = min(2*r.pause, r.settings.HeartbeatInterval)
	return awaiting
}

func (r *refresher) look(ctx actor.Context, m headDue) refresherState {
	switch {
	case m.Round != r.round:
		return awaiting
	case r.session == "":
		return r.lookLater(ctx)
	}
	r.round++
	ctx.Request(r.outside, messages.Read{Round: r.round, Keys: []messages.Key{messages.KeyHead}})
	return heading
}

// headSeen answers what the session's seat shows as served. A head may be old, but
// what was served stays so.
func (r *refresher) headSeen(ctx actor.Context, m messages.ReadDone) refresherState {
	if m.Round != r.round {
		return heading
	}
	head, _ := m.Entries[0].Record.(partition.Head)
	done := uint64(0)
	for _, s := range head.Seats {
		if s.Session == r.session && r.session != "" {
			done = s.Refresh
		}
	}
	still := r.waiting[:0]
	for _, w := range r.waiting {
		if w.number > done {
			still = append(still, w)
			continue
		}
		r.answer(ctx, w.from, messages.Refreshed{Version: head.Version})
	}
	r.waiting = still
	if len(still) == 0 {
		return unasked
	}
	return r.lookLater(ctx)
}

func (r *refresher) headUnread(ctx actor.Context, m messages.ReadFailed) refresherState {
	if m.Round != r.round {
		return heading
	}
	return r.lookLater(ctx)
}

// giveUp lets the manager say why a request was not served yet. It stays in the
// worker's record, and is served when it can be.
func (r *refresher) giveUp(ctx actor.Context, m unservedIn) refresherState {
	for i, w := range r.waiting {
		if w.ticket == m.Ticket {
			r.waiting = append(r.waiting[:i], r.waiting[i+1:]...)
			ctx.Request(ctx.Parent(), unserved{w.from})
			break
		}
	}
	if len(r.waiting) == 0 {
		return unasked
	}
	return r.state
}

// end tells everybody who waits that nothing comes any more.
func (r *refresher) end(ctx actor.Context, _ *actor.Stopping) {
	for _, w := range r.waiting {
		r.answer(ctx, w.from, messages.Refreshed{Reason: isStopping})
	}
	r.waiting = nil
}

func (*refresher) answer(ctx actor.Context, to *actor.PID, mail messages.Refreshed) {
	if to != nil {
		stage.Post(ctx.ActorSystem())(to, mail)
	}
}
