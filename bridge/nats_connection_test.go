package bridge

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// listen hears what becomes of the connection.
func listenTo(t *testing.T, p *asker) <-chan Signal {
	t.Helper()
	signals := make(chan Signal, 10)
	t.Cleanup(p.Listen(func(s Signal) { signals <- s }))
	return signals
}

func TestNATSPort_WhatIsNotSentIsNotInDoubt(t *testing.T) {
	p, s := portOn(t)
	signals := listenTo(t, p)
	s.Stop()
	require.Equal(t, Disconnected, await(t, signals, "the loss of the connection"))
	require.Equal(t, Refused, publish(t, p, put("lead", "x", 0)).Outcome)
	require.Equal(t, Unknown, submit(t, p, Op{Get: at("lead")}).Outcome)
	require.Equal(t, Unknown, info(t, p).Result.Outcome)
	p.nc.Close()
	for await(t, signals, "the end") != Closed {
		continue
	}
	require.Equal(t, Denied, publish(t, p, put("lead", "x", 0)).Outcome, "it never comes back")
	require.Equal(t, Denied, submit(t, p, Op{Get: at("lead")}).Outcome)
	require.Equal(t, Closed, await(t, listenTo(t, p), "what was before"))
}

// Neither the client, which knows what the server takes, nor the stream takes it, now
// or later.
func TestNATSPort_WhatIsTooLargeIsToldApart(t *testing.T) {
	s := startServer(t, embedded.Config{Options: func(o *server.Options) { o.MaxPayload = 4096 }})
	p := portTo(t, connect(t, s), Config{Group: "g"})
	js, err := jetstream.New(p.nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), "KV_g")
	require.NoError(t, err)
	cfg := stream.CachedInfo().Config
	cfg.MaxMsgSize = 1024
	_, err = js.UpdateStream(t.Context(), cfg)
	require.NoError(t, err)
	for _, size := range []int{2000, 5000} {
		large := put("lead", strings.Repeat("x", size), 0)
		for _, batch := range [][]Message{{large}, {put("term", "x", 0), large}} {
			r := publish(t, p, batch...)
			require.Equal(t, Refused, r.Outcome)
			require.Equal(t, CodeTooLarge, r.Code, "%v", r.Err)
		}
	}
}

func TestNATSPort_NoAnswerIsUnknown(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	p := &asker{newNATSPort(nc, "g"), 50 * time.Millisecond}
	asked := make(chan *nats.Msg, 10) // somebody hears it and says nothing
	for _, subject := range []string{at("lead"), "$JS.API.STREAM.MSG.GET.KV_g"} {
		_, err := nc.ChanSubscribe(subject, asked)
		require.NoError(t, err)
	}
	for _, op := range []Op{{Publish: []Message{put("lead", "x", 0)}}, {Publish: []Message{put("lead", "x", 0), put("lead", "x", 0)}}} {
		r := submit(t, p, op)
		require.Equal(t, Unknown, r.Outcome)
		require.ErrorIs(t, r.Err, errLate)
		require.Equal(t, at("lead"), await(t, asked, "the write").Subject)
	}
}

func TestNATSPort_ACancelledQuestionEnds(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	p := newNATSPort(nc, "g")
	asked, done := make(chan *nats.Msg, 1), make(chan Result, 1)
	_, err := nc.ChanSubscribe(at("lead"), asked)
	require.NoError(t, err)
	cancel := p.Submit(Op{Publish: []Message{put("lead", "x", 0)}}, time.Hour, func(r Result) { done <- r })
	await(t, asked, "the write")
	cancel()
	r := await(t, done, "the end")
	require.Equal(t, Unknown, r.Outcome)
	require.ErrorIs(t, r.Err, context.Canceled)
}

// withUser is a server with an administrator and a user with these permissions,
// and ports of both.
func withUser(t *testing.T, may server.Permissions, opts ...nats.Option) (admin, user *asker) {
	t.Helper()
	s := startServer(t, embedded.Config{Options: func(o *server.Options) {
		o.Users = []*server.User{{Username: "admin", Password: "a"}, {Username: "user", Password: "u", Permissions: &may}}
	}})
	quiet := nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})
	admin = portTo(t, connect(t, s, nats.UserInfo("admin", "a")), Config{Group: "g"})
	user = &asker{newNATSPort(connect(t, s, append(opts, quiet, nats.UserInfo("user", "u"))...), "g"), 200 * time.Millisecond}
	return admin, user
}

func allow(subjects ...string) *server.SubjectPermission {
	return &server.SubjectPermission{Allow: subjects}
}

func TestN14_ADenialIsFinal(t *testing.T) {
	_, p := withUser(t, server.Permissions{Subscribe: allow(">"), Publish: allow("$JS.API.STREAM.INFO.>", at("term"))})
	require.Equal(t, Denied, publish(t, p, put("lead", "x", 0)).Outcome)
	require.Equal(t, Denied, submit(t, p, Op{Get: at("lead")}).Outcome)
	require.Equal(t, Accepted, info(t, p).Result.Outcome)
	require.Equal(t, Accepted, publish(t, p, put("term", "x", 0)).Outcome, "what is denied to others is not to this")
	r := publish(t, p, put("lead", "x", 0), put("term", "y", 1))
	require.Equal(t, Denied, r.Outcome, "one message of a batch is enough")
	require.ErrorIs(t, r.Err, nats.ErrPermissionViolation)
	gone := make(chan error, 1)
	w := p.Watch(at("live.*"), p.within, func(Sights) {}, func(err error) { gone <- err })
	defer w.Stop()
	require.ErrorIs(t, await(t, gone, "the end of the watch"), nats.ErrPermissionViolation)
}

func TestN14_AnOldDenialIsNotTheReasonOfALaterSilence(t *testing.T) {
	_, p := withUser(t, server.Permissions{Subscribe: allow(">"), Publish: allow(at("term"))})
	require.Equal(t, Denied, publish(t, p, put("lead", "x", 0)).Outcome)
	require.Error(t, p.denial(nil, at("lead")))
	require.NoError(t, p.denial(p.nc.LastError(), at("lead")))
}

func TestN14_WhoMayNotHearAnswersIsDenied(t *testing.T) {
	for name, opts := range map[string][]nats.Option{
		"one inbox": nil, "an inbox for each question": {nats.UseOldRequestStyle()}, "of a prefix with a dot": {nats.CustomInboxPrefix("an.inbox")},
	} {
		t.Run(name, func(t *testing.T) {
			_, p := withUser(t, server.Permissions{Subscribe: allow("other.>"), Publish: allow(">")}, opts...)
			require.Equal(t, Denied, info(t, p).Result.Outcome)
			require.Equal(t, Denied, publish(t, p, put("lead", "x", 0)).Outcome)
		})
	}
}

// What the caller subscribes to on the same connection is the caller's affair.
func TestN14_ADenialOfTheCallersIsNoDenial(t *testing.T) {
	_, p := withUser(t, server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"_INBOX.>", "mine.other.*"}}, Publish: allow(">")}, nats.CustomInboxPrefix("mine"))
	for _, subject := range []string{"_INBOX.>", "_INBOX." + strings.Repeat("x", 22) + ".*", "mine.other.*"} {
		_, err := p.nc.SubscribeSync(subject)
		require.NoError(t, err)
		require.NoError(t, p.nc.Flush())
		require.ErrorIs(t, p.nc.LastError(), nats.ErrPermissionViolation)
		require.NoError(t, p.denial(nil, at("lead")), subject)
	}
}

// A watch hears what it hears by an inbox of its own, which may be denied alone.
func TestN14_AWatchThatMayNotHearIsDenied(t *testing.T) {
	_, p := withUser(t, server.Permissions{Subscribe: allow("_INBOX.*.*"), Publish: allow(">")})
	gone := make(chan error, 1)
	w := p.Watch(at("lead"), p.within, func(Sights) {}, func(err error) { gone <- err })
	defer w.Stop()
	require.ErrorIs(t, await(t, gone, "the end of the watch"), ErrDenied)
}

func TestN14_AnInboxOfOnesOwnIsEnough(t *testing.T) {
	_, p := withUser(t, server.Permissions{Subscribe: allow("mine.>"), Publish: allow(">")}, nats.CustomInboxPrefix("mine"))
	require.Equal(t, Accepted, publish(t, p, put("lead", "x", 0)).Outcome)
	seen := make(chan Sights, 1)
	w := p.Watch(at("lead"), p.within, func(s Sights) { seen <- s }, func(error) {})
	defer w.Stop()
	require.Len(t, await(t, seen, "the record").Messages, 1)
}

func TestN4_AFaultOfTheServerIsNoRefusal(t *testing.T) {
	for want, list := range map[Outcome][]jetstream.APIError{
		Unknown: {{Code: 400, ErrorCode: CodeFenceInFlight}, {Code: 503, ErrorCode: CodeNoQuorum}, {Code: 500, ErrorCode: 10047}},
		Refused: {{Code: 400, ErrorCode: CodeWrongSequence}, {Code: 404, ErrorCode: CodeStreamNotFound}, {Code: 503, ErrorCode: codeJetStreamOff}},
	} {
		for _, e := range list {
			require.Equal(t, want, refusal(&e).Outcome, "%d", e.ErrorCode)
		}
	}
	require.Equal(t, CodeNoJetStream, refusal(&jetstream.APIError{Code: 503, ErrorCode: codeJetStreamOff}).Code)
}
