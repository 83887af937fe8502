package live

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/bridge/observe"
	"github.com/troupe-actors/troupe/examples/connect"
	"github.com/troupe-actors/troupe/partition"
)

// insiders are the names of those whom a server lets in.
var insiders = []string{"first", "second", "third"}

// lock is one way for a server to ask who somebody is, and for somebody to say so. The
// connection is encrypted in each.
type lock struct {
	server func(s *safe) func(*server.Options)
	client func(s *safe, name string) []nats.Option
	// refusal is what who proves nothing is told.
	refusal string
}

const unauthorized = "Authorization Violation"

var locks = map[string]lock{
	"nkeys": {byKeys, func(s *safe, name string) []nats.Option {
		key, err := nats.NkeyOptionFromSeed(s.path(name + ".nk"))
		require.NoError(s.t, err)
		return []nats.Option{key, nats.RootCAs(s.path("ca.pem"))}
	}, unauthorized},
	"a context": {byKeys, func(s *safe, name string) []nats.Option {
		text, err := json.Marshal(map[string]string{
			"nkey": s.path(name + ".nk"), "ca": s.path("ca.pem"), "inbox_prefix": "_INBOX_" + name,
		})
		require.NoError(s.t, err)
		_, opts, err := connect.Context(s.write(name+".json", text))
		require.NoError(s.t, err)
		return opts
	}, unauthorized},
	"credentials": {
		func(s *safe) func(*server.Options) {
			op := s.operator()
			for _, name := range insiders {
				op.user(name, time.Time{})
			}
			return op.options
		},
		func(s *safe, name string) []nats.Option {
			return []nats.Option{nats.UserCredentials(s.path(name + ".creds")), nats.RootCAs(s.path("ca.pem"))}
		},
		unauthorized,
	},
	"certificates": {
		func(s *safe) func(*server.Options) {
			var users []*server.User
			for _, name := range insiders {
				s.certify(name)
				users = append(users, &server.User{Username: "CN=" + name})
			}
			return func(o *server.Options) {
				o.Users, o.TLSMap, o.TLSVerify = users, true, true
				o.TLSConfig.ClientCAs, o.TLSConfig.ClientAuth = s.authority(), tls.RequireAndVerifyClientCert
			}
		},
		func(s *safe, name string) []nats.Option {
			return []nats.Option{nats.ClientCert(s.path(name+".pem"), s.path(name+".key")), nats.RootCAs(s.path("ca.pem"))}
		},
		"", // the connection may end before the reason has come
	},
}

func byKeys(s *safe) func(*server.Options) {
	var users []*server.NkeyUser
	for _, name := range insiders {
		users = append(users, s.nkey(name))
	}
	return func(o *server.Options) { o.Nkeys = users }
}

// guarded is a group on a server that encrypts, and asks who somebody is.
type guarded struct {
	*group
	safe *safe
	cfg  embedded.Config
	log  log
	lock lock
}

func newGuarded(t *testing.T, l lock, settings partition.Settings) *guarded {
	t.Helper()
	g := &guarded{safe: newSafe(t), lock: l, cfg: keeping(t)}
	logger := slog.New(slog.NewTextHandler(&g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	asks := l.server(g.safe)
	g.cfg.Logger, g.cfg.Options = logger, func(o *server.Options) {
		o.TLSConfig = g.safe.tls()
		asks(o)
	}
	settings.Record = t.TempDir()
	g.group = groupOn(t, g.cfg, settings, 12)
	g.logger = logger
	return g
}

func (g *guarded) enter(name string) *worker {
	g.t.Helper()
	g.dial = g.lock.client(g.safe, name)
	return g.join(name)
}

// observed has what monitoring is told of a worker searched, too: metrics and probes.
func (g *guarded) observed(w *worker) {
	g.t.Helper()
	o := observe.New(w.system, w.manager)
	defer o.Stop()
	registry := prometheus.NewRegistry()
	registry.MustRegister(o)
	for _, h := range []http.Handler{o.Healthz(), o.Readyz(), promhttp.HandlerFor(registry, promhttp.HandlerOpts{})} {
		_, text := asked(g.t, h)
		_, err := g.log.Write([]byte(text))
		require.NoError(g.t, err)
	}
}

// keepsNoSecret demands that nothing of it is in what leaders keep of their decisions.
func (g *guarded) keepsNoSecret() {
	g.t.Helper()
	files, err := filepath.Glob(filepath.Join(g.settings.Record, "*"))
	require.NoError(g.t, err)
	require.NotEmpty(g.t, files)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(g.t, err)
		for _, secret := range g.safe.secrets {
			require.False(g.t, bytes.Contains(text, []byte(secret)), "%s is in %s", secret, name)
		}
	}
}

// discreet demands that nothing of what is secret was logged, or told in a health, to
// monitoring, in a probe, or kept.
func (g *guarded) discreet() {
	g.t.Helper()
	require.True(g.t, g.log.has("the store is open"), "what workers log is heard")
	require.True(g.t, g.log.has("Server is ready"), "what the server logs is heard")
	require.True(g.t, g.log.has("troupe_up"), "what monitoring is told is searched")
	for _, secret := range g.safe.secrets {
		require.False(g.t, g.log.has(secret), "%s was logged", secret)
		require.NotContains(g.t, g.ledger.String(), secret)
	}
	g.keepsNoSecret()
}

// Nkeys, credentials with tokens, certificates and contexts of the nats command are the
// connection's: workers live with each as they do without, prove who they are again when
// the server was away, and say nothing of it. Who proves nothing is not let in.
func TestSecure(t *testing.T) {
	beside(t)
	for name, l := range locks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuarded(t, l, patient())
			first, second := g.enter("first"), g.enter("second")
			g.atRest(first, second)
			_, err := nats.Connect(g.url(), nats.Secure())
			require.ErrorContains(t, err, "certificate signed by unknown authority")
			_, err = nats.Connect(g.url(), nats.RootCAs(g.safe.path("ca.pem")))
			require.ErrorContains(t, err, l.refusal)
			g.restart(g.cfg, func() {})
			third := g.enter("third")
			g.atRest(first, second, third)
			g.observed(first)
			require.NoError(t, second.stop())
			g.atRest(first, third)
			g.discreet()
		})
	}
}

// Credentials that end while a worker lives are told as a fault for good, and others
// have its partitions.
//
// hazard 62
func TestSecure_CredentialsExpire(t *testing.T) {
	beside(t)
	l := locks["credentials"]
	var op *operator
	l.server = func(s *safe) func(*server.Options) {
		op = s.operator()
		op.user("first", time.Time{})
		return op.options
	}
	g := newGuarded(t, l, swift())
	first := g.enter("first")
	g.atRest(first)
	op.user("second", time.Now().Add(5*time.Second)) // it connects before, however busy the machine is
	second := g.enter("second")
	g.ledger.await("the end is told", func() bool {
		p := g.ledger.pages[second]
		return p.health.Final && len(p.owned) == 0
	})
	require.Regexp(t, `the connection to NATS is closed: nats: (?i:authorization violation|(user )?authentication expired)$`, g.ledger.read(second).health.Reason)
	g.observed(second)
	require.NoError(t, second.stop())
	g.atRest(first)
	g.discreet()
}
