package live

import (
	"context"
	"maps"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// A partition has no next owner before a confirming subscriber has let go.
//
// hazard 46
func TestHandOver_WaitsForSubscriber(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 12)
	all := g.start(2)
	slow, quick := all[0], all[1]
	g.ledger.hold(slow, true)

	third := g.join("third")
	g.ledger.await("the slow one was told, and the quick one's part has moved", func() bool {
		return len(g.ledger.pages[slow].owed()) == 2 && len(g.ledger.pages[third].owned) == 2
	})
	revoked := g.ledger.read(slow).owed()
	for _, o := range third.snapshot().Owned {
		require.NotContains(t, revoked, o.ID)
	}
	require.ElementsMatch(t, revoked, third.snapshot().Pending)

	g.ledger.hold(slow, false)
	slow.system.Root.Send(slow.ear, release{})
	g.atRest(slow, quick, third)
}

// calls notes which handler functions run, and finds two of one partition.
type calls struct {
	mu      sync.Mutex
	running map[partition.PartitionID]string
	begun   map[partition.PartitionID]int
	overlap []partition.PartitionID
}

func (c *calls) enter(id partition.PartitionID, who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[id] != "" {
		c.overlap = append(c.overlap, id)
	}
	c.running[id] = who
	c.begun[id]++
}

func (c *calls) leave(id partition.PartitionID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, id)
}

// starts is how often a handler of each partition has begun.
func (c *calls) starts() map[partition.PartitionID]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.begun)
}

// handlers gives every worker of the group handler functions that run until they
// are told to end, and notes which run.
func (g *group) handlers() *calls {
	c := &calls{running: map[partition.PartitionID]string{}, begun: map[partition.PartitionID]int{}}
	g.handler = func(w *worker) func(partition.Owned) *actor.Props {
		return bridge.HandlerFunc(func(ctx context.Context, o partition.Owned) error {
			c.enter(o.ID, w.name)
			w.g.ledger.wake()
			<-ctx.Done()
			c.leave(o.ID)
			w.g.ledger.wake()
			return nil
		})
	}
	return c
}

// running waits until each partition has its handler.
func (g *group) running(c *calls) {
	g.t.Helper()
	g.ledger.await("every partition has its handler", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.running) == len(g.list)
	})
}

func TestHandOver_HandlersNeverOverlap(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	c := g.handlers()
	all := g.start(3)
	g.running(c)
	leads, others := g.leader(all...)
	require.NoError(t, leads.stop())
	g.atRest(others...)
	g.running(c)
	for _, w := range others {
		require.NoError(t, w.stop())
	}
	require.Empty(t, c.running)
	require.Empty(t, c.overlap)
}
