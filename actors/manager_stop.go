package actors

import (
	"fmt"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// closeGrace is what the manager's children get to end when a stop took too long.
const closeGrace = 100 * time.Millisecond

// Reminders of a manager that stops.
type (
	announceDue struct{} // the restart could not be announced in time
	stopDue     struct{} // ShutdownTimeout is over
	closeDue    struct{} // what has not ended by now is stuck
)

// exit is how far a stop has come.
type exit struct {
	asked    []*actor.PID // who waits for Stopped
	told     bool         // the restart is announced, or need not be
	empty    bool         // everything is let go
	stood    bool         // no term runs, no lead is kept
	freed    bool         // the release was asked for
	closing  bool         // the children were told to stop
	running  []string
	troubles []string // what else did not go as planned
}

// trouble notes what did not go as planned, if anything.
func (e *exit) trouble(reason string) {
	if reason != "" {
		e.troubles = append(e.troubles, reason)
	}
}

// stop lets everything go. A worker that comes back says so before it begins, so
// that nobody gets its partitions meanwhile.
func (m *manager) stop(ctx actor.Context, s messages.Stop) messages.State {
	m.stopAgain(ctx, s)
	m.reason = "asked to stop"
	m.drainOver(ctx, isStopping)
	set := m.cfg.Settings
	ctx.Request(m.children.outside, messages.Remind{After: set.ShutdownTimeout, Mail: stopDue{}})
	restart := s.Restarting || set.OnStop == partition.Restart
	if !restart || m.life.worker == "" || m.children.session == nil { // it failed, and nothing can be announced
		m.vacate(ctx)
		return shutdown
	}
	m.life.flags.Restarting = true
	ctx.Send(m.children.session, m.life.flags)
	ctx.Request(m.children.outside, messages.Remind{After: set.StoreTimeout, Mail: announceDue{}})
	return shutdown
}

func (m *manager) stopAgain(ctx actor.Context, _ messages.Stop) messages.State {
	if ctx.Sender() != nil {
		m.exit.asked = append(m.exit.asked, ctx.Sender())
	}
	return shutdown
}

func (m *manager) announced(ctx actor.Context, f messages.FlagsSet) messages.State {
	if f.Flags.Restarting {
		m.vacate(ctx)
	}
	return shutdown
}

// announceLate: the store is slow. The flag goes out with whatever is written
// next, so that no draining write is without it.
func (m *manager) announceLate(ctx actor.Context, _ announceDue) messages.State {
	m.vacate(ctx)
	return shutdown
}

// vacate drains everything, within what a release leaves of the time, and gives
// the lead up meanwhile.
func (m *manager) vacate(ctx actor.Context) {
	if m.exit.told {
		return
	}
	m.exit.told = true
	if m.children.election != nil {
		ctx.Send(m.children.election, messages.StandDown{})
	}
	m.emptyOut(ctx)
}

func (m *manager) emptyOut(ctx actor.Context) {
	s := m.cfg.Settings
	ctx.Send(m.children.holder, messages.LetAllGo{Within: min(s.RevokeTimeout, s.ShutdownTimeout-2*s.StoreTimeout)})
}

func (m *manager) allLetGo(ctx actor.Context, a messages.AllLetGo) messages.State {
	m.exit.empty, m.exit.running = true, a.Running
	m.leaveStep(ctx)
	return shutdown
}

func (m *manager) stoodDown(ctx actor.Context, _ messages.StoodDown) messages.State {
	m.exit.stood = true
	m.leaveStep(ctx)
	return shutdown
}

// leaveStep releases the session when nothing is owned and no term runs, and ends
// the rest when the session is over.
func (m *manager) leaveStep(ctx actor.Context) {
	e, c := &m.exit, &m.children
	switch {
	case e.closing:
	case !e.told:
		if c.session == nil {
			m.vacate(ctx) // it ended before the restart was announced
		}
	case !e.empty:
	case c.session == nil:
		m.close(ctx)
	case !e.freed && (e.stood || c.election == nil):
		e.freed = true
		ctx.Send(c.session, messages.EndSession{})
	}
}

func (m *manager) sessionReleased(ctx actor.Context, r messages.SessionReleased) messages.State {
	m.hear(r.At)
	m.exit.trouble(r.Reason)
	m.endSession(ctx)
	m.leaveStep(ctx)
	return shutdown
}

// stopLate ends what still runs.
func (m *manager) stopLate(ctx actor.Context, _ stopDue) messages.State {
	if m.exit.closing {
		m.finish(ctx)
		return shutdown
	}
	late := "the stop took longer than ShutdownTimeout"
	if m.children.session != nil {
		late += ": the release is not known to be stored"
	}
	m.exit.trouble(late)
	ctx.Request(m.children.outside, messages.Remind{After: closeGrace, Mail: closeDue{}})
	m.close(ctx)
	return shutdown
}

func (m *manager) closeLate(ctx actor.Context, _ closeDue) messages.State {
	m.finish(ctx)
	return shutdown
}

// close stops the children, the outside last.
func (m *manager) close(ctx actor.Context) {
	c := &m.children
	m.exit.closing = true
	for _, child := range []**actor.PID{&c.election, &c.session, &c.refresher, &c.historian, &c.owners, &c.strategy, &c.source, &c.holder} {
		c.dismiss(ctx, child)
	}
	m.closeStep(ctx)
}

// closeStep goes on when a child has ended. A holder that waits for handlers which
// were named already is not waited for.
func (m *manager) closeStep(ctx actor.Context) {
	c := &m.children
	switch {
	case !m.exit.closing:
	case c.outside == nil && len(c.leaving) == 0:
		m.end(ctx)
	case c.outside == nil:
	case len(c.leaving) == 0, len(m.exit.running) > 0 && c.leavingOnly("holder"):
		c.leaving = map[string]bool{}
		c.dismiss(ctx, &c.outside)
	}
}

// finish names what does not end, and waits for it no longer.
func (m *manager) finish(ctx actor.Context) {
	c := &m.children
	if c.outside == nil {
		return
	}
	if !c.leavingOnly("holder") || len(m.exit.running) == 0 {
		for _, id := range c.stuck() {
			m.exit.running = append(m.exit.running, fmt.Sprintf("%s, or what is below it", id))
		}
	}
	c.leaving = map[string]bool{}
	c.dismiss(ctx, &c.outside)
}

func (m *manager) end(ctx actor.Context) {
	answer := stage.Post(ctx.ActorSystem())
	for _, pid := range m.exit.asked {
		answer(pid, messages.Stopped{Running: m.exit.running, Reason: strings.Join(m.exit.troubles, "; ")})
	}
	m.exit.asked = nil
	m.subs.unwatch(ctx)
	ctx.Stop(ctx.Self())
}
