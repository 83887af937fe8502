package live

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// ways lead to every state, and hold a worker there.
var ways = map[messages.State]func(*halt, *group){
	messages.Init: func(h *halt, g *group) { h.held(g, "STREAM.INFO") },
	messages.ClaimingID: func(h *halt, g *group) { // somebody has the only ID
		g.settings.WorkerIDs.Count = 1
		g.ledger.settle(g.plain("before"))
		h.worker = g.join("w")
	},
	messages.Election: func(h *halt, g *group) { h.held(g, `.lead"`) },
	messages.WaitingAssignment: func(h *halt, g *group) { // nobody leads
		g.settings.NeverLead = true
		h.worker = g.join("w")
	},
	messages.Stable: func(h *halt, g *group) { h.rest(g) },
	messages.Scaling: func(h *halt, g *group) { // somebody has joined
		g.settings.PlannedScaleWindow = time.Hour
		h.rest(g)
		g.plain("second")
	},
	messages.Rebalancing: func(h *halt, g *group) { // nothing is let go
		h.rest(g)
		g.ledger.hold(h.worker, true)
		g.plain("second")
	},
	messages.Emergency: func(h *halt, g *group) { // who has crashed is not replaced
		plans := &gate{}
		g.wire = func(c *actors.Config) { c.Strategy = plans.props() }
		h.rest(g)
		second := g.plain("second", func(s *partition.Settings) {
			s.HeartbeatInterval, s.StoreTimeout, s.Lease = time.Second, time.Second, 4*time.Second
		})
		g.atRest(h.worker, second)
		plans.shut.Store(true)
		second.crash()
	},
	messages.Degraded: func(h *halt, g *group) { // every second one keeps its session
		g.settings.HeartbeatInterval = time.Second
		if h.odd {
			g.settings.Ownership, g.settings.KVErrorThreshold = partition.Available, 1
		} else {
			g.settings.StoreTimeout, g.settings.Lease, g.settings.LeaderLease = time.Second, 4*time.Second, 4*time.Second
		}
		h.rest(g)
		if !h.odd {
			h.was = h.snapshot().Session
			h.jam.Store(h.trouble == stuck) // they are told to stop before the worker is
		}
		h.cable.cut()
	},
}

// held lets the worker join by a cable that holds back this question, and all that
// comes later.
func (h *halt) held(g *group, question string) {
	g.cable = &cable{}
	fell := g.cable.hold(question)
	h.worker = g.join("w")
	<-fell
}

// rest lets the worker join and get everything.
func (h *halt) rest(g *group) {
	h.worker = g.join("w")
	g.atRest(h.worker)
}

// plain starts a worker whose own code does nothing.
func (g *group) plain(name string, change ...func(*partition.Settings)) *worker {
	handler, wire := g.handler, g.wire
	g.handler = nil
	if wire != nil {
		g.wire = func(c *actors.Config) { wire(c); c.Source = actors.StaticSource(g.list) }
	}
	defer func() { g.handler, g.wire = handler, wire }()
	return g.join(name, change...)
}

// settle waits until a worker is stable.
func (l *ledger) settle(w *worker) {
	l.t.Helper()
	l.await(w.name+" is stable", func() bool { return stable(l.pages[w]) })
}

// gate is a strategy that, once it is shut, answers nothing about a worker alone:
// what is asked about two may be under way when it is shut.
type gate struct{ shut atomic.Bool }

func (g *gate) props() *actor.Props {
	open := actors.StrategyFrom(partition.Sticky{})
	return actor.PropsFromProducer(func() actor.Actor { return &doorman{gate: g, open: open} })
}

type doorman struct {
	gate *gate
	open *actor.Props
	pid  *actor.PID
}

// Receive implements actor.Actor.
func (d *doorman) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		d.pid = ctx.Spawn(d.open)
	case messages.MakePlan:
		if len(m.Input.Members) > 1 || !d.gate.shut.Load() {
			ctx.Forward(d.pid)
		}
	}
}

// stall makes user code of the worker stuck, until it is freed: what runs before
// there is a partition is the source, and later the partition actors or, in every
// second worker, a subscriber that does not confirm.
func (h *halt) stall(g *group, state messages.State) {
	switch state {
	case messages.Init, messages.ClaimingID, messages.Election, messages.WaitingAssignment:
		g.wire = func(c *actors.Config) {
			c.Source = actor.PropsFromFunc(func(ctx actor.Context) {
				if _, ok := ctx.Message().(*actor.Started); ok {
					<-h.free
				}
			})
		}
		return
	default:
	}
	if h.odd && state != messages.Degraded { // at the lease's end no subscriber is waited for
		h.silent = true
		return
	}
	g.handler = func(*worker) func(partition.Owned) *actor.Props {
		return func(partition.Owned) *actor.Props {
			return actors.Drains(actor.PropsFromFunc(func(ctx actor.Context) {
				switch ctx.Message().(type) {
				case messages.Revoke:
					h.wait()
					ctx.Stop(ctx.Self())
				case *actor.Stopping: // it was not told before the lease's end
					h.wait()
				}
			}))
		}
	}
}

// wait is what user code does that is stuck.
func (h *halt) wait() {
	if h.jam.Load() {
		<-h.free
	}
}

// stopLanes is how many cases go on at once: one server does not bear more groups on a
// busy machine.
const stopLanes = 4

// stopCase is how workers stop.
type stopCase struct {
	how, state messages.State // how is the state, or what is special about the stop
	of         trouble
}

// String returns the case's name.
func (c stopCase) String() string { return fmt.Sprintf("%s, %s", c.how, c.of) }

func stopCases() (all []stopCase) {
	for _, of := range []trouble{calmly, away, stuck} {
		for _, state := range slices.Sorted(maps.Keys(ways)) {
			all = append(all, stopCase{state, state, of})
		}
		all = append(all, stopCase{twice, messages.Stable, of}, stopCase{poisoned, messages.Stable, of}, stopCase{starting, messages.Init, of})
	}
	return all
}
