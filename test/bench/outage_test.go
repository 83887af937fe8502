//go:build unix

package bench

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
)

const (
	// stranded is how many workers lose their server together.
	stranded = 50
	// gone is how long the server stays away when everybody is degraded.
	gone = 5 * time.Second
)

// BenchmarkOutage: the server of 50 workers is away until nobody owns anything, and 5 s
// more. away is how much of a processor each worker keeps busy in these, stable is from
// the server's start until everybody has its share and is Stable, sent how many messages
// the workers send in the busiest second of that.
func BenchmarkOutage(b *testing.B) {
	for _, name := range guarded {
		b.Run(name, func(b *testing.B) {
			cfg := kept(b)
			g := groupOn(b, cfg, presets()[name])
			defer g.close()
			for range stranded {
				g.join()
			}
			g.rest()
			var stable []time.Duration
			var away time.Duration
			most := uint64(0)
			for b.Loop() {
				g.rested()
				away += g.strand()
				count := g.busiest()
				began := time.Now()
				var err error
				g.server, err = embedded.Start(cfg)
				require.NoError(b, err)
				g.rest()
				stable = append(stable, time.Since(began))
				most = max(most, count())
			}
			report(b, "stable", stable)
			metric(b, 100*away.Seconds()/gone.Seconds()/float64(b.N)/stranded, "away-%/worker")
			metric(b, float64(most), "sent/s")
		})
	}
}

// kept is a server that finds its store and its port again.
func kept(b *testing.B) embedded.Config {
	b.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer func() { _ = probe.Close() }()
	return embedded.Config{
		Dir: b.TempDir(), Port: probe.Addr().(*net.TCPAddr).Port,
		Options: func(o *server.Options) { o.SyncAlways = false }, // as a server of NATS has it
	}
}

// strand stops the server. It returns what the processors do while nobody owns anything.
func (g *group) strand() time.Duration {
	g.b.Helper()
	g.server.Stop()
	g.until("everybody has let go", func() bool {
		return !slices.ContainsFunc(g.there, func(w *worker) bool { return w.state != messages.Degraded || w.owned > 0 })
	})
	before := processor()
	pass(gone)
	return processor() - before
}

// busiest counts what the workers send from now on, until it is asked: in the second in
// which it is most.
func (g *group) busiest() (most func() uint64) {
	over, counted := make(chan struct{}), make(chan uint64)
	go func() {
		const parts = 10
		at, n := []uint64{g.sent()}, uint64(0)
		ticks := time.NewTicker(time.Second / parts)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
			case <-over:
				counted <- n
				return
			}
			at = append(at, g.sent())
			n = max(n, at[len(at)-1]-at[max(0, len(at)-1-parts)])
		}
	}()
	return func() uint64 {
		close(over)
		return <-counted
	}
}

func (g *group) sent() (n uint64) {
	for _, w := range g.workers() {
		n += w.nc.Stats().OutMsgs
	}
	return n
}
