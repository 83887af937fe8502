//go:build unix

package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// mill is a stream of messages on a server in a process of its own, and workers of a
// group that handle them.
type mill struct {
	b      *testing.B
	server *helper
	url    string
	js     jetstream.JetStream
	list   shared
	ends   []func()
}

// openMill puts so many messages for each partition into a stream.
func openMill(b *testing.B, partitions, each int) *mill {
	b.Helper()
	m := &mill{b: b, server: newHelper(b, "server"), list: many(partitions)}
	m.ends = append(m.ends, m.server.end)
	m.url = m.server.line()
	nc := m.dial()
	var err error
	m.js, err = jetstream.New(nc)
	require.NoError(b, err)
	ctx := context.Background()
	_, err = m.js.CreateStream(ctx, jetstream.StreamConfig{Name: "WORK", Subjects: []string{"work.>"}, Storage: jetstream.MemoryStorage, MaxConsumers: partitions})
	require.NoError(b, err)
	m.fill(each)
	return m
}

// fill publishes so many messages for each partition.
func (m *mill) fill(each int) {
	m.b.Helper()
	payload := make([]byte, 128)
	for range each {
		for _, p := range m.list {
			_, err := m.js.PublishAsync("work."+string(p.ID()), payload, jetstream.WithStallWait(patience))
			require.NoError(m.b, err)
		}
	}
	<-m.js.PublishAsyncComplete()
}

// made waits until each partition has its consumer.
func (m *mill) made() {
	m.b.Helper()
	stream, err := m.js.Stream(context.Background(), "WORK")
	require.NoError(m.b, err)
	for consumers := 0; consumers < len(m.list); pass(100 * time.Millisecond) {
		info, err := stream.Info(context.Background())
		require.NoError(m.b, err)
		consumers = info.State.Consumers
	}
}

func (m *mill) dial() *nats.Conn {
	nc, err := connect(m.url)
	require.NoError(m.b, err)
	m.ends = append(m.ends, nc.Close)
	return nc
}

func (m *mill) close() {
	for i := range m.ends {
		m.ends[len(m.ends)-1-i]()
	}
}

// join starts a worker that handles messages so.
func (m *mill) join(handle func(partition.Owned)) {
	m.b.Helper()
	nc := m.dial()
	work, err := bridge.Consume(nc, bridge.ConsumerConfig{
		Stream: "WORK", Name: "bench", Subjects: "work.{partition}", Logger: silent,
		Handle: func(_ context.Context, o partition.Owned, _ *nats.Msg) error { handle(o); return nil },
	})
	require.NoError(m.b, err)
	m.manage(nc, work.Props)
}

// manage starts a worker with these partition actors.
func (m *mill) manage(nc *nats.Conn, props func(partition.Owned) *actor.Props) {
	m.b.Helper()
	set := presets()["Large"] // nobody loses a lease while a processor is busy
	set.ColdStartWindow = partition.Off
	managing, err := actors.PartitionManager(actors.Config{Settings: set, Source: actors.SourceFrom(m.list), Partition: props},
		bridge.NATS(nc, bridge.Config{Group: "mill", Fresh: true, Storage: bridge.Memory, Logger: silent}))
	require.NoError(m.b, err)
	system := newSystem()
	manager := system.Root.Spawn(managing)
	m.ends = append(m.ends, func() {
		require.NoError(m.b, bridge.Stop(context.Background(), system, manager))
		system.Shutdown()
	})
}

// plain pulls the messages of each partition with the client's own consumers.
func (m *mill) plain(handle func(partition.Owned)) {
	m.b.Helper()
	js, err := jetstream.New(m.dial())
	require.NoError(m.b, err)
	for i, p := range m.list {
		x, err := js.CreateConsumer(context.Background(), "WORK", jetstream.ConsumerConfig{
			Durable: fmt.Sprint("plain", i), FilterSubject: "work." + string(p.ID()), AckPolicy: jetstream.AckExplicitPolicy,
		})
		require.NoError(m.b, err)
		pulls, err := x.Consume(func(msg jetstream.Msg) {
			handle(partition.Owned{ID: p.ID()})
			_ = msg.Ack()
		}, jetstream.PullMaxMessages(100))
		require.NoError(m.b, err)
		m.ends = append(m.ends, pulls.Stop)
	}
}

// BenchmarkConsume is how many messages a worker handles in a second, which do nothing,
// and how many the client's own consumers do.
func BenchmarkConsume(b *testing.B) {
	const partitions, each = 20, 10_000
	for name, start := range map[string]func(*mill, func(partition.Owned)){"Plain": (*mill).plain, "Troupe": (*mill).join} {
		b.Run(name, func(b *testing.B) {
			once(b, func() {
				m := openMill(b, partitions, each)
				defer m.close()
				var handled atomic.Int64
				var first time.Time
				done := make(chan struct{})
				start(m, func(partition.Owned) {
					switch handled.Add(1) {
					case 1:
						first = time.Now()
					case partitions * each:
						close(done)
					}
				})
				<-done
				metric(b, partitions*each/time.Since(first).Seconds(), "messages/s")
			})
		})
	}
}

// BenchmarkConsumeIdle is what a thousand partitions cost a worker that has nothing to
// do: with partition actors, and with consumers.
func BenchmarkConsumeIdle(b *testing.B) {
	const partitions = 1000
	for name, start := range map[string]func(*mill){
		"Actors": func(m *mill) {
			begun := make(chan struct{}, partitions)
			m.manage(m.dial(), func(partition.Owned) *actor.Props {
				return actor.PropsFromFunc(func(ctx actor.Context) {
					if _, ok := ctx.Message().(*actor.Started); ok {
						begun <- struct{}{}
					}
				})
			})
			for range partitions {
				<-begun
			}
		},
		"Consumers": func(m *mill) {
			m.join(func(partition.Owned) {})
			m.made()
		},
	} {
		b.Run(name, func(b *testing.B) {
			once(b, func() {
				m := openMill(b, partitions, 0)
				defer m.close()
				goroutines, heap := size()
				start(m)
				g, h := size()
				metric(b, (g-goroutines)/partitions, "goroutines/partition")
				metric(b, (h-heap)/partitions/1024, "KiB/partition")
			})
		})
	}
}

// BenchmarkConsumeMove is how long partitions with a backlog are not worked on when half
// of them move to a worker that joins: from the end of the last handler there to the begin
// of the first one here. made is until all have their consumers, all is from the join until
// the last of them is worked on here.
func BenchmarkConsumeMove(b *testing.B) {
	for _, c := range []struct {
		moved, each int
		takes       time.Duration // by a handler
	}{{50, 3000, 10 * time.Millisecond}, {1000, 30, time.Second}} {
		b.Run(fmt.Sprint(c.moved), func(b *testing.B) {
			once(b, func() { moveConsumers(b, c.moved, c.each, c.takes) })
		})
	}
}

func moveConsumers(b *testing.B, moved, each int, takes time.Duration) {
	m := openMill(b, 2*moved, 0)
	defer m.close()
	var last, seen sync.Map
	began := time.Now()
	m.join(func(o partition.Owned) {
		pass(takes)
		last.Store(o.ID, time.Now())
	})
	m.made()
	metric(b, time.Since(began).Seconds(), "made-s")
	m.fill(each)
	for n := 0; n < 2*moved; pass(takes) { // until all are worked on
		n = 0
		last.Range(func(any, any) bool { n++; return true })
	}
	gaps := make(chan time.Duration, 2*moved)
	began = time.Now()
	m.join(func(o partition.Owned) {
		if _, again := seen.LoadOrStore(o.ID, true); !again {
			since, _ := last.Load(o.ID)
			gaps <- time.Since(since.(time.Time))
		}
		pass(takes)
	})
	var all []time.Duration
	for range moved {
		all = append(all, <-gaps)
	}
	metric(b, time.Since(began).Seconds(), "all-s")
	report(b, "gap", all)
}
