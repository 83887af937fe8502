package bridge

import (
	"log/slog"
	"net/url"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(flushLoop)) }

// flushLoop is what a server may leave behind that is stopped while it writes for others
// of its cluster: it closes the blocks of a file and only then refuses to write, so that
// a write in between begins a block which nobody closes (nats-server 2.15.2, fileStore.stop).
const flushLoop = "github.com/nats-io/nats-server/v2/server.(*msgBlock).flushLoop"

const (
	// patience is how long a test waits for what must come, on a busy machine, too.
	patience = time.Minute
	// ample is how long an operation may take. Some tests wait for its end.
	ample = 15 * time.Second
)

// await returns what a channel brings. If that is nothing it tells where everybody is.
func await[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		var where strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&where, 1)
		require.FailNow(t, "nothing came", "%s\n%s", what, where.String())
		panic("unreachable")
	}
}

func startServer(t *testing.T, cfg embedded.Config) *embedded.Server {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Memory = true
	}
	s, err := embedded.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return s
}

func connect(t *testing.T, s *embedded.Server, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := s.Connect(append(opts, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

// withoutJetStream starts a plain server, and returns what connects to it.
func withoutJetStream(t *testing.T) (join func() *nats.Conn) {
	t.Helper()
	ns, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true})
	require.NoError(t, err)
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	require.True(t, ns.ReadyForConnections(patience))
	return func() *nats.Conn {
		nc, err := nats.Connect(ns.ClientURL())
		require.NoError(t, err)
		t.Cleanup(nc.Close)
		return nc
	}
}

// portOf is the port that a server listens on.
func portOf(t *testing.T, s *embedded.Server) int {
	t.Helper()
	u, err := url.Parse(s.URL())
	require.NoError(t, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	return port
}

// newSystem returns a system that says nothing and leaves nothing.
func newSystem(t *testing.T) *actor.ActorSystem {
	t.Helper()
	system := actor.NewActorSystem(actor.WithDeadLetterThrottleInterval(time.Millisecond),
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	t.Cleanup(system.Shutdown)
	return system
}
