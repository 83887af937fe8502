package bridge

import (
	"errors"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

func newFencedKV(t *testing.T) FencedKV {
	t.Helper()
	js, err := jetstream.New(connect(t, startServer(t, embedded.Config{})), jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "sink", History: 64})
	require.NoError(t, err)
	return FencedKV{kv}
}

// owner is who owns p with a token.
func owner(token partition.Token) partition.Owned { return partition.Owned{ID: "p", Token: token} }

// hazard 1
func TestFencedKV_RefusesAnEarlierOwner(t *testing.T) {
	kv := newFencedKV(t)
	put := func(token partition.Token, text string) error {
		_, err := kv.Put(t.Context(), owner(token), "balance", []byte(text))
		return err
	}
	require.NoError(t, put(3, "one"))
	require.NoError(t, put(3, "two"), "an owner goes on")
	require.NoError(t, put(8, "three"))
	require.ErrorIs(t, put(3, "four"), ErrFenced)
	require.EqualError(t, put(7, "five"), "balance, token 7: a later owner of the partition has written with token 8")
	value, token, err := kv.Get(t.Context(), "balance")
	require.NoError(t, err)
	require.Equal(t, "three", string(value))
	require.Equal(t, partition.Token(8), token)

	require.NoError(t, kv.Bucket.Delete(t.Context(), "balance"))
	require.NoError(t, put(3, "six"), "who deletes a key forgets the token, as its comment says")
	for _, text := range []string{"short", "more than a token is long"} {
		_, err = kv.Bucket.PutString(t.Context(), "balance", text)
		require.NoError(t, err)
		require.ErrorContains(t, put(9, "seven"), "has no token")
		_, _, err = kv.Get(t.Context(), "balance")
		require.ErrorContains(t, err, "has no token")
	}
}

// Two workers write as fast as they can, each as an owner again and again. Nothing of
// an earlier owner stands behind something of a later one.
//
// hazard 1
func TestFencedKV_RefusesTheEarlierOfTwoAtOnce(t *testing.T) {
	kv := newFencedKV(t)
	const writes = 30 // which the history of the bucket holds twice
	var wg sync.WaitGroup
	for first := range partition.Token(2) {
		wg.Go(func() {
			for i := range partition.Token(writes) {
				if _, err := kv.Put(t.Context(), owner(2*i+first+1), "k", nil); err != nil && !errors.Is(err, ErrFenced) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	history, err := kv.Bucket.History(t.Context(), "k")
	require.NoError(t, err)
	var last partition.Token
	for _, entry := range history {
		_, token, err := opened(entry)
		require.NoError(t, err)
		require.Greater(t, token, last)
		last = token
	}
	require.EqualValues(t, 2*writes, last)
}

func TestSetToken(t *testing.T) {
	m := &nats.Msg{}
	SetToken(m, partition.Owned{ID: "orders.eu", Token: 1 << 63})
	id, token, err := TokenOf(m.Header)
	require.NoError(t, err)
	require.Equal(t, partition.PartitionID("orders.eu"), id)
	require.Equal(t, partition.Token(1<<63), token)
	for _, h := range []nats.Header{
		nil, {HeaderToken: {"1"}}, {HeaderPartition: {"p"}}, {HeaderPartition: {"p"}, HeaderToken: {"-1"}}, {HeaderPartition: {"p"}, HeaderToken: {"x"}},
	} {
		_, _, err := TokenOf(h)
		require.ErrorContains(t, err, "bridge.TokenOf: the header Troupe-")
	}
}
