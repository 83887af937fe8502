package bridge

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// asker is a port, and how long it is given for an answer.
type asker struct {
	*natsPort
	within time.Duration
}

// portOn returns a port on a stream of incarnation "one", on a server of its own.
func portOn(t *testing.T) (*asker, *embedded.Server) {
	t.Helper()
	s := startServer(t, embedded.Config{})
	return portTo(t, connect(t, s), Config{Group: "g"}), s
}

// portTo makes a port and the stream.
func portTo(t *testing.T, nc *nats.Conn, cfg Config) *asker {
	t.Helper()
	cfg = cfg.withDefaults()
	p := &asker{newNATSPort(nc, cfg.Group), ample}
	stream := cfg.stream("one")
	r := submit(t, p, Op{Create: &stream})
	require.Equal(t, Accepted, r.Outcome, "%v", r.Err)
	return p
}

func submit(t *testing.T, p *asker, op Op) Result {
	t.Helper()
	done := make(chan Result, 1)
	p.Submit(op, p.within, func(r Result) { done <- r })
	return await(t, done, "an answer")
}

func at(name string) string { return "$KV.g.one." + name }

func put(name, data string, expect uint64) Message {
	return Message{Subject: at(name), Data: []byte(data), Expect: &Expectation{at(name), expect}}
}

func publish(t *testing.T, p *asker, batch ...Message) Result {
	t.Helper()
	return submit(t, p, Op{Publish: batch})
}

func TestN2_ABatchThatWasStagedBeforeATakeoverIsRefusedAfterIt(t *testing.T) {
	p, _ := portOn(t)
	term := publish(t, p, put("term", "a", 0)).Sequence
	batch := []Message{{Subject: at("head"), Data: []byte("x"), Expect: &Expectation{at("term"), term}}, {Subject: at("asg.w.0")}}
	require.NoError(t, p.nc.PublishMsg(packed(batch[0], "staged", 0, 2)))
	next := publish(t, p, put("term", "b", term)).Sequence
	reply, err := p.nc.RequestMsg(packed(batch[1], "staged", 1, 2), patience)
	require.NoError(t, err)
	r := acknowledged(reply.Data)
	require.Equal(t, CodeWrongSequence, r.Code)
	require.Equal(t, next, info(t, p).Last, "nothing of it landed")
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
func kill(t *testing.T, p *asker, name string) {
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

func info(t *testing.T, p *asker) StreamInfo {
	t.Helper()
	done := make(chan StreamInfo, 1)
	p.Info(p.within, func(i StreamInfo) { done <- i })
	return await(t, done, "what the stream is")
}
