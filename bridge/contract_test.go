package bridge_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/test/sim/contract"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// host is a group on a fleet. Callbacks of its ports wait in a queue until the case
// takes them.
type host struct {
	contract.T
	fleet  *fleet
	cfg    bridge.Config
	within time.Duration // what an operation may take

	mu    sync.Mutex
	queue []func()
	wake  chan struct{}
}

// newHost makes a group. What may be cut off gives up sooner than what may only be
// slow.
func newHost(t *testing.T, f *fleet, group string, harm bool) *host {
	h := &host{T: t, fleet: f, wake: make(chan struct{}, 1)}
	h.cfg, h.within = bridge.Config{Group: group, Replicas: f.nodes()}, patience/2
	if harm {
		h.within = 3 * time.Second
	}
	return h
}

func (h *host) Nodes() int { return h.fleet.nodes() }

func (h *host) Stream(incarnation string) bridge.StreamConfig {
	return bridge.StreamOf(h.cfg, incarnation)
}

func (h *host) Prefix(incarnation string) string { return bridge.PrefixOf(h.cfg.Group, incarnation) }

func (h *host) Connect(node int) bridge.Port { return h.connect(node, h.within) }

// Restricted gives up soon: a denial is told only when the time for an answer is over.
func (h *host) Restricted(node int) bridge.Port {
	return h.connect(node, 400*time.Millisecond, nats.UserInfo(restricted, restricted))
}

func (h *host) connect(node int, within time.Duration, opts ...nats.Option) bridge.Port {
	nc := h.fleet.dial(slices.Concat(h.fleet.urls[node:], h.fleet.urls[:node]), opts...)
	return &posting{bridge.NATSPort(nc, h.cfg.Group), h, within}
}

func (h *host) post(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = append(h.queue, f)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *host) next() (f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.queue) > 0 {
		f, h.queue = h.queue[0], h.queue[1:]
	}
	return f
}

func (h *host) Until(what string, done func() bool) {
	h.Helper()
	for end := time.Now().Add(patience); !done(); {
		if f := h.next(); f != nil {
			f()
			continue
		}
		if time.Now().After(end) {
			require.FailNow(h, "it never came about", what)
		}
		h.Pause()
	}
}

func (h *host) Pause() {
	select {
	case <-h.wake:
	case <-time.After(20 * time.Millisecond):
	}
}

// state is what a cluster says of the stream, once somebody leads it.
func (h *host) state() *jetstream.ClusterInfo {
	var cluster *jetstream.ClusterInfo
	h.Until("the stream has a leader", func() bool {
		js, err := jetstream.New(h.fleet.admin)
		require.NoError(h, err)
		s, err := js.Stream(h.fleet.t.Context(), "KV_"+h.cfg.Group)
		if err != nil {
			return false
		}
		cluster = s.CachedInfo().Cluster
		return cluster.Leader != ""
	})
	return cluster
}

func (h *host) Leader() int {
	if h.Nodes() == 1 {
		return 0
	}
	return indexOf(h.state().Leader)
}

func (h *host) StepDown() {
	if h.Nodes() == 1 {
		return
	}
	// Only the leader answers: a question that comes between two of them is lost.
	was := h.Leader()
	h.Until("the leader has stepped down", func() bool {
		_, err := h.fleet.admin.Request("$JS.API.STREAM.LEADER.STEPDOWN.KV_"+h.cfg.Group, nil, h.within)
		if err != nil {
			require.ErrorIs(h, err, nats.ErrTimeout)
			return h.Leader() != was
		}
		return true
	})
}

func (h *host) Isolate(node int) {
	h.fleet.ways.cut(func(k *way) bool { return k.from != clients && (k.from == node || k.to == node) })
}

func (h *host) Cut(node int) {
	h.fleet.ways.cut(func(k *way) bool { return k.from == clients && k.to == node })
}

func (h *host) Heal() { h.fleet.ways.heal() }

func (h *host) Stop(node int) { h.fleet.stop(node) }

func (h *host) Start(node int, empty bool) {
	h.fleet.start(node, empty)
	if h.Nodes() == 1 {
		return
	}
	h.Until("all that run have what there is", func() bool {
		return !slices.ContainsFunc(h.state().Replicas, func(p *jetstream.PeerInfo) bool { return !p.Current && !p.Offline })
	})
}

func (h *host) Delete() {
	js, err := jetstream.New(h.fleet.admin)
	require.NoError(h, err)
	err = h.asks("the stream is deleted", func(ctx context.Context) error { return js.DeleteStream(ctx, "KV_"+h.cfg.Group) })
	if !errors.Is(err, jetstream.ErrStreamNotFound) { // it was deleted, and the answer was lost
		require.NoError(h, err)
	}
}

// asks asks a server until there is an answer, which it returns: between two leaders of a
// cluster a question is lost, or refused. What is asked twice must be as if asked once.
func (h *host) asks(what string, question func(context.Context) error) (err error) {
	h.Helper()
	h.Until(what, func() bool {
		ctx, cancel := context.WithTimeout(h.fleet.t.Context(), patience/6)
		defer cancel()
		err = question(ctx)
		var refused *jetstream.APIError
		return !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, jetstream.ErrNoStreamResponse) &&
			(!errors.As(err, &refused) || refused.Code != http.StatusServiceUnavailable)
	})
	return err
}

// posting is a port whose callbacks wait for the case.
type posting struct {
	bridge.Port
	host   *host
	within time.Duration
}

func (p *posting) Submit(op bridge.Op, _ time.Duration, done func(bridge.Result)) func() {
	return p.Port.Submit(op, p.within, func(r bridge.Result) { p.host.post(func() { done(r) }) })
}

func (p *posting) Info(_ time.Duration, done func(bridge.StreamInfo)) func() {
	return p.Port.Info(p.within, func(i bridge.StreamInfo) { p.host.post(func() { done(i) }) })
}

func (p *posting) Listen(each func(bridge.Signal)) func() {
	stop := p.Port.Listen(func(s bridge.Signal) { p.host.post(func() { each(s) }) })
	p.host.fleet.t.Cleanup(stop)
	return stop
}

func (p *posting) Watch(filter string, _ time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	w := p.Port.Watch(filter, p.within,
		func(s bridge.Sights) { p.host.post(func() { each(s) }) },
		func(err error) { p.host.post(func() { gone(err) }) })
	p.host.fleet.t.Cleanup(w.Stop)
	return w
}

var (
	operations = flag.Int("operations", 5000, "how many random operations are performed on one server, and on three")
	drawing    = flag.Uint64("seed", 1, "which they are")
)

// block is how many operations one seed draws at most.
const block = 2500

// random performs random operations on real servers: half of them by one client. What one
// server answers that is what the simulated one does.
func random(t *testing.T, f *fleet, nodes, clients int) {
	for s, left := *drawing, *operations/2; left > 0; s, left = s+1, left-block {
		n := min(block, left)
		said := contract.Random(t, newHost(t, f, fmt.Sprintf("random%d-%d", clients, s), false), s, clients, n)
		if nodes == 1 && clients == 1 {
			imitated := contract.Random(t, newImitation(t), s, clients, n)
			for i, line := range imitated {
				require.Greater(t, len(said), i, "the simulated store says more: %s", line)
				require.Equal(t, line, said[i], "answer %d after %s", i, strings.Join(imitated[max(0, i-5):i], "\n"))
			}
			require.Len(t, said, len(imitated))
		}
	}
}

// onReal runs all cases on real servers. Those that do no harm share them.
func onReal(t *testing.T, nodes int) {
	t.Run("in peace", func(t *testing.T) {
		f := newFleet(t, nodes)
		for i, c := range contract.Cases(nodes) {
			if !c.Harm {
				t.Run(c.Name, func(t *testing.T) { c.Run(t, newHost(t, f, fmt.Sprintf("g%d", i), false)) })
			}
		}
		t.Run("N7_NobodyCanMakeARecordExpire", func(t *testing.T) { contractN7NoExpiry(newRaw(t, f, "n7")) })
		t.Run("N12_NobodyCanWipeTheStream", func(t *testing.T) { contractN12NoWipe(newRaw(t, f, "n12")) })
		for _, clients := range []int{1, 5} {
			t.Run(fmt.Sprintf("random operations of %d", clients), func(t *testing.T) {
				random(t, f, nodes, clients)
			})
		}
	})
	for _, c := range contract.Cases(nodes) {
		if c.Harm {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				c.Run(t, newHost(t, newFleet(t, nodes), "g", true))
			})
		}
	}
}

func TestContract_OneNode(t *testing.T) { onReal(t, 1) }

func TestContract_ThreeNodes(t *testing.T) { onReal(t, 3) }
