package live

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

// subjects are those of the tests' messages.
const subjects = partition.Subjects("work.{partition}")

// outlets are the subscriptions of a group's workers, each over a connection of its
// own, so that what is subscribed there can be counted.
type outlets struct {
	g    *group
	of   map[*worker]*bridge.Subscriptions
	conn map[*worker]*nats.Conn
	// options are for the connection of whoever joins next.
	options []nats.Option
}

// subscribing lets the workers that join from now on answer each message with their
// name and the token.
func (g *group) subscribing() *outlets {
	o := &outlets{g: g, of: map[*worker]*bridge.Subscriptions{}, conn: map[*worker]*nats.Conn{}}
	g.handler = func(w *worker) func(partition.Owned) *actor.Props {
		nc, err := nats.Connect(g.url(), append(o.options, nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true),
			nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))...)
		require.NoError(g.t, err)
		g.t.Cleanup(nc.Close)
		s, err := bridge.Subscribe(nc, subjects, func(_ context.Context, p partition.Owned, m *nats.Msg) {
			_ = m.Respond(fmt.Appendf(nil, "%s %s %d", w.name, p.ID, p.Token)) // a lost answer is noticed
		})
		require.NoError(g.t, err)
		o.of[w], o.conn[w] = s, nc
		return s.Props
	}
	return o
}

// settle waits until each worker has as many subscriptions as partitions, and none
// that fails.
func (o *outlets) settle(workers ...*worker) {
	o.g.t.Helper()
	for _, w := range workers {
		o.g.until("it is subscribed to what it owns", func() bool {
			return o.count(w) == len(o.g.ledger.read(w).owned) && o.of[w].Err() == nil
		})
		require.NoError(o.g.t, o.conn[w].FlushTimeout(patience), "the server has heard of all of them")
	}
}

func (o *outlets) count(w *worker) int { return o.conn[w].NumSubscriptions() }

// answered sends a message to each partition, which is answered by its owner, with
// the token, once.
func (o *outlets) answered(workers ...*worker) {
	t := o.g.t
	t.Helper()
	want := map[string]int{}
	for _, w := range workers {
		for _, p := range o.g.ledger.read(w).owned {
			want[fmt.Sprintf("%s %s %d", w.name, p.ID, p.Token)]++
		}
	}
	require.Len(t, want, len(o.g.list))
	nc := o.g.connect()
	answers, err := nc.SubscribeSync(nc.NewInbox())
	require.NoError(t, err)
	for _, p := range o.g.list {
		require.NoError(t, nc.PublishRequest("work."+string(p.ID()), answers.Subject, nil))
	}
	got := map[string]int{}
	for range o.g.list {
		m, err := answers.NextMsg(patience)
		require.NoError(t, err)
		got[string(m.Data)]++
	}
	require.Equal(t, want, got)
}

func TestSubscriptionHelper_Creation(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 12)
	g.list = append(partitions(9), partition.Of("a", "b"), partition.Of("*"), partition.Of(">", "x y"))
	o := g.subscribing()
	w := g.join("w")
	g.atRest(w)
	o.settle(w)
	o.answered(w)
	nc := g.connect()
	_, err := nc.Request("work.p009", nil, patience)
	require.ErrorIs(t, err, nats.ErrNoResponders, "a partition that is not there; * and > are no wildcards")
}

// Who loses a partition is not subscribed any more when another is told that it owns
// it. Those that stay are never without their subscription.
func TestSubscriptionHelper_UpdateOnRebalance(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	o := g.subscribing()
	var all []*worker
	for i := range 3 {
		all = append(all, g.join(fmt.Sprintf("w%d", i)))
		g.atRest(all...)
		for _, w := range all[:i] {
			require.LessOrEqual(t, o.count(w), len(g.ledger.read(w).owned), "what it lost has ended before")
		}
		o.settle(all...)
		o.answered(all...)
	}
	require.NoError(t, all[0].stop())
	g.atRest(all[1:]...)
	require.Zero(t, o.count(all[0]))
	o.settle(all[1:]...)
	o.answered(all[1:]...)
}

// All is closed when the worker has stopped, and when its lease has ended. What a
// handler has begun it may end, but not after that.
func TestSubscriptionHelper_Cleanup(t *testing.T) {
	beside(t)
	g := newGroup(t, swift(), 12)
	o := g.subscribing()
	w := g.join("stopped")
	g.atRest(w)
	o.settle(w)
	require.NoError(t, w.stop())
	require.Zero(t, o.count(w))

	answering := g.handler
	began, ended := make(chan partition.Owned, 12), make(chan error, 12)
	g.handler = func(w *worker) func(partition.Owned) *actor.Props {
		o.conn[w] = g.connect()
		s, err := bridge.Subscribe(o.conn[w], subjects, func(ctx context.Context, p partition.Owned, _ *nats.Msg) {
			began <- p
			<-ctx.Done()
			ended <- context.Cause(ctx)
		})
		require.NoError(t, err)
		o.of[w] = s
		return s.Props
	}
	f := g.join("fenced")
	g.atRest(f)
	o.settle(f)
	require.NoError(t, g.connect().Publish("work.p003", nil))
	require.EqualValues(t, "p003", (<-began).ID)
	f.cable.cut()
	require.ErrorContains(t, <-ended, "the lease is in doubt")
	g.handler = answering
	next := g.join("next")
	g.atRest(next)
	g.until("it is subscribed to nothing", func() bool { return o.count(f) == 0 })
	o.settle(next)
	o.answered(next)
}

// Every subscription that cannot be made is named, and tried again until it is.
func TestSubscriptionHelper_ErrorHandling(t *testing.T) {
	beside(t)
	g := groupOn(t, embedded.Config{Memory: true, Options: func(o *server.Options) {
		o.Users = []*server.User{{Username: "all", Password: "all"}, {Username: "few", Password: "few", Permissions: &server.Permissions{
			Subscribe: &server.SubjectPermission{Deny: []string{"work.p002", "work.p005"}},
		}}}
		o.NoAuthUser = "all"
	}}, patient(), 8)
	o := g.subscribing()
	lines := func(w *worker) []string {
		if err := o.of[w].Err(); err != nil {
			return strings.Split(err.Error(), "\n")
		}
		return nil
	}

	loose := &cable{dead: true}
	o.options = []nats.Option{nats.SetCustomDialer(loose), nats.ReconnectWait(patience / 100)}
	away := g.join("away")
	g.atRest(away)
	g.until("all failures are told", func() bool { return len(lines(away)) == len(g.list) })
	require.Contains(t, lines(away)[3], "partition p003: ")
	loose.mend()
	o.settle(away)
	o.answered(away)
	require.NoError(t, away.stop())

	o.options = []nats.Option{nats.UserInfo("few", "few")}
	few := g.join("few")
	g.atRest(few)
	g.until("all others are subscribed", func() bool { return len(lines(few)) == 2 && o.count(few) == len(g.list)-2 })
	// Of two denials at a time the client tells the last one: the other is tried again.
	told := map[string]bool{}
	g.until("what is not permitted is told", func() bool {
		for _, line := range lines(few) {
			for _, subject := range []string{"work.p002", "work.p005"} {
				if strings.HasSuffix(line, `not permitted: nats: permissions violation: Permissions Violation for Subscription to "`+subject+`"`) {
					told[subject] = true
				}
			}
		}
		return len(told) == 2
	})
	require.NoError(t, few.stop())
	require.NoError(t, o.of[few].Err(), "what is not owned does not fail")

	nothing := func(context.Context, partition.Owned, *nats.Msg) {}
	for text, make := range map[string]func() (*bridge.Subscriptions, error){
		"the connection is nil":           func() (*bridge.Subscriptions, error) { return bridge.Subscribe(nil, subjects, nothing) },
		"handle is nil":                   func() (*bridge.Subscriptions, error) { return bridge.Subscribe(g.connect(), subjects, nil) },
		"{partition} once, as a token of": func() (*bridge.Subscriptions, error) { return bridge.Subscribe(g.connect(), "work.>", nothing) },
	} {
		_, err := make()
		require.ErrorContains(t, err, text)
	}
}
