package bridge_test

import (
	"math/rand/v2"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/test/sim"
	"github.com/troupe-actors/troupe/test/sim/contract"
)

// imitation is the simulated store as one server to which nothing happens.
type imitation struct {
	contract.Host // what nobody asks of it
	t             contract.T
	line          *sim.Timeline
	steps         *sim.Scheduler
	store         *sim.Store
	net           *sim.Net
}

func newImitation(t contract.T) *imitation {
	line, rng := &sim.Timeline{}, rand.New(rand.NewPCG(1, 1))
	h := &imitation{t: t, line: line, steps: sim.NewScheduler(rng), store: sim.NewStore(line)}
	h.net = sim.NewNet(line, h.steps.Home(), h.store, rng)
	return h
}

func (h *imitation) Nodes() int { return 1 }

func (h *imitation) Leader() int { return 0 }

func (h *imitation) Stream(incarnation string) bridge.StreamConfig {
	return bridge.StreamOf(bridge.Config{Group: "g", Replicas: 1}, incarnation)
}

func (h *imitation) Prefix(incarnation string) string { return bridge.PrefixOf("g", incarnation) }

func (h *imitation) Connect(int) bridge.Port { return h.net.Port(h.steps.Lane("c"), "KV_g") }

func (h *imitation) Until(what string, done func() bool) {
	for limit := h.line.Now() + 10*time.Minute; !done(); {
		require.Less(h.t, h.line.Now(), limit, what)
		h.line.Advance(h.line.Now() + time.Second)
	}
}

func (h *imitation) Pause() { h.line.Advance(h.line.Now() + 50*time.Millisecond) }

func (h *imitation) Delete() { h.store.Delete("KV_g", 0) }
