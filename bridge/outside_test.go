package bridge

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// visitor is a parent of the outside: it hands over what it hears, and asks.
type visitor struct {
	t     *testing.T
	mail  chan any
	pid   *actor.PID
	out   *actor.PID
	root  *actor.RootContext
	props *actor.Props
}

func (v *visitor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		v.out = ctx.Spawn(v.props)
		ctx.Send(v.out, messages.OpenStore{StoreTimeout: ample / 3, PollInterval: 100 * time.Millisecond})
		v.mail <- v.out
	case *actor.Stopping, *actor.Stopped, *actor.Terminated:
	default:
		v.mail <- m
	}
}

func visit(t *testing.T, props *actor.Props) *visitor {
	t.Helper()
	system := actor.NewActorSystem(actor.WithDeadLetterThrottleInterval(time.Millisecond), actor.WithLoggerFactory(
		func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	v := &visitor{t: t, mail: make(chan any, 1000), root: system.Root, props: props}
	v.pid = system.Root.Spawn(stage.Rooted(stage.Props(func() actor.Actor { return v })))
	await(t, v.mail, "the outside")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, stopTree(ctx, system, v.pid))
		system.Shutdown()
	})
	return v
}

// ask sends a question to the outside as the visitor.
func (v *visitor) ask(m any) { v.root.RequestWithCustomSender(v.out, m, v.pid) }

// hear waits for mail of this type; other mail is passed over.
func hear[M any](v *visitor) M {
	v.t.Helper()
	for {
		if m, ok := await(v.t, v.mail, "mail").(M); ok {
			return m
		}
	}
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func plain() Config {
	return Config{Group: "g", Logger: silent()}
}

func TestOutside_StoresReadsAndWatches(t *testing.T) {
	v := visit(t, NATS(connect(t, startServer(t, embedded.Config{})), plain()))
	opened := hear[messages.StoreOpened](v)
	require.NotEmpty(t, opened.Incarnation)
	require.False(t, opened.Fresh)

	live := partition.Live{Session: "s", Beat: 1}
	v.ask(messages.Store{Round: 1, Writes: []messages.Write{{Key: messages.KeyLive("w"), Record: live}}})
	stored := hear[messages.Stored](v)
	require.Equal(t, []partition.Revision{1}, stored.Revisions)
	require.False(t, stored.Sent.IsZero())
	v.ask(messages.Store{Round: 2, Writes: []messages.Write{{Key: messages.KeyLive("w"), Record: live}}})
	refused := hear[messages.Conflicted](v)
	require.True(t, refused.Named)
	require.EqualValues(t, 1, refused.Revision)

	v.ask(messages.Watch{Round: 3, Key: messages.AllLive})
	require.Equal(t, live, hear[messages.Seen](v).Entry.Record)
	require.EqualValues(t, 3, hear[messages.WatchSynced](v).Round)

	asg := big(5, 15_000)
	v.ask(messages.Store{Round: 4, Writes: []messages.Write{
		{Key: messages.KeyTerm, Record: partition.Term{Worker: "w", Session: "s", Nonce: "n"}},
		{Key: messages.KeyAssignment("w"), Record: asg, Blind: true},
		{Key: messages.KeyHead, Record: partition.Head{Nonce: "h", Step: 5}},
	}})
	batch := hear[messages.Stored](v)
	require.EqualValues(t, 2, batch.Revisions[0])
	require.Greater(t, batch.Revisions[1], batch.Revisions[0]+2, "the assignment went in parts, its part 0 last")

	v.ask(messages.Read{Round: 5, Keys: []messages.Key{messages.KeyLead, messages.KeyTerm, messages.KeyHead, messages.AllAssignments}})
	read := hear[messages.ReadDone](v)
	require.Len(t, read.Entries, 4)
	require.Zero(t, read.Entries[0].Revision)
	require.Equal(t, partition.Term{Worker: "w", Session: "s", Nonce: "n"}, read.Entries[1].Record)
	require.Equal(t, batch.Revisions[2], read.Entries[2].Revision)
	require.Equal(t, asg, read.Entries[3].Record)
}

// Whose worker is stuck should hear of it also where it is not.
func TestOutside_LogsWhomTheLeaderFenced(t *testing.T) {
	var log bytes.Buffer
	cfg := plain()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	v := visit(t, NATS(connect(t, startServer(t, embedded.Config{})), cfg))
	hear[messages.StoreOpened](v)
	live := partition.Live{Session: "stuck", Beat: 1}
	v.ask(messages.Store{Round: 1, Writes: []messages.Write{{Key: messages.KeyLive("w"), Record: live}}})
	hear[messages.Stored](v)
	require.NotContains(t, log.String(), "fenced")
	v.ask(messages.Store{Round: 2, Writes: []messages.Write{{Key: messages.KeyLive("w"), Record: live.Fenced(partition.Fence{Term: 1}), Expect: 1}}})
	hear[messages.Stored](v)
	require.Contains(t, log.String(), `msg="a session is fenced" group=g worker=w session=stuck fenced=w fenced_session=stuck silent=false`)
}

func TestOutside_RefusesWhatIsLateOrTooLarge(t *testing.T) {
	v := visit(t, NATS(connect(t, startServer(t, embedded.Config{})), plain()))
	opened := hear[messages.StoreOpened](v)
	write := messages.Write{Key: messages.KeyLead, Record: partition.Lead{Worker: "w", Session: "s"}}
	v.ask(messages.Store{Round: 1, NotAfter: opened.At, Writes: []messages.Write{write}})
	require.Contains(t, hear[messages.Rejected](v).Reason, "too late")
	v.ask(messages.Store{Round: 2, Writes: make([]messages.Write, 0)})
	require.Contains(t, hear[messages.Rejected](v).Reason, "must have 1 to 1000")
	v.ask(messages.Store{Round: 3, Writes: []messages.Write{{Key: messages.KeyLead, Record: "text"}}})
	require.Contains(t, hear[messages.Rejected](v).Reason, "string is no record")
}

// hazard 10
func TestOutside_TheLoserOfTheCreationBindsToTheWinners(t *testing.T) {
	s := startServer(t, embedded.Config{})
	names := map[string]bool{}
	visitors := make([]*visitor, 5)
	for i := range visitors {
		cfg := plain()
		cfg.Fresh = true
		visitors[i] = visit(t, NATS(connect(t, s), cfg))
	}
	for _, v := range visitors {
		opened := hear[messages.StoreOpened](v)
		require.True(t, opened.Fresh)
		names[opened.Incarnation] = true
	}
	require.Len(t, names, 1)
}

// hazard 24
func TestOutside_ARecreatedStreamIsAnotherIncarnation(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	v := visit(t, NATS(nc, plain()))
	first := hear[messages.StoreOpened](v)
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	require.NoError(t, js.DeleteStream(t.Context(), "KV_g"))
	v.ask(messages.Store{Round: 1, Writes: []messages.Write{{Key: messages.KeyLead, Record: partition.Lead{Worker: "w", Session: "s"}}}})
	require.EqualValues(t, 1, hear[messages.Unsure](v).Round)
	require.False(t, hear[messages.StoreLost](v).Alarm)
	second := hear[messages.StoreOpened](v)
	require.NotEqual(t, first.Incarnation, second.Incarnation)
	require.NotEqual(t, first.Entropy, second.Entropy)
	require.False(t, second.Fresh)
}

func TestOutside_AcceptsAStreamThatKeepsItsHistoryAndHasALimit(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "KV_g", Subjects: []string{"$KV.g.one.>"}, AllowAtomicPublish: true, DenyDelete: true, DenyPurge: true,
		MaxMsgsPerSubject: -1, MaxBytes: 1 << 20, Discard: jetstream.DiscardNew, Metadata: map[string]string{IncarnationKey: "one"},
	})
	require.NoError(t, err)
	cfg := plain()
	cfg.BindOnly = true
	require.Equal(t, "one", hear[messages.StoreOpened](visit(t, NATS(nc, cfg))).Incarnation)
}

func TestOutside_SaysWhyThereIsNoStore(t *testing.T) {
	t.Run("configuration", func(t *testing.T) {
		nc := connect(t, startServer(t, embedded.Config{}))
		failed := hear[messages.StoreFailed](visit(t, NATS(nc, Config{Group: "a.b", Replicas: 9, Logger: silent()})))
		require.True(t, failed.Final)
		require.Contains(t, failed.Reason, `Group is "a.b"; must be`)
		require.Contains(t, failed.Reason, "Replicas is 9; must be 1, 3 or 5")
	})
	t.Run("no connection", func(t *testing.T) {
		failed := hear[messages.StoreFailed](visit(t, NATS(nil, plain())))
		require.True(t, failed.Final)
		require.Contains(t, failed.Reason, "the connection is nil")
	})
	t.Run("bind only", func(t *testing.T) {
		cfg := plain()
		cfg.BindOnly = true
		failed := hear[messages.StoreFailed](visit(t, NATS(connect(t, startServer(t, embedded.Config{})), cfg)))
		require.False(t, failed.Final)
		require.Contains(t, failed.Reason, "there is no stream KV_g")
	})
	t.Run("no JetStream", func(t *testing.T) {
		failed := hear[messages.StoreFailed](visit(t, NATS(withoutJetStream(t)(), plain())))
		require.False(t, failed.Final)
		require.Contains(t, failed.Reason, "JetStream is not enabled")
	})
	t.Run("no JetStream for the account", func(t *testing.T) {
		ns := startServer(t, embedded.Config{Options: func(o *server.Options) {
			account := server.NewAccount("poor")
			o.Accounts, o.Users = []*server.Account{account}, []*server.User{{Username: "u", Password: "p", Account: account}}
		}})
		failed := hear[messages.StoreFailed](visit(t, NATS(connect(t, ns, nats.UserInfo("u", "p")), plain())))
		require.False(t, failed.Final)
		require.Equal(t, "JetStream is not enabled on the server or for this account", failed.Reason)
	})
	t.Run("a closed connection", func(t *testing.T) {
		nc := connect(t, startServer(t, embedded.Config{}))
		v := visit(t, NATS(nc, plain()))
		hear[messages.StoreOpened](v)
		nc.Close()
		hear[messages.StoreLost](v)
		failed := hear[messages.StoreFailed](v)
		require.True(t, failed.Final)
		require.Equal(t, "the connection to NATS is closed", failed.Reason)
	})
}

func TestTooOld(t *testing.T) {
	for version, old := range map[string]bool{
		"2.12.2": true, "2.12.3": false, "2.11.9": true, "2.15.2": false, "3.0.0": false, "1.99.99": true, "v2.12.2-RC.1": true, "dev": false,
	} {
		require.Equal(t, old, tooOld(version), version)
	}
}
