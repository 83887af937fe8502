package actors

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// children are the manager's children. Names count up, because they carry no
// incarnation: an old child of the same name may not have ended yet.
type children struct {
	outside, holder, strategy, source, owners *actor.PID
	session, election                         *actor.PID
	refresher                                 *actor.PID // nil until somebody asks for a refresh
	historian                                 *actor.PID // nil until somebody asks why
	born                                      int
	life                                      partition.Round // of the latest session
	// leaving are children that were told to stop and have not ended yet.
	leaving map[string]bool
}

// againDue is a reminder to replace a child that failed.
type againDue struct{ Who string }

// spawnAll spawns all that live as long as the manager. What the outside hears first
// is which of the settings are its own.
func (c *children) spawnAll(ctx actor.Context, m *manager) {
	c.leaving = map[string]bool{}
	c.outside = c.spawn(ctx, m.doors, "outside")
	set := m.cfg.Settings
	ctx.Send(c.outside, messages.OpenStore{StoreTimeout: set.StoreTimeout, PollInterval: set.PollInterval, Record: set.Record})
	c.strategy = c.spawn(ctx, keeperProps(c.outside, m.cfg.Strategy), "strategy")
	c.source = c.spawn(ctx, keeperProps(c.outside, m.cfg.Source), "source")
	c.owners = c.spawn(ctx, ownersProps(c.outside), "owners")
	c.spawnHolder(ctx, m)
}

func (c *children) spawn(ctx actor.Context, props *actor.Props, role string) *actor.PID {
	c.born++
	return stage.Spawn(ctx, props, fmt.Sprintf("%s-%d", role, c.born))
}

func (c *children) spawnHolder(ctx actor.Context, m *manager) {
	was := m.group.applied
	c.holder = c.spawn(ctx, holderProps(holderConfig{
		settings: m.cfg.Settings, outside: c.outside, props: m.cfg.Partition,
		past: past{change: was.Change, seen: was.Step, version: was.Version, lapsed: was.Abandoned},
	}), "holder")
}

func (c *children) spawnSession(ctx actor.Context, m *manager) {
	c.life = partition.Round(c.born)
	c.session = c.spawn(ctx, sessionProps(sessionConfig{
		settings: m.cfg.Settings, outside: c.outside, holder: c.holder, lost: m.life.lost, flags: m.life.flags,
		nonce: m.life.session, life: c.life, dice: m.life.dice.Dealt("session", uint64(c.born)),
	}), "session")
}

func (c *children) spawnElection(ctx actor.Context, m *manager) {
	c.election = c.spawn(ctx, electionProps(electionConfig{
		settings: m.cfg.Settings, outside: c.outside, holder: c.holder, strategy: c.strategy, source: c.source,
		worker: m.life.worker, session: m.life.session,
		dice: m.life.dice.Dealt("election", uint64(c.born)), fresh: m.life.fresh, grace: m.outage.grace,
	}), "election")
}

func (c *children) spawnRefresher(ctx actor.Context, m *manager) {
	cfg := refresherConfig{settings: m.cfg.Settings, outside: c.outside, count: m.life.flags.Refresh}
	if m.life.worker != "" {
		cfg.session = m.life.session
	}
	c.refresher = c.spawn(ctx, refresherProps(cfg), "refresher")
}

// tellRefresher gives the refresher news, if there is one.
func (c *children) tellRefresher(ctx actor.Context, news any) {
	if c.refresher != nil {
		ctx.Send(c.refresher, news)
	}
}

// dismiss stops a child that is not needed any more.
func (c *children) dismiss(ctx actor.Context, child **actor.PID) {
	if *child == nil {
		return
	}
	c.leaving[(*child).Id] = true
	ctx.Stop(*child)
	*child = nil
}

// replaced reports whether mail comes from a child that has been replaced.
func (c *children) replaced(ctx actor.Context) bool {
	from := ctx.Sender()
	if from == nil || from.Address != ctx.Self().Address {
		return false
	}
	name, below := strings.CutPrefix(from.Id, ctx.Self().Id+"/")
	if !below || strings.Contains(name, "/") {
		return false
	}
	return !slices.ContainsFunc([]*actor.PID{c.outside, c.holder, c.strategy, c.source, c.owners, c.session, c.election, c.refresher, c.historian}, from.Equal)
}

// stuck lists the children that do not end.
func (c *children) stuck() []string { return slices.Sorted(maps.Keys(c.leaving)) }

// leavingOnly reports whether one child is left to wait for, of this role.
func (c *children) leavingOnly(role string) bool {
	ids := c.stuck()
	return len(ids) == 1 && strings.Contains(ids[0], "/"+role+"-")
}

// childEnded: a child that was dismissed, one that failed, or a subscriber.
func (m *manager) childEnded(ctx actor.Context, t *actor.Terminated) {
	c := &m.children
	switch {
	case c.leaving[t.Who.Id]:
		delete(c.leaving, t.Who.Id)
		m.closeStep(ctx)
	case m.subs.remove(t.Who):
		m.confirm(ctx)
	case t.Who.Equal(c.session):
		c.session = nil
		m.dropAll(ctx, "the session failed")
		m.failed(ctx, "the session failed")
	case t.Who.Equal(c.holder):
		c.holder = nil
		m.holderFailed(ctx)
	case t.Who.Equal(c.election):
		c.election = nil
		m.electionFailed(ctx, t.Who.Id)
	case t.Who.Equal(c.owners):
		c.owners = nil
		m.againLater(ctx, t.Who.Id)
	case t.Who.Equal(c.refresher):
		c.refresher = nil
	case t.Who.Equal(c.historian):
		c.historian = nil
	case t.Who.Equal(c.outside):
		m.outsideFailed(ctx)
	case t.Who.Equal(c.strategy), t.Who.Equal(c.source):
		panic(fmt.Sprintf("%s failed, which only stands for an actor of the user's", t.Who.Id))
	}
}

// failed ends the session as if it had been lost: what held a promise to others
// fails closed. It comes by mail, after all that the failed one said.
func (m *manager) failed(ctx actor.Context, reason string) {
	if m.life.session != "" {
		ctx.Send(ctx.Self(), messages.SessionLost{Session: m.life.session, Reason: reason, At: m.now})
	}
}

// holderFailed: its partition actors have ended with it. Subscribers are told so
// at once, because nobody else does.
func (m *manager) holderFailed(ctx actor.Context) {
	was := m.group.applied
	m.group.applied = messages.AssignmentApplied{
		Change: was.Change + 1, Worker: was.Worker, Session: was.Session, Version: was.Version, Step: was.Step, Lost: was.All,
		Abandoned: was.Abandoned, At: m.now,
	}
	m.group.draining, m.group.unworked = 0, nil
	m.subs.assign(ctx, m.group.applied)
	m.children.spawnHolder(ctx, m)
	m.failed(ctx, "the holder failed")
	if m.state == shutdown && m.exit.told {
		m.emptyOut(ctx)
	}
}

// electionFailed: its term has ended with it. The lead, if it had it, falls free
// as after a crash; the session goes on, and another election begins.
func (m *manager) electionFailed(ctx actor.Context, who string) {
	if m.state == shutdown {
		m.exit.stood = true
		m.leaveStep(ctx)
		return
	}
	m.group.barred = "" // the next one says it anew
	ctx.Send(ctx.Self(), messages.LeadershipLost{Term: m.group.term, Reason: "the election failed", At: m.now})
	m.againLater(ctx, who)
}

func (m *manager) againLater(ctx actor.Context, who string) {
	ctx.Request(m.children.outside, messages.Remind{After: retryDelay, Mail: againDue{who}})
}

// again replaces a child that failed and without which the rest goes on.
func (m *manager) again(ctx actor.Context, a againDue) {
	c := &m.children
	switch {
	case strings.Contains(a.Who, "/owners-") && c.owners == nil:
		c.owners = c.spawn(ctx, ownersProps(c.outside), "owners")
	case strings.Contains(a.Who, "/election-") && c.election == nil && m.life.worker != "":
		c.spawnElection(ctx, m)
	}
}

// outsideFailed: without it nothing can be kept or released. All stops, which
// equals a crash; who waits for the end is told.
func (m *manager) outsideFailed(ctx actor.Context) {
	if m.state != shutdown {
		panic("the outside failed: nothing can be kept or released without it")
	}
	m.children.outside = nil
	m.exit.trouble("the outside failed")
	m.close(ctx)
}
