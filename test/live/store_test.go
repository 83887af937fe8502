package live

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
)

// restart ends the server and starts it again, on the same port and directory.
// between runs while there is none.
func (g *group) restart(cfg embedded.Config, between func()) {
	g.t.Helper()
	g.server.Stop()
	between()
	cfg.ReadyWithin = patience
	server, err := embedded.Start(cfg)
	require.NoError(g.t, err)
	g.server = server
}

// keeping is a server in files, which keeps its port.
func keeping(t *testing.T) embedded.Config {
	t.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = probe.Close() }()
	return embedded.Config{Dir: t.TempDir(), Port: probe.Addr().(*net.TCPAddr).Port}
}

// A server that is back before the leases are over is not noticed.
func TestServerRestart_Short(t *testing.T) {
	beside(t)
	cfg := keeping(t)
	g := groupOn(t, cfg, patient(), 24)
	all := g.start(3)
	version := all[0].snapshot().Version
	changes := map[*worker]int{}
	for _, w := range all {
		changes[w] = len(g.ledger.read(w).changes)
	}

	g.restart(cfg, func() {})
	c := g.count()
	records := []string{"live." + string(all[0].id()), "live." + string(all[1].id()), "live." + string(all[2].id())}
	g.ledger.await("everybody's heart beats again", func() bool {
		return c.of(records[0]) > 1 && c.of(records[1]) > 1 && c.of(records[2]) > 1
	})
	g.atRest(all...)
	require.Equal(t, version, all[0].snapshot().Version)
	for _, w := range all {
		for _, change := range g.ledger.read(w).changes[changes[w]:] {
			require.Empty(t, change.Gained, "nothing moves")
			require.Empty(t, change.Lost, "nothing is lost")
		}
	}
}

// hazard 56
func TestServerRestart_Long(t *testing.T) {
	beside(t)
	cfg := keeping(t)
	g := groupOn(t, cfg, promising(swift()), 24)
	g.watched()
	all := g.start(3)
	version := all[0].snapshot().Version

	g.restart(cfg, func() {
		g.ledger.await("everybody has lost its session", func() bool {
			return g.ledger.all(all, func(p *page) bool {
				return p.is(messages.Degraded) && len(p.owned) == 0 && p.lost > 0
			})
		})
	})
	g.inTime(now(), all...)
	require.Greater(t, all[0].snapshot().Version, version)
}

// hazards 57 and 58
func TestServerRestart_StoreLost(t *testing.T) {
	beside(t)
	cfg := keeping(t)
	g := groupOn(t, cfg, swift(), 24)
	all := g.start(3)
	began := all[0].snapshot().Step

	cfg.Dir = t.TempDir()
	g.restart(cfg, func() {})
	// That tokens only grow, whatever the store forgot, is in the ledger's audit.
	g.ledger.await("everybody owns by a later step", func() bool {
		return g.ledger.all(all, func(p *page) bool {
			return len(p.owned) > 0 && uint64(p.owned[0].Token) > uint64(began)
		})
	})
	g.atRest(all...)
}
