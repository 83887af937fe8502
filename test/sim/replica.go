package sim

import (
	"math/rand/v2"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// replica is a copy of a stream that lags. Watches are served by any replica, and take
// what that one has for all there is; reads and writes are answered by the leader.
type replica struct {
	rng *rand.Rand
	of  *stream
	has *stream
}

// Lag leaves a replica of a stream behind for a while: half of the passes that begin then
// are of what it had when that began, or of nothing if it is new, and what there is besides
// is told in the end, all at once.
func (n *Net) Lag(name string, lasts time.Duration) {
	of := n.store.streams[name]
	if of == nil || n.lagging != nil {
		return
	}
	r := &replica{rng: rand.New(rand.NewPCG(n.rng.Uint64(), 1)), of: of, has: of.clone()}
	what := "lags"
	if r.rng.IntN(4) == 0 {
		what, r.has.subjects = "is empty", map[string][]bridge.Sight{}
	}
	n.note("server", "a replica of the stream "+what+" for "+lasts.String())
	n.lagging = r
	n.line.After(lasts, n.home, Network, func() { n.catchUp(r) })
}

// Lag leaves a replica of the group's stream behind for a while.
func (w *World) Lag(lasts time.Duration) {
	w.Check.lapse.lags = w.Timeline.Now() + lasts
	w.Net.Lag("KV_"+Group, lasts)
}

// catchUp ends the time in which a replica lags.
func (n *Net) catchUp(r *replica) {
	if r == nil || n.lagging != r {
		return
	}
	n.lagging = nil
	for _, p := range n.ports {
		for _, w := range p.watches {
			if w.replica == r && !w.deaf {
				w.replica = nil
				w.travels(n.store.Present(p.stream, w.filter))
			}
		}
	}
}

// serves is the replica at which a watch of a stream begins, nil if that does not lag.
func (n *Net) serves(name string) *replica {
	r := n.lagging
	if r == nil || n.store.streams[name] != r.of || r.rng.IntN(2) == 0 {
		return nil
	}
	return r
}
