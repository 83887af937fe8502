package observe

import (
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
)

// patience is how long a manager may take to answer a scrape or a probe, if a test does
// not say otherwise.
const patience = time.Second

// Observer watches one PartitionManager, as a subscriber that confirms nothing. It is a
// prometheus.Collector.
type Observer struct {
	system  *actor.ActorSystem
	manager *actor.PID
	within  time.Duration
	ear     *actor.PID
	heard   heard
	deaf    func() // no more events
	ending  sync.Once

	snapshots asking[messages.Snapshot]
	counts    asking[messages.Counts]
	mu        sync.Mutex
	health    messages.HealthChanged
}

// New begins to observe. Stop it before the actor system is shut down.
func New(system *actor.ActorSystem, manager *actor.PID) *Observer {
	o := &Observer{system: system, manager: manager, within: patience, heard: newHeard()}
	events := system.EventStream.SubscribeWithPredicate(
		func(event any) { o.heard.event(event, manager) },
		func(event any) bool {
			switch event.(type) {
			case *actor.DeadLetterEvent, stage.Failed:
				return true
			}
			return false
		})
	o.deaf = func() { system.EventStream.Unsubscribe(events) }
	o.ear = system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &ear{observer: o} }))
	return o
}

// Stop ends the observation: nothing is up, healthy or ready from then on.
func (o *Observer) Stop() {
	o.ending.Do(func() {
		o.deaf()
		o.system.Root.Stop(o.ear)
		o.end()
	})
}

func (o *Observer) end() {
	o.snapshots.end()
	o.counts.end()
}

// snapshot asks the manager how it is. There is no answer if it has ended, or takes too
// long.
func (o *Observer) snapshot() (messages.Snapshot, messages.HealthChanged, bool) {
	s, up := o.snapshots.ask(o.within, func() { o.system.Root.Send(o.ear, look{messages.GetSnapshot{}}) })
	o.mu.Lock()
	defer o.mu.Unlock()
	return s, o.health, up
}

// count asks the manager's outside what it did.
func (o *Observer) count() (messages.Counts, bool) {
	return o.counts.ask(o.within, func() { o.system.Root.Send(o.ear, look{messages.GetCounts{}}) })
}

// look has the ear ask the manager.
type look struct{ question any }

// ear is the observer's actor. It counts what the manager says.
type ear struct {
	observer *Observer
	alone    bool // the manager has ended
	state    messages.StateChanged
}

// Receive implements actor.Actor.
func (e *ear) Receive(ctx actor.Context) {
	o := e.observer
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(o.manager)
		ctx.Send(o.manager, messages.Subscribe{PID: ctx.Self()})
	case *actor.Terminated:
		e.alone = true
		o.end()
	case *actor.Stopping:
		if !e.alone {
			ctx.Send(o.manager, messages.Unsubscribe{PID: ctx.Self()})
			ctx.Unwatch(o.manager)
		}
		o.end()
	case look:
		if !e.alone {
			ctx.Request(o.manager, m.question)
		}
	case messages.Snapshot:
		o.snapshots.answer(m)
	case messages.Counts:
		o.counts.answer(m)
	case messages.HealthChanged:
		o.mu.Lock()
		o.health = m
		o.mu.Unlock()
	case messages.StateChanged:
		o.heard.entered(e.state, m)
		e.state = m
	case messages.AssignmentChanged:
		o.heard.gained.Add(float64(len(m.Gained)))
		o.heard.lost.Add(float64(len(m.Lost)))
	case messages.AlertRaised:
		o.heard.alerts.WithLabelValues(m.Level.String()).Inc()
	}
}
