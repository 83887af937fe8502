package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// company are the manager's children. Names count up, because they carry no
// incarnation: an old child of the same name may not have ended yet.
type company struct {
	outside, holder, strategy, source, owners *actor.PID
	session, election                         *actor.PID
	born                                      int
	// leaving are children that were told to stop and have not ended yet.
	leaving map[string]bool
}

// againDue is a reminder to replace a child that failed.
type againDue struct{ Who string }

// gather spawns all that live as long as the manager.
func (c *company) gather(ctx actor.Context, m *manager) {
	c.leaving = map[string]bool{}
	c.outside = c.spawn(ctx, m.doors, "outside")
	c.strategy = c.spawn(ctx, keeperProps(c.outside, m.cfg.Strategy), "strategy")
	c.source = c.spawn(ctx, keeperProps(c.outside, m.cfg.Source), "source")
	c.owners = c.spawn(ctx, ownersProps(c.outside), "owners")
	c.spawnHolder(ctx, m)
}

func (c *company) spawn(ctx actor.Context, props *actor.Props, role string) *actor.PID {
	c.born++
	return stage.Spawn(ctx, props, fmt.Sprintf("%s-%d", role, c.born))
}

func (c *company) spawnHolder(ctx actor.Context, m *manager) {
	c.holder = c.spawn(ctx, holderProps(holderConfig{
		settings: m.cfg.Settings, outside: c.outside, props: m.cfg.Partition,
	}), "holder")
}

func (c *company) spawnSession(ctx actor.Context, m *manager) {
	c.session = c.spawn(ctx, sessionProps(sessionConfig{
		settings: m.cfg.Settings, outside: c.outside, holder: c.holder, nonce: m.life.session, lost: m.life.lost, flags: m.life.flags,
	}), "session")
}

func (c *company) spawnElection(ctx actor.Context, m *manager) {
	c.election = c.spawn(ctx, electionProps(electionConfig{
		settings: m.cfg.Settings, outside: c.outside, holder: c.holder, strategy: c.strategy, source: c.source,
		worker: m.life.worker, session: m.life.session, claim: m.life.claim,
		dice: m.life.dice.Dealt("election", uint64(c.born)), fresh: m.life.fresh,
	}), "election")
}

// dismiss stops a child that is not needed any more.
func (c *company) dismiss(ctx actor.Context, child **actor.PID) {
	if *child == nil {
		return
	}
	c.leaving[(*child).Id] = true
	ctx.Stop(*child)
	*child = nil
}

// childEnded: a child that was dismissed, one that failed, or a subscriber. What
// held a promise to others fails closed: its promise is over, another one begins.
func (m *manager) childEnded(ctx actor.Context, t *actor.Terminated) {
	c := &m.company
	switch {
	case c.leaving[t.Who.Id]:
		delete(c.leaving, t.Who.Id)
		m.closeStep(ctx)
	case m.subs.remove(t.Who):
		m.confirm(ctx)
	case t.Who.Equal(c.session):
		c.session = nil
		ctx.Send(c.holder, messages.DropAll{Reason: "the session failed", At: m.now})
		ctx.Send(ctx.Self(), messages.SessionLost{Session: m.life.session, Reason: "the session failed", At: m.now})
	case t.Who.Equal(c.holder):
		// Its partition actors have ended with it. A new session claims anew.
		m.dropped(ctx)
		c.spawnHolder(ctx, m)
		ctx.Send(ctx.Self(), messages.SessionLost{Session: m.life.session, Reason: "the holder failed", At: m.now})
	case t.Who.Equal(c.outside):
		panic("the outside failed: without it nothing can be kept or released")
	case m.state != messages.Shutdown && (t.Who.Equal(c.election) || t.Who.Equal(c.owners)):
		ctx.Request(c.outside, messages.Remind{After: retryDelay, Mail: againDue{t.Who.Id}})
	case m.state == messages.Shutdown && t.Who.Equal(c.election):
		c.election = nil
		m.exit.stood = true
		m.leaveStep(ctx)
	}
}

// dropped tells subscribers that nothing is owned, when the holder cannot.
func (m *manager) dropped(ctx actor.Context) {
	was := m.group.applied
	m.group.applied = messages.AssignmentApplied{
		Change: 0, Session: was.Session, Version: was.Version, Step: was.Step, Lost: was.All, At: m.now,
	}
	m.subs.assign(ctx, m.life.worker, m.group.applied)
	m.subs.forget()
}

// begunAgain replaces a child that failed and that nobody depends on meanwhile.
func (m *manager) begunAgain(ctx actor.Context, a againDue) {
	c := &m.company
	switch {
	case c.election != nil && c.election.Id == a.Who:
		m.leadershipLost(ctx, messages.LeadershipLost{Term: m.group.term, Reason: "the election failed", At: m.now})
		c.spawnElection(ctx, m)
	case c.owners.Id == a.Who:
		c.owners = c.spawn(ctx, ownersProps(c.outside), "owners")
	}
}

// stopDue is a reminder that a stop has taken long enough.
type stopDue struct{}

// exit is how far a stop has come.
type exit struct {
	asked   []*actor.PID // who waits for Stopped
	restart bool
	told    bool // the restart is announced, or need not be
	empty   bool // everything is let go
	stood   bool // no term runs, no lead is kept
	freed   bool // the release was asked for
	gone    bool // the session is over
	closing bool
	late    bool
	running []string
	trouble string
}

// stop lets everything go, first saying so if the worker comes back.
func (m *manager) stop(ctx actor.Context, s messages.Stop) messages.State {
	e := &m.exit
	m.stopAgain(ctx, s)
	e.restart = s.Restarting || m.cfg.Settings.OnStop == partition.Restart
	m.reason = "asked to stop"
	ctx.Request(m.company.outside, messages.Remind{After: m.cfg.Settings.ShutdownTimeout, Mail: stopDue{}})
	e.gone = m.company.session == nil
	e.stood = m.company.election == nil
	if !e.stood {
		ctx.Send(m.company.election, messages.StandDown{})
	}
	if e.restart && m.life.worker != "" && m.state != messages.Degraded {
		m.life.flags.Restarting = true
		ctx.Request(m.company.session, messages.SetFlags{Draining: m.life.flags.Draining, Restarting: true, Refresh: m.life.flags.Refresh})
	} else {
		m.vacate(ctx)
	}
	return messages.Shutdown
}

func (m *manager) stopAgain(ctx actor.Context, _ messages.Stop) messages.State {
	if ctx.Sender() != nil {
		m.exit.asked = append(m.exit.asked, ctx.Sender())
	}
	return messages.Shutdown
}

func (m *manager) announced(ctx actor.Context, f messages.FlagsSet) messages.State {
	if f.Flags.Restarting && !m.exit.told {
		m.vacate(ctx)
	}
	return messages.Shutdown
}

// vacate drains everything, within what is left after a release.
func (m *manager) vacate(ctx actor.Context) {
	m.exit.told = true
	s := m.cfg.Settings
	within := min(s.RevokeTimeout, s.ShutdownTimeout-2*s.StoreTimeout)
	ctx.Send(m.company.holder, messages.LetAllGo{Within: within})
	m.leaveStep(ctx)
}

func (m *manager) allLetGo(ctx actor.Context, a messages.AllLetGo) messages.State {
	m.exit.empty, m.exit.running = true, a.Running
	m.leaveStep(ctx)
	return messages.Shutdown
}

func (m *manager) stoodDown(ctx actor.Context, _ messages.StoodDown) messages.State {
	m.exit.stood = true
	m.leaveStep(ctx)
	return messages.Shutdown
}

// leaveStep releases the session when nothing is owned and no term runs, and
// ends the rest when the session is over.
func (m *manager) leaveStep(ctx actor.Context) {
	e := &m.exit
	switch {
	case m.state != messages.Shutdown && !e.told || e.closing:
	case e.gone && !e.told:
		m.vacate(ctx) // the session ended before the restart was announced
	case e.gone && e.empty:
		m.close(ctx)
	case e.empty && e.stood && !e.freed && m.company.session != nil:
		e.freed = true
		ctx.Send(m.company.session, messages.EndSession{})
	}
}

func (m *manager) sessionReleased(ctx actor.Context, r messages.SessionReleased) messages.State {
	m.hear(r.At)
	m.exit.gone, m.exit.trouble = true, r.Reason
	m.leaveStep(ctx)
	return messages.Shutdown
}

// stopLate ends what still runs.
func (m *manager) stopLate(ctx actor.Context, _ stopDue) messages.State {
	m.exit.late = true
	if !m.exit.closing {
		m.exit.trouble = "the stop took longer than ShutdownTimeout"
		m.close(ctx)
	}
	m.closeStep(ctx)
	return messages.Shutdown
}

// close stops the children, the outside last.
func (m *manager) close(ctx actor.Context) {
	c := &m.company
	m.exit.closing = true
	for _, child := range []**actor.PID{&c.election, &c.session, &c.owners, &c.strategy, &c.source, &c.holder} {
		c.dismiss(ctx, child)
	}
	m.closeStep(ctx)
}

// closeStep ends with the outside, when all others have ended or are stuck in
// code of the user.
func (m *manager) closeStep(ctx actor.Context) {
	c := &m.company
	if m.state != messages.Shutdown || !m.exit.closing {
		return
	}
	stuck := len(m.exit.running) > 0 && len(c.leaving) == 1
	switch {
	case c.outside != nil && (len(c.leaving) == 0 || stuck || m.exit.late):
		for id := range c.leaving {
			if !stuck {
				m.exit.running = append(m.exit.running, id)
			}
		}
		c.leaving = map[string]bool{}
		c.dismiss(ctx, &c.outside)
	case c.outside == nil && len(c.leaving) == 0:
		for _, pid := range m.exit.asked {
			ctx.Send(pid, messages.Stopped{Running: m.exit.running, Reason: m.exit.trouble})
		}
		m.exit.asked = nil
		ctx.Stop(ctx.Self())
	}
}
