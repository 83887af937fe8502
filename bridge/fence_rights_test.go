package bridge

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// The rights that docs/permissions names for a bucket of effects: with these an owner
// binds to the bucket, writes a key, and reads it; without any one of them, or at another
// key, the server refuses it.
func TestFencedKV_WhatAnOwnerMustBePermitted(t *testing.T) {
	rights := []string{"$JS.API.STREAM.INFO.KV_sink", "$JS.API.DIRECT.GET.KV_sink.$KV.sink.accounts.*", "$KV.sink.accounts.*"}
	// owns binds and writes, as somebody with these rights, until it is refused something.
	owns := func(key string, may ...string) (*nats.Conn, error) {
		t.Helper()
		admin, user := withUser(t, server.Permissions{Subscribe: allow("_INBOX_w.>"), Publish: allow(may...)}, nats.CustomInboxPrefix("_INBOX_w"))
		js, err := jetstream.New(admin.nc, jetstream.WithDefaultTimeout(patience))
		require.NoError(t, err)
		_, err = js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "sink"})
		require.NoError(t, err)
		js, err = jetstream.New(user.nc)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		user.nc.SetErrorHandler(func(*nats.Conn, *nats.Subscription, error) { cancel() })
		bucket, err := js.KeyValue(ctx, "sink")
		if err != nil {
			return user.nc, err
		}
		kv := FencedKV{bucket}
		for token := range partition.Token(2) {
			if _, err = kv.Put(ctx, owner(token+1), key, []byte("x")); err != nil {
				return user.nc, err
			}
		}
		_, err = kv.Put(ctx, owner(1), key, []byte("y"))
		require.ErrorIs(t, err, ErrFenced)
		_, _, err = kv.Get(ctx, key)
		return user.nc, err
	}
	_, err := owns("accounts.eu", rights...)
	require.NoError(t, err)
	refused := func(subject, key string, may ...string) {
		t.Helper()
		nc, err := owns(key, may...)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, nc.LastError(), nats.ErrPermissionViolation)
		require.Contains(t, nc.LastError().Error(), strings.TrimSuffix(subject, "*"))
	}
	for i, right := range rights {
		refused(right, "accounts.eu", slices.Delete(slices.Clone(rights), i, i+1)...)
	}
	refused("$JS.API.DIRECT.GET.KV_sink.$KV.sink.orders.eu", "orders.eu", rights...)
}
