package live

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/partition"
)

// A rolling restart that changes the strategy: while workers of both kinds are there,
// only the leader's strategy counts, and nothing moves because somebody restarts. When
// the first one of the new kind leads, its strategy balances the group. Nothing ever has
// two owners: the ledger sees to that.
func TestRollingRestart_ChangesTheStrategy(t *testing.T) {
	beside(t)
	const count = 120
	g := newGroup(t, patient(), count)
	g.settings.OnStop, g.settings.RestartHoldDown = partition.Restart, patience
	g.wire = func(c *actors.Config) { c.Strategy = actors.StrategyFrom(partition.ConsistentHash{VirtualNodes: 5}) }
	p := &pods{g: g, all: make([]*worker, 3)}
	covered := func(what string, so func() bool) {
		g.ledger.await(what, func() bool {
			n := 0
			for _, w := range p.all {
				n += len(g.ledger.pages[w].owned)
			}
			return n == count && g.ledger.all(p.all, stable) && so()
		})
	}
	always := func() bool { return true }
	for i := range p.all {
		p.start(i)
	}
	covered("all three have their share of the ring", func() bool {
		for _, w := range p.all {
			if len(g.ledger.pages[w].owned) == 0 {
				return false
			}
		}
		return true
	})
	require.Positive(t, partition.LeastMoves(g.ledger.counts(p.all), 0, count), "the ring is uneven")

	g.wire = func(c *actors.Config) { c.Strategy = actors.StrategyFrom(partition.Sticky{}) }
	leads := p.leader()
	for i := range p.all {
		if i == leads {
			continue
		}
		m, had := g.ledger.mark(), len(g.ledger.read(p.all[i]).owned)
		require.NoError(t, p.all[i].stop())
		back := p.start(i)
		covered("it is back", always)
		g.ledger.unmoved(m, p.without(i)...)
		require.Len(t, g.ledger.read(back).owned, had)
	}
	had := g.ledger.names(p.all)
	least := partition.LeastMoves(g.ledger.counts(p.all), 0, count)
	require.NoError(t, p.all[leads].stop())
	p.start(leads)
	g.atRest(p.all...)
	moved := 0
	for id, now := range g.ledger.names(p.all) {
		if had[id] != now {
			moved++
		}
	}
	require.Equal(t, least, moved, "the balance waited for the one that restarted")
}

// names has the name of each partition's owner.
func (l *ledger) names(workers []*worker) map[partition.PartitionID]string {
	out := map[partition.PartitionID]string{}
	for _, w := range workers {
		for _, id := range idsOf(l.read(w).owned) {
			out[id] = w.name
		}
	}
	return out
}
