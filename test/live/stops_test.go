package live

import (
	"context"
	"fmt"
	"path"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// trouble is what a worker has while it stops.
type trouble string

const (
	calmly trouble = "NATS is there"
	away   trouble = "NATS is gone"
	stuck  trouble = "user code is stuck"
)

// halt is one worker that is to stop in a state.
type halt struct {
	*worker
	trouble trouble
	odd     bool          // every second one, for what can be so or so
	silent  bool          // its subscriber does not confirm
	jam     atomic.Bool   // its partition actors do not stop
	free    chan struct{} // closed when user code may go on
	once    sync.Once
	id      partition.WorkerID  // when it is asked; empty if it has none
	was     partition.SessionID // its session when it was at rest, where that is lost before
	stops   []actor.Future
	said    messages.Stopped
}

// unhurried are settings in which nothing ends by itself: what holds a worker in
// its state does so until the test goes on. A stop ends where the test is about that:
// user code has a moment, the store as long as a busy machine may need. What a stop would
// wait for that forgets its time, user code or the end of the lease, takes an hour.
func unhurried(of trouble) partition.Settings {
	s := patient()
	s.HeartbeatInterval, s.Lease, s.LeaderLease = 5*time.Second, time.Hour, time.Hour
	s.StoreTimeout, s.DrainTimeout, s.RevokeTimeout = 5*time.Second, 100*time.Millisecond, time.Hour
	s.PollInterval, s.StartTimeout, s.StrategyTimeout = 5*time.Second, 2*time.Hour, time.Hour
	switch of {
	case calmly:
		s.ShutdownTimeout = patience
	case stuck:
		s.ShutdownTimeout = 2*s.StoreTimeout + 300*time.Millisecond
	case away: // it is not waited for
		s.StoreTimeout, s.ShutdownTimeout = 1500*time.Millisecond, 3300*time.Millisecond
	}
	return s
}

// hazards 70 and 71
func TestStops(t *testing.T) {
	beside(t)
	hub := unchecked(t, embedded.Config{Memory: true}, partition.Settings{}, 0)
	js := hub.jetstream()
	_, err := js.AccountInfo(t.Context()) // the first question begins a goroutine, which is of no case
	require.NoError(t, err)
	inLanes(stopLanes, stopCases(), func(c stopCase) {
		pprof.Do(t.Context(), pprof.Labels(stopLabel, c.String()), func(context.Context) {
			t.Run(c.String(), func(t *testing.T) { hub.halts(t, js, c) })
		})
	})
	ended(t)
	hub.unwatched()
}

// unwatched waits until the server has forgotten every watch: it is not told when
// one ends, but notices some seconds later that nobody listens.
func (g *group) unwatched() {
	g.t.Helper()
	js := g.jetstream()
	var names []string
	list := js.StreamNames(g.t.Context())
	for name := range list.Name() {
		names = append(names, name)
	}
	require.NoError(g.t, list.Err())
	late := time.Now().Add(patience)
	for _, name := range names {
		for n := 1; n > 0; {
			stream, err := js.Stream(g.t.Context(), name)
			require.NoError(g.t, err)
			if n = stream.CachedInfo().State.Consumers; n > 0 {
				require.True(g.t, time.Now().Before(late), "%s has %d consumers", name, n)
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
}

// What is stopped otherwise than once, in a state.
const (
	twice    = messages.State("twice")
	poisoned = messages.State("by poison")
	starting = messages.State("while it starts")
)

// halts stops workers in a state, and looks what is left of them.
func (g *group) halts(t *testing.T, js jetstream.JetStream, c stopCase) {
	var all []*halt
	for i := range stopsPerCase {
		h := &halt{trouble: c.of, odd: i%2 == 1, free: make(chan struct{})}
		sub := &group{t: t, server: g.server, settings: unhurried(c.of), list: partitions(3), ledger: newLedger(t), fresh: true}
		sub.name = fmt.Sprintf("%s-%d", strings.Map(wordly, path.Base(t.Name())), i)
		t.Cleanup(sub.ledger.audit)
		if c.of == stuck {
			h.stall(sub, c.state)
		}
		if c.how == starting {
			h.worker = sub.join("w")
		} else {
			ways[c.state](h, sub)
		}
		all = append(all, h)
		t.Cleanup(h.release)
	}
	for _, h := range all {
		h.begin(c.state, c.how)
	}
	for _, h := range all {
		h.end(c.how)
	}
	for _, h := range all {
		h.left(js, c.state, c.how)
	}
}

// wordly makes a name of a group out of a name of a test.
func wordly(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '-'
}

// begin stops the worker when it is in the state.
func (h *halt) begin(state, how messages.State) {
	l := h.g.ledger
	if how != starting {
		l.await("it is "+string(state), func() bool {
			p := l.pages[h.worker]
			return p.is(state) && (h.was == "" || p.lost > 0)
		})
		h.id = h.snapshot().Worker
	}
	h.jam.Store(h.trouble == stuck)
	if h.silent || state == messages.Rebalancing {
		l.hold(h.worker, h.silent)
	}
	if h.trouble == away {
		h.cable.hold("") // nothing is answered from here on, and nobody knows that yet
	}
	switch how {
	case poisoned:
		h.system.Root.Poison(h.manager)
	case twice:
		h.ask()
		h.ask()
	default:
		h.ask()
	}
	switch {
	case h.trouble == away && h.odd:
		h.cable.cut()
	case h.trouble != away:
		h.cable.mend()
		_ = h.cable.flush()
	}
	if state == messages.Rebalancing && !h.silent {
		h.system.Root.Send(h.ear, release{})
	}
}

// ask stops the worker. The answer has to come in time, and some more that others may take
// who share the machine: the promise counts time in which the worker runs, which nobody here
// knows, as its handlers are stuck or gone. What may be forgotten takes an hour in these settings,
// so that no slowness is taken for it; the exact time is demanded of every stop in the
// simulator, also without a store, in which nothing halts the process.
func (h *halt) ask() {
	within := unhurried(h.trouble).ShutdownTimeout + patience
	h.stops = append(h.stops, h.system.Root.RequestFuture(h.manager, messages.Stop{}, within))
}

// end waits until the worker has stopped. What it says is looked at while user code
// is stuck, so that it was not waited for.
func (h *halt) end(how messages.State) {
	t := h.g.t
	for _, f := range h.stops {
		got, err := f.Result()
		require.NoError(t, err, "Stopped does not come in time")
		s := got.(messages.Stopped)
		switch h.trouble {
		case calmly:
			require.Empty(t, s.Running)
		case stuck:
			require.NotEmpty(t, s.Running, "what is stuck is named")
		default: // it may have been let go in time
		}
		h.said = s
	}
	h.release()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_ = bridge.Stop(ctx, h.system, h.manager)
	require.NoError(t, ctx.Err(), "the manager does not end")
}

// release lets user code go on.
func (h *halt) release() { h.once.Do(func() { close(h.free) }) }

// left looks for what is left of the worker, in its process and in the store.
func (h *halt) left(js jetstream.JetStream, state, how messages.State) {
	t := h.g.t
	states := withoutRepeats(h.g.ledger.read(h.worker).states)
	if how != starting {
		require.Equal(t, []messages.State{state, messages.Shutdown}, states[len(states)-2:])
	}
	h.gone()
	h.claim(js, state, how)
	h.cable.cut()
	h.close()
}

// gone demands that no actor of the manager is left in its process, and no subscription.
func (w *worker) gone() {
	t := w.g.t
	t.Helper()
	for _, shard := range w.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		for _, name := range shard.Keys() {
			require.False(t, name == w.manager.Id || strings.HasPrefix(name, w.manager.Id+"/"), name)
		}
	}
	for late := time.Now().Add(patience); w.nc.NumSubscriptions() > 1 && time.Now().Before(late); {
		time.Sleep(time.Millisecond) // a subscription ends on a goroutine, which nobody is told of
	}
	require.LessOrEqual(t, w.nc.NumSubscriptions(), 1, "the client keeps one for answers")
}
