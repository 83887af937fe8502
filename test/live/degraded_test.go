package live

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/links"
)

// linked is a group of three in which the first worker, the leader, reaches the
// server by a link of its own.
func linked(t *testing.T, settings partition.Settings, first ...func(*partition.Settings)) (g *group, link *links.Link, all []*worker) {
	g = newGroup(t, settings, 24)
	g.watched()
	link, err := links.New(strings.TrimPrefix(g.url(), "nats://"))
	require.NoError(t, err)
	t.Cleanup(link.Close)
	g.link = link
	all = append(all, g.join("away", first...))
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

// flaps is a link that comes and goes so fast that nothing is done meanwhile.
const flaps links.State = "flaps"

// A link is broken in every way that a link can be: also so slow that no answer comes
// in time. The leader behind it lets everything go by itself, the others take over, and
// afterwards each owns its share. What was held back arrives late, and has no effect.
//
// hazards 21 and 56
func TestDegraded_Links(t *testing.T) {
	beside(t)
	for _, how := range []links.State{links.Silent, links.Mute, links.Deaf, links.Closed, links.Slow, flaps} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			g, link, all := linked(t, swift(), func(s *partition.Settings) {
				if how == links.Slow {
					s.StoreTimeout = links.Delay * 3 / 2 // less than there and back
				}
			})
			if how == flaps {
				all[0].cable.flap()
			} else {
				link.Set(how)
			}
			g.outage(all[0])
			g.atRest(all[1:]...)
			link.Set(links.Whole)
			all[0].cable.mend()
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

// The connection is closed for good, because the server does not accept the credentials
// any more or by the user's own code: everything is let go, the others take over, and the
// health says that it is final and why.
//
// hazard 62
func TestDegraded_TheConnectionClosesForGood(t *testing.T) {
	beside(t)
	accepts := func(cfg embedded.Config, users ...*server.User) embedded.Config {
		cfg.Options = func(o *server.Options) {
			o.Users, o.NoAuthUser = append(users, &server.User{Username: "all", Password: "all"}), "all"
		}
		return cfg
	}
	for why, end := range map[string]func(g *group, w *worker, cfg embedded.Config){
		"the connection to NATS is closed: nats: Authorization Violation": func(g *group, _ *worker, cfg embedded.Config) {
			g.restart(accepts(cfg), func() {})
		},
		"the connection to NATS is closed": func(_ *group, w *worker, _ embedded.Config) { w.nc.Close() },
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			cfg := keeping(t)
			g := groupOn(t, accepts(cfg, &server.User{Username: "few", Password: "few"}), swift(), 24)
			g.watched()
			g.user = "few"
			away := g.start(1)[0]
			g.user = ""
			others := []*worker{g.join("second"), g.join("third")}
			g.atRest(append(others, away)...)
			end(g, away, cfg)
			g.ledger.await("the end is told", func() bool {
				p := g.ledger.pages[away]
				return p.health.Final && len(p.owned) == 0
			})
			require.Contains(t, g.ledger.read(away).health.Reason, why)
			g.atRest(others...)
			g.whole()
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

// The store is lost when a worker has just claimed its ID, before its first heartbeat:
// the lease runs from the claim. When it is back all is as it should be.
//
// hazard 56
func TestDegraded_BeforeTheFirstHeartbeat(t *testing.T) {
	beside(t)
	for _, mode := range []partition.Ownership{partition.Exclusive, partition.Available} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			s := swift()
			s.Ownership, s.EnterThreshold = mode, time.Second
			g := newGroup(t, s, 3)
			g.watched()
			c, h := g.count(), &halt{}
			h.held(g, `.lead"`) // which it asks for as soon as it has an ID
			c.hear()
			claims := c.of("live.") // more than one if the answer took long
			require.Positive(t, claims)
			h.cable.cut()
			g.ledger.await("it is degraded", func() bool { return g.ledger.pages[h.worker].is(messages.Degraded) })
			c.hear()
			require.Equal(t, claims, c.of("live."), "no heartbeat")
			h.cable.mend()
			g.atRest(h.worker)
			g.whole()
		})
	}
}

// The store is lost in every state that needs it, and is back. Who is Available keeps
// what it has.
//
// hazard 56
func TestDegraded_FromEveryState(t *testing.T) {
	beside(t)
	for state, way := range ways {
		if state == messages.Init || state == messages.Degraded {
			continue // there is no store yet, or none any more
		}
		for _, mode := range []partition.Ownership{partition.Exclusive, partition.Available} {
			t.Run(fmt.Sprintf("%s, %v", state, mode), func(t *testing.T) {
				t.Parallel()
				s := unhurried(calmly)
				s.HeartbeatInterval, s.StoreTimeout, s.ExitThreshold = time.Second, 2*time.Second, 100*time.Millisecond
				if s.Ownership = mode; mode == partition.Available {
					s.EnterThreshold = 5 * time.Second
				} else {
					s.Lease = 8 * time.Second
				}
				g := newGroup(t, s, 3)
				h, l := &halt{trouble: away}, g.ledger
				way(h, g)
				l.await("it is "+string(state), func() bool { return l.pages[h.worker].is(state) })
				had := l.read(h.worker).owned
				h.cable.cut()
				l.await("it is degraded", func() bool { return l.pages[h.worker].is(messages.Degraded) })
				if mode == partition.Available {
					require.Equal(t, had, l.read(h.worker).owned)
				}
				h.cable.mend()
				l.await("it is not any more", func() bool { return !l.pages[h.worker].is(messages.Degraded) })
				l.hold(h.worker, false)
				h.system.Root.Send(h.ear, release{})
			})
		}
	}
}
