package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

// Who pulls without owning gets nothing, as long as the owner pulls; who owns it next
// gets all that comes then. The consumer stays.
//
// hazard 52
func TestN18_OnlyOnePulls(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.LimitsPolicy)
	m.cfg.Consumer.AckWait = 3 * time.Second // so long who pulls no more waits for the questions of the other
	c, first := m.open(owner(1))
	m.send("one")
	m.next("one").end <- nil
	created := m.info(c.Durable(owner(1))).Created

	x, err := m.js.Consumer(t.Context(), "WORK", c.Durable(owner(1)))
	require.NoError(t, err)
	other, err := x.Consume(func(msg jetstream.Msg) { t.Error("the other got " + string(msg.Data())) }, jetstream.PullPriorityGroup(ownerGroup))
	require.NoError(t, err)
	for _, text := range []string{"two", "three"} {
		m.send(text)
		m.next(text).end <- nil
	}
	other.Stop()
	<-other.Closed()
	asked := m.hear(apiPrefix+"CONSUMER.MSG.NEXT.>", `"batch":1,`)
	_, second := m.open(owner(2)) // while the first one pulls
	await(t, asked, "its question")
	m.read(c.Durable(owner(2)))
	m.send("four")
	d := m.next("four")
	require.Equal(t, partition.Token(2), d.owned.Token)
	d.end <- nil
	for _, pid := range []*actor.PID{first, second} {
		m.revoke(pid)
		m.gone(pid)
	}
	require.Equal(t, created, m.info(c.Durable(owner(1))).Created)
}

// What an owner of the past acknowledges is acknowledged: only the token tells its
// effects from those of the next one.
func TestN20_AcksOfTheOldOwnerCount(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.LimitsPolicy)
	m.cfg.Consumer.AckWait = 3 * time.Second
	messages := make(chan *nats.Msg, 10)
	m.cfg.Handle = func(ctx context.Context, _ partition.Owned, msg *nats.Msg) error {
		messages <- msg
		<-ctx.Done()
		return nil
	}
	c, pid := m.open(owner(1))
	m.send("one")
	old := await(t, messages, "the message")
	m.system.Root.Send(m.keeper, stopChild{pid})
	m.gone(pid)
	_, pid = m.open(owner(2))
	await(t, messages, "the message again")
	_, err := m.nc.Request(old.Reply, []byte("+ACK"), patience)
	require.NoError(t, err)
	require.Zero(t, m.info(c.Durable(owner(1))).NumAckPending)
	m.system.Root.Send(m.keeper, stopChild{pid})
	m.gone(pid)
}

// A partition that was removed and comes again has a new consumer. Where only one may
// filter for it, the former one is in the way, and what it had not acknowledged is not
// lost.
//
// hazard 53
func TestConsumers_APartitionThatComesAgain(t *testing.T) {
	m := openMill(t, jetstream.WorkQueuePolicy)
	before, after := partition.Owned{ID: "p", Token: 3, Entered: 3}, partition.Owned{ID: "p", Token: 9, Entered: 9}
	c, pid := m.open(before)
	m.send("one")
	one := m.next("one")
	m.revoke(pid)
	one.end <- errBad
	m.gone(pid)
	_, pid = m.open(after)
	m.next("one").end <- nil
	m.revoke(pid)
	m.gone(pid)
	_, err := m.js.Consumer(t.Context(), "WORK", c.Durable(before))
	require.ErrorIs(t, err, jetstream.ErrConsumerNotFound)
}

// A filter is never changed: what is older than its position would never come.
//
// hazard 52
func TestConsumers_FilterStays(t *testing.T) {
	m := openMill(t, jetstream.LimitsPolicy)
	c, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	require.NoError(t, c.ensure(t.Context(), owner(1)))
	m.cfg.Consumer.AckWait = time.Minute
	c, err = Consume(m.nc, m.cfg)
	require.NoError(t, err)
	require.NoError(t, c.ensure(t.Context(), owner(1)))
	require.Equal(t, time.Minute, m.info(c.Durable(owner(1))).Config.AckWait, "a new build may wait longer")
	m.cfg.Subjects = "work.{partition}.>"
	c, err = Consume(m.nc, m.cfg)
	require.NoError(t, err)
	require.ErrorContains(t, c.ensure(t.Context(), owner(1)), "filters for work.p; must be work.p.>: take another Name")
}

// A new build may want a consumer otherwise that is there already. Where it began stays, as
// the server refuses to change that, and what is not set stays as well.
func TestConsumers_NewSettingsReachOldConsumers(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.LimitsPolicy)
	written := m.hear(apiPrefix+"CONSUMER.CREATE.>", "")
	ensured := func(want jetstream.ConsumerConfig) jetstream.ConsumerConfig {
		m.cfg.Consumer = want
		c, err := Consume(m.nc, m.cfg)
		require.NoError(t, err)
		for range 2 { // the second time there is nothing to change
			require.NoError(t, c.ensure(t.Context(), owner(1)))
		}
		await(t, written, "the change")
		require.NoError(t, m.nc.Flush())
		require.Empty(t, written)
		return m.info(c.Durable(owner(1))).Config
	}
	is := ensured(jetstream.ConsumerConfig{MaxAckPending: 1, DeliverPolicy: jetstream.DeliverNewPolicy})
	require.Equal(t, 1, is.MaxAckPending)
	is = ensured(jetstream.ConsumerConfig{MaxAckPending: 1000, MaxRequestBatch: 500, Description: "orders", Metadata: map[string]string{"team": "x"}})
	require.Equal(t, 1000, is.MaxAckPending)
	require.Equal(t, 500, is.MaxRequestBatch)
	require.Equal(t, "orders", is.Description)
	require.Equal(t, "x", is.Metadata["team"])
	require.Equal(t, jetstream.DeliverNewPolicy, is.DeliverPolicy)
	is = ensured(jetstream.ConsumerConfig{AckWait: time.Minute, InactiveThreshold: time.Hour})
	require.Equal(t, time.Minute, is.AckWait)
	require.Equal(t, time.Hour, is.InactiveThreshold)
	require.Equal(t, 1000, is.MaxAckPending, "it is not set")
	is.MaxDeliver = 3 // by somebody else: the server would drop what is above it
	_, err := m.js.UpdateConsumer(t.Context(), "WORK", is)
	require.NoError(t, err)
	await(t, written, "what somebody else wrote")
	require.Equal(t, -1, ensured(m.cfg.Consumer).MaxDeliver)
}

// Whatever ends the pulling, all is begun again: here the consumer is deleted, and made
// anew.
func TestConsumers_BeginAgain(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	asked := m.hear(apiPrefix+"CONSUMER.MSG.NEXT.>", `"id"`)
	c, pid := m.open(owner(1))
	m.send("one")
	m.next("one").end <- nil
	await(t, asked, "its question")
	m.read(c.Durable(owner(1)))
	require.NoError(t, m.stream.DeleteConsumer(t.Context(), c.Durable(owner(1))))
	m.send("two")
	m.until("two")
	require.NoError(t, c.Err())
	m.revoke(pid)
	m.gone(pid)
}

// With lanes, the server divides messages: those of a key go to one lane, in order.
func TestConsumers_Lanes(t *testing.T) {
	const lanes = 4
	m := openMill(t, jetstream.LimitsPolicy)
	_, err := m.js.UpdateStream(t.Context(), jetstream.StreamConfig{
		Name: "WORK", Subjects: []string{"work.>"},
		SubjectTransform: &jetstream.SubjectTransformConfig{Source: "work.*", Destination: "work.{{partition(4,1)}}.{{wildcard(1)}}"},
	})
	require.NoError(t, err)
	m.cfg.Subjects = "work.{partition}.>"
	got := make(chan string, 100)
	m.cfg.Handle = func(_ context.Context, o partition.Owned, msg *nats.Msg) error {
		got <- string(o.ID) + " " + msg.Subject + " " + string(msg.Data)
		return nil
	}
	var all []*actor.PID
	for _, lane := range partition.Lanes(lanes) {
		_, pid := m.open(partition.Owned{ID: lane.ID(), Token: 1})
		all = append(all, pid)
	}
	laneOf, last := map[string]string{}, map[string]string{}
	const keys, rounds = 20, 3
	for round := range rounds {
		for key := range keys {
			_, err := m.js.Publish(t.Context(), fmt.Sprintf("work.k%d", key), []byte(strconv.Itoa(round)))
			require.NoError(t, err)
		}
	}
	for range keys * rounds {
		words := strings.Fields(await(t, got, "a message"))
		parts := strings.Split(words[1], ".")
		require.Equal(t, words[0], parts[1], "a lane has its own messages")
		key := parts[2]
		if laneOf[key] == "" {
			laneOf[key] = words[0]
		}
		require.Equal(t, laneOf[key], words[0], "a key stays in its lane")
		require.LessOrEqual(t, last[key], words[2], "in order")
		last[key] = words[2]
	}
	for _, pid := range all {
		m.revoke(pid)
		m.gone(pid)
	}
}

// The server forgets what was asked for over a connection that broke.
func TestConsumers_Reconnect(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.Consumer.AckWait = 3 * time.Second // for what is on its way when the connection breaks
	c, pid := m.open(owner(1))
	m.send("one")
	m.next("one").end <- nil
	require.NoError(t, c.port.nc.ForceReconnect())
	m.send("two")
	m.until("two")
	m.revoke(pid)
	m.gone(pid)
}

// What docs/consuming.md says a worker must be permitted is enough to hand over.
func TestConsumers_LeastPrivilege(t *testing.T) {
	t.Parallel()
	m := openMillOn(t, embedded.Config{Options: func(o *server.Options) {
		o.Users = []*server.User{{Username: "all", Password: "all"}, {Username: "few", Password: "few", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Allow: []string{
				"$JS.API.CONSUMER.INFO.WORK.>", "$JS.API.CONSUMER.CREATE.WORK.>", "$JS.API.CONSUMER.MSG.NEXT.WORK.>",
				"$JS.API.CONSUMER.UNPIN.WORK.>", "$JS.ACK.WORK.>",
			}},
			Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
		}}}
		o.NoAuthUser = "few"
	}}, jetstream.WorkQueuePolicy)
	log := make(lines, 100)
	m.cfg.Logger, m.cfg.Consumer.AckWait = slog.New(slog.NewTextHandler(log, nil)), 3*time.Second
	prolonged := m.acks("+WPI")
	_, first := m.open(owner(1))
	m.send("one", "two")
	one := m.next("one")
	m.here(prolonged, 2)
	m.revoke(first)
	one.end <- nil
	m.gone(first)
	_, second := m.open(owner(2))
	m.next("two").end <- nil
	m.revoke(second)
	m.gone(second)
	require.Empty(t, log, "nothing is complained of")
}

// A partition that is taken away before it is its turn to ask is let go at once.
//
// hazard 55
func TestConsumers_RevokedWhileItBegins(t *testing.T) {
	m := openMill(t, jetstream.LimitsPolicy)
	c, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	for range maxAsking {
		c.slots <- struct{}{}
	}
	pid := m.own(c, owner(1))
	m.revoke(pid)
	m.gone(pid)
	require.NoError(t, c.Err(), "what is not owned does not fail")
}
