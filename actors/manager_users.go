package actors

import (
	"cmp"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// isStopping is the answer to whoever asks while the worker stops.
const isStopping = "this worker is stopping"

// changed tells subscribers of a new public state.
func (m *manager) changed(ctx actor.Context, from, to messages.State) {
	m.subs.tell(ctx, messages.StateChanged{From: from, To: to, Reason: m.reason, At: m.now})
	m.reason = ""
	m.examine(ctx, to)
}

// examine says whether the worker can do its duty, when that has changed.
func (m *manager) examine(ctx actor.Context, state messages.State) {
	h := messages.HealthChanged{Healthy: true}
	switch {
	case m.life.final:
		h = messages.HealthChanged{Reason: m.life.trouble, Final: true}
	case state == shutdown:
		h = messages.HealthChanged{Reason: "stopping"}
	case state == degraded && m.outage.Well():
		h = messages.HealthChanged{Reason: "the store answers again, but not for long enough yet"}
	case state == degraded:
		h = messages.HealthChanged{Reason: because("the store cannot be used", m.life.trouble)}
	case !m.group.assigned:
		h = messages.HealthChanged{Reason: m.waitsFor(state)}
	case m.trouble() != "":
		h = messages.HealthChanged{Reason: m.trouble()}
	case m.group.barred != "":
		h = messages.HealthChanged{Reason: "this worker cannot lead: " + m.group.barred}
	}
	h.At = m.health.At
	if h != m.health {
		h.At = m.now
		m.health = h
		m.subs.tell(ctx, h)
	}
	if h.Final {
		m.drainOver(ctx, h.Reason) // the group hears nothing of it any more
	}
}

// stalled: a hand-over does not come on, and nobody says why.
func (m *manager) stalled(ctx actor.Context, s messages.HandOverStalled) {
	if m.ours(s.Term, s.At) {
		m.group.stall = "the hand-over is stuck: " + s.Reason
		m.examine(ctx, m.state)
	}
}

// handOverResumed ends that alone: what else a leader said of itself stays.
func (m *manager) handOverResumed(ctx actor.Context, r messages.HandOverResumed) {
	if m.ours(r.Term, r.At) {
		m.group.stall = ""
		m.examine(ctx, m.state)
	}
}

// trouble is why this leader does not do its duty. What it says of itself tells more than
// that nothing comes on.
func (m *manager) trouble() string { return cmp.Or(m.group.fault, m.group.stall) }

// waitsFor says why there is no assignment yet, and whether that takes too long.
func (m *manager) waitsFor(state messages.State) string {
	reason := m.life.trouble
	switch {
	case reason != "":
	case m.trouble() != "":
		reason = m.trouble()
	case !m.life.late:
		return "starting"
	case state == initial:
		reason = "the store is not open"
	case state == claimingID:
		reason = "no worker ID is claimed"
	case m.group.leader == "":
		reason = "nobody leads"
	default:
		reason = "the leader " + string(m.group.leader) + " has assigned nothing"
	}
	if m.life.late {
		return "no assignment within StartTimeout: " + reason
	}
	return reason
}

func (m *manager) subscribe(ctx actor.Context, s messages.Subscribe) {
	if s.PID == nil {
		return // nobody could be told
	}
	ctx.Watch(s.PID)
	ctx.Send(s.PID, messages.StateChanged{From: m.state, To: m.state, Reason: "subscribed", At: m.now})
	ctx.Send(s.PID, m.health)
	m.subs.add(ctx, s, m.group.applied)
	m.confirm(ctx)
}

func (m *manager) unsubscribe(ctx actor.Context, u messages.Unsubscribe) {
	if u.PID != nil && m.subs.remove(u.PID) {
		ctx.Unwatch(u.PID)
		m.confirm(ctx)
	}
}

func (m *manager) letGo(ctx actor.Context, l messages.LetGo) {
	if l.PID == nil {
		l.PID = ctx.Sender()
	}
	m.subs.letGo(l)
	m.confirm(ctx)
}

// confirm tells the holder up to where every confirming subscriber has let go.
func (m *manager) confirm(ctx actor.Context) {
	if change, news := m.subs.settled(m.group.applied.Change); news && m.children.holder != nil {
		ctx.Send(m.children.holder, messages.Confirmed{Change: change})
	}
}

func (m *manager) owner(ctx actor.Context, g messages.GetOwner) {
	switch {
	case ctx.Sender() == nil:
	case m.children.owners == nil:
		ctx.Respond(messages.Owner{Partition: g.Partition, Reason: isStopping + ", or looks for owners anew: ask again"})
	default:
		ctx.RequestWithCustomSender(m.children.owners, g, ctx.Sender())
	}
}

// release passes the request on to the holder, which answers.
func (m *manager) release(ctx actor.Context, r messages.ReleasePartition) {
	switch {
	case m.children.holder != nil:
		ctx.RequestWithCustomSender(m.children.holder, r, ctx.Sender())
	case ctx.Sender() != nil:
		ctx.Respond(messages.PartitionReleased{Partition: r.Partition, Reason: isStopping})
	}
}

func (m *manager) unworked(_ actor.Context, q messages.QuarantineChanged) {
	m.group.unworked = q.Quarantined
}

// updatePartitions passes the list on to the source, which answers.
func (m *manager) updatePartitions(ctx actor.Context, u messages.UpdatePartitions) {
	switch {
	case m.children.source != nil:
		ctx.RequestWithCustomSender(m.children.source, u, ctx.Sender())
	case ctx.Sender() != nil:
		ctx.Respond(messages.UpdateRefused{Reason: isStopping})
	}
}

// refresh passes the request on to the refresher, which is there from the first
// one on, and again after it failed.
func (m *manager) refresh(ctx actor.Context, r messages.RefreshPartitions) {
	c := &m.children
	switch {
	case m.state != shutdown:
		if c.refresher == nil {
			c.spawnRefresher(ctx, m)
		}
		ctx.RequestWithCustomSender(c.refresher, r, ctx.Sender())
	case ctx.Sender() != nil:
		ctx.Respond(messages.Refreshed{Reason: isStopping})
	}
}

func (m *manager) journal(ctx actor.Context, g messages.GetJournal) { m.inquire(ctx, g) }

func (m *manager) why(ctx actor.Context, w messages.Why) { m.inquire(ctx, w) }

// inquire passes a question on to the historian, which is there from the first one on,
// with what only a leader's manager knows.
func (m *manager) inquire(ctx actor.Context, question any) {
	q := messages.Inquiry{
		Question: question, From: ctx.Sender(), Leader: m.group.leader, Leading: m.group.leading, Unplaced: m.group.unplaced,
	}
	c := &m.children
	switch {
	case q.From == nil:
		return
	case m.state == shutdown:
		ctx.Respond(answerTo(q, isStopping, partition.Account{}, nil))
		return
	case c.historian == nil:
		c.historian = c.spawn(ctx, historianProps(c.outside), "historian")
	}
	switch {
	case !m.health.Healthy:
		q.Waits = "this worker is not well: " + m.health.Reason
	case m.state == degraded: // an Available one may be well
		q.Waits = "this worker cannot reach the store"
	case q.Leading && m.group.leads == scaling:
		q.Waits = "the leader lets the membership settle (" + m.group.cause + "): what moves for balance is held until its window is over"
	}
	ctx.Send(c.historian, q)
}

// refreshAsked puts the request into the session's record.
func (m *manager) refreshAsked(ctx actor.Context, r refreshCounted) {
	if m.life.worker != "" && r.Session == m.life.session {
		m.life.flags.Refresh = r.Count
		m.tellFlags(ctx)
	}
}

// refreshLate says why a request was not served yet, as far as this worker knows.
func (m *manager) refreshLate(ctx actor.Context, u unserved) {
	if u.From == nil {
		return
	}
	reason := "the leader " + string(m.group.leader) + " has not served it yet"
	switch {
	case !m.health.Healthy:
		reason = m.health.Reason
	case m.group.leader == "":
		reason = "nobody leads"
	}
	stage.Post(ctx.ActorSystem())(u.From, messages.Refreshed{Reason: reason})
}

// partitionsListed: the source noticed a change. Only a leader needs to know.
func (m *manager) partitionsListed(ctx actor.Context, l messages.PartitionsListed) {
	if m.children.election != nil {
		ctx.Send(m.children.election, l)
	}
}
