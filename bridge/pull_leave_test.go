package bridge

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

// What was lost with a connection is not waited for: pulling goes on long before AckWait,
// after which it comes again, is over.
//
// hazard 55
func TestConsumers_ReconnectWaitsForNothing(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.Consumer.AckWait = time.Hour
	got := make(chan *nats.Msg, 10)
	m.cfg.Handle = func(_ context.Context, _ partition.Owned, msg *nats.Msg) error { got <- msg; return nil }
	asked := m.hear(apiPrefix+"CONSUMER.MSG.NEXT.>", `"id"`)
	c, pid := m.open(owner(1))
	m.send("one")
	pin := await(t, got, "one").Header.Get(pinHeader)
	await(t, asked, "its question")
	m.read(c.Durable(owner(1)))
	lost, err := m.nc.SubscribeSync(m.nc.NewInbox())
	require.NoError(t, err)
	ask := `{"batch":1,"group":"owner","id":"` + pin + `"}`
	require.NoError(t, m.nc.PublishRequest(apiPrefix+"CONSUMER.MSG.NEXT.WORK."+c.Durable(owner(1)), lost.Subject, []byte(ask)))
	m.read(c.Durable(owner(1)))
	m.send("two", "three") // one of them
	_, err = lost.NextMsg(patience)
	require.NoError(t, err)
	await(t, got, "the other")
	again := m.hear(apiPrefix+"CONSUMER.MSG.NEXT.>", `"no_wait"`)
	require.NoError(t, c.port.nc.ForceReconnect())
	await(t, again, "its first question")
	m.send("four")
	for text := ""; text != "four"; {
		text = string(await(t, got, "four").Data)
	}
	m.revoke(pid)
	m.gone(pid)
}

// A first question that waits, as the consumer has as many messages under way as it may
// have, holds up no hand-over.
//
// hazard 55
func TestConsumers_RevokedWhileTheFirstQuestionWaits(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.Consumer.AckWait, m.cfg.Consumer.MaxAckPending = time.Hour, 1
	c, first := m.open(owner(1))
	m.send("one", "two")
	one := m.next("one")
	m.system.Root.Send(m.keeper, stopChild{first}) // as when a lease ends
	m.gone(first)
	one.end <- nil
	asked := m.hear(apiPrefix+"CONSUMER.MSG.NEXT.>", `"no_wait"`)
	_, second := m.open(owner(2))
	await(t, asked, "its question")
	m.read(c.Durable(owner(2)))
	m.revoke(second)
	m.gone(second)
}

// A server may be slow to read what it is asked. What is here is given back only when it
// has: a question that it reads after that takes it for somebody who has left.
//
// hazard 52
func TestConsumers_RevokedBeforeItsQuestionIsRead(t *testing.T) {
	t.Parallel()
	const next = apiPrefix + "CONSUMER.MSG.NEXT.WORK."
	m := openMillOn(t, embedded.Config{Options: func(o *server.Options) {
		all := server.NewAccount("$G")
		require.NoError(t, errors.Join(all.AddMapping(next+"*", "asked.$1"), all.AddMapping("read.*", next+"$1")))
		o.Accounts = append(o.Accounts, all)
	}}, jetstream.WorkQueuePolicy)
	m.cfg.Consumer.AckWait = time.Hour
	m.send("one", "two", "three")
	asked, unread := make(chan bool, 1), make(chan *nats.Msg, 1)
	read := func(q *nats.Msg) {
		_ = m.nc.PublishRequest("read."+strings.TrimPrefix(q.Subject, "asked."), q.Reply, q.Data)
	}
	slow := true
	_, err := m.nc.Subscribe("asked.*", func(q *nats.Msg) {
		if slow && strings.Contains(string(q.Data), `"id"`) {
			slow = false
			unread <- q
			asked <- true
			return
		}
		select {
		case before := <-unread:
			read(before)
		default:
		}
		read(q)
	})
	require.NoError(t, err)
	require.NoError(t, m.nc.Flush())
	_, first := m.open(owner(1))
	one := m.next("one")
	await(t, asked, "a question that waits")
	m.revoke(first)
	one.end <- nil
	m.gone(first)
	require.Empty(t, unread, "all that it asked is read")
	_, second := m.open(owner(2))
	m.next("two").end <- nil
	m.next("three").end <- nil
	m.revoke(second)
	m.gone(second)
}
