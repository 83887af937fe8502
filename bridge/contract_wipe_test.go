package bridge_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// raw is a group's stream as an administrator has it: with what no Port asks for.
type raw struct {
	*testing.T
	host   *host
	js     jetstream.JetStream
	stream jetstream.Stream
}

// newRaw makes a stream with one record, term.
func newRaw(t *testing.T, f *fleet, group string) *raw {
	t.Helper()
	h := newHost(t, f, group, false)
	cfg := h.Stream("one")
	made := make(chan bridge.Result, 1)
	h.Connect(0).Submit(bridge.Op{Create: &cfg}, 0, func(r bridge.Result) { made <- r })
	h.Until("the stream is made", func() bool { return len(made) > 0 })
	require.Equal(t, bridge.Accepted, (<-made).Outcome)
	js, err := jetstream.New(f.admin)
	require.NoError(t, err)
	r := &raw{T: t, host: h, js: js}
	require.NoError(t, h.asks("the stream tells of itself", func(ctx context.Context) (err error) {
		r.stream, err = js.Stream(ctx, "KV_"+group)
		return err
	}))
	require.NoError(t, r.publish("term", nil))
	return r
}

// publish writes a record with headers of the administrator's.
func (r *raw) publish(name string, headers nats.Header) error {
	return r.host.asks(name+" is taken or refused", func(ctx context.Context) error {
		_, err := r.js.PublishMsg(ctx, &nats.Msg{Subject: r.host.Prefix("one") + name, Header: headers})
		return err
	})
}

// stays checks that the record is there, and no other message.
func (r *raw) stays() {
	r.Helper()
	require.NoError(r, r.host.asks("the record is read", func(ctx context.Context) error {
		info, err := r.stream.Info(ctx)
		if err != nil {
			return err
		}
		got, err := r.stream.GetLastMsgForSubject(ctx, r.host.Prefix("one")+"term")
		if err != nil {
			return err
		}
		require.EqualValues(r, 1, info.State.Msgs)
		require.Equal(r, info.State.LastSeq, got.Sequence)
		return nil
	}))
}

// contractN7NoExpiry: leases are timed by those who wait for them. A record that went by
// itself would be one more clock, and an update of it would end the expiry unseen.
//
// hazards 5 and 6
func contractN7NoExpiry(r *raw) {
	require.ErrorContains(r, r.publish("live.w", nats.Header{"Nats-TTL": {"1s"}}), "TTL")
	require.ErrorContains(r, r.publish("term", nats.Header{"Nats-TTL": {"1s"}}), "TTL")
	r.stays()
}

// contractN12NoWipe: the contract's case of this number is about what the stream says of
// itself; only a server has these operations.
func contractN12NoWipe(r *raw) {
	require.ErrorContains(r, r.publish("lead", nats.Header{"Nats-Rollup": {"all"}}), "rollup")
	require.ErrorContains(r, r.publish("term", nats.Header{"Nats-Rollup": {"sub"}}), "rollup")
	require.ErrorContains(r, r.host.asks("no purge", func(ctx context.Context) error { return r.stream.Purge(ctx) }), "not permitted")
	require.ErrorContains(r, r.host.asks("no deletion", func(ctx context.Context) error { return r.stream.DeleteMsg(ctx, 1) }), "not permitted")
	r.stays()
}
