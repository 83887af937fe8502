package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/test/sim/contract"
)

// host is the simulated store as one server, or as a cluster of three. The store
// itself knows no nodes: what happens to one happens to the ports that it has.
type host struct {
	contract.T
	line    *Timeline
	steps   *Scheduler
	net     *Net
	stream  bridge.StreamConfig
	clients []*guest
	leader  int
	down    [3]bool
	cut     [3]bool
	bend    func(bridge.Port) bridge.Port
}

// guest is the port of one client, and the node that it has.
type guest struct {
	*Port
	host *host
	node int
}

const (
	// operation is how long a client waits for an answer, election how long a
	// cluster needs to agree on another leader when one is gone.
	operation = time.Second
	election  = 6 * time.Second
)

func newHost(t contract.T, nodes int, bend func(bridge.Port) bridge.Port) *host {
	h := &host{T: t, line: &Timeline{}, bend: bend}
	rng := rand.New(rand.NewPCG(uint64(nodes), 1))
	h.steps = NewScheduler(rng)
	h.net = NewNet(h.line, h.steps.Home(), NewStore(h.line), rng)
	h.net.Lengths = Lengths{operation}
	h.stream = bridge.StreamConfig{
		Name: "KV_g", Replicas: nodes, MaxPerSubject: 1, AllowAtomic: true, DenyDelete: true, DenyPurge: true, MaxBytes: -1,
	}
	return h
}

func (h *host) Nodes() int { return h.stream.Replicas }

func (h *host) Prefix(incarnation string) string { return "$KV.g." + incarnation + "." }

func (h *host) Stream(incarnation string) bridge.StreamConfig {
	cfg := h.stream
	cfg.Incarnation, cfg.Subjects = incarnation, []string{h.Prefix(incarnation) + ">"}
	return cfg
}

func (h *host) Connect(node int) bridge.Port { return h.connect(node, nil) }

func (h *host) Restricted(node int) bridge.Port {
	return h.connect(node, func(subject string) bool { return strings.HasSuffix(subject, ".term") })
}

func (h *host) connect(node int, may func(subject string) bool) bridge.Port {
	lane := h.steps.Lane(fmt.Sprintf("c%d", len(h.clients)))
	g := &guest{Port: h.net.Port(lane, "KV_g"), host: h, node: node}
	g.may = may
	h.clients = append(h.clients, g)
	if h.bend != nil {
		return h.bend(g)
	}
	return g
}

func (h *host) Until(what string, done func() bool) {
	for limit := h.line.Now() + 10*time.Minute; !done(); {
		require.Less(h, h.line.Now(), limit, what)
		h.line.Advance(h.line.Now() + time.Second)
	}
}

func (h *host) Pause() {
	for limit := h.line.Now() + 50*time.Millisecond; h.line.Advance(limit); {
	}
}

func (h *host) Leader() int { return h.leader }

func (h *host) StepDown() {
	h.leader = (h.leader + 1) % h.Nodes()
	h.net.Elect(100 * time.Millisecond)
}

func (h *host) at(node int, do func(g *guest)) {
	for _, g := range h.clients {
		if g.node == node {
			do(g)
		}
	}
}

func (h *host) Isolate(node int) {
	led := node == h.leader
	h.at(node, func(g *guest) { g.isolate(led) })
	if led {
		h.leader = (node + 1) % h.Nodes()
		h.net.Elect(election)
	}
}

func (h *host) Cut(node int) {
	h.cut[node] = true
	h.at(node, func(g *guest) { g.Cut() })
}

func (h *host) Heal() {
	h.cut = [3]bool{}
	h.net.Heal()
}

func (h *host) Stop(node int) {
	h.down[node] = true
	left := 0
	for n := range h.Nodes() {
		if !h.down[n] {
			left++
		}
	}
	switch {
	case left == 0:
		h.at(node, func(g *guest) { g.Disconnect(24 * time.Hour) })
		return
	case left == 1:
		h.net.Elect(24 * time.Hour)
	case h.leader == node:
		h.leader = (node + 1) % h.Nodes()
		h.net.Elect(election)
	}
	h.at(node, func(g *guest) { g.move(); g.Disconnect(reconnecting) })
}

func (h *host) Start(node int, empty bool) {
	h.down[node] = false
	if h.Nodes() == 1 && empty {
		h.Delete()
	}
	if h.Nodes() == 1 {
		h.net.store.Restart()
	}
	h.net.voting = min(h.net.voting, h.line.Now()+election)
	h.at(node, func(g *guest) {
		if g.broken {
			g.life++
			g.connected()
		}
	})
}

func (h *host) Delete() { h.net.store.Delete("KV_g", 0) }

// move leads to the next node that runs and can be reached.
func (g *guest) move() {
	for range g.host.Nodes() {
		g.node = (g.node + 1) % g.host.Nodes()
		if !g.host.down[g.node] && !g.host.cut[g.node] {
			return
		}
	}
}

// Reconnect leaves the node.
func (g *guest) Reconnect() {
	g.move()
	if !g.host.cut[g.node] {
		g.mute, g.deaf = false, false
	}
	g.Port.Reconnect()
}

// Submit gives up what is not answered, as the port of production does.
func (g *guest) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	late := bridge.Result{Outcome: bridge.Unknown, Err: errNoAnswer}
	return patiently(g, done, late, func(done func(bridge.Result)) func() { return g.Port.Submit(op, within, done) })
}

func (g *guest) Info(within time.Duration, done func(bridge.StreamInfo)) func() {
	late := bridge.StreamInfo{Result: bridge.Result{Outcome: bridge.Unknown, Err: errNoAnswer}}
	return patiently(g, done, late, func(done func(bridge.StreamInfo)) func() { return g.Port.Info(within, done) })
}

func patiently[R any](g *guest, done func(R), late R, begin func(func(R)) func()) func() {
	cancel := func() {}
	stop := g.host.line.After(operation, g.lane, Timers, func() {
		cancel()
		done(late)
	})
	cancel = begin(func(r R) {
		stop()
		done(r)
	})
	return func() {
		stop()
		cancel()
	}
}

func TestContract(t *testing.T) {
	for name, nodes := range map[string]int{"one node": 1, "three nodes": 3} {
		t.Run(name, func(t *testing.T) {
			for _, c := range contract.Cases(nodes) {
				t.Run(c.Name, func(t *testing.T) { c.Run(t, newHost(t, nodes, nil)) })
			}
		})
	}
}
