//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	group = "chaos"
	// parts is how many partitions the workers share.
	parts = 20
)

// settings are short leases, and no windows: whatever happens is answered at once,
// so that much happens.
func settings() partition.Settings {
	s := partition.Fast()
	s.ColdStartWindow, s.PlannedScaleWindow, s.SettleTime = partition.Off, partition.Off, partition.Off
	s.MinRebalanceInterval, s.MinRebalanceThreshold = partition.Off, partition.Off
	return s
}

func partitions() (list []partition.Partition) {
	for i := range parts {
		list = append(list, partition.Of(fmt.Sprintf("p%02d", i)))
	}
	return list
}

// workerOrders are what a worker's process is told at its start.
type workerOrders struct {
	URLs []string
	Key  string
}

// What a process is told later, in one line of its input. At the end of its input
// it ends without a word.
const (
	leave  = "leave"  // stop cleanly
	comeup = "return" // stop cleanly, and announce to come back
)

var silent = slog.New(slog.DiscardHandler)

// clerk is one worker: it works on partitions and says so.
type clerk struct {
	system  *actor.ActorSystem
	manager *actor.PID
	ready   chan struct{} // closed when the two are there

	mu  sync.Mutex
	out *json.Encoder
}

func runWorker(o workerOrders) error {
	nc, err := nats.Connect(strings.Join(o.URLs, ","), nats.IgnoreDiscoveredServers(), nats.MaxReconnects(-1),
		nats.ReconnectWait(beat), nats.RetryOnFailedConnect(true), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return err
	}
	defer nc.Close()
	c := &clerk{ready: make(chan struct{}), out: json.NewEncoder(os.Stdout)}
	s := settings()
	s.InstanceKey = o.Key
	props, err := actors.PartitionManager(
		actors.Config{Settings: s, Source: actors.StaticSource(partitions()), Partition: bridge.HandlerFunc(c.work)},
		bridge.NATS(nc, bridge.Config{Group: group, Replicas: nodes, Logger: silent}))
	if err != nil {
		return err
	}
	c.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	c.manager = c.system.Root.Spawn(props)
	close(c.ready)
	go each(beat, func() { c.say(event{What: pulse}) })
	go each(beat, func() {
		if e, ok := c.lease(); ok {
			e.What = lease
			c.say(e)
		}
	})
	lines := bufio.NewScanner(os.Stdin)
	if !lines.Scan() {
		os.Exit(1)
	}
	if lines.Text() == comeup {
		c.system.Root.Send(c.manager, messages.Stop{Restarting: true})
	}
	_ = bridge.Stop(context.Background(), c.system, c.manager) // without a store it cannot be clean
	return nil
}

func each(period time.Duration, do func()) {
	for range time.NewTicker(period).C {
		do()
	}
}

// say writes one line. The lock keeps the lines in the order of their times.
func (c *clerk) say(e event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.At = now()
	if c.out.Encode(e) != nil {
		os.Exit(1) // nobody listens any more
	}
}

// lease asks what the worker believes of its lease.
func (c *clerk) lease() (e event, ok bool) {
	got, err := c.system.Root.RequestFuture(c.manager, messages.GetSnapshot{}, time.Second).Result()
	s, ok := got.(messages.Snapshot)
	if err != nil || !ok || s.Session == "" {
		return event{}, false
	}
	return event{Session: s.Session, Until: now() + time.Until(s.LeaseEnd), Leads: s.Leading}, true
}

// work is the handler of a partition.
func (c *clerk) work(ctx context.Context, o partition.Owned) error {
	<-c.ready
	e, ok := c.lease()
	if !ok || ctx.Err() != nil {
		return ctx.Err()
	}
	e.Partition, e.Token = o.ID, o.Token
	say := func(w what) {
		e.What = w
		c.say(e)
	}
	say(hold)
	defer say(drop)
	tick := time.NewTicker(effects)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			say(act)
		}
	}
}
