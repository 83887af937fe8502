package bridge

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// mill is a stream of messages, and workers that handle those of partitions as they are
// told.
type mill struct {
	*shop
	url    string
	nc     *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	cfg    ConsumerConfig
	calls  chan delivery
	taken  chan *actor.PID // who has taken in a Revoke
}

// delivery is one message in work, which goes on until it is told how to end.
type delivery struct {
	ctx   context.Context
	owned partition.Owned
	text  string
	end   chan error
}

func openMill(t *testing.T, retention jetstream.RetentionPolicy) *mill {
	t.Helper()
	return openMillOn(t, embedded.Config{}, retention)
}

func openMillOn(t *testing.T, cfg embedded.Config, retention jetstream.RetentionPolicy) *mill {
	t.Helper()
	return newMill(t, retention, 1, startServer(t, cfg).URL())
}

func newMill(t *testing.T, retention jetstream.RetentionPolicy, replicas int, url string) *mill {
	t.Helper()
	m := &mill{shop: openShop(t, nil), url: url, calls: make(chan delivery, 10), taken: make(chan *actor.PID, 100)}
	m.nc = m.dial(nats.UserInfo("all", "all"))
	var err error
	m.js, err = jetstream.New(m.nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	m.stream, err = m.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "WORK", Subjects: []string{"work.>"}, Retention: retention, Replicas: replicas})
	require.NoError(t, err)
	_, err = m.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "DEAD", Subjects: []string{"dead.>"}})
	require.NoError(t, err)
	m.cfg = ConsumerConfig{Stream: "WORK", Name: "mill", Subjects: "work.{partition}", Logger: slog.New(slog.DiscardHandler), Handle: m.handle}
	return m
}

func (m *mill) dial(opts ...nats.Option) *nats.Conn {
	m.t.Helper()
	nc, err := nats.Connect(m.url, append(opts, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))...)
	require.NoError(m.t, err)
	m.t.Cleanup(nc.Close)
	return nc
}

func (m *mill) handle(ctx context.Context, o partition.Owned, msg *nats.Msg) error {
	d := delivery{ctx, o, string(msg.Data), make(chan error)}
	m.calls <- d
	err := <-d.end
	if errors.Is(err, errPanic) {
		panic(err)
	}
	return err
}

var errPanic = errors.New("it cannot go on")

// open begins to work on a partition, over a connection of its own.
func (m *mill) open(o partition.Owned) (*Consumers, *actor.PID) {
	m.t.Helper()
	c, err := Consume(m.dial(), m.cfg)
	require.NoError(m.t, err)
	return c, m.own(c, o)
}

func (m *mill) own(c *Consumers, o partition.Owned) *actor.PID {
	m.t.Helper()
	begun := make(chan bool, 1)
	props := handlerFunc(func(ctx, last context.Context, o partition.Owned) error {
		begun <- true
		return c.work(ctx, last, o)
	})(o).Clone(actor.WithReceiverMiddleware(m.tellTaken))
	pid := make(chan *actor.PID, 1)
	m.system.Root.Send(m.keeper, spawn{props, pid})
	await(m.t, begun, "its function")
	return await(m.t, pid, "a partition actor")
}

// tellTaken tells that all contexts have ended which a Revoke ends. A function that waits
// for the first of them may be earlier than the others.
func (m *mill) tellTaken(next actor.ReceiverFunc) actor.ReceiverFunc {
	return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
		next(c, e)
		if _, ok := e.Message.(revoked); ok {
			m.taken <- c.Self()
		}
	}
}

// revoke takes a partition away; there is time to finish.
func (m *mill) revoke(pid *actor.PID) {
	m.t.Helper()
	m.system.Root.Send(pid, messages.Revoke{Deadline: time.Now().Add(time.Hour)})
	require.Equal(m.t, pid, await(m.t, m.taken, "the word that it is taken away"))
}

// gone waits until a partition is let go.
func (m *mill) gone(pid *actor.PID) {
	m.t.Helper()
	require.Equal(m.t, pid, await(m.t, m.ended, "the end of the actor"))
}

func (m *mill) send(texts ...string) {
	m.t.Helper()
	for _, text := range texts {
		_, err := m.js.Publish(m.t.Context(), "work.p", []byte(text))
		require.NoError(m.t, err)
	}
}

// next is the next message in work, which must be this one.
func (m *mill) next(text string) delivery {
	m.t.Helper()
	d := await(m.t, m.calls, text)
	require.Equal(m.t, text, d.text)
	return d
}

// until handles messages up to this one: the acknowledgement of one before may be lost.
func (m *mill) until(text string) {
	m.t.Helper()
	for {
		d := await(m.t, m.calls, text)
		d.end <- nil
		if d.text == text {
			return
		}
	}
}

func (m *mill) info(name string) *jetstream.ConsumerInfo {
	m.t.Helper()
	x, err := m.js.Consumer(m.t.Context(), "WORK", name)
	require.NoError(m.t, err)
	return x.CachedInfo()
}

// acks hears what is said to the server about messages, from here on.
func (m *mill) acks(verb string) <-chan string {
	m.t.Helper()
	return m.hear("$JS.ACK.>", verb)
}

// hear returns the subjects of what is said there and has this part, from here on.
func (m *mill) hear(subject, part string) <-chan string {
	m.t.Helper()
	heard := make(chan string, 1000)
	_, err := m.nc.Subscribe(subject, func(a *nats.Msg) {
		if strings.Contains(string(a.Data), part) {
			heard <- a.Subject
		}
	})
	require.NoError(m.t, err)
	require.NoError(m.t, m.nc.Flush())
	return heard
}

// read waits until the server has read what was asked of a consumer up to here.
func (m *mill) read(name string) {
	m.t.Helper()
	_, err := m.nc.Request(apiPrefix+"CONSUMER.MSG.NEXT.WORK."+name, []byte(`{"group":"nobody"}`), patience)
	require.NoError(m.t, err)
}

// here waits until so many messages have come: the server hears of each that it takes
// longer. heard is what acks("+WPI") returned.
func (m *mill) here(heard <-chan string, messages int) {
	m.t.Helper()
	seen := map[string]bool{}
	for len(seen) < messages {
		seen[await(m.t, heard, "a message that is here")] = true
	}
}
