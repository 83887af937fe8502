package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
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

// serves says in the environment that this process is a crowd's server.
const serves = "TROUPE_BENCH_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serves) == "" {
		os.Exit(m.Run())
	}
	server, err := embedded.Start(embedded.Config{Memory: true})
	if err != nil {
		panic(err)
	}
	fmt.Println(server.URL())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the crowd has gone
	server.Stop()
}

// crowd are many managers on one connection and one actor system, on a server in
// another process: what is counted here is theirs alone.
type crowd struct {
	b      *testing.B
	set    partition.Settings
	nc     *nats.Conn
	system *actor.ActorSystem
	list   []partition.Partition
	there  []*actor.PID
	news   chan struct{}

	mu      sync.Mutex
	owned   map[*actor.PID]int
	writes  int
	bytes   int
	free    time.Time // when the lead was released
	elected []time.Duration
}

func newCrowd(b *testing.B, n int) *crowd {
	b.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), serves+"=1")
	stop, err := server.StdinPipe()
	require.NoError(b, err)
	out, err := server.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, server.Start())
	var url string
	_, err = fmt.Fscanln(out, &url)
	require.NoError(b, err)
	c := &crowd{b: b, set: presets()["DefaultWithoutWindows"], news: make(chan struct{}, 1), owned: map[*actor.PID]int{}}
	for i := range n {
		c.list = append(c.list, partition.Of(fmt.Sprintf("partition-%05d", i)))
	}
	c.nc, err = nats.Connect(url)
	require.NoError(b, err)
	_, err = c.nc.Subscribe("$KV.crowd.>", c.wrote)
	require.NoError(b, err)
	c.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	b.Cleanup(func() {
		for _, pid := range c.there {
			_ = c.system.Root.StopFuture(pid).Wait()
		}
		c.system.Shutdown()
		c.nc.Close()
		_ = stop.Close()
		_ = server.Wait()
	})
	return c
}

// wrote sees every message that is sent to the group's stream, also those few that
// the server refuses.
func (c *crowd) wrote(m *nats.Msg) {
	now := time.Now()
	_, record, _ := bridge.Inspect(m.Subject, m.Data)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	c.bytes += len(m.Data)
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
		props, err := actors.PartitionManager(actors.Config{Settings: c.set, Source: actors.StaticSource(c.list)},
			bridge.NATS(c.nc, bridge.Config{Group: "crowd", Fresh: true, Storage: bridge.Memory, Logger: silent}))
		require.NoError(c.b, err)
		pid := c.system.Root.Spawn(props)
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
}

// count returns what was written while something happened.
func (c *crowd) count(happens func()) (writes, bytes float64) {
	c.mu.Lock()
	w, n := c.writes, c.bytes
	c.mu.Unlock()
	happens()
	require.NoError(c.b, c.nc.Flush())
	c.mu.Lock()
	defer c.mu.Unlock()
	return float64(c.writes - w), float64(c.bytes - n)
}

// stopLeader stops whoever leads, and waits for the first publish of the next term.
func (c *crowd) stopLeader() {
	c.b.Helper()
	c.mu.Lock()
	before := len(c.elected)
	c.mu.Unlock()
	for i, pid := range c.there {
		got, err := c.system.Root.RequestFuture(pid, messages.GetSnapshot{}, patience).Result()
		require.NoError(c.b, err)
		if !got.(messages.Snapshot).Leading {
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
