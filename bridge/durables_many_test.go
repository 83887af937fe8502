package bridge

import (
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

// A consumer takes a millisecond or two to make, and memory: a thousand are made by many
// at a time, and no more than the server bears.
func TestN19_ManyDurables(t *testing.T) {
	m := openMill(t, jetstream.LimitsPolicy)
	c, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	c.js = m.js // which is patient
	const many = 100
	done := make(chan error, many)
	for i := range many {
		go func() {
			_, err := c.ready(t.Context(), partition.Owned{ID: "p", Entered: partition.Step(i + 1)})
			done <- err
		}()
	}
	for range many {
		require.NoError(t, await(t, done, "a consumer"))
	}
	info, err := m.stream.Info(t.Context())
	require.NoError(t, err)
	require.Equal(t, many, info.State.Consumers)
}

// A stream has room for a thousand consumers unless it says otherwise. A partition that finds
// none says what to do, and is pulled when there is.
func TestConsumers_TooManyForTheStream(t *testing.T) {
	t.Parallel()
	m := openMillOn(t, embedded.Config{Options: func(o *server.Options) { o.JetStreamLimits.DefaultMaxConsumers = 1 }}, jetstream.LimitsPolicy)
	log := make(lines, 100)
	m.cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	made := m.hear("$JS.EVENT.ADVISORY.CONSUMER.CREATED.>", "")
	_, first := m.open(partition.Owned{ID: "other", Token: 1})
	await(t, made, "the only consumer")
	c, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	c.js = m.js // which is patient
	second := m.own(c, owner(1))
	require.Contains(t, await(t, log, "a word in the log"), "give it a higher MaxConsumers, or share lanes")
	require.ErrorContains(t, c.Err(), "partition p: the stream WORK has as many consumers as it may")
	_, err = m.js.UpdateStream(t.Context(), jetstream.StreamConfig{Name: "WORK", Subjects: []string{"work.>"}, MaxConsumers: 2})
	require.NoError(t, err)
	m.send("one")
	m.next("one").end <- nil
	require.NoError(t, c.Err())
	for _, pid := range []*actor.PID{first, second} {
		m.revoke(pid)
		m.gone(pid)
	}
}

// No more messages of a partition are on a worker than Pull says, nor than the consumer
// allows.
func TestConsumers_Pull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pull, pending, most int }{{0, 0, 100}, {7, 0, 7}, {0, 1000, 100}, {7, 3, 3}, {0, 3, 3}} {
		cfg := ConsumerConfig{Pull: c.pull}
		cfg.Consumer.MaxAckPending = c.pending
		require.Equal(t, c.most, cfg.withDefaults().Pull)
	}
	m := openMill(t, jetstream.LimitsPolicy)
	m.cfg.Pull, m.cfg.Consumer.AckWait = 2, 3*time.Second
	prolonged := m.acks("+WPI")
	m.send("one", "two", "three", "four")
	c, pid := m.open(owner(1))
	one := m.next("one")
	m.here(prolonged, 2)
	require.Equal(t, 2, m.info(c.Durable(owner(1))).NumAckPending, "the others wait at the server")
	m.revoke(pid)
	one.end <- nil
	m.gone(pid)
}
