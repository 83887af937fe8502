package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Never is a time that does not come.
const Never = time.Duration(-1)

// Habits are how a process and its user code behave.
type Habits struct {
	// InstanceKey and NeverLead are as in partition.Settings.
	InstanceKey string
	NeverLead   bool
	// Differ, if set, changes the settings that it has otherwise: those of the world.
	Differ func(*partition.Settings)
	// Fresh is as in bridge.Config, which is a lie in most worlds.
	Fresh bool
	// Rate of its clock; TrueRate if zero.
	Rate Rate
	// Fails is a partition whose handlers panic as soon as they start.
	Fails partition.PartitionID
	// Drain is how long handlers need to stop after Revoke: 0 at once, Never.
	Drain time.Duration
	// Confirm: its subscriber confirms, after LetGo, which may be Never.
	Confirm bool
	LetGo   time.Duration
	// Quiet: its source tells no change by itself.
	Quiet bool
	// Moody: its strategy, which is the default one, may Balk.
	Moody bool
	// Strategy of its plans when it leads; the default if nil.
	Strategy partition.Strategy
	// Wire, if set, changes how its actors are wired, its strategy and source too.
	Wire func(*actors.Config)
	// Mortal: its actors may be made to panic.
	Mortal bool
	// Build, if set, changes what goes through the port as another build would.
	Build func(bridge.Port) bridge.Port
}

// Process is one process of the world: a PartitionManager over a port and a clock
// of its own, partition actors, and a user who subscribes.
type Process struct {
	Name   string
	Habits Habits
	Clock  *Clock
	Port   *Port

	world   *World
	lane    *Lane
	manager *actor.PID
	user    *actor.PID
	guests  []*actor.PID
	stopped *messages.Stopped
	died    bool // its manager has ended without that
	trouble Trouble
	ailing  ailing
	balk    Balk
	halt    halt
	delays  delays
	doom    doom
	// handlers are those that work, and failing when the next one panics.
	handlers []*actor.PID
	failing  [Moments]bool
	fatal    bool // its manager may not go on
	used     usage
	relief   relief
	// Heard is what the user knows.
	Heard Heard
}

// relief is whether a process was asked to drain last, and to how many such requests there is no
// answer yet.
type relief struct {
	asked bool
	open  int
}

// Heard is the latest that a user heard of a process.
type Heard struct {
	Assignment messages.AssignmentChanged
	State      messages.State
	Health     messages.HealthChanged
	Snapshot   messages.Snapshot
	Owner      messages.Owner
	Because    messages.Because
	Journal    messages.Journal
	Refreshed  messages.Refreshed
	// Drained counts the answers to Drain.
	Drained int
}

// Start starts a process. Its name must be new in this world.
func (w *World) Start(name string, h Habits) *Process {
	if h.Rate == 0 {
		h.Rate = TrueRate
	}
	p := &Process{Name: name, Habits: h, world: w, lane: w.scheduler.Lane(name)}
	began := Epoch.Add(time.Duration(w.Random.Int64N(int64(1000 * time.Hour))))
	p.Clock = NewClock(w.Timeline, p.lane, began, h.Rate)
	p.Port = w.Net.Port(p.lane, "KV_"+Group)
	port := bridge.Port(p.Port)
	if h.Build != nil {
		port, w.Check.ward.unaware = h.Build(port), true
	}
	settings := w.settings
	settings.InstanceKey, settings.NeverLead = h.InstanceKey, h.NeverLead
	if h.Differ != nil {
		h.Differ(&settings)
	}
	var strategy *actor.Props
	if h.Strategy != nil {
		strategy = actors.StrategyFrom(h.Strategy)
		w.Check.rest.other = true
	}
	if h.Moody {
		strategy = p.moody(actors.StrategyFrom(partition.Sticky{}))
	}
	cfg := actors.Config{Settings: settings, Source: p.source(), Partition: p.handler, Strategy: strategy}
	if h.Wire != nil {
		h.Wire(&cfg)
	}
	props, err := actors.PartitionManager(cfg, bridge.Over(port, p.Clock, w.bridge(p)))
	if err != nil {
		panic(fmt.Sprintf("sim: %s: %v", name, err))
	}
	if h.Mortal {
		props = p.mortal(props)
	}
	w.processes = append(w.processes, p)
	w.Check.Joins(name, p.Clock, p.lane)
	w.Check.Warns(name, settings.WithDefaults().DrainTimeout)
	w.Check.Quarantines(name, settings.WithDefaults().PoisonBudget, settings.WithDefaults().Quarantine())
	w.Trace.Say(name, "starts")
	p.lane.Do(func() {
		p.manager = p.spawn(props, name)
		p.user = p.spawn(stage.Props(func() actor.Actor { return &user{process: p} }), name+"-user")
	})
	return p
}

func (p *Process) spawn(props *actor.Props, name string) *actor.PID {
	system := p.world.system
	pid, err := system.system.Root.SpawnNamed(p.overheard(stage.Under(props, p.world.scheduler.Dispatcher())), name)
	if err != nil {
		panic(fmt.Sprintf("sim: %s: %v", name, err))
	}
	return pid
}

// send gives mail to the manager, from the user.
func (p *Process) send(mail any) {
	p.lane.Do(func() { p.world.system.system.Root.RequestWithCustomSender(p.manager, mail, p.user) })
}

// later sends mail to an actor of the process when d has passed.
func (p *Process) later(d time.Duration, to *actor.PID, mail any) {
	p.world.Timeline.After(d, p.lane, Plans, func() { p.world.system.system.Root.Send(to, mail) })
}

func (p *Process) say(text string) { p.world.Trace.Say(p.Name, text) }

// Crash ends the process without a word.
func (p *Process) Crash() {
	p.say("crashes")
	p.end()
}

func (p *Process) end() {
	p.lane.End()
	p.Port.gone()
	p.world.Check.Ends(p.Name)
	p.world.processes = slices.DeleteFunc(p.world.processes, func(x *Process) bool { return x == p })
}

// Ended reports whether it has crashed or stopped.
func (p *Process) Ended() bool { return p.lane.Ended() }

// Stop asks the process to stop cleanly; restarting announces that it comes back. If nothing
// halts it meanwhile, it has to be done in time by its own clock.
func (p *Process) Stop(restarting bool) {
	p.say("is asked to stop")
	if restarting {
		p.world.Check.Returns(p.Name)
	}
	p.world.encounters.leaving[p.Name] = true
	p.send(messages.Stop{Restarting: restarting})
	const after = time.Millisecond // its own timer is due at the same instant, or rounded up
	ran, within := p.halt.count, p.world.settings.ShutdownTimeout
	p.world.Plan(p.Clock.takes(within)+after, func() {
		if !p.Ended() && !p.lane.Paused() && p.halt.count == ran {
			p.world.Check.Lingers(p.Name, within)
		}
	})
}

// Leaving reports whether it was asked to stop.
func (p *Process) Leaving() bool { return p.world.encounters.leaving[p.Name] }

// Drain asks the process to give everything up; back that it takes part again.
func (p *Process) Drain(back bool) {
	if back {
		p.say("is asked to take part again")
		p.relief.asked = false
		p.world.Check.Drained(p.Name, false)
		p.send(messages.Undrain{})
		return
	}
	p.say("is asked to drain")
	p.relief.asked = true
	p.relief.open++
	p.world.Check.Drains(p.Name)
	p.send(messages.Drain{})
}

// Release asks the process to work again on a partition that is quarantined.
func (p *Process) Release(id partition.PartitionID) {
	p.world.Check.Releases(p.Name, id)
	p.send(messages.ReleasePartition{Partition: id})
}

// Ask asks the manager for a snapshot; it is in Heard after some steps.
func (p *Process) Ask() { p.send(messages.GetSnapshot{}) }

// AskOwner asks the manager who owns a partition.
func (p *Process) AskOwner(id partition.PartitionID) { p.send(messages.GetOwner{Partition: id}) }

// AskWhy asks the manager why a partition is where it is.
func (p *Process) AskWhy(id partition.PartitionID) { p.send(messages.Why{Partition: id}) }

// AskJournal asks the manager for the latest steps of the journal.
func (p *Process) AskJournal() { p.send(messages.GetJournal{}) }

// bury ends a process that said it has stopped, or whose manager has died, and looks at
// what it left behind.
func (p *Process) bury() {
	p.quickens()
	for _, listens := range append(p.guests, p.user) {
		p.lane.Do(func() { p.world.system.system.Root.Stop(listens) })
	}
	for p.world.scheduler.Step() {
	}
	p.world.Check.Left(p.Name, p.behind())
	p.end()
	if p.died && p.world.Died != nil {
		p.world.Died(p)
	}
}

// behind lists what is still there.
func (p *Process) behind() []string {
	var out []string
	count := func(n int, what string) {
		if n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, what))
		}
	}
	for _, op := range p.Port.open {
		out = append(out, said(op)+" under way")
	}
	count(p.Port.Watches(), "watches")
	count(p.Port.Listeners(), "listeners to the connection")
	count(p.lane.Open(Timers), "timers")
	for _, name := range p.world.system.names(p.Name) {
		if name == p.Name || len(name) > len(p.Name) && name[len(p.Name)] == '/' {
			out = append(out, "actor "+name)
		}
	}
	slices.Sort(out)
	return out
}
