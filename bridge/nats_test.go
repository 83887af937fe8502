package bridge

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// portOn returns a port on a stream of incarnation "one".
func portOn(t *testing.T) (*natsPort, *embedded.Server) {
	t.Helper()
	s := startServer(t, embedded.Config{})
	p := newNATSPort(connect(t, s), Config{Group: "g"}.withDefaults())
	cfg := Config{Group: "g"}.withDefaults().stream("one")
	require.Equal(t, Accepted, submit(t, p, Op{Create: &cfg}).Outcome)
	return p, s
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
	p, _ := portOn(t)
	require.Equal(t, uint64(1), publish(t, p, put("term", "a", 0)).Sequence)
	fenced := func(seq uint64) Result {
		return publish(t, p, Message{Subject: at("journal.1"), Data: []byte("x"), Expect: &Expectation{at("term"), seq}})
	}
	require.Equal(t, Accepted, fenced(1).Outcome)
	require.Equal(t, Accepted, publish(t, p, put("term", "b", 1)).Outcome)
	r := fenced(1)
	require.Equal(t, Refused, r.Outcome)
	require.Equal(t, CodeWrongSequence, r.Code)
	require.True(t, r.HasLast)
	require.EqualValues(t, 3, r.Last)
}

// hazard 45
func TestN2_ABatchLandsWholeOrNotAtAll(t *testing.T) {
	p, _ := portOn(t)
	publish(t, p, put("term", "a", 0))
	batch := func(term uint64) []Message {
		return []Message{
			{Subject: at("journal.1"), Data: []byte("j"), Expect: &Expectation{at("term"), term}},
			{Subject: at("asg.w.0"), Data: []byte("a")},
			put("head.0", "h", 0),
		}
	}
	r := publish(t, p, batch(9)...)
	require.Equal(t, Refused, r.Outcome)
	require.Equal(t, CodeWrongSequence, r.Code)
	require.Zero(t, submit(t, p, Op{Get: at("asg.w.0")}).Sequence, "nothing of it landed")
	r = publish(t, p, batch(1)...)
	require.Equal(t, Accepted, r.Outcome, "%v", r.Err)
	require.EqualValues(t, 4, r.Sequence, "sequences are consecutive, the answer has the last")
	require.EqualValues(t, 3, submit(t, p, Op{Get: at("asg.w.0")}).Sequence)
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

func TestN10_AWatchTellsWhatExistsThenWhatChanges(t *testing.T) {
	p, _ := portOn(t)
	for i := range 3 {
		publish(t, p, put(fmt.Sprintf("live.w%d", i), "old", 0))
	}
	publish(t, p, put("live.w0", "new", 1))
	seen, gone := make(chan Sights, 10), make(chan error, 1)
	w := p.Watch(at("live.*"), func(s Sights) { seen <- s }, func(err error) { t.Log(err); gone <- err })
	newest := map[string]uint64{}
	for {
		s := await(t, seen, "the first pass")
		for _, m := range s.Messages {
			require.Greater(t, m.Sequence, newest[m.Subject])
			newest[m.Subject] = m.Sequence
		}
		if s.Synced {
			break
		}
		w.Next()
	}
	require.Equal(t, map[string]uint64{at("live.w0"): 4, at("live.w1"): 2, at("live.w2"): 3}, newest)
	for i := range 5 { // without credit only the newest of a subject is kept
		publish(t, p, put("live.w1", fmt.Sprint(i), []uint64{2, 5, 6, 7, 8}[i]))
	}
	w.Next()
	var last Sight
	for last.Sequence < 9 {
		s := await(t, seen, "the change")
		last = s.Messages[len(s.Messages)-1]
		w.Next()
	}
	require.Equal(t, "4", string(last.Data))
	js, err := p.nc.JetStream()
	require.NoError(t, err)
	require.NoError(t, js.DeleteConsumer("KV_g", w.(*natsWatch).name))
	require.Error(t, await(t, gone, "the end of the watch"))
	w.Stop()
}

func TestN10_AWatchOfNothingIsSyncedAtOnce(t *testing.T) {
	p, _ := portOn(t)
	seen := make(chan Sights, 1)
	w := p.Watch(at("live.*"), func(s Sights) { seen <- s }, func(error) {})
	defer w.Stop()
	require.True(t, await(t, seen, "the end of the first pass").Synced)
}

func TestNATSPort_GetTellsNothingFromDeleted(t *testing.T) {
	p, _ := portOn(t)
	r := submit(t, p, Op{Get: at("lead")})
	require.Equal(t, Accepted, r.Outcome)
	require.Zero(t, r.Sequence)
	publish(t, p, put("lead", "", 0))
	r = submit(t, p, Op{Get: at("lead")})
	require.EqualValues(t, 1, r.Sequence)
	require.NotNil(t, r.Data)
	require.False(t, r.Time.IsZero())
}

func TestNATSPort_NoAnswerIsUnknown(t *testing.T) {
	p, s := portOn(t)
	signals := make(chan Signal, 10)
	stop := p.Listen(func(s Signal) { signals <- s })
	defer stop()
	s.Stop()
	require.Equal(t, Disconnected, await(t, signals, "the loss of the connection"))
	r := publish(t, p, put("lead", "x", 0))
	require.Equal(t, Refused, r.Outcome, "what is not sent is not in doubt: %v", r.Err)
	require.Equal(t, Unknown, submit(t, p, Op{Get: at("lead")}).Outcome)
	p.nc.Close()
	for await(t, signals, "the end") != Closed {
		continue
	}
}

func TestN14_ADenialIsFinal(t *testing.T) {
	s := startServer(t, embedded.Config{Options: func(o *server.Options) {
		all := &server.SubjectPermission{Allow: []string{">"}}
		o.Users = []*server.User{
			{Username: "admin", Password: "a"},
			{Username: "reader", Password: "r", Permissions: &server.Permissions{
				Subscribe: all, Publish: &server.SubjectPermission{Allow: []string{"$JS.API.STREAM.INFO.>"}},
			}},
		}
	}})
	admin := newNATSPort(connect(t, s, nats.UserInfo("admin", "a")), Config{Group: "g"}.withDefaults())
	cfg := Config{Group: "g"}.withDefaults().stream("one")
	require.Equal(t, Accepted, submit(t, admin, Op{Create: &cfg}).Outcome)
	reader := newNATSPort(connect(t, s, nats.UserInfo("reader", "r")), Config{Group: "g"}.withDefaults())
	require.Equal(t, Denied, publish(t, reader, put("lead", "x", 0)).Outcome)
	require.Equal(t, Denied, submit(t, reader, Op{Get: at("lead")}).Outcome)
	info := make(chan StreamInfo, 1)
	reader.Info(func(i StreamInfo) { info <- i })
	require.Equal(t, Accepted, await(t, info, "info").Result.Outcome)
}

func TestN13_AMessageAboveTheLimitIsRefused(t *testing.T) {
	p, _ := portOn(t)
	r := publish(t, p, Message{Subject: at("lead"), Data: make([]byte, 2<<20)})
	require.Equal(t, Refused, r.Outcome)
	require.ErrorIs(t, r.Err, nats.ErrMaxPayload)
}
