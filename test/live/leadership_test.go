package live

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// takeovers is how often the loss of a leadership is tried.
const takeovers = 10

// A leader alone is Stable. A second worker joins: the leader goes through Scaling
// and Rebalancing to Stable. Then its lead is taken over, and it is Stable as a
// follower while the other leads. All groups live at once, which keeps the machine
// busy.
func TestManager_LeadershipLoss_StateTransition(t *testing.T) {
	settings := partition.Fast()
	settings.Lease = 30 * time.Second // of the worker: it outlasts the leader's lease
	settings.StartTimeout = time.Minute
	nothingStays(t)
	groups := make([]*group, takeovers)
	leaders, others := make([]*worker, takeovers), make([]*worker, takeovers)
	for i := range groups {
		groups[i] = unchecked(t, embedded.Config{Memory: true}, settings, 8)
		leaders[i] = groups[i].join("leader")
	}
	joined, version := make([]int, takeovers), make([]partition.Version, takeovers)
	for i, g := range groups {
		g.atRest(leaders[i])
		require.True(t, leaders[i].snapshot().Leading)
		version[i] = leaders[i].snapshot().Version
		joined[i] = len(g.ledger.read(leaders[i]).states)
		others[i] = g.join("other")
	}
	for i, g := range groups {
		g.atRest(leaders[i], others[i])
		require.Equal(t, []messages.State{messages.Scaling, messages.Rebalancing, messages.Stable}, g.ledger.read(leaders[i]).states[joined[i]:])
		require.Equal(t, version[i]+1, leaders[i].snapshot().Version)
	}
	for i := range groups {
		joined[i] = len(groups[i].ledger.read(leaders[i]).states)
		leaders[i].cable.cut()
	}
	for i, g := range groups {
		g.until("the other leads", func() bool { return others[i].snapshot().Leading })
		leaders[i].cable.mend()
		g.until("the former leader follows", func() bool {
			s := leaders[i].snapshot()
			return !s.Leading && s.Leader == others[i].id()
		})
		g.atRest(leaders[i], others[i])
		require.Equal(t, messages.Stable, leaders[i].snapshot().State)
		after := g.ledger.read(leaders[i])
		require.NotContains(t, after.states[joined[i]:], messages.ClaimingID, "its session lives on")
		require.Equal(t, version[i]+1, others[i].snapshot().Version, "nothing had to move")
	}
}

// until asks the server's news for a reason to look again, until something is so.
func (g *group) until(what string, so func() bool) {
	g.t.Helper()
	nc, err := g.server.Connect()
	require.NoError(g.t, err)
	defer nc.Close()
	news, err := nc.SubscribeSync("$KV.live.>")
	require.NoError(g.t, err)
	for late := time.Now().Add(patience); !so(); {
		require.True(g.t, time.Now().Before(late), "%s: not for too long", what)
		if _, err := news.NextMsg(patience); err != nil {
			require.ErrorIs(g.t, err, nats.ErrTimeout)
		}
	}
}

// The state of a worker can be asked for at any time, also while its leadership
// and all that belongs to it end. The first system of this kind crashed there.
func TestStateIsReadWhileALeadershipEnds(t *testing.T) {
	g := newGroup(t, swift(), 24)
	all := g.start(3)
	for len(all) > 1 {
		leads, others := g.leader(all...)
		stop := make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default: // an answer, or none once the manager has ended
						_, _ = leads.system.Root.RequestFuture(leads.manager, messages.GetSnapshot{}, patience).Result()
					}
				}
			})
		}
		require.NoError(t, leads.stop())
		close(stop)
		readers.Wait()
		all = others
		g.atRest(all...)
	}
	require.NoError(t, all[0].stop())
}

// Nothing runs on after a stop, also if it comes while a decision is handed over.
// The first system of this kind crashed in what did.
func TestNothingRunsAfterAStop(t *testing.T) {
	g := newGroup(t, swift(), 240)
	all := g.start(2)
	for range 5 {
		newcomer := g.join("newcomer")
		g.ledger.await("the newcomer is given something", func() bool { return len(g.ledger.pages[newcomer].owned) > 0 })
		leads, others := g.leader(all...)
		id := leads.id()
		require.NoError(t, leads.stop())
		require.Empty(t, g.ledger.read(leads).owned)
		c := g.count()
		all = slices.Concat(others, []*worker{newcomer})
		g.atRest(all...)
		require.Zero(t, c.of("live."+string(id)), "nobody writes for the one that stopped")
	}
}
