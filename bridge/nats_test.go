package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// portOn returns a port on a stream of incarnation "one", on a server of its own.
func portOn(t *testing.T) (*natsPort, *embedded.Server) {
	t.Helper()
	s := startServer(t, embedded.Config{})
	return portTo(t, connect(t, s), Config{Group: "g", StoreTimeout: patience}), s
}

// portTo makes a port and the stream, and lets silence be noticed soon.
func portTo(t *testing.T, nc *nats.Conn, cfg Config) *natsPort {
	t.Helper()
	cfg = cfg.withDefaults()
	p := newNATSPort(nc, cfg)
	p.heartbeat = 100 * time.Millisecond
	stream := cfg.stream("one")
	r := submit(t, p, Op{Create: &stream})
	require.Equal(t, Accepted, r.Outcome, "%v", r.Err)
	return p
}

// onBoth runs a test on one node and on three.
func onBoth(t *testing.T, test func(t *testing.T, p *natsPort)) {
	t.Run("one node", func(t *testing.T) {
		p, _ := portOn(t)
		test(t, p)
	})
	t.Run("three nodes", func(t *testing.T) {
		c, err := embedded.StartCluster(embedded.Config{Memory: true}, 3)
		require.NoError(t, err)
		t.Cleanup(c.Stop)
		nc, err := c.Connect(0)
		require.NoError(t, err)
		t.Cleanup(nc.Close)
		test(t, portTo(t, nc, Config{Group: "g", Replicas: 3, StoreTimeout: patience}))
	})
}

func submit(t *testing.T, p *natsPort, op Op) Result {
	t.Helper()
	done := make(chan Result, 1)
	p.Submit(op, func(r Result) { done <- r })
	return await(t, done, "an answer")
}

func at(name string) string { return "$KV.g.one." + name }

func put(name, data string, expect uint64) Message {
	return Message{Subject: at(name), Data: []byte(data), Expect: &Expectation{at(name), expect}}
}

func publish(t *testing.T, p *natsPort, batch ...Message) Result {
	t.Helper()
	return submit(t, p, Op{Publish: batch})
}

func TestN1_AWriteIsFencedOnAnotherSubject(t *testing.T) {
	onBoth(t, func(t *testing.T, p *natsPort) {
		term := publish(t, p, put("term", "a", 0)).Sequence
		fenced := func(seq uint64) Result {
			return publish(t, p, Message{Subject: at("journal.1"), Data: []byte("x"), Expect: &Expectation{at("term"), seq}})
		}
		require.Equal(t, Accepted, fenced(term).Outcome)
		next := publish(t, p, put("term", "b", term))
		require.Equal(t, Accepted, next.Outcome)
		r := fenced(term)
		require.Equal(t, Refused, r.Outcome)
		require.Equal(t, CodeWrongSequence, r.Code)
		require.True(t, r.HasLast)
		require.Equal(t, next.Sequence, r.Last)
		require.Error(t, r.Err)
	})
}

// hazard 45
func TestN2_ABatchLandsWholeOrNotAtAll(t *testing.T) {
	onBoth(t, func(t *testing.T, p *natsPort) {
		term := publish(t, p, put("term", "a", 0)).Sequence
		live := publish(t, p, put("live.w", "a", 0)).Sequence
		batch := func(term, live uint64) []Message {
			return []Message{
				{Subject: at("journal.1"), Data: []byte("j"), Expect: &Expectation{at("term"), term}},
				put("head", "h", 0), put("live.w", "fence", live),
				{Subject: at("asg.w.0"), Data: []byte("a")},
			}
		}
		renewed := publish(t, p, put("live.w", "b", live)).Sequence
		for name, r := range map[string]Result{
			"a term that moved":    publish(t, p, batch(term+9, renewed)...),
			"a worker that renews": publish(t, p, batch(term, live)...),
		} {
			require.Equal(t, Refused, r.Outcome, name)
			require.Equal(t, CodeWrongSequence, r.Code, name)
		}
		for _, name := range []string{"journal.1", "head", "asg.w.0"} {
			require.Zero(t, submit(t, p, Op{Get: at(name)}).Sequence, "nothing of it landed")
		}
		r := publish(t, p, batch(term, renewed)...)
		require.Equal(t, Accepted, r.Outcome, "%v", r.Err)
		require.Equal(t, renewed+4, r.Sequence, "sequences are consecutive, the answer has the last")
		for i, name := range []string{"journal.1", "head", "live.w", "asg.w.0"} {
			require.Equal(t, renewed+1+uint64(i), submit(t, p, Op{Get: at(name)}).Sequence, name)
		}
	})
}

func TestN2_ABatchHasALimit(t *testing.T) {
	p, _ := portOn(t)
	batch := make([]Message, MaxBatch+1)
	for i := range batch {
		batch[i] = put(fmt.Sprintf("asg.w%d.0", i), "a", 0)
	}
	require.Equal(t, Refused, publish(t, p, batch...).Outcome)
	r := publish(t, p, batch[:MaxBatch]...)
	require.Equal(t, Accepted, r.Outcome, "%v", r.Err)
	require.EqualValues(t, MaxBatch, r.Sequence)
}

func TestN6_ARecreatedStreamRefusesTheFormerIncarnation(t *testing.T) {
	p, _ := portOn(t)
	publish(t, p, put("term", "a", 0))
	js, err := p.nc.JetStream()
	require.NoError(t, err)
	require.NoError(t, js.DeleteStream("KV_g"))
	r := publish(t, p, put("live.w", "x", 0))
	require.Equal(t, Unknown, r.Outcome)
	cfg := Config{Group: "g"}.withDefaults().stream("two")
	require.Equal(t, Accepted, submit(t, p, Op{Create: &cfg}).Outcome)
	require.Equal(t, Unknown, publish(t, p, put("live.w", "x", 0)).Outcome, "it finds no stream")
	info := make(chan StreamInfo, 1)
	p.Info(func(i StreamInfo) { info <- i })
	got := await(t, info, "info")
	require.Equal(t, "two", got.Config.Incarnation)
	require.NoError(t, Config{Group: "g"}.withDefaults().fits(got.Config))
	third := Config{Group: "g"}.withDefaults().stream("three")
	require.Equal(t, CodeStreamExists, submit(t, p, Op{Create: &third}).Code)
}

func TestN13_AMessageAboveTheLimitIsRefused(t *testing.T) {
	p, _ := portOn(t)
	r := publish(t, p, Message{Subject: at("lead"), Data: make([]byte, 2<<20)})
	require.Equal(t, Refused, r.Outcome)
	require.ErrorIs(t, r.Err, nats.ErrMaxPayload)
}

func TestN12_NobodyCanWipeTheStream(t *testing.T) {
	p, _ := portOn(t)
	publish(t, p, put("term", "a", 0))
	publish(t, p, put("lead", "a", 0))
	js, err := jetstream.New(p.nc)
	require.NoError(t, err)
	_, err = js.PublishMsg(t.Context(), &nats.Msg{Subject: at("lead"), Header: nats.Header{"Nats-Rollup": {"all"}}})
	require.ErrorContains(t, err, "rollup")
	s, err := js.Stream(t.Context(), "KV_g")
	require.NoError(t, err)
	require.Error(t, s.Purge(t.Context()))
	require.Error(t, s.DeleteMsg(t.Context(), 1))
	require.EqualValues(t, 1, submit(t, p, Op{Get: at("term")}).Sequence)
}

func TestNATSPort_GetTellsNothingFromEmptyAndDeleted(t *testing.T) {
	p, _ := portOn(t)
	r := submit(t, p, Op{Get: at("lead")})
	require.Equal(t, Accepted, r.Outcome)
	require.Zero(t, r.Sequence)
	publish(t, p, put("lead", "", 0))
	r = submit(t, p, Op{Get: at("lead")})
	require.EqualValues(t, 1, r.Sequence)
	require.NotNil(t, r.Data)
	require.False(t, r.Time.IsZero())
	kill(t, p, "lead")
	r = submit(t, p, Op{Get: at("lead")})
	require.EqualValues(t, 2, r.Sequence)
	require.Nil(t, r.Data)
}

// kill writes a deletion marker, as the KV API does.
func kill(t *testing.T, p *natsPort, name string) {
	t.Helper()
	_, err := p.nc.RequestMsg(&nats.Msg{Subject: at(name), Header: nats.Header{markerHeader: {"DEL"}}}, patience)
	require.NoError(t, err)
}

func TestNATSPort_InfoTellsWhatTheStreamIs(t *testing.T) {
	p, _ := portOn(t)
	publish(t, p, put("lead", "x", 0))
	got := info(t, p)
	require.Equal(t, Accepted, got.Result.Outcome)
	require.Equal(t, Config{Group: "g"}.withDefaults().stream("one"), got.Config)
	require.EqualValues(t, 1, got.Last)
	require.False(t, got.Created.IsZero())
	require.False(t, tooOld(got.Server), got.Server)
	p.stream = "KV_other"
	got = info(t, p)
	require.Equal(t, Refused, got.Result.Outcome)
	require.Equal(t, CodeStreamNotFound, got.Result.Code)
}

func info(t *testing.T, p *natsPort) StreamInfo {
	t.Helper()
	done := make(chan StreamInfo, 1)
	p.Info(func(i StreamInfo) { done <- i })
	return await(t, done, "what the stream is")
}

func TestNATSPort_CreationIsDecidedOnce(t *testing.T) {
	p, _ := portOn(t)
	same, other := Config{Group: "g"}.withDefaults().stream("one"), Config{Group: "g"}.withDefaults().stream("two")
	require.Equal(t, Accepted, submit(t, p, Op{Create: &same}).Outcome, "an answer that was lost is given again")
	r := submit(t, p, Op{Create: &other})
	require.Equal(t, Refused, r.Outcome)
	require.Equal(t, CodeStreamExists, r.Code)
	require.Equal(t, "one", info(t, p).Config.Incarnation)
}
