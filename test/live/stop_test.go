package live

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// hazard 71
func TestStop_NATSGone(t *testing.T) {
	g := newGroup(t, swift(), 12)
	all := g.start(2)
	g.server.Stop()
	// Both at once: if a write was under way, its worker waits until its lease ends,
	// and then another one has nothing left to release.
	ends := map[*worker]chan error{}
	for _, w := range all {
		end := make(chan error, 1)
		ends[w] = end
		go func() { end <- w.stop() }()
	}
	for _, w := range all {
		require.ErrorContains(t, <-ends[w], "stopped, but", "the release cannot have been written")
		require.Empty(t, g.ledger.read(w).owned)
	}
}

func TestStop_NATSNeverThere(t *testing.T) {
	g := newGroup(t, swift(), 12)
	g.server.Stop()
	w := g.join("lonely")
	g.ledger.await("it has said that it starts", func() bool { return g.ledger.pages[w].is(messages.Init) })
	require.NoError(t, w.stop(), "what was never claimed needs no release")
	require.Empty(t, g.ledger.read(w).changes)
}

func TestStop_WhileClaiming(t *testing.T) {
	g := newGroup(t, swift(), 12)
	w := g.join("brief")
	require.NoError(t, w.stop())
	next := g.join("next")
	g.atRest(next)
	require.Equal(t, partition.WorkerID("worker-0"), next.id(), "no claim was left behind")
}

func TestStop_Twice(t *testing.T) {
	g := newGroup(t, patient(), 12)
	w := g.start(1)[0]
	fell := w.cable.hold("") // it cannot have stopped before both have asked
	first := w.system.Root.RequestFuture(w.manager, messages.Stop{}, patience)
	second := w.system.Root.RequestFuture(w.manager, messages.Stop{}, patience)
	<-fell
	require.NoError(t, w.cable.flush())
	for _, f := range []actor.Future{first, second} {
		got, err := f.Result()
		require.NoError(t, err)
		require.Equal(t, messages.Stopped{}, got)
	}
	require.NoError(t, w.stop(), "a manager that has stopped is stopped")
}

// A poisoned manager stops as with messages.Stop: the next one need not wait.
func TestStop_Poison(t *testing.T) {
	g := newGroup(t, patient(), 12)
	all := g.start(2)
	all[0].system.Root.Poison(all[0].manager)
	g.atRest(all[1])
	require.Empty(t, g.ledger.read(all[0]).owned)
	require.NotContains(t, g.ledger.read(all[1]).states, messages.Emergency)
}

// A manager that somebody stops as an actor, although NATS is there, has crashed for the
// others: its record is left as it was, and is fenced when the lease is over.
func TestStop_OfTheActorIsACrash(t *testing.T) {
	g := groupWithHistory(t, mortal(), 24)
	all := g.start(3)
	leads, others := g.leader(all...)
	w, other := others[0], others[1]
	id, was := w.id(), w.snapshot()
	require.NotEmpty(t, was.Owned)

	require.NoError(t, w.system.Root.StopFuture(w.manager).Wait())
	w.gone()
	require.NoError(t, w.nc.Flush(), "NATS is there, and has all that was sent")
	g.ledger.bury(w)
	before := g.history()
	g.atRest(leads, other)
	require.Contains(t, g.ledger.read(leads).states, messages.Emergency)

	h := g.history()
	h.sound(t)
	left := before.latest(id)
	require.Equal(t, was.Session, left.Session)
	require.False(t, left.Ended(), "it is neither released nor fenced at once: %+v", left)
	written, freed := h.since(len(before.records), id, was.Session)
	require.Len(t, written, 1, "the fence is all that is written")
	require.True(t, written[0].Fence != nil && written[0].Fence.AfterSilence, "%+v", written[0])
	require.Len(t, freed, len(was.Owned))
	for _, o := range was.Owned {
		require.Equal(t, partition.FreedByFence, freed[o.ID], o.ID)
	}
}

// since is what was written after so many records of a worker's own record, and how
// partitions of a session became free.
func (h *history) since(records int, id partition.WorkerID, of partition.SessionID) ([]partition.Live, map[partition.PartitionID]partition.FreedBy) {
	var written []partition.Live
	freed := map[partition.PartitionID]partition.FreedBy{}
	for _, w := range h.records[records:] {
		switch r := w.Record.(type) {
		case partition.Live:
			if w.Key == messages.KeyLive(id) {
				written = append(written, r)
			}
		case partition.Head:
			for _, f := range r.Freed {
				if f.Session == of {
					freed[f.Partition] = f.By
				}
			}
		}
	}
	return written, freed
}

// A worker that announces its return finds its partitions where they were.
func TestStop_Restarting(t *testing.T) {
	g := newGroup(t, patient(), 24)
	g.settings.RestartHoldDown = patience
	all := g.start(3)
	_, others := g.leader(all...)
	id, had := others[0].id(), others[0].snapshot().Owned

	got := ask[messages.Stopped](others[0], messages.Stop{Restarting: true})
	require.Equal(t, messages.Stopped{}, got)
	back := g.join("back")
	g.ledger.await("it has everything back", func() bool { return len(g.ledger.pages[back].owned) == len(had) })
	require.Equal(t, id, back.id())
	for i, o := range back.snapshot().Owned {
		require.Equal(t, had[i].ID, o.ID)
	}
}

// hazard 55
func TestStop_HandlerStuck(t *testing.T) {
	g := newGroup(t, swift(), 4)
	free := make(chan struct{})
	g.handler = func(*worker) func(partition.Owned) *actor.Props {
		return func(partition.Owned) *actor.Props {
			return actors.Drains(actor.PropsFromFunc(func(ctx actor.Context) {
				if _, ok := ctx.Message().(messages.Revoke); ok {
					<-free
					ctx.Stop(ctx.Self())
				}
			}))
		}
	}
	w := g.start(1)[0]
	got := ask[messages.Stopped](w, messages.Stop{})
	require.Len(t, got.Running, 4, "what still runs is named")
	close(free)
	require.NoError(t, w.stop())
}
