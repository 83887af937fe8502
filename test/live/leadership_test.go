package live

import (
	"cmp"
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

// takeovers is how often the loss of a leadership is tried, atOnce how many groups
// live at the same time, which keeps the machine busy.
const (
	takeovers = 10
	atOnce    = 10
)

// A leader alone is Stable. A second worker joins: the leader goes through Scaling
// and Rebalancing to Stable. Then its lead is taken over, and it is Stable as a
// follower while the other leads.
func TestManager_LeadershipLoss_StateTransition(t *testing.T) {
	beside(t)
	nothingStays(t)
	for range takeovers / atOnce {
		var all []*handover
		for range atOnce {
			all = append(all, newHandover(t))
		}
		for _, act := range []func(*handover){(*handover).join, (*handover).lose, (*handover).follow} {
			for _, h := range all {
				act(h)
			}
		}
		for _, h := range all {
			h.close()
		}
	}
}

// handover is a leader that loses the lead to another worker.
type handover struct {
	*group
	leader, other *worker
	version       partition.Version
	told          int // states that the leader's subscriber had heard
}

func newHandover(t *testing.T) *handover {
	settings := partition.Fast()
	// Nobody may lose anything by a pause of the machine. The lead is given up by a
	// renewal, which comes each quarter of its lease.
	settings.Lease, settings.LeaderLease, settings.StoreTimeout = 2*time.Minute, time.Minute, 10*time.Second
	settings.StartTimeout, settings.ShutdownTimeout = 4*time.Minute, time.Minute
	g := unchecked(t, embedded.Config{Memory: true}, settings, 8)
	return &handover{group: g, leader: g.join("leader")}
}

func (h *handover) join() {
	h.atRest(h.leader)
	s := h.leader.snapshot()
	require.True(h.t, s.Leading)
	h.version, h.told = s.Version, len(h.ledger.read(h.leader).states)
	h.other = h.group.join("other")
}

func (h *handover) lose() {
	h.atRest(h.leader, h.other)
	states := h.ledger.read(h.leader).states
	require.Equal(h.t, []messages.State{messages.Scaling, messages.Rebalancing, messages.Stable}, states[h.told:])
	require.Equal(h.t, h.version+1, h.leader.snapshot().Version)
	h.told = len(states)
	h.leader.blinkers.giveUp()
}

func (h *handover) follow() {
	h.until("the other leads", func() bool { return h.other.snapshot().Leading })
	h.until("the former leader follows", func() bool {
		s := h.leader.snapshot()
		return !s.Leading && s.Leader == h.other.id()
	})
	h.atRest(h.leader, h.other)
	require.Empty(h.t, h.ledger.read(h.leader).states[h.told:], "it is Stable all the time")
	require.Equal(h.t, h.version+1, h.other.snapshot().Version, "nothing had to move")
}

func (h *handover) close() {
	h.leader.crash()
	h.other.crash()
	h.server.Stop()
}

// until asks the server's news for a reason to look again, until something is so.
func (g *group) until(what string, so func() bool) {
	g.t.Helper()
	nc, err := g.server.Connect(nats.Timeout(patience))
	require.NoError(g.t, err)
	defer nc.Close()
	news, err := nc.SubscribeSync("$KV." + cmp.Or(g.name, "live") + ".>")
	require.NoError(g.t, err)
	for late := time.Now().Add(patience); !so(); {
		if !time.Now().Before(late) {
			g.ledger.mu.Lock()
			defer g.ledger.mu.Unlock()
			require.Fail(g.t, "not for too long", "waiting until %s:\n%s", what, g.ledger)
		}
		if _, err := news.NextMsg(patience); err != nil {
			require.ErrorIs(g.t, err, nats.ErrTimeout)
		}
	}
}

// The state of a worker can be asked for at any time, also while its leadership
// and all that belongs to it end. The first system of this kind crashed there.
func TestStateIsReadWhileALeadershipEnds(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	all := g.start(3)
	for len(all) > 1 {
		leads, others := g.leader(all...)
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for err := error(nil); err == nil; { // until the manager has ended
					_, err = leads.system.Root.RequestFuture(leads.manager, messages.GetSnapshot{}, patience).Result()
				}
			})
		}
		err := leads.stop()
		readers.Wait()
		require.NoError(t, err)
		all = others
		g.atRest(all...)
	}
	require.NoError(t, all[0].stop())
}

// Nothing runs on after a stop, also if it comes while a decision is handed over.
// The first system of this kind crashed in what did.
func TestNothingRunsAfterAStop(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 240)
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
		c.hear()
		require.Zero(t, c.of("live."+string(id)), "nobody writes for the one that stopped")
	}
}
