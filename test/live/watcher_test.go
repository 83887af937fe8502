package live

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
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
	require.Zero(t, c.of("head"), "and nothing is published later")
	require.True(t, g.ledger.shared(24, all))
}

// The watcher is killed in each of its parts: its actor, and what the server keeps
// for it. Each time it comes back, and each time the poller detects what happens
// meanwhile.
//
// hazard 23
func TestWatcher_ReconnectAfterFailure(t *testing.T) {
	beside(t)
	t.Run("its actor, without a poller", func(t *testing.T) {
		g := newGroup(t, patient(), 24)
		g.settings.PollInterval = far
		all := g.start(2)
		leads, _ := g.leader(all...)
		version, term := leads.snapshot().Version, leads.snapshot().Term
		c := g.count()
		leads.kill("watcher")
		g.ledger.await("another watch is begun", func() bool { return c.listed("live.*") > 0 })
		all = append(all, g.join("third"))
		g.atRest(all...)
		require.Equal(t, version+1, leads.snapshot().Version)
		require.Equal(t, term, leads.snapshot().Term, "it leads all the time")
	})
	t.Run("its consumer in the server", func(t *testing.T) {
		g := newGroup(t, patient(), 24)
		all := g.start(2)
		leads, _ := g.leader(all...)
		version := leads.snapshot().Version
		require.Positive(t, g.deafen("live.*"), "there was a watch")
		all = append(all, g.join("third"))
		g.atRest(all...)
		require.Equal(t, version+1, leads.snapshot().Version)
	})
	t.Run("its subscription, with the connection", func(t *testing.T) {
		g := newGroup(t, patient(), 24)
		g.settings.PollInterval = far
		all := g.start(2)
		leads, _ := g.leader(all...)
		version := leads.snapshot().Version
		leads.cable.cut()
		leads.cable.mend()
		all = append(all, g.join("third"))
		g.atRest(all...)
		require.Equal(t, version+1, leads.snapshot().Version)
	})
	t.Run("the poller instead", func(t *testing.T) {
		g := newGroup(t, patient(), 24)
		all := g.start(2)
		leads, _ := g.leader(all...)
		version := leads.snapshot().Version
		leads.kill("poller")
		all = append(all, g.join("third"))
		g.atRest(all...)
		require.Equal(t, version+1, leads.snapshot().Version)
	})
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
			require.NoError(g.t, stream.DeleteConsumer(g.t.Context(), info.Name))
			n++
		}
	}
	require.NoError(g.t, list.Err())
	return n
}
