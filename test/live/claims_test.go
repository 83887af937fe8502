package live

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// claiming starts a worker whose claim arrives and whose answers do not, and
// returns when the claim is in the store.
func (g *group) claiming(name string, id partition.WorkerID) *worker {
	g.t.Helper()
	subject := prefix + "live." + string(id)
	g.cable = &cable{}
	fell := g.cable.deafen("PUB " + subject + " ")
	w := g.join(name)
	g.cable = nil
	stored, err := g.jetstream().OrderedConsumer(g.t.Context(), "KV_live", jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
	require.NoError(g.t, err)
	_, err = stored.Next(jetstream.FetchMaxWait(patience))
	require.NoError(g.t, err, "the claim has arrived")
	<-fell
	return w
}

// unmissed are settings in which a claim is neither taken for somebody's who is dead,
// nor given up by a stop, until its answer comes.
func unmissed() partition.Settings {
	s := patient()
	s.ShutdownTimeout = patience
	return s
}

// A claim whose answer was lost is tried again under the same nonce, until it is
// known to be one's own: there is no second ID and no orphan.
//
// hazard 14
func TestClaim_AnswerLost(t *testing.T) {
	g := groupWithHistory(t, unmissed(), 24)
	first := g.start(1)[0]
	w := g.claiming("unheard", "worker-1")
	w.cable.cut()
	w.cable.mend()
	g.atRest(first, w)
	require.Equal(t, partition.WorkerID("worker-1"), w.id())

	h := g.history()
	h.sound(t)
	require.Equal(t, map[partition.WorkerID][]partition.SessionID{
		"worker-0": {first.snapshot().Session}, "worker-1": {w.snapshot().Session},
	}, h.sessions(), "one session each")
	require.Len(t, h.check.Claimed(), 2)
}

// Stop arrives while the answer to a claim is awaited: the claim is awaited, then
// released.
//
// hazard 13
func TestClaim_StopMeanwhile(t *testing.T) {
	g := groupWithHistory(t, unmissed(), 24)
	first := g.start(1)[0]
	w := g.claiming("brief", "worker-1")
	stopped := w.system.Root.RequestFuture(w.manager, messages.Stop{}, patience)
	require.Equal(t, messages.Shutdown, w.snapshot().State, "it stops while it claims")
	w.cable.cut()
	w.cable.mend()
	got, err := stopped.Result()
	require.NoError(t, err)
	require.Equal(t, messages.Stopped{}, got)
	g.atRest(first)

	h := g.history()
	h.sound(t)
	require.Len(t, h.sessions()["worker-1"], 1)
	require.True(t, h.latest("worker-1").Released, "no claim is left")
	require.Equal(t, []partition.WorkerID{"worker-0"}, h.check.Claimed())
}

// Two have found the same ID free and claim it at the same time: one has it, and the other
// takes the next one.
func TestClaim_TwoAtOnce(t *testing.T) {
	g := groupWithHistory(t, unmissed(), 24)
	first := g.start(1)[0]
	all := []*worker{first}
	for _, name := range []string{"one", "other"} {
		g.cable = &cable{}
		fell := g.cable.hold("PUB " + prefix + "live.worker-1 ")
		all = append(all, g.join(name))
		<-fell
	}
	for _, w := range all[1:] {
		require.NoError(t, w.cable.flush())
	}
	g.atRest(all...)

	ids := []partition.WorkerID{first.id(), all[1].id(), all[2].id()}
	require.ElementsMatch(t, []partition.WorkerID{"worker-0", "worker-1", "worker-2"}, ids)
	h := g.history()
	h.sound(t)
	for i, id := range ids {
		require.Equal(t, []partition.SessionID{all[i].snapshot().Session}, h.sessions()[id], "nobody else ever had it")
	}
	require.ElementsMatch(t, ids, h.check.Claimed())
}
