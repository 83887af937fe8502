package embedded_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

func TestStartClusterRefusesWhatCannotWork(t *testing.T) {
	_, err := embedded.StartCluster(embedded.Config{}, 3)
	require.ErrorContains(t, err, "needs Dir")
	_, err = embedded.StartCluster(embedded.Config{Memory: true}, 2)
	require.ErrorContains(t, err, "3 or more")
	_, err = embedded.StartCluster(embedded.Config{Memory: true, Port: 4222}, 3)
	require.ErrorContains(t, err, "Port")
	_, err = embedded.StartCluster(embedded.Config{Memory: true, InProcess: true}, 3)
	require.ErrorContains(t, err, "InProcess")
}

func TestStartClusterSaysWhatIsMissing(t *testing.T) {
	_, err := embedded.StartCluster(embedded.Config{Memory: true, ReadyWithin: time.Millisecond}, 3)
	require.ErrorContains(t, err, "not ready after 1ms")
}

func TestClusterReplicatesAndLosesANode(t *testing.T) {
	c, err := embedded.StartCluster(embedded.Config{Dir: t.TempDir()}, 3)
	require.NoError(t, err)
	t.Cleanup(c.Stop)
	require.True(t, c.Fresh())
	require.Equal(t, 3, c.Nodes())

	nc, err := c.Connect(0)
	require.NoError(t, err)
	defer nc.Close()
	require.Equal(t, c.URL(0), nc.ConnectedUrl())
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	_, err = js.CreateStream(within(t), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}, Replicas: 3})
	require.NoError(t, err)
	_, err = js.Publish(within(t), "s", []byte("1"))
	require.NoError(t, err)

	require.False(t, c.Fresh(), "a node was asked")
	moved := nc.StatusChanged(nats.CONNECTED)
	c.StopNode(0)
	c.StopNode(0) // harmless
	_, err = c.Connect(0)
	require.ErrorContains(t, err, "stopped")
	select {
	case <-moved:
		require.NotEqual(t, c.URL(0), nc.ConnectedUrl())
	case <-time.After(patience):
		require.Fail(t, "the client did not move to another node")
	}

	was := c.URL(0)
	require.NoError(t, c.StartNode(0))
	require.NoError(t, c.StartNode(0)) // harmless
	require.Equal(t, was, c.URL(0))
	require.False(t, c.Fresh(), "one may have been asked before it stopped")
	back, err := c.Connect(0)
	require.NoError(t, err)
	defer back.Close()
	js, err = jetstream.New(back)
	require.NoError(t, err)
	// The node that was stopped may have led the stream: until another one does nobody answers,
	// and it is the same message however often it is published.
	var ack *jetstream.PubAck
	for late := within(t); ack == nil && late.Err() == nil; {
		once, cancel := context.WithTimeout(late, patience/6)
		ack, err = js.Publish(once, "s", []byte("2"), jetstream.WithMsgID("2"))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, jetstream.ErrNoStreamResponse) {
			require.NoError(t, err)
		}
	}
	require.NotNil(t, ack, "nobody answers: %v", err)
	require.EqualValues(t, 2, ack.Sequence)
}
