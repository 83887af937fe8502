package observe

import (
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/troupe-actors/troupe/messages"
)

// patience is how long a manager may take to answer a scrape or a probe, if a test does
// not say otherwise.
const patience = time.Second

// Observer watches one PartitionManager, as a subscriber that confirms nothing. It is a
// prometheus.Collector.
type Observer struct {
	system *actor.ActorSystem
	within time.Duration
	ear    *actor.PID
	counts counts
	deaf   func() // no more dead letters
	ending sync.Once

	mu     sync.Mutex
	health messages.HealthChanged
	asked  []chan messages.Snapshot // waiting for an answer under way
	ended  bool
}

// New begins to observe. Stop it before the actor system is shut down.
func New(system *actor.ActorSystem, manager *actor.PID) *Observer {
	o := &Observer{system: system, within: patience, counts: newCounts()}
	letters := system.EventStream.SubscribeWithPredicate(
		func(any) { o.counts.letters.Inc() },
		func(event any) bool { _, dead := event.(*actor.DeadLetterEvent); return dead })
	o.deaf = func() { system.EventStream.Unsubscribe(letters) }
	o.ear = system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &ear{observer: o, manager: manager} }))
	return o
}

// Stop ends the observation: nothing is up, healthy or ready from then on.
func (o *Observer) Stop() {
	o.ending.Do(func() {
		o.deaf()
		o.system.Root.Stop(o.ear)
		o.answer(messages.Snapshot{}, true)
	})
}

// snapshot asks the manager how it is. There is no answer if it has ended, or takes too
// long.
func (o *Observer) snapshot() (messages.Snapshot, messages.HealthChanged, bool) {
	answer := make(chan messages.Snapshot, 1)
	o.mu.Lock()
	ended, first := o.ended, len(o.asked) == 0
	if !ended {
		o.asked = append(o.asked, answer)
	}
	o.mu.Unlock()
	if ended {
		return messages.Snapshot{}, messages.HealthChanged{}, false
	}
	if first {
		o.system.Root.Send(o.ear, look{})
	}
	late := time.NewTimer(o.within)
	defer late.Stop()
	select {
	case s, ok := <-answer:
		o.mu.Lock()
		defer o.mu.Unlock()
		return s, o.health, ok
	case <-late.C:
		o.forget()
		return messages.Snapshot{}, messages.HealthChanged{}, false
	}
}

// forget gives up a question that was not answered: the next one is put anew.
func (o *Observer) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = nil
}

// answer tells everybody who waits. Without a snapshot there is none any more.
func (o *Observer) answer(s messages.Snapshot, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.asked {
		if ended {
			close(a)
		} else {
			a <- s
		}
	}
	o.asked, o.ended = nil, o.ended || ended
}

// look asks the ear for a snapshot.
type look struct{}

// ear is the observer's actor. It counts what the manager says.
type ear struct {
	observer *Observer
	manager  *actor.PID
	alone    bool // the manager has ended
	state    messages.StateChanged
}

// Receive implements actor.Actor.
func (e *ear) Receive(ctx actor.Context) {
	o := e.observer
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(e.manager)
		ctx.Send(e.manager, messages.Subscribe{PID: ctx.Self()})
	case *actor.Terminated:
		e.alone = true
		o.answer(messages.Snapshot{}, true)
	case *actor.Stopping:
		if !e.alone {
			ctx.Send(e.manager, messages.Unsubscribe{PID: ctx.Self()})
			ctx.Unwatch(e.manager)
		}
		o.answer(messages.Snapshot{}, true)
	case look:
		if !e.alone {
			ctx.Request(e.manager, messages.GetSnapshot{})
		}
	case messages.Snapshot:
		o.answer(m, false)
	case messages.HealthChanged:
		o.mu.Lock()
		o.health = m
		o.mu.Unlock()
	case messages.StateChanged:
		o.counts.entered(e.state, m)
		e.state = m
	case messages.AssignmentChanged:
		o.counts.gained.Add(float64(len(m.Gained)))
		o.counts.lost.Add(float64(len(m.Lost)))
	case messages.AlertRaised:
		o.counts.alerts.WithLabelValues(m.Level.String()).Inc()
	}
}

// Describe implements prometheus.Collector.
func (o *Observer) Describe(to chan<- *prometheus.Desc) {
	for _, d := range gauges {
		to <- d
	}
	o.counts.each(func(c prometheus.Collector) { c.Describe(to) })
}

// Collect implements prometheus.Collector.
func (o *Observer) Collect(to chan<- prometheus.Metric) {
	s, health, up := o.snapshot()
	o.counts.each(func(c prometheus.Collector) { c.Collect(to) })
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	set(upDesc, flag(up))
	if !up {
		return
	}
	set(healthyDesc, flag(s.Healthy))
	set(finalDesc, flag(health.Final))
	for _, state := range states {
		set(stateDesc, flag(s.State == state), string(state))
	}
	set(leadingDesc, flag(s.Leading))
	set(versionDesc, float64(s.Version))
	set(stepDesc, float64(s.Step))
	set(partitionsDesc, float64(len(s.Owned)), "owned")
	set(partitionsDesc, float64(s.Draining), "draining")
	set(partitionsDesc, float64(len(s.Pending)), "pending")
	set(partitionsDesc, float64(len(s.Quarantined)), "quarantined")
	if !s.LeaseEnd.IsZero() {
		set(marginDesc, time.Until(s.LeaseEnd).Seconds())
	}
	if s.Leading {
		set(termDesc, float64(s.Term))
		set(membersDesc, float64(len(s.Members)))
		set(unownedDesc, float64(s.Unowned))
		set(movesDesc, float64(s.Decision.Moves))
		set(leastDesc, float64(s.Decision.Least))
		set(peakDesc, s.Decision.Before, "before")
		set(peakDesc, s.Decision.After, "after")
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
