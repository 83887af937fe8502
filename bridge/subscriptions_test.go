package bridge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// What the server denied before, or denies of something else, is no denial of a
// subscription. But it may hide one.
func TestSubscriptions_OnlyItsOwnDenialCounts(t *testing.T) {
	_, p := withUser(t, server.Permissions{
		Subscribe: &server.SubjectPermission{Deny: []string{"_INBOX.p1", "work.p2"}},
		Publish:   &server.SubjectPermission{Deny: []string{"work.p1"}},
	})
	x := &subscription{s: &Subscriptions{port: p.natsPort}, ctx: t.Context()}
	subscribe := func(subject string, then func()) error {
		before := p.nc.LastError()
		_, err := p.nc.SubscribeSync(subject)
		require.NoError(t, err)
		then()
		return x.confirm(before, subject)
	}
	nothing := func() {}
	require.ErrorContains(t, subscribe("_INBOX.p1", nothing), "not permitted: nats: permissions violation")
	require.NoError(t, subscribe("work.p1", nothing))
	require.ErrorContains(t, subscribe("work.p2", nothing), "not permitted")
	require.NoError(t, subscribe("work.p3", nothing), "of the others nothing is said")
	require.ErrorContains(t, subscribe("work.p2", nothing), "not permitted", "it is said anew")
	err := subscribe("work.p1", func() { require.NoError(t, p.nc.Publish("work.p1", nil)) })
	require.ErrorIs(t, err, errDoubt)
	require.ErrorContains(t, err, `Publish to "work.p1"`)
}

// A subscription of which it is not known whether it is permitted works, if it is,
// while it is asked for again.
func TestSubscriptions_WhatIsInDoubtStays(t *testing.T) {
	said, answer := make(chan string), make(chan string)
	nc, err := nats.Connect(scripted(t, said, answer), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	handled, ended := make(chan string, 1), make(chan error, 1)
	s, err := Subscribe(nc, "work.{partition}", func(_ context.Context, _ partition.Owned, m *nats.Msg) { handled <- string(m.Data) })
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { ended <- s.work(ctx, t.Context(), partition.Owned{ID: "p", Token: 1}) }()

	require.Equal(t, "SUB work.p  1", spoken(t, said))
	answer <- `-ERR 'Permissions Violation for Publish to "other"'`
	require.Equal(t, "SUB work.p  2", spoken(t, said))
	require.ErrorContains(t, s.Err(), `partition p: work.p: it is not known whether the server permits it: nats: permissions violation`)
	answer <- "MSG work.p 1 2\r\nhi"
	require.Equal(t, "hi", await(t, handled, "the message"))
	require.Equal(t, "UNSUB 2", spoken(t, said))
	answer <- "+OK"
	cancel(errRevoked)
	require.Equal(t, "UNSUB 1", spoken(t, said))
	answer <- "+OK"
	require.ErrorIs(t, await(t, ended, "the end"), errRevoked)
	require.NoError(t, s.Err())
}

// A panic is one message's failure, however many there are: it is logged, and neither ends
// the subscription nor is a failure of the partition's actor, for which that would be
// quarantined.
//
// hazard 55
func TestSubscriptions_APanicIsTheMessagesFailure(t *testing.T) {
	t.Parallel()
	nc := connect(t, startServer(t, embedded.Config{}))
	log := make(lines, 100)
	s, err := Subscribe(nc, "work.{partition}", func(_ context.Context, _ partition.Owned, m *nats.Msg) {
		if string(m.Data) == "bad" {
			panic("it is\nmalformed")
		}
		_ = m.Respond(nil)
	})
	require.NoError(t, err)
	s.log = slog.New(slog.NewTextHandler(log, nil))
	shop := openShop(t, nil)
	shop.props = s.Props
	pid := shop.begin(1)
	works := func() {
		for err := nats.ErrNoResponders; err != nil; {
			_, err = nc.Request("work.p", nil, patience)
			require.True(t, err == nil || errors.Is(err, nats.ErrNoResponders), err)
		}
	}
	works()
	for range 2 * partition.Default().PoisonBudget {
		require.NoError(t, nc.Publish("work.p", []byte("bad")))
		line := await(t, log, "a word in the log")
		require.Contains(t, line, `msg="a message was not handled" partition=p subject=work.p reason="it panicked: it is\nmalformed"`)
	}
	works()
	require.NoError(t, s.Err())
	require.Empty(t, shop.failed, "the actor has not failed")
	require.Empty(t, shop.ended)
	shop.system.Root.Send(pid, messages.Revoke{Deadline: time.Now().Add(time.Hour)})
	require.Equal(t, pid, await(t, shop.ended, "the end of the actor"))
	require.Empty(t, log)
}

// After a reconnect the server may permit less than before, and later more again.
func TestSubscriptions_PermissionsChange(t *testing.T) {
	t.Parallel()
	srv := startServer(t, embedded.Config{Options: func(o *server.Options) {
		o.Users = []*server.User{{Username: "many", Password: "x"}, {Username: "few", Password: "x", Permissions: &server.Permissions{Subscribe: allow("other")}}}
	}})
	var user atomic.Value
	user.Store("many")
	denied := make(chan error, 100)
	nc := connect(t, srv, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }),
		nats.UserInfoHandler(func() (string, string) { name, _ := user.Load().(string); return name, "x" }))
	s, err := Subscribe(nc, "work.{partition}", func(_ context.Context, _ partition.Owned, m *nats.Msg) { _ = m.Respond(nil) })
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 2)
	for _, id := range []partition.PartitionID{"p", "q"} {
		go func() { ended <- s.work(ctx, t.Context(), partition.Owned{ID: id, Token: 1}) }()
	}
	other := connect(t, srv, nats.UserInfo("many", "x"))
	subscribed := func() {
		for _, subject := range []string{"work.p", "work.q"} {
			for err := nats.ErrNoResponders; err != nil; {
				_, err = other.Request(subject, nil, patience)
				require.True(t, err == nil || errors.Is(err, nats.ErrNoResponders), err)
			}
		}
	}
	subscribed()
	user.Store("few")
	require.NoError(t, nc.ForceReconnect())
	for said := ""; !strings.Contains(said, "partition p: not permitted") || !strings.Contains(said, "partition q: not permitted"); {
		await(t, denied, "a denial: each is tried again") // after which it is in Err
		said = fmt.Sprint(s.Err())
	}
	user.Store("many")
	require.NoError(t, nc.ForceReconnect())
	subscribed()
	cancel(errRevoked)
	for range 2 {
		require.ErrorIs(t, await(t, ended, "the end"), errRevoked)
	}
	require.NoError(t, s.Err())
}

// spoken is what a client says next of its subscriptions.
func spoken(t *testing.T, said <-chan string) string {
	t.Helper()
	return await(t, said, "what the client says")
}

// scripted is the address of a server of one client. What that says of its
// subscriptions is told, and answered as the test says.
func scripted(t *testing.T, said chan<- string, answer <-chan string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
		say(`INFO {"server_id":"s","version":"2.12.3","max_payload":1048576}`)
		for lines := bufio.NewScanner(c); lines.Scan(); {
			switch word, _, _ := strings.Cut(lines.Text(), " "); word {
			case "PING":
				say("PONG")
			case "SUB", "UNSUB":
				said <- strings.TrimSpace(lines.Text())
				say(<-answer)
			}
		}
	}()
	return "nats://" + l.Addr().String()
}
