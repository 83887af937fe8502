package embedded_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long these tests wait for something that normally takes
// milliseconds, on a busy machine, too.
const patience = time.Minute

func start(t *testing.T, cfg embedded.Config) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(cfg)
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	return s
}

func connect(t *testing.T, s *embedded.Server, opts ...nats.Option) jetstream.JetStream {
	t.Helper()
	nc, err := s.Connect(opts...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return js
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestStartRefusesFieldsThatDisagree(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  embedded.Config
		says string
	}{
		"no store":          {embedded.Config{}, "needs Dir"},
		"two stores":        {embedded.Config{Dir: t.TempDir(), Memory: true}, "Dir and Memory"},
		"port without port": {embedded.Config{Memory: true, InProcess: true, Port: 4222}, "InProcess"},
		"no such port":      {embedded.Config{Memory: true, Port: 70000}, "70000"},
		"negative limit":    {embedded.Config{Memory: true, MaxStore: -1}, "MaxStore"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := embedded.Start(c.cfg)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestMemoryServerLeavesNothingBehind(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s := start(t, embedded.Config{Memory: true, InProcess: true})
	require.True(t, s.Fresh())
	require.Empty(t, s.URL())

	js := connect(t, s)
	_, err := js.CreateStream(within(t), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}})
	require.NoError(t, err)
	_, err = js.Publish(within(t), "s", []byte("x"))
	require.NoError(t, err)

	s.Stop()
	s.Stop() // harmless
	require.False(t, s.Fresh())
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestFreshEndsWithTheFirstQuestion(t *testing.T) {
	s := start(t, embedded.Config{Memory: true})
	js := connect(t, s)
	require.True(t, s.Fresh(), "a connection asks for nothing")
	_, err := js.Stream(within(t), "KV_g")
	require.ErrorIs(t, err, jetstream.ErrStreamNotFound)
	require.False(t, s.Fresh())
}

func TestAServerThatSomebodyMayKnowIsNotFresh(t *testing.T) {
	for name, change := range map[string]func(*server.Options){
		"a port": func(o *server.Options) { o.Port = freePort(t) },
		"a cluster": func(o *server.Options) {
			o.Cluster = server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: server.RANDOM_PORT}
			o.Routes = server.RoutesFromStr(fmt.Sprintf("nats-route://127.0.0.1:%d", freePort(t)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.False(t, start(t, embedded.Config{Memory: true, Options: change}).Fresh())
		})
	}
	require.True(t, start(t, embedded.Config{Memory: true, Options: func(*server.Options) {}}).Fresh())
	require.False(t, start(t, embedded.Config{Memory: true, Port: freePort(t)}).Fresh())
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().(*net.TCPAddr).Port
}

func TestInProcessServerOpensNoPort(t *testing.T) {
	s := start(t, embedded.Config{Memory: true, InProcess: true})
	nc, err := s.Connect()
	require.NoError(t, err)
	defer nc.Close()
	_, err = nats.Connect("nats://"+nc.ConnectedAddr(), nats.MaxReconnects(0))
	require.Error(t, err)
}

func TestFileServerKeepsItsStore(t *testing.T) {
	cfg := embedded.Config{Dir: t.TempDir()}
	s := start(t, cfg)
	require.True(t, s.Fresh())
	js := connect(t, s)
	_, err := js.CreateStream(within(t), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}})
	require.NoError(t, err)
	ack, err := js.Publish(within(t), "s", []byte("kept"))
	require.NoError(t, err)
	s.Stop()

	s = start(t, cfg)
	require.False(t, s.Fresh())
	stream, err := connect(t, s).Stream(within(t), "S")
	require.NoError(t, err)
	m, err := stream.GetMsg(within(t), ack.Sequence)
	require.NoError(t, err)
	require.Equal(t, "kept", string(m.Data))
}

func TestServerListensOnLoopbackOnly(t *testing.T) {
	s := start(t, embedded.Config{Memory: true})
	require.True(t, strings.HasPrefix(s.URL(), "nats://127.0.0.1:"), s.URL())
	nc, err := nats.Connect(s.URL())
	require.NoError(t, err)
	nc.Close()
}

func TestStartSaysThatThePortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	port := l.Addr().(*net.TCPAddr).Port
	_, err = embedded.Start(embedded.Config{Memory: true, Port: port, ReadyWithin: time.Second})
	require.ErrorContains(t, err, strconv.Itoa(port))
}

func TestLimitsAreEnforced(t *testing.T) {
	s := start(t, embedded.Config{Memory: true, InProcess: true, MaxMemory: 1 << 20, MaxStore: 1 << 20})
	js := connect(t, s)
	for _, storage := range []jetstream.StorageType{jetstream.MemoryStorage, jetstream.FileStorage} {
		_, err := js.CreateStream(within(t), jetstream.StreamConfig{
			Name: "S", Subjects: []string{"s"}, Storage: storage, MaxBytes: 2 << 20,
		})
		require.ErrorContains(t, err, "insufficient", storage.String())
	}
}

func TestLoggerHearsTheServer(t *testing.T) {
	var heard lines
	s := start(t, embedded.Config{
		Memory: true, InProcess: true, Name: "loud",
		Logger: slog.New(slog.NewTextHandler(&heard, nil)),
	})
	s.Stop()
	require.Contains(t, heard.String(), "Server is ready")
	require.Contains(t, heard.String(), "server=loud")
}

// lines is a writer for loggers of several goroutines.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestStartSaysThatJetStreamIsOff(t *testing.T) {
	_, err := embedded.Start(embedded.Config{Memory: true, Options: func(o *server.Options) { o.JetStream = false }})
	require.EqualError(t, err, "embedded: troupe runs without JetStream")
}
