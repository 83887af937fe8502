package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	// throng is how many workers lose their server together.
	throng = 50
	// mostAsked is what one of them may ask, and write in vain, until all are Stable: as
	// many as there are IDs that are taken. In a storm all try every one, again and again.
	mostAsked = throng
	// renewals is how many renewals of the lead are waited for, until a group is at rest:
	// in 9 of them everybody looks who may lead, and the server forgets who does not
	// listen any more.
	renewals = 60
)

// The server is away from a crowd for longer than its leases. When it is back each
// partition has one owner and everybody is Stable, within the computed time, nobody storms
// the server, and it keeps a consumer for every watch that a group at rest needs, and no other.
//
// hazards 29, 56 and 61
func TestServerRestart_Crowd(t *testing.T) {
	beside(t)
	cfg := keeping(t)
	cfg.Options = func(o *server.Options) { o.SyncAlways = false } // nobody cuts the power
	s := promising(calm(partition.Default()))
	s.StoreTimeout, s.Lease, s.LeaderLease = 3*time.Second, 9*time.Second, 6*time.Second
	s.ExitThreshold = time.Second
	s.PollInterval = far // what is asked each time would be counted
	g := groupOn(t, cfg, s, 2*throng)
	g.watched()
	var all []*worker
	for i := range throng {
		all = append(all, g.join(fmt.Sprintf("w%d", i)))
	}
	g.atRest(all...)

	var before uint64
	g.restart(cfg, func() {
		g.ledger.await("everybody has lost its session", func() bool {
			return g.ledger.all(all, func(p *page) bool {
				return p.is(messages.Degraded) && len(p.owned) == 0 && p.lost > 0
			})
		})
		before = sent(all)
	})
	back, a := now(), g.admin()
	written := a.last()
	g.inTime(back, all...)
	asked := int(sent(all)-before) - int(a.last()-written)
	t.Logf("%d workers ask, and write in vain, %d times until all are Stable", throng, asked)
	require.LessOrEqual(t, asked, throng*mostAsked)
	g.watchesAtRest(a, all)
}

// sent is how many messages these have sent to any server.
func sent(workers []*worker) (n uint64) {
	for _, w := range workers {
		n += w.nc.Stats().OutMsgs
	}
	return n
}

// watchesAtRest waits until somebody listens to a consumer for each watch that these need
// at rest, and to no other, and until the server has forgotten whatever nobody listened to
// in the beginning: what was read leaves consumers behind for a while.
func (g *group) watchesAtRest(a *admin, workers []*worker) {
	g.t.Helper()
	c := g.count()
	_, idle := a.consumers()
	var missing, left, kept []string
	for n := range renewals {
		g.ledger.await("the lead is renewed", func() bool { return c.of("lead") > n })
		want := g.watches(workers)
		had, idles := a.consumers()
		missing, left, kept = less(want, had), less(had, want), less(idle, less(idle, idles))
		left = less(left, []string{"lead"}) // the leader's, if it was a candidate before
		if len(missing)+len(left)+len(kept) == 0 {
			return
		}
	}
	require.Fail(g.t, "consumers of the stream", "missing: %v\nleft over: %v\nnot forgotten: %v", missing, left, kept)
}

// watches are the keys that must be watched when these are at rest: by each its
// assignment, by the leader all workers, and by the other candidates the lead and the
// leader.
func (g *group) watches(workers []*worker) []string {
	g.t.Helper()
	leads, _ := g.leader(workers...)
	var ids []partition.WorkerID
	for _, w := range workers {
		ids = append(ids, w.id())
	}
	slices.SortFunc(ids, partition.CompareWorkers)
	want := []string{"live.*"}
	for i, id := range ids {
		want = append(want, "asg."+string(id)+".*")
		if i < g.settings.Candidates && id != leads.id() {
			want = append(want, "lead", "live."+string(leads.id()))
		}
	}
	return want
}

// consumers are the keys that somebody listens to, and the names of the consumers that
// nobody does.
func (a *admin) consumers() (keys, idle []string) {
	a.t.Helper()
	list := a.stream().ListConsumers(a.t.Context())
	for info := range list.Info() {
		if !info.PushBound {
			idle = append(idle, info.Name)
			continue
		}
		_, key, _ := strings.Cut(strings.TrimPrefix(info.Config.FilterSubject, "$KV.live."), ".")
		keys = append(keys, key)
	}
	require.NoError(a.t, list.Err())
	return keys, idle
}

// last is how many messages the stream has taken.
func (a *admin) last() uint64 {
	a.t.Helper()
	return a.stream().CachedInfo().State.LastSeq
}

// less is what is in one list more often than in the other.
func less(these, those []string) (more []string) {
	those = slices.Clone(those)
	for _, s := range these {
		if i := slices.Index(those, s); i >= 0 {
			those = slices.Delete(those, i, i+1)
		} else {
			more = append(more, s)
		}
	}
	return more
}
