package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// The size of the group that is measured.
const (
	workers    = 10
	partitions = 1000
)

// patience ends a benchmark in which something does not happen.
const patience = 3 * time.Minute

var silent = slog.New(slog.DiscardHandler)

// group is a group of workers on one server, with what its subscribers hear.
type group struct {
	b        *testing.B
	settings partition.Settings
	server   *embedded.Server
	storage  bridge.Storage
	list     []partition.Partition
	fresh    bool // not everybody had its share yet, on a server of the group's own
	news     chan struct{}
	outfit   func(*actor.Props) *actor.Props // for the managers of whoever joins next, if there is one
	door     func(*actor.Props) *actor.Props // for the outside of whoever joins next, if there is one

	mu    sync.Mutex
	there []*worker
	owner map[partition.PartitionID]*worker
	free  map[partition.PartitionID]time.Time // since when
	gaps  []time.Duration                     // of what was free and is owned again
	first time.Time                           // gain since the last reset
	last  time.Time                           // gain since the last reset
}

func newGroup(b *testing.B, settings partition.Settings) *group {
	b.Helper()
	return groupOn(b, embedded.Config{Memory: true}, settings)
}

func groupOn(b *testing.B, cfg embedded.Config, settings partition.Settings) *group {
	b.Helper()
	server, err := embedded.Start(cfg)
	require.NoError(b, err)
	g := &group{
		b: b, settings: settings, server: server, storage: bridge.File, fresh: true, news: make(chan struct{}, 1),
		owner: map[partition.PartitionID]*worker{}, free: map[partition.PartitionID]time.Time{},
	}
	if cfg.Memory {
		g.storage = bridge.Memory
	}
	for i := range partitions {
		g.list = append(g.list, partition.Of(fmt.Sprintf("p%04d", i)))
	}
	return g
}

// close ends everything.
func (g *group) close() {
	for _, w := range g.workers() {
		g.crash(w)
	}
	g.server.Stop()
}

func newSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
}

// worker is one worker, with a connection and an actor system of its own.
type worker struct {
	g       *group
	cable   *cable
	nc      *nats.Conn
	system  *actor.ActorSystem
	manager *actor.PID
	ear     *actor.PID
	state   messages.State
	owned   int
}

func (g *group) join() *worker {
	g.b.Helper()
	w := &worker{g: g, cable: &cable{}}
	nc, err := nats.Connect(g.server.URL(), nats.SetCustomDialer(w.cable), nats.MaxReconnects(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	require.NoError(g.b, err)
	w.nc = nc
	outside := bridge.NATS(nc, bridge.Config{Group: "bench", Fresh: g.fresh, Storage: g.storage, Logger: silent})
	if g.door != nil {
		outside = g.door(outside)
	}
	props, err := actors.PartitionManager(actors.Config{Settings: g.settings, Source: actors.StaticSource(g.list)}, outside)
	require.NoError(g.b, err)
	if g.outfit != nil {
		props = g.outfit(props)
	}
	w.system = newSystem()
	g.mu.Lock()
	g.there = append(g.there, w)
	g.mu.Unlock()
	w.manager = w.system.Root.Spawn(props)
	w.ear = w.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return ear{w} }))
	return w
}

// stop ends a worker cleanly.
func (g *group) stop(w *worker) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(g.b, bridge.Stop(ctx, w.system, w.manager))
	g.forget(w)
	w.close()
}

// crash ends workers at one instant, without a word to anybody.
func (g *group) crash(all ...*worker) {
	for _, w := range all {
		w.cable.cut()
		g.forget(w)
	}
	for _, w := range all {
		_ = w.system.Root.StopFuture(w.manager).Wait()
		w.close()
	}
}

func (w *worker) close() {
	_ = w.system.Root.StopFuture(w.ear).Wait()
	w.system.Shutdown()
	w.nc.Close()
}

func (w *worker) snapshot() messages.Snapshot {
	got, err := w.system.Root.RequestFuture(w.manager, messages.GetSnapshot{}, patience).Result()
	require.NoError(w.g.b, err)
	return got.(messages.Snapshot)
}

// leader returns the worker that leads, and another one.
func (g *group) leader() (leads, other *worker) {
	for _, w := range g.workers() {
		if w.snapshot().Leading {
			leads = w
		} else {
			other = w
		}
	}
	require.NotNil(g.b, leads, "somebody leads")
	return leads, other
}

// ear is the subscriber of one worker.
type ear struct{ w *worker }

// Receive implements actor.Actor.
func (e ear) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(e.w.manager, messages.Subscribe{PID: ctx.Self(), Confirm: true})
	case messages.StateChanged:
		e.w.g.note(e.w, func() { e.w.state = m.To })
	case messages.AssignmentChanged:
		e.w.g.note(e.w, func() { e.w.g.assigned(e.w, m) })
		if len(m.Lost) > 0 {
			ctx.Send(e.w.manager, messages.LetGo{PID: ctx.Self(), Step: m.Step})
		}
	}
}

// cable is a network connection that can be cut.
type cable struct {
	mu    sync.Mutex
	conns []net.Conn
	dead  bool
}

// Dial implements nats.CustomDialer.
func (c *cable) Dial(network, address string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return nil, errors.New("the cable is cut")
	}
	conn, err := net.Dial(network, address)
	if err == nil {
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}
