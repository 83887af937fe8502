package bridge

import (
	"slices"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// nest is a source with a parent that notes what it tells of itself.
type nest struct {
	t      *testing.T
	system *actor.ActorSystem
	source *actor.PID
	told   chan messages.PartitionsListed
	rounds partition.Round
}

func newNest(t *testing.T, props *actor.Props) *nest {
	t.Helper()
	n := &nest{t: t, system: newSystem(t), told: make(chan messages.PartitionsListed, 1000)}
	born := make(chan *actor.PID, 1)
	parent := n.system.Root.Spawn(stage.Rooted(stage.Props(func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch m := ctx.Message().(type) {
			case *actor.Started:
				born <- stage.Spawn(ctx, props, "source-1")
			case messages.PartitionsListed:
				n.told <- m
			}
		})
	})))
	t.Cleanup(func() { require.NoError(t, n.system.Root.StopFuture(parent).Wait()) })
	n.source = await(t, born, "the source")
	return n
}

// ask lets the source list: the names of the partitions, or why there is no list.
func (n *nest) ask() (names []string, reason string) {
	n.t.Helper()
	n.rounds++
	got, err := n.system.Root.RequestFuture(n.source, messages.ListPartitions{Round: n.rounds}, patience).Result()
	require.NoError(n.t, err)
	switch m := got.(type) {
	case messages.PartitionsListed:
		require.Equal(n.t, n.rounds, m.Round)
		return namesOf(m.Partitions), ""
	case messages.ListingFailed:
		require.Equal(n.t, n.rounds, m.Round)
		require.NotEmpty(n.t, m.Reason)
		return nil, m.Reason
	}
	require.FailNow(n.t, "no answer", "%T", got)
	return nil, ""
}

// lists checks what the source lists.
func (n *nest) lists(want ...string) {
	n.t.Helper()
	names, reason := n.ask()
	require.Empty(n.t, reason)
	require.Equal(n.t, want, names)
}

// news waits until the source tells of itself that it lists this.
func (n *nest) news(want ...string) {
	n.t.Helper()
	for {
		m := await(n.t, n.told, "news")
		require.Zero(n.t, m.Round)
		if slices.Equal(namesOf(m.Partitions), want) {
			return
		}
	}
}

func namesOf(list []partition.Partition) []string {
	set, err := partition.NewSet(list)
	if err != nil {
		return []string{err.Error()}
	}
	var names []string
	for _, id := range set.IDs {
		names = append(names, string(id))
	}
	return names
}
