// Package live runs groups of workers on a real NATS server in this process, with
// the real dispatcher and real connections. A test waits for mail, never for time
// to pass: how long it takes says nothing, whether it comes does.
package live

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/links"
	"github.com/troupe-actors/troupe/test/umpire"
)

var silent = slog.New(slog.DiscardHandler)

// group is a group of workers and the server that they share.
type group struct {
	t        *testing.T
	name     string           // live if it is empty
	server   *embedded.Server // nil if there are three nodes
	cluster  *embedded.Cluster
	replicas int
	settings partition.Settings
	list     []partition.Partition
	ledger   *ledger
	fresh    bool // nobody was at rest yet, on a server of the test's own
	// bindOnly, cable, link, handler and wire are for whoever joins next.
	bindOnly bool
	cable    *cable // nil is a new one
	link     *links.Link
	handler  func(*worker) func(partition.Owned) *actor.Props
	wire     func(*actors.Config)
	logger   *slog.Logger    // silent if it is nil
	umpire   *umpire.Journal // nil if nobody watches
	first    int             // the node that whoever joins next connects to
	user     string          // of the server; empty if it asks for none
	dial     []nats.Option   // of connections, besides
}

// newGroup starts a server in memory. When the test ends, no goroutine may be
// left of what it started.
func newGroup(t *testing.T, settings partition.Settings, count int) *group {
	t.Helper()
	return groupOn(t, embedded.Config{Memory: true}, settings, count)
}

func groupOn(t *testing.T, cfg embedded.Config, settings partition.Settings, count int) *group {
	t.Helper()
	nothingStays(t)
	return unchecked(t, cfg, settings, count)
}

// alongside has the tests that run while others do.
var alongside sync.Map

// beside lets a test run while others do. What it leaves behind is found when all
// tests have ended.
func beside(t *testing.T) {
	t.Helper()
	t.Parallel()
	alongside.Store(t.Name(), true)
}

// inLanes runs cases, so many at a time. Subtests that say Parallel would queue behind all
// other tests, and be what everybody waits for in the end.
func inLanes[C any](lanes int, cases []C, run func(C)) {
	todo := make(chan C, len(cases))
	for _, c := range cases {
		todo <- c
	}
	close(todo)
	var all sync.WaitGroup
	for range lanes {
		all.Go(func() {
			for c := range todo {
				run(c)
			}
		})
	}
	all.Wait()
}

// nothingStays fails the test if a goroutine is left of it at its end.
func nothingStays(t *testing.T) {
	name, _, _ := strings.Cut(t.Name(), "/")
	if _, others := alongside.Load(name); others {
		return
	}
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before, ofServers) })
}

// unchecked is for tests with several groups, which one check is for.
func unchecked(t *testing.T, cfg embedded.Config, settings partition.Settings, count int) *group {
	t.Helper()
	cfg.ReadyWithin = patience
	server, err := embedded.Start(cfg)
	require.NoError(t, err)
	g := &group{t: t, server: server, settings: settings, list: partitions(count), ledger: newLedger(t), fresh: true}
	t.Cleanup(func() { g.server.Stop() })
	t.Cleanup(g.ledger.audit)
	return g
}

// groupOnThree is a group on three nodes, of which each has a replica.
func groupOnThree(t *testing.T, settings partition.Settings, count int) *group {
	t.Helper()
	return onThree(t, embedded.Config{Memory: true}, settings, count)
}

func onThree(t *testing.T, cfg embedded.Config, settings partition.Settings, count int) *group {
	t.Helper()
	nothingStays(t)
	cfg.ReadyWithin = patience
	cluster, err := embedded.StartCluster(cfg, 3)
	require.NoError(t, err)
	g := &group{t: t, cluster: cluster, replicas: 3, settings: settings, list: partitions(count), ledger: newLedger(t), fresh: true}
	t.Cleanup(cluster.Stop)
	t.Cleanup(g.ledger.audit)
	return g
}

// url is where the server, or all of them, are reached.
func (g *group) url() string {
	if g.server != nil {
		return g.server.URL()
	}
	var all []string
	for i := range g.cluster.Nodes() {
		all = append(all, g.cluster.URL((g.first+i)%g.cluster.Nodes()))
	}
	return strings.Join(all, ",")
}

// connect opens a connection of the test's own.
func (g *group) connect() *nats.Conn {
	g.t.Helper()
	return dial(g.t, g.url())
}

func dial(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, nats.Timeout(patience))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

func partitions(count int) []partition.Partition {
	var list []partition.Partition
	for i := range count {
		list = append(list, partition.Of(fmt.Sprintf("p%03d", i)))
	}
	return list
}

// worker is one worker, with a connection and an actor system of its own.
type worker struct {
	g       *group
	name    string // for messages of the test
	cable   *cable
	nc      *nats.Conn
	system  *actor.ActorSystem
	manager *actor.PID
	ear     *actor.PID
	ended   bool

	blinkers blinkers
	rest     func() // nobody watches any more
}

// join starts a worker. It returns at once.
func (g *group) join(name string, change ...func(*partition.Settings)) *worker {
	g.t.Helper()
	w := &worker{g: g, name: name, cable: cmp.Or(g.cable, &cable{})}
	url := g.url()
	if g.link != nil {
		url = "nats://" + g.link.Addr()
	}
	nc, err := nats.Connect(url, append([]nats.Option{
		nats.SetCustomDialer(w.cable), nats.Name(name), nats.DontRandomize(), nats.IgnoreDiscoveredServers(),
		nats.MaxReconnects(-1), nats.ReconnectWait(50 * time.Millisecond), nats.RetryOnFailedConnect(true),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), nats.UserInfo(g.user, g.user),
	}, g.dial...)...)
	require.NoError(g.t, err)
	w.nc = nc
	settings := g.settings
	for _, f := range change {
		f(&settings)
	}
	cfg := actors.Config{Settings: settings, Source: actors.StaticSource(g.list)}
	if g.handler != nil {
		cfg.Partition = g.handler(w)
	}
	clerk := g.clerk(w, &cfg)
	if g.wire != nil {
		g.wire(&cfg)
	}
	props, err := actors.PartitionManager(cfg, w.blinkers.before(bridge.NATS(nc, bridge.Config{
		Group: cmp.Or(g.name, "live"), Fresh: g.fresh, BindOnly: g.bindOnly, Replicas: g.replicas,
		Logger: cmp.Or(g.logger, silent),
	})))
	require.NoError(g.t, err)
	w.system = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return cmp.Or(g.logger, silent) }),
		// The library's own goroutine, which counts dead letters, ends that soon.
		actor.WithDeadLetterThrottleInterval(time.Millisecond))
	w.manager = w.system.Root.Spawn(props)
	w.rest = clerk(w.system, w.manager)
	g.ledger.hire(w)
	w.ear = w.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &ear{w} }))
	g.t.Cleanup(w.crash)
	return w
}

// start joins so many workers, one after the other, and waits until each has its
// share. They are in the order of their IDs.
func (g *group) start(n int) []*worker {
	g.t.Helper()
	var all []*worker
	for i := range n {
		all = append(all, g.join(fmt.Sprintf("w%d", i)))
		g.atRest(all...)
	}
	return all
}

// stop stops the worker as a program does. What it returns is the stop's error.
func (w *worker) stop() error {
	w.g.t.Helper()
	ctx, cancel := context.WithTimeout(w.g.t.Context(), patience)
	defer cancel()
	err := bridge.Stop(ctx, w.system, w.manager)
	w.close()
	return err
}

// crash ends the worker as a power cut does: nothing that it says reaches the
// server any more, and nobody is told. A worker that has ended is left alone.
func (w *worker) crash() {
	if w.ended {
		return
	}
	w.cable.cut()
	w.g.ledger.bury(w)
	_ = w.system.Root.StopFuture(w.manager).Wait()
	w.close()
}

func (w *worker) close() {
	w.ended = true
	w.rest()
	_ = w.system.Root.StopFuture(w.ear).Wait()
	w.system.Shutdown()
	w.nc.Close()
}

// atRest waits until exactly these workers own everything, in equal shares, and
// are stable.
func (g *group) atRest(workers ...*worker) {
	g.t.Helper()
	g.ledger.await(fmt.Sprintf("%d workers are at rest", len(workers)), func() bool {
		return g.ledger.shared(len(g.list), workers) && g.ledger.all(workers, stable)
	})
	g.fresh = false
}

// leader returns the worker that leads, as soon as one does, and the others.
func (g *group) leader(workers ...*worker) (leads *worker, others []*worker) {
	g.t.Helper()
	for late := time.Now().Add(patience); ; {
		if i := slices.IndexFunc(workers, func(w *worker) bool { return w.snapshot().Leading }); i >= 0 {
			return workers[i], slices.Delete(slices.Clone(workers), i, i+1)
		}
		require.True(g.t, time.Now().Before(late), "nobody leads")
		time.Sleep(20 * time.Millisecond) // a leader that has nothing to do tells nobody that it leads
	}
}
