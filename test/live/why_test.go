package live

import (
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Whoever is asked why nobody works on a partition says that its handler failed too often
// where it is, or that it is kept for a worker that announced to come back.
func TestWhy_QuarantinedAndHeld(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 6)
	g.settings.RestartHoldDown = patience
	poison := g.list[0].ID()
	g.handler = func(*worker) func(partition.Owned) *actor.Props {
		return func(o partition.Owned) *actor.Props {
			return actor.PropsFromFunc(func(actor.Context) {
				if o.ID == poison {
					panic("this one fails")
				}
			})
		}
	}
	all := g.start(2)
	leads, others := g.leader(all...)
	// tells waits until whoever is asked says so of the partition, and of its owner.
	tells := func(asked *worker, id partition.PartitionID, words ...string) {
		t.Helper()
		g.until(strings.Join(words, ", "), func() bool {
			b, err := bridge.Why(t.Context(), asked.system, asked.manager, id)
			require.NoError(t, err)
			for _, word := range words {
				if !strings.Contains(b.String(), word) {
					return false
				}
			}
			return true
		})
	}
	owner := string(ask[messages.Owner](leads, messages.GetOwner{Partition: poison}).Worker)
	for _, asked := range all {
		tells(asked, poison, "is owned by "+owner, owner+" owns it and does not work on it: it is quarantined there")
	}
	away := string(others[0].id())
	kept := others[0].snapshot().Owned
	ask[messages.Stopped](others[0], messages.Stop{Restarting: true})
	for _, o := range kept {
		tells(leads, o.ID, "is owned by "+away, away+" announced to come back", "it is kept for it until RestartHoldDown is over")
	}
	require.Len(t, kept, 3)
}
