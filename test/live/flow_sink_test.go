package live

import (
	"context"
	"errors"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// sinkSubject is where workers in processes of their own reach the sink.
const sinkSubject = "sink"

// toSink handles messages in a process of its own: what it does is a message with the token to
// the sink.
func toSink(nc *nats.Conn) func(context.Context, partition.Owned, *nats.Msg) error {
	return func(ctx context.Context, o partition.Owned, m *nats.Msg) error {
		effect := &nats.Msg{Subject: sinkSubject, Data: m.Data}
		bridge.SetToken(effect, o)
		answer, err := nc.RequestMsgWithContext(ctx, effect)
		if err == nil && len(answer.Data) > 0 {
			err = errors.New(string(answer.Data))
		}
		return err
	}
}

// answer passes on to the sink what a worker in a process of its own has sent, and
// tells it whether it was accepted.
func (f *flow) answer(m *nats.Msg) {
	id, token, err := bridge.TokenOf(m.Header)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(string(m.Data)); err == nil {
			err = f.sink(partition.Owned{ID: id, Token: token}, n)
		}
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	_ = m.Respond([]byte(text)) // who gets no answer tries again
}
