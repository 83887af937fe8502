package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/partition"
)

var retentions = []jetstream.RetentionPolicy{jetstream.LimitsPolicy, jetstream.WorkQueuePolicy, jetstream.InterestPolicy}

// roomy are settings with which a hand-over has as long as it needs.
func roomy() partition.Settings {
	s := patient()
	s.Lease, s.LeaderLease, s.StoreTimeout = time.Minute, time.Minute, 5*time.Second
	s.DrainTimeout, s.RevokeTimeout, s.ShutdownTimeout, s.StartTimeout = 25*time.Second, time.Minute, time.Minute, 2*time.Minute
	return s
}

// Workers join and stop while messages flow. Each message is handled once, and in the
// order of its partition.
//
// hazards 52 and 53
func TestConsumers_HandOver(t *testing.T) {
	beside(t)
	for _, retention := range retentions {
		t.Run(fmt.Sprint(retention), func(t *testing.T) {
			beside(t)
			g := newGroup(t, roomy(), 12)
			f := g.flowing(retention, comesLate)
			all := []*worker{g.join("w0")}
			g.atRest(all...)
			f.ready(all...)
			f.produce()
			for i := range 2 {
				all = append(all, g.join(fmt.Sprintf("w%d", i+1)))
				g.atRest(all...)
			}
			require.NoError(t, all[0].stop())
			g.atRest(all[1:]...)
			require.NoError(t, all[1].stop())
			g.atRest(all[2])
			f.halt()
			f.sound()
		})
	}
}

// Workers crash, the leader too, while messages flow. Nothing is lost: what they had
// in work comes to the next owner.
//
// hazards 52 and 53
func TestConsumers_Crashes(t *testing.T) {
	beside(t)
	for _, retention := range retentions {
		t.Run(fmt.Sprint(retention), func(t *testing.T) {
			beside(t)
			g := newGroup(t, mortal(), 12)
			f := g.flowing(retention, comesSoon)
			all := g.start(3)
			f.ready(all...)
			f.produce()
			leads, others := g.leader(all...)
			f.stick(others[0])
			others[0].crash()
			all = append(others[1:], leads, g.join("w3"))
			g.atRest(all...)
			f.stick(leads)
			leads.crash()
			all = append(others[1:], all[2])
			g.atRest(all...)
			f.halt()
			f.nothingLost()
		})
	}
}

// Nine workers are replaced, one after the other, while messages flow.
func TestConsumers_RollingRestart(t *testing.T) {
	beside(t)
	g := newGroup(t, roomy(), 27)
	f := g.flowing(jetstream.WorkQueuePolicy, comesLate)
	var all []*worker
	for i := range 9 {
		all = append(all, g.join(fmt.Sprintf("old%d", i)))
	}
	g.atRest(all...)
	f.ready(all...)
	f.produce()
	for i := range all {
		require.NoError(t, all[i].stop())
		all[i] = g.join(fmt.Sprintf("new%d", i))
		g.atRest(all...)
	}
	f.halt()
	f.sound()
}

// The consumer of a partition that was removed is deleted after a grace period. When the
// partition comes again, it has another one.
func TestConsumers_RemovedPartition(t *testing.T) {
	beside(t)
	g := newGroup(t, roomy(), 6)
	s := &shelf{list: g.list}
	g.wire = func(c *actors.Config) { c.Source = actors.SourceFrom(s) }
	f := g.flowing(jetstream.WorkQueuePolicy, comesLate)
	all := g.start(2)
	f.ready(all...)
	first := f.durables()
	require.Len(t, first, 6)
	for _, w := range all {
		t.Cleanup(f.of[w].Tidy(w.system, w.manager, time.Second))
	}
	g.relist(s, partitions(4))
	all[0].refresh()
	g.exactly(all...)
	g.until("two are deleted", func() bool { return len(f.durables()) == 4 })

	g.relist(s, partitions(6))
	all[0].refresh()
	g.exactly(all...)
	f.ready(all...)
	require.NoError(t, f.send())
	f.complete()
	f.sound()
	again := f.durables()
	require.Subset(t, again, first[:4])
	require.NotContains(t, again, first[4])
	require.NotContains(t, again, first[5])
}
