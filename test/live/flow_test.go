package live

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// flow is a stream of numbered messages, the consumers of a group's workers, and what
// these have handled. Its sink checks tokens, and tells what reaches it twice, out of
// order or from an owner of the past.
type flow struct {
	g  *group
	js jetstream.JetStream
	of map[*worker]*bridge.Consumers

	stop, stopped chan struct{} // of the producer

	mu      sync.Mutex
	sent    map[partition.PartitionID]int
	got     map[partition.PartitionID][]accepted // in this order
	tokens  partition.Tokens
	fenced  int // refused, as their owner is one of the past
	running map[partition.PartitionID]*worker
	overlap []string
	stuck   map[*worker]bool // whose handlers do not return before they must
	hang    int              // how many of these there are
}

// A worker that crashes has its messages for so long. Where none does, nothing may come
// again, however busy the machine is.
const (
	comesSoon = 2 * time.Second
	comesLate = time.Minute
)

// flowConfig is how workers consume the stream of a flow.
func flowConfig(ackWait time.Duration, handle func(context.Context, partition.Owned, *nats.Msg) error) bridge.ConsumerConfig {
	return bridge.ConsumerConfig{
		Stream: "WORK", Name: "flow", Subjects: subjects, Handle: handle, Logger: silent,
		Consumer: jetstream.ConsumerConfig{AckWait: ackWait},
	}
}

// flowing makes a stream, and lets the workers that join from now on consume it.
func (g *group) flowing(retention jetstream.RetentionPolicy, ackWait time.Duration) *flow {
	g.t.Helper()
	f := &flow{
		g: g, js: g.jetstream(), of: map[*worker]*bridge.Consumers{}, stuck: map[*worker]bool{},
		sent: map[partition.PartitionID]int{}, got: map[partition.PartitionID][]accepted{}, tokens: partition.Tokens{}, running: map[partition.PartitionID]*worker{},
	}
	_, err := f.js.CreateStream(g.t.Context(), jetstream.StreamConfig{
		Name: "WORK", Subjects: []string{"work.>"}, Retention: retention, Storage: jetstream.MemoryStorage,
	})
	require.NoError(g.t, err)
	_, err = g.connect().Subscribe(sinkSubject, f.answer)
	require.NoError(g.t, err)
	g.handler = func(w *worker) func(partition.Owned) *actor.Props {
		c, err := bridge.Consume(w.nc, flowConfig(ackWait, func(ctx context.Context, o partition.Owned, m *nats.Msg) error {
			return f.handle(ctx, w, o, m)
		}))
		require.NoError(g.t, err)
		f.of[w] = c
		return c.Props
	}
	return f
}

// handle passes one message on to the sink.
func (f *flow) handle(ctx context.Context, w *worker, o partition.Owned, m *nats.Msg) error {
	n, err := strconv.Atoi(string(m.Data))
	if err != nil {
		return err
	}
	f.enter(w, o)
	defer f.leave(o)
	if f.stucks(w) {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.sink(o, n)
}

// stick lets the handlers of a worker hang from now on, and waits until one does.
func (f *flow) stick(w *worker) {
	f.g.t.Helper()
	f.mu.Lock()
	f.stuck[w], f.hang = true, 0
	f.mu.Unlock()
	f.g.ledger.await("a handler hangs", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.hang > 0
	})
}

func (f *flow) stucks(w *worker) bool {
	f.mu.Lock()
	defer f.g.ledger.wake()
	defer f.mu.Unlock()
	if f.stuck[w] {
		f.hang++
	}
	return f.stuck[w]
}

func (f *flow) enter(w *worker, o partition.Owned) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if other := f.running[o.ID]; other != nil {
		f.overlap = append(f.overlap, fmt.Sprintf("%s: %s and %s", o.ID, other.name, w.name))
	}
	f.running[o.ID] = w
}

func (f *flow) leave(o partition.Owned) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, o.ID)
}

func (f *flow) sink(o partition.Owned, n int) error {
	f.mu.Lock()
	defer f.g.ledger.wake()
	defer f.mu.Unlock()
	if !f.tokens.Admit(o.ID, o.Token) {
		f.fenced++
		return bridge.ErrFenced
	}
	f.got[o.ID] = append(f.got[o.ID], accepted{n, o.Token})
	return nil
}

// ready waits until each partition has its consumer, and is pulled.
func (f *flow) ready(workers ...*worker) {
	f.g.t.Helper()
	stream, err := f.js.Stream(f.g.t.Context(), "WORK")
	require.NoError(f.g.t, err)
	f.g.until("every partition has a consumer", func() bool {
		info, err := stream.Info(f.g.t.Context())
		failing := slices.ContainsFunc(workers, func(w *worker) bool {
			c := f.of[w] // nil in a process of its own
			return c != nil && c.Err() != nil
		})
		return err == nil && info.State.Consumers >= len(f.g.list) && !failing
	})
}

// durables are the names of the consumers, in the order of their partitions.
func (f *flow) durables() (names []string) {
	f.g.t.Helper()
	stream, err := f.js.Stream(f.g.t.Context(), "WORK")
	require.NoError(f.g.t, err)
	list := stream.ConsumerNames(f.g.t.Context())
	for name := range list.Name() {
		names = append(names, name)
	}
	require.NoError(f.g.t, list.Err())
	slices.Sort(names)
	return names
}

// send publishes the next message of each partition.
func (f *flow) send() error {
	for _, p := range f.g.list {
		f.mu.Lock()
		f.sent[p.ID()]++
		n := f.sent[p.ID()]
		f.mu.Unlock()
		m := &nats.Msg{Subject: "work." + string(p.ID()), Data: []byte(strconv.Itoa(n))}
		within, cancel := context.WithTimeout(f.g.t.Context(), patience)
		_, err := f.js.PublishMsg(within, m, jetstream.WithMsgID(fmt.Sprint(p.ID(), n)))
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// produce sends messages until halt is called, as many as a slow machine can handle.
func (f *flow) produce() {
	f.stop, f.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(f.stopped)
		pace := time.NewTicker(20 * time.Millisecond)
		defer pace.Stop()
		for {
			select {
			case <-f.stop:
				return
			case <-pace.C:
			}
			if err := f.send(); err != nil {
				f.g.t.Error(err)
				return
			}
		}
	}()
}

// halt ends the producer, and waits until each message has been handled.
func (f *flow) halt() {
	f.g.t.Helper()
	close(f.stop)
	<-f.stopped
	f.complete()
}

func (f *flow) complete() {
	f.g.t.Helper()
	f.g.ledger.await("every message has been handled", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for id, n := range f.sent {
			if len(f.numbers(id)) < n {
				return false
			}
		}
		return true
	})
}

// numbers are what arrived of a partition, each once.
func (f *flow) numbers(id partition.PartitionID) []int {
	var all []int
	for _, a := range f.got[id] {
		all = append(all, a.n)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// result judges what was accepted of each partition before somebody in trouble had it.
func (f *flow) result(troubled map[partition.PartitionID]partition.Token) (sent int, v verdict, disordered int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, n := range f.sent {
		sent += n
		one := judge(f.got[id], troubled[id])
		v.judged, v.twice = v.judged+one.judged, v.twice+one.twice
		if one.disordered {
			disordered++
		}
	}
	return sent, v, disordered
}

// nothingLost says how a flow with crashes went: how many messages came twice depends
// on what was in work then.
func (f *flow) nothingLost() {
	f.g.t.Helper()
	sent, v, disordered := f.result(nil)
	require.NotZero(f.g.t, sent)
	f.g.t.Logf("%d messages, 0 lost, %d twice, %d of %d partitions out of order, %d effects of former owners refused",
		sent, v.twice, disordered, len(f.g.list), f.fenced)
}

// sound fails unless each message was handled once and in order. Of partitions that somebody
// in trouble had, only that none is lost is promised from then on.
func (f *flow) sound() {
	f.g.t.Helper()
	troubled := f.troubled()
	sent, v, disordered := f.result(troubled)
	require.NotZero(f.g.t, sent)
	require.Zero(f.g.t, v.twice, "of %d", v.judged)
	require.Zero(f.g.t, disordered)
	if len(troubled) > 0 {
		f.g.t.Logf("a worker was in trouble: %d of %d messages are judged", v.judged, sent)
		return
	}
	require.Zero(f.g.t, f.fenced)
	require.Empty(f.g.t, f.overlap)
}
