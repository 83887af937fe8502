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
	r.stream, err = js.Stream(t.Context(), "KV_"+group)
	require.NoError(t, err)
	h.Until("a record is written", func() bool { return r.publish("term", nil) == nil })
	return r
}

// publish writes a record with headers of the administrator's.
func (r *raw) publish(name string, headers nats.Header) error {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	_, err := r.js.PublishMsg(ctx, &nats.Msg{Subject: r.host.Prefix("one") + name, Header: headers})
	return err
}

// stays checks that the record is there, and no other message.
func (r *raw) stays() {
	r.Helper()
	info, err := r.stream.Info(r.Context())
	require.NoError(r, err)
	require.EqualValues(r, 1, info.State.Msgs)
	got, err := r.stream.GetLastMsgForSubject(r.Context(), r.host.Prefix("one")+"term")
	require.NoError(r, err)
	require.Equal(r, info.State.LastSeq, got.Sequence)
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
	require.Error(r, r.stream.Purge(r.Context()))
	require.Error(r, r.stream.DeleteMsg(r.Context(), 1))
	r.stays()
}
