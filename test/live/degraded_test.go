package live

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/links"
)

// linked is a group of three in which the first worker, the leader, reaches the
// server by a link of its own.
func linked(t *testing.T, settings partition.Settings) (g *group, link *links.Link, all []*worker) {
	g = newGroup(t, settings, 24)
	g.watched()
	link, err := links.New(strings.TrimPrefix(g.url(), "nats://"))
	require.NoError(t, err)
	t.Cleanup(link.Close)
	g.link = link
	all = append(all, g.join("away"))
	g.atRest(all...)
	g.link = nil
	all = append(all, g.join("second"), g.join("third"))
	g.atRest(all...)
	return g, link, all
}

// outage waits until a worker that lost the store has let everything go.
func (g *group) outage(w *worker) {
	g.t.Helper()
	g.ledger.await(w.name+" is degraded and owns nothing", func() bool {
		p := g.ledger.pages[w]
		return p.is(messages.Degraded) && len(p.owned) == 0 && !p.health.Healthy
	})
}

// A link is broken in every way that a link can be. The leader behind it lets
// everything go by itself, the others take over, and afterwards each owns its share.
// What was held back arrives late, and has no effect.
//
// hazards 21 and 56
func TestDegraded_Links(t *testing.T) {
	beside(t)
	for _, how := range []links.State{links.Silent, links.Mute, links.Deaf, links.Closed} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			g, link, all := linked(t, swift())
			link.Set(how)
			g.outage(all[0])
			g.atRest(all[1:]...)
			link.Set(links.Whole)
			g.atRest(all...)
			g.whole()
			require.True(t, all[0].snapshot().Healthy)
		})
	}
}

// A link that is slow, or comes and goes, is not taken for an outage by whoever has
// the patience: nobody is degraded and nothing moves.
func TestDegraded_NotByALinkThatWorks(t *testing.T) {
	beside(t)
	for name, bother := range map[string]func(link *links.Link){
		"slow": func(link *links.Link) { link.Set(links.Slow) },
		"flapping": func(link *links.Link) {
			link.Set(links.Closed)
			link.Set(links.Whole)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := patient()
			s.StoreTimeout = 4 * time.Second
			g, link, all := linked(t, s)
			begin, c, id := g.ledger.mark(), g.count(), "live."+string(all[0].id())
			for range 2 {
				before := c.of(id)
				bother(link)
				g.ledger.await("its heart beats on", func() bool { return c.of(id) > before+1 })
			}
			g.ledger.unmoved(begin, all...)
			require.NotContains(t, g.ledger.read(all[0]).states, messages.Degraded)
		})
	}
}

// The connection is closed for good, because the credentials were revoked or by the
// user's own code: everything is let go, the others take over, and the health says
// that it is final and why.
//
// hazard 62
func TestDegraded_TheConnectionClosesForGood(t *testing.T) {
	beside(t)
	for name, end := range map[string]func(w *worker){
		"credentials are revoked": func(w *worker) { w.cable.revoke() },
		"the user closes it":      func(w *worker) { w.nc.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGroup(t, swift(), 24)
			g.watched()
			all := g.start(3)
			away, others := g.leader(all...)
			end(away)
			g.ledger.await("the end is told", func() bool {
				p := g.ledger.pages[away]
				return p.health.Final && len(p.owned) == 0
			})
			require.Contains(t, g.ledger.read(away).health.Reason, "connection to NATS is closed")
			g.atRest(others...)
		})
	}
}

// The stream is full: the store answers questions and writes nothing any more.
// Everybody lets go, and says why; when there is room again all is as it was.
//
// hazard 63
func TestDegraded_StoreFull(t *testing.T) {
	beside(t)
	g := newGroup(t, swift(), 24)
	g.watched()
	g.bindOnly = true
	a := g.admin()
	require.NoError(t, a.create("first"))
	a.limit(1 << 20)
	all := g.start(3)
	for room := 512 << 10; room > 16; room /= 2 {
		for err := error(nil); err == nil; {
			_, err = a.js.Publish(t.Context(), "$KV.live.first.filler."+strconv.Itoa(room), make([]byte, room))
		}
	}
	g.without("maximum bytes exceeded", all...)
	a.limit(-1)
	g.atRest(all...)
	g.whole()
}

// The store is lost in every state that needs it, and is back.
//
// hazard 56
func TestDegraded_FromEveryState(t *testing.T) {
	beside(t)
	for state, way := range ways {
		if state == messages.Init || state == messages.Degraded {
			continue // there is no store yet, or none any more
		}
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			s := unhurried(calmly)
			s.HeartbeatInterval, s.StoreTimeout, s.Lease = time.Second, time.Second, 4*time.Second
			s.ExitThreshold = 100 * time.Millisecond
			g := newGroup(t, s, 3)
			h := &halt{trouble: away}
			way(h, g)
			l := g.ledger
			l.await("it is "+string(state), func() bool { return l.pages[h.worker].is(state) })
			h.cable.cut()
			l.await("it is degraded", func() bool { return l.pages[h.worker].is(messages.Degraded) })
			h.cable.mend()
			l.await("it is not any more", func() bool { return !l.pages[h.worker].is(messages.Degraded) })
			l.hold(h.worker, false)
			h.system.Root.Send(h.ear, release{})
		})
	}
}
