package actors

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
)

// relief is how far a drain has come: who waits for its end, and whether the group
// knows of it. That it was asked for stands among the flags of the session.
type relief struct {
	asked []*actor.PID
	known bool
}

// drain gives everything up, by way of the leader.
func (m *manager) drain(ctx actor.Context, _ messages.Drain) {
	if len(m.relief.asked) == maxAsked {
		m.relief.asked = slices.DeleteFunc(m.relief.asked, func(pid *actor.PID) bool { return stage.Ended(ctx.ActorSystem(), pid) })
	}
	switch {
	case ctx.Sender() == nil:
	case len(m.relief.asked) == maxAsked:
		ctx.Respond(messages.Drained{Reason: "too many requests are waiting"})
	default:
		m.relief.asked = append(m.relief.asked, ctx.Sender())
	}
	switch {
	case m.state == shutdown:
		m.drainOver(ctx, isStopping)
	case m.life.final:
		m.drainOver(ctx, m.life.trouble)
	case m.life.flags.Draining:
		m.drainStep(ctx)
	default:
		m.life.flags.Draining = true
		m.tellFlags(ctx)
	}
}

func (m *manager) undrain(ctx actor.Context, _ messages.Undrain) {
	if m.life.flags.Draining {
		m.life.flags.Draining, m.relief.known = false, false
		m.tellFlags(ctx)
		m.drainOver(ctx, "Undrain was asked for")
	}
}

// tellFlags: a session that is yet to begin begins with them.
func (m *manager) tellFlags(ctx actor.Context) {
	if m.children.session != nil && m.state != shutdown {
		ctx.Send(m.children.session, m.life.flags)
	}
}

// drainAnew: the group does not know yet that this session drains too, as far as
// this worker knows.
func (m *manager) drainAnew(ctx actor.Context) {
	m.relief.known = false
	if m.life.flags.Draining {
		m.tellFlags(ctx)
	}
}

func (m *manager) flagsSet(ctx actor.Context, f messages.FlagsSet) {
	m.relief.known = f.Flags.Draining && m.life.flags.Draining
	m.drainStep(ctx)
}

// drainStep says so when nothing is left. While the lease is in doubt it is not known
// what is.
func (m *manager) drainStep(ctx actor.Context) {
	a := m.group.applied
	if m.relief.known && m.group.assigned && !a.Suspended && len(a.All)+len(a.Pending)+m.group.draining == 0 {
		m.drainOver(ctx, "")
	}
}

// drainOver answers all who wait, and still are there.
func (m *manager) drainOver(ctx actor.Context, reason string) {
	answer := stage.Post(ctx.ActorSystem())
	for _, pid := range m.relief.asked {
		answer(pid, messages.Drained{Reason: reason})
	}
	m.relief.asked = nil
}
