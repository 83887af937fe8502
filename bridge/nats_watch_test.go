package bridge

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// view is a watch whose callbacks go to channels.
type view struct {
	Watching
	seen chan Sights
	gone chan error
}

func look(t *testing.T, p *asker, name string) *view {
	t.Helper()
	v := &view{seen: make(chan Sights, 100), gone: make(chan error, 10)}
	v.Watching = p.Watch(at(name), p.within, func(s Sights) { v.seen <- s }, func(err error) { v.gone <- err })
	t.Cleanup(v.Stop)
	return v
}

// pass returns the newest sight of each subject, up to the end of the first pass.
func (v *view) pass(t *testing.T) map[string]Sight {
	t.Helper()
	newest := map[string]Sight{}
	for !v.take(t, newest) {
		v.Next()
	}
	return newest
}

// take adds what is seen next, and reports whether the first pass is over.
func (v *view) take(t *testing.T, newest map[string]Sight) (synced bool) {
	t.Helper()
	s := await(t, v.seen, "what exists or changes")
	for i, m := range s.Messages {
		require.Greater(t, m.Sequence, newest[m.Subject].Sequence, "never back")
		require.NotContains(t, subjectsOfSights(s.Messages[:i]), m.Subject, "one a subject")
		newest[m.Subject] = m
	}
	return s.Synced
}

func subjectsOfSights(sights []Sight) []string {
	subjects := make([]string, len(sights))
	for i, s := range sights {
		subjects[i] = s.Subject
	}
	return subjects
}

// hazard 64
func TestNATSWatch_WithoutCreditOnlyTheNewestIsKept(t *testing.T) {
	p, _ := portOn(t)
	v := look(t, p, "live.*")
	require.Empty(t, v.pass(t))
	w := v.Watching.(*natsWatch)
	for seq := range uint64(1000) {
		require.Equal(t, Accepted, publish(t, p, put("live.w", "x", seq)).Outcome)
	}
	kill(t, p, "live.w")
	require.Len(t, look(t, p, "live.*").pass(t), 1)
	w.mu.Lock()
	require.LessOrEqual(t, len(w.news), 1)
	w.mu.Unlock()
	require.Empty(t, v.seen, "not asked for")
	v.Next()
	for {
		if m := await(t, v.seen, "the newest").Messages[0]; m.Sequence == 1001 {
			require.Nil(t, m.Data, "a deletion")
			return
		}
		v.Next()
	}
}

func TestNATSWatch_ManyRecordsComeThrough(t *testing.T) {
	p, _ := portOn(t)
	for part := range 3 {
		batch := make([]Message, 900)
		for i := range batch {
			batch[i] = Message{Subject: at(fmt.Sprintf("asg.w%d.%d", i, part)), Data: make([]byte, 8<<10)}
		}
		require.Equal(t, Accepted, publish(t, p, batch...).Outcome)
	}
	require.Len(t, look(t, p, "asg.*.*").pass(t), 2700)
}

// beat lets silence be noticed soon.
const beat = 500 * time.Millisecond

func TestN9_AWatchThatFellSilentIsGone(t *testing.T) {
	for name, silence := range map[string]func(t *testing.T, js jetstream.JetStream, v *view){
		"consumer deleted": func(t *testing.T, js jetstream.JetStream, v *view) {
			require.NoError(t, js.DeleteConsumer(t.Context(), "KV_g", v.Watching.(*natsWatch).name))
		},
		"stream deleted": func(t *testing.T, js jetstream.JetStream, _ *view) {
			require.NoError(t, js.DeleteStream(t.Context(), "KV_g"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := portOn(t)
			p.heartbeat = beat
			v := look(t, p, "live.*")
			v.pass(t)
			js, err := jetstream.New(p.nc, jetstream.WithDefaultTimeout(patience))
			require.NoError(t, err)
			silence(t, js, v)
			require.Error(t, await(t, v.gone, "the end of the watch"))
		})
	}
}

func TestN9_AfterARestartOfTheServerAWatchIsGoneAndCanBeBegunAgain(t *testing.T) {
	cfg := embedded.Config{Dir: t.TempDir()}
	first := startServer(t, cfg)
	cfg.Port = portOf(t, first)
	p := portTo(t, connect(t, first), Config{Group: "g"})
	p.heartbeat = beat
	publish(t, p, put("live.w", "x", 0))
	v := look(t, p, "live.*")
	require.Len(t, v.pass(t), 1)
	signals := listenTo(t, p)
	first.Stop()
	startServer(t, cfg)
	for await(t, signals, "the connection") != Reconnected {
		continue
	}
	require.Error(t, await(t, v.gone, "the end of the watch"))
	require.Equal(t, "x", string(look(t, p, "live.*").pass(t)[at("live.w")].Data))
}

func TestNATSWatch_ClosingTheConnectionEndsIt(t *testing.T) {
	p, _ := portOn(t)
	v := look(t, p, "live.*")
	v.pass(t)
	p.nc.Close()
	require.ErrorIs(t, await(t, v.gone, "the end of the watch"), nats.ErrConnectionClosed)
	require.Error(t, await(t, look(t, p, "live.*").gone, "a watch that cannot begin"))
}

// consumersEnds tells when a consumer of the group's stream ends at the server.
func consumersEnds(t *testing.T, s *embedded.Server) <-chan *nats.Msg {
	t.Helper()
	ended := make(chan *nats.Msg, 1)
	_, err := connect(t, s).ChanSubscribe("$JS.EVENT.ADVISORY.CONSUMER.DELETED.KV_g.>", ended)
	require.NoError(t, err)
	return ended
}

func TestNATSWatch_AfterStopNothingIsLeft(t *testing.T) {
	p, s := portOn(t)
	ended := consumersEnds(t, s)
	p.heartbeat = beat
	v := look(t, p, "live.*")
	v.pass(t)
	v.Next()
	v.Stop()
	publish(t, p, put("live.w", "x", 0))
	require.Len(t, look(t, p, "live.*").pass(t), 1)
	require.Empty(t, v.seen)
	await(t, ended, "the consumer's end at the server")
	require.Empty(t, v.gone, "it was stopped")
	v.Stop() // harmless
}

// Nobody tells the server that a client is gone: it notices that nobody listens.
func TestNATSWatch_WhoIsGoneLeavesNoConsumer(t *testing.T) {
	p, s := portOn(t)
	ended := consumersEnds(t, s)
	p.heartbeat = beat
	v := look(t, p, "live.*")
	v.pass(t)
	p.nc.Close()
	require.Contains(t, await(t, ended, "the consumer's end at the server").Subject, v.Watching.(*natsWatch).name)
}

func TestNATSWatch_StoppedBeforeItBegan(t *testing.T) {
	p, _ := portOn(t)
	for range 20 {
		v := look(t, p, "live.*")
		v.Stop()
		require.LessOrEqual(t, len(v.seen), 1)
		require.Empty(t, v.gone)
	}
}

// The server may keep for ever a consumer whose listener leaves while it is made.
func TestNATSWatch_StoppedWhileItsConsumerIsMadeItWaitsForTheAnswer(t *testing.T) {
	join := withoutJetStream(t)
	server := join()
	_, err := server.Subscribe(apiPrefix+"CONSUMER.CREATE.>", func(m *nats.Msg) { _ = m.Respond([]byte(`{}`)) })
	require.NoError(t, err)
	require.NoError(t, server.Flush())
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	w := &natsWatch{port: newNATSPort(join(), "g"), name: "w", filter: at(">"), within: ample, wake: make(chan struct{}, 1)}
	require.NoError(t, w.create(stopped, "inbox"))
	require.True(t, w.created)
}

func TestNATSWatch_StoppedBeforeItBeganItAsksForNothing(t *testing.T) {
	join := withoutJetStream(t)
	nc := join()
	asked, err := nc.SubscribeSync(apiPrefix + "CONSUMER.CREATE.>")
	require.NoError(t, err)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	w := &natsWatch{port: newNATSPort(nc, "g"), name: "w", filter: at(">"), within: time.Hour, wake: make(chan struct{}, 1)}
	w.run(stopped)
	require.NoError(t, nc.Flush())
	n, _, err := asked.Pending()
	require.NoError(t, err)
	require.Zero(t, n)
}

// No answer is not waited for as long as the store has otherwise.
func TestNATSWatch_StoppedWhileItsConsumerIsMadeItEndsWithoutAnAnswer(t *testing.T) {
	join := withoutJetStream(t)
	asked := make(chan *nats.Msg, 1)
	server := join()
	_, err := server.ChanSubscribe(apiPrefix+"CONSUMER.CREATE.>", asked)
	require.NoError(t, err)
	require.NoError(t, server.Flush())
	stopped, cancel := context.WithCancel(t.Context())
	w := &natsWatch{port: newNATSPort(join(), "g"), name: "w", filter: at(">"), within: time.Hour, wake: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- w.create(stopped, "inbox") }()
	await(t, asked, "the question for a consumer")
	cancel()
	require.Error(t, await(t, ended, "the end of the watch"))
}

// A message that the consumer sent and that never came leaves a gap in its numbers.
func TestNATSWatch_AGapIsNoticed(t *testing.T) {
	sent := func(consumer string) *nats.Msg {
		return &nats.Msg{Subject: at("lead"), Sub: &nats.Subscription{}, Reply: "$JS.ACK.KV_g.c.1.7." + consumer + ".1700000000000000000.0"}
	}
	w := &natsWatch{wake: make(chan struct{}, 1), waiting: map[string]int{}, next: 1}
	w.note(sent("1"))
	require.NoError(t, w.failure)
	require.Len(t, w.news, 1)
	w.note(sent("3"))
	require.ErrorIs(t, w.failure, errMissed)
	require.Len(t, w.news, 1)
}
