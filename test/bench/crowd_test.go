//go:build unix

package bench

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// crowd are many managers on one connection and one actor system, on a server in
// another process: what is counted here is theirs alone.
type crowd struct {
	b      *testing.B
	set    partition.Settings
	server *helper
	others *helper // more workers, if there are any
	url    string
	nc     *nats.Conn
	ear    *nats.Conn // hears what the others write
	heard  *nats.Subscription
	system *actor.ActorSystem
	list   shared
	fresh  bool               // not everybody had its share yet
	plan   partition.Strategy // of whoever joins next, if it is not the default
	there  []*actor.PID
	news   chan struct{}

	mu      sync.Mutex
	owned   map[*actor.PID]int
	writes  int
	bytes   int
	largest int       // message
	headAt  time.Time // when the latest head was heard
	free    time.Time // when the lead was released
	elected []time.Duration
}

func newCrowd(b *testing.B, set partition.Settings, n int) *crowd {
	b.Helper()
	c := &crowd{
		b: b, set: set, server: newHelper(b, "server"), system: newSystem(), list: many(n),
		fresh: true, news: make(chan struct{}, 1), owned: map[*actor.PID]int{},
	}
	c.url = c.server.line()
	c.nc, c.ear = c.connect(), c.connect()
	c.listen()
	return c
}

func (c *crowd) connect() *nats.Conn {
	c.b.Helper()
	nc, err := connect(c.url)
	require.NoError(c.b, err)
	return nc
}

func connect(url string) (*nats.Conn, error) {
	return nats.Connect(url, nats.MaxReconnects(-1), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
}

// close ends everything.
func (c *crowd) close() {
	if c.others != nil {
		c.others.end()
	}
	for _, pid := range c.there {
		_ = c.system.Root.StopFuture(pid).Wait()
	}
	c.system.Shutdown()
	c.nc.Close()
	c.ear.Close()
	c.server.end()
}

// listen counts what is written from now on, until it is not to be heard any more: to
// hear it costs this process something.
func (c *crowd) listen() {
	c.b.Helper()
	var err error
	c.heard, err = c.ear.Subscribe("$KV.crowd.>", c.wrote)
	require.NoError(c.b, err)
	require.NoError(c.b, c.ear.Flush())
}

func (c *crowd) cover() { _ = c.heard.Unsubscribe() }

func many(partitions int) (list shared) {
	for i := range partitions {
		list = append(list, partition.Of(fmt.Sprintf("partition-%05d", i)))
	}
	return list
}

// shared is a list of partitions that all workers of a process have together.
type shared []partition.Partition

// ListPartitions implements partition.Source.
func (s shared) ListPartitions() ([]partition.Partition, error) { return s, nil }

// spawn starts one more worker of the crowd.
func spawn(system *actor.ActorSystem, nc *nats.Conn, set partition.Settings, list shared, plan partition.Strategy, fresh bool) (*actor.PID, error) {
	cfg := actors.Config{Settings: set, Source: actors.SourceFrom(list)}
	if plan != nil {
		cfg.Strategy = actors.StrategyFrom(plan)
	}
	props, err := actors.PartitionManager(cfg,
		bridge.NATS(nc, bridge.Config{Group: "crowd", Fresh: fresh, Storage: bridge.Memory, Logger: silent}))
	if err != nil {
		return nil, err
	}
	return system.Root.Spawn(props), nil
}

// wrote sees every message that is sent to the group's stream, also those few that
// the server refuses.
func (c *crowd) wrote(m *nats.Msg) {
	now := time.Now()
	key, record, _ := bridge.Inspect(m.Subject, m.Data)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	c.bytes += len(m.Data)
	c.largest = max(c.largest, m.Size())
	if key == messages.KeyHead {
		c.headAt = now
	}
	switch r := record.(type) {
	case partition.Lead:
		if r.Released {
			c.free = now
		}
	case partition.Head:
		if !c.free.IsZero() {
			c.elected = append(c.elected, now.Sub(c.free))
			c.free = time.Time{}
		}
	}
	c.tell()
}

func (c *crowd) tell() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *crowd) join(n int) {
	for range n {
		pid, err := spawn(c.system, c.nc, c.set, c.list, c.plan, c.fresh)
		require.NoError(c.b, err)
		c.there = append(c.there, pid)
		c.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return counter{c, pid} }))
	}
}

// counter is the subscriber of one manager: it counts what is owned.
type counter struct {
	c   *crowd
	pid *actor.PID
}

// Receive implements actor.Actor.
func (k counter) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(k.pid, messages.Subscribe{PID: ctx.Self()})
	case messages.AssignmentChanged:
		k.c.mu.Lock()
		k.c.owned[k.pid] = len(m.All)
		k.c.mu.Unlock()
		k.c.tell()
	}
}

// until waits for news until something is so.
func (c *crowd) until(what string, so func() bool) {
	c.b.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		c.mu.Lock()
		met := so()
		c.mu.Unlock()
		if met {
			return
		}
		select {
		case <-c.news:
		case <-late.C:
			require.Fail(c.b, "nothing for too long", "waiting until %s", what)
		}
	}
}

// shared waits until everybody has its share.
func (c *crowd) shared() {
	c.b.Helper()
	c.until("everybody has its share", func() bool {
		sum, least, most := 0, len(c.list), 0
		for _, pid := range c.there {
			sum, least, most = sum+c.owned[pid], min(least, c.owned[pid]), max(most, c.owned[pid])
		}
		return sum == len(c.list) && most-least <= 1
	})
	c.fresh = false
}

// count returns what was written while something happened.
func (c *crowd) count(happens func()) (writes, bytes float64) {
	c.mu.Lock()
	w, n := c.writes, c.bytes
	c.mu.Unlock()
	happens()
	require.NoError(c.b, c.ear.Flush())
	c.mu.Lock()
	defer c.mu.Unlock()
	return float64(c.writes - w), float64(c.bytes - n)
}

func (c *crowd) snapshot(pid *actor.PID) messages.Snapshot {
	c.b.Helper()
	got, err := c.system.Root.RequestFuture(pid, messages.GetSnapshot{}, patience).Result()
	require.NoError(c.b, err)
	return got.(messages.Snapshot)
}

// stopLeader stops whoever leads, and waits for the first publish of the next term.
func (c *crowd) stopLeader() {
	c.b.Helper()
	c.mu.Lock()
	before := len(c.elected)
	c.mu.Unlock()
	for i, pid := range c.there {
		if !c.snapshot(pid).Leading {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(c.b, bridge.Stop(ctx, c.system, pid))
		c.there = append(c.there[:i:i], c.there[i+1:]...)
		c.until("the next term has published", func() bool { return len(c.elected) > before })
		return
	}
	require.Fail(c.b, "nobody leads")
}
