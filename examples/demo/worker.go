package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// event is something that a worker said, or that the play did to it.
type event struct {
	at   time.Time
	from *worker
	mail any
}

// What the play does to workers, beside the mail that they send.
type (
	crashed struct{}
	left    struct{ err error }
)

// worker is one worker of the group, with a connection and an actor system of
// its own, as a process has them.
type worker struct {
	cable   *cable
	nc      *nats.Conn
	system  *actor.ActorSystem
	manager *actor.PID
	ear     *actor.PID
	events  chan<- event
}

// hire starts a worker that reports to events.
func hire(cfg config, events chan<- event) (*worker, error) {
	cable := &cable{}
	nc, err := nats.Connect(cfg.url, nats.SetCustomDialer(cable), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})) // the manager says what is wrong
	if err != nil {
		return nil, err
	}
	set := cfg.settings
	props, err := actors.PartitionManager(
		actors.Config{Settings: set, Source: actors.StaticSource(cfg.partitions)},
		bridge.NATS(nc, bridge.Config{Group: cfg.group, Storage: bridge.Memory, Fresh: cfg.fresh(), Logger: silent}))
	if err != nil {
		nc.Close()
		return nil, err
	}
	w := &worker{cable: cable, nc: nc, events: events}
	w.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	w.manager = w.system.Root.Spawn(props)
	w.ear = w.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &ear{w} }))
	return w, nil
}

var silent = slog.New(slog.DiscardHandler)

// ask sends the manager a question, whose answer becomes an event.
func (w *worker) ask(question any) { w.system.Root.RequestWithCustomSender(w.manager, question, w.ear) }

// crash ends the worker as a power cut does: nothing reaches the server any
// more, and nobody is told. It waits for nothing.
func (w *worker) crash() {
	w.cable.cut()
	go func() {
		w.tell(crashed{})
		w.system.Root.Stop(w.manager)
		w.close()
	}()
}

// leave stops the worker cleanly. It returns at once.
func (w *worker) leave(ctx context.Context) {
	go func() {
		err := bridge.Stop(ctx, w.system, w.manager)
		w.close()
		w.tell(left{err})
	}()
}

func (w *worker) close() {
	w.system.Root.Stop(w.ear)
	w.system.Shutdown()
	w.nc.Close()
}

func (w *worker) tell(mail any) { w.events <- event{time.Now(), w, mail} }

// ear is an actor that passes on what it hears of a manager. It confirms, so that
// a partition has no other owner before this has been reported.
type ear struct{ w *worker }

// Receive implements actor.Actor.
func (e *ear) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(e.w.manager, messages.Subscribe{PID: ctx.Self(), Confirm: true})
	case messages.AssignmentChanged:
		e.w.tell(m)
		if len(m.Lost) > 0 {
			ctx.Send(e.w.manager, messages.LetGo{PID: ctx.Self(), Step: m.Step})
		}
	case messages.StateChanged, messages.HealthChanged, messages.Snapshot, messages.Owner:
		e.w.tell(m)
	}
}

// cable is a network connection that can be cut.
type cable struct {
	mu    sync.Mutex
	conns []net.Conn
	dead  bool
}

var errCut = errors.New("the cable is cut")

// Dial implements nats.CustomDialer.
func (c *cable) Dial(network, address string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, 2*time.Second)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case c.dead:
		_ = conn.Close()
		return nil, errCut
	}
	c.conns = append(c.conns, conn)
	return conn, nil
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// config is what all workers of the demo share.
type config struct {
	url, group string
	fresh      func() bool // before the first worker only
	settings   partition.Settings
	partitions []partition.Partition
}
