package live

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// far is a poll interval that does not end within a test.
const far = time.Hour

// kill ends an actor of the worker as a panic in it would: its parent hears it. Of
// an actor that is made again under a new name it ends the present one.
func (w *worker) kill(role string) {
	w.g.t.Helper()
	require.True(w.g.t, w.killed(role), "%s has no %s", w.name, role)
}

// killed is kill, if there is such an actor now.
func (w *worker) killed(role string) bool {
	w.g.t.Helper()
	for _, shard := range w.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		for _, id := range shard.Keys() {
			if name := id[strings.LastIndex(id, "/")+1:]; strings.HasPrefix(name, role+"-") {
				require.NoError(w.g.t, w.system.Root.StopFuture(w.system.NewLocalPID(id)).Wait())
				return true
			}
		}
	}
	return false
}

// blinkers keep from a worker's outside what its watcher or its poller asks for, and
// change what it writes. They are for workers that lead: others read the workers'
// records, too.
type blinkers struct {
	mu             sync.Mutex
	watches, lists bool
	releases       bool // each renewal of the lead gives it up
}

func (b *blinkers) put(watches, lists bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watches, b.lists = watches, lists
}

func (b *blinkers) hide(mail any) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch m := mail.(type) {
	case messages.Watch:
		return b.watches && m.Key == messages.AllLive
	case messages.Read:
		return b.lists && slices.Equal(m.Keys, []messages.Key{messages.AllLive})
	}
	return false
}

// giveUp lets every renewal of the lead say that it is free, which its worker does not
// know. One may be lost, or be renewed before another worker has seen it.
func (b *blinkers) giveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.releases = true
}

func (b *blinkers) change(mail any) any {
	b.mu.Lock()
	defer b.mu.Unlock()
	m, ok := mail.(messages.Store)
	if !ok || !b.releases || len(m.Writes) != 1 { // a candidate writes the term, too
		return mail
	}
	if lead, ok := m.Writes[0].Record.(partition.Lead); ok {
		m.Writes = slices.Clone(m.Writes)
		lead.Released = true
		m.Writes[0].Record = lead
	}
	return m
}

// before puts them on.
func (b *blinkers) before(outside *actor.Props) *actor.Props {
	return outside.Clone(actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(ctx actor.ReceiverContext, e *actor.MessageEnvelope) {
			if !b.hide(e.Message) {
				next(ctx, &actor.MessageEnvelope{Header: e.Header, Message: b.change(e.Message), Sender: e.Sender})
			}
		}
	}))
}

// A worker that joins is noticed by the watch of the workers' records: the poller
// does not list again while this test lasts.
func TestWatcher_FastDetection(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	g.settings.PollInterval = far
	all := g.start(3)
	leads, _ := g.leader(all...)
	version := leads.snapshot().Version

	began := time.Now()
	all = append(all, g.join("fourth"))
	g.atRest(all...)
	t.Logf("from the start of the fourth worker to its share: %v", time.Since(began))
	require.Equal(t, version+1, leads.snapshot().Version)
	require.Zero(t, leads.snapshot().Unowned)
}

// What both watcher and poller see is one change: the version grows by one, also
// after the poller has listed the joiner several times.
func TestWatcher_NoDoubleTriggering(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	all := g.start(2)
	leads, _ := g.leader(all...)
	version := leads.snapshot().Version
	c := g.count()

	all = append(all, g.join("third"))
	g.atRest(all...)
	c.clear()
	g.ledger.await("the poller lists again", func() bool { return c.listed("live.*") >= 3 })
	require.Equal(t, version+1, leads.snapshot().Version)
	c.hear()
	require.Zero(t, c.of("head."), "and nothing is published later")
	require.True(t, g.ledger.shared(24, all))
}

// The watcher is killed in each of its parts: its actor, its subscription, and what
// the server keeps for it. Each time it comes back; as long as it does not, the poller
// detects what happens, and as long as that one is dead, the watcher does.
//
// hazard 23
func TestWatcher_ReconnectAfterFailure(t *testing.T) {
	beside(t)
	for name, c := range map[string]struct {
		// With which of the two shut out the leader goes on.
		watches, lists bool
		hurt           func(*worker)
	}{
		"its actor, which cannot come back":      {true, false, func(w *worker) { w.kill("watcher") }},
		"its actor, without a poller":            {false, true, func(w *worker) { w.kill("watcher") }},
		"its consumer, without a poller":         {false, true, func(w *worker) { require.Positive(t, w.g.deafen("live.*"), "there was a watch") }},
		"its subscription, with the connection":  {false, true, func(w *worker) { w.cable.cut(); w.cable.mend() }},
		"the poller instead, which cannot go on": {false, true, func(w *worker) { w.kill("poller") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGroup(t, patient(), 24)
			all := g.start(2)
			leads, _ := g.leader(all...)
			version, term := leads.snapshot().Version, leads.snapshot().Term
			leads.blinkers.put(c.watches, c.lists)
			c.hurt(leads)
			all = append(all, g.join("third"))
			g.atRest(all...)
			require.Equal(t, version+1, leads.snapshot().Version)
			leads.blinkers.put(c.lists, c.watches) // and now by the other one
			leads.killed("watcher")                // one that asked in vain asks again
			all = append(all, g.join("fourth"))
			g.atRest(all...)
			require.Equal(t, version+2, leads.snapshot().Version)
			require.Equal(t, term, leads.snapshot().Term, "it leads all the time; it complained: %v", g.ledger.read(leads).complaints)
		})
	}
}

// A leader whose watcher and poller are both killed sees nobody any more. It says so,
// and leaves the lead to another one.
func TestWatcher_BothEyesKilled(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	all := g.start(2)
	leads, others := g.leader(all...)
	s := leads.snapshot()
	for leads.snapshot().Term == s.Term { // either is opened again soon
		leads.killed("watcher")
		leads.killed("poller")
	}
	g.until("the other leads", func() bool { return others[0].snapshot().Leading })
	require.Contains(t, g.ledger.read(leads).complaints, "this worker cannot lead: neither watcher nor poller looks at the workers")
	all = append(all, g.join("third"))
	g.atRest(all...)
	require.Equal(t, s.Version+1, others[0].snapshot().Version)
	g.ledger.await("it may lead again", func() bool { return g.ledger.pages[leads].health.Healthy })
}

// deafen deletes the consumers that listen to some records. It returns how many.
func (g *group) deafen(filter string) (n int) {
	g.t.Helper()
	nc, err := g.server.Connect()
	require.NoError(g.t, err)
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(g.t, err)
	stream, err := js.Stream(g.t.Context(), "KV_live")
	require.NoError(g.t, err)
	list := stream.ListConsumers(g.t.Context())
	for info := range list.Info() {
		if strings.HasSuffix(info.Config.FilterSubject, "."+filter) || info.Config.FilterSubject == "" && len(info.Config.FilterSubjects) > 0 {
			err := stream.DeleteConsumer(g.t.Context(), info.Name)
			if errors.Is(err, jetstream.ErrConsumerNotFound) {
				continue // that of a reader, which has read everything meanwhile
			}
			require.NoError(g.t, err)
			n++
		}
	}
	require.NoError(g.t, list.Err())
	return n
}
