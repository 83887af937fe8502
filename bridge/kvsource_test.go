package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
)

// bucket is a KV bucket on a server, and how a test changes it.
type bucket struct {
	t  *testing.T
	js jetstream.JetStream
	kv jetstream.KeyValue
}

func bucketOn(t *testing.T, nc *nats.Conn) *bucket {
	t.Helper()
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	return &bucket{t: t, js: js}
}

func (b *bucket) create(change ...func(*jetstream.KeyValueConfig)) *bucket {
	b.t.Helper()
	// In memory: in files, one that is made anew at once may have the old messages.
	cfg := jetstream.KeyValueConfig{Bucket: "shop", Storage: jetstream.MemoryStorage}
	for _, f := range change {
		f(&cfg)
	}
	kv, err := b.js.CreateKeyValue(b.t.Context(), cfg)
	require.NoError(b.t, err)
	b.kv = kv
	return b
}

func (b *bucket) drop() {
	b.t.Helper()
	require.NoError(b.t, b.js.DeleteKeyValue(b.t.Context(), "shop"))
}

func (b *bucket) put(key, value string) {
	b.t.Helper()
	_, err := b.kv.PutString(b.t.Context(), key, value)
	require.NoError(b.t, err)
}

func (b *bucket) remove(key string) {
	b.t.Helper()
	require.NoError(b.t, b.kv.Delete(b.t.Context(), key))
}

// kvSourceOn is a source that notices silence soon.
func kvSourceOn(t *testing.T, nc *nats.Conn) *nest {
	t.Helper()
	return kvSourceWithin(t, nc, ample)
}

func kvSourceWithin(t *testing.T, nc *nats.Conn, timeout time.Duration) *nest {
	t.Helper()
	port := newNATSPort(nc, "shop")
	port.heartbeat = 500 * time.Millisecond
	return newNest(t, actor.PropsFromProducer(func() actor.Actor { return &kvSource{port: port, within: timeout, clock: RealClock{}, bucket: "shop"} }))
}

func TestKVSource_Config(t *testing.T) {
	_, err := KVSource(nil, "shop")
	require.ErrorContains(t, err, "nc is nil; must be a connection")
	nc := connect(t, startServer(t, embedded.Config{}))
	for _, name := range []string{"", "a b", "a.b", "a>"} {
		_, err = KVSource(nc, name)
		require.ErrorContains(t, err, "must be characters out of")
	}
	props, err := KVSource(nc, "shop")
	require.NoError(t, err)
	s := newNest(t, props)
	_, reason := s.ask()
	require.Equal(t, "there is no KV bucket shop", reason)
	bucketOn(t, nc).create().put("orders.eu", "")
	s.lists("orders.eu")
}

// hazard 38
func TestKVSource_TellsWhatChanges(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	b := bucketOn(t, nc).create()
	b.put("orders.eu", `{"weight": 200, "zone": "a", "labels": ["gpu"]}`)
	b.put("orders.us", "weight: 300\n")
	b.put("x", `{"keys": ["Zürich 1"]}`)
	s := kvSourceOn(t, nc)
	s.lists("Zürich%201", "orders.eu", "orders.us")
	require.Empty(t, s.told, "what is listed first is no news")
	b.put("returns", "")
	s.news("Zürich%201", "orders.eu", "orders.us", "returns")
	b.remove("x")
	s.news("orders.eu", "orders.us", "returns")
	require.NoError(t, b.kv.Purge(t.Context(), "orders.us"))
	s.news("orders.eu", "returns")
	b.put("orders.eu", "weight: 7")
	got, err := s.system.Root.RequestFuture(s.source, messages.ListPartitions{Round: 9}, patience).Result()
	require.NoError(t, err)
	require.EqualValues(t, 7, got.(messages.PartitionsListed).Partitions[0].Weight, "whoever asks hears of all that is stored")
	got, err = s.system.Root.RequestFuture(s.source, messages.UpdatePartitions{}, patience).Result()
	require.NoError(t, err)
	require.Contains(t, got.(messages.UpdateRefused).Reason, "bucket shop")
}

// What is stored when the source is asked is in the answer, however fast.
func TestKVSource_IsNeverBehind(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	b := bucketOn(t, nc).create()
	s := kvSourceOn(t, nc)
	s.lists()
	var want []string
	for i := range 50 {
		key := "p" + string(rune('A'+i%26)) + string(rune('a'+i/26))
		b.put(key, "")
		want = append(want, key)
		names, reason := s.ask()
		require.Empty(t, reason)
		require.ElementsMatch(t, want, names)
	}
}

func TestKVSource_Broken(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	b := bucketOn(t, nc).create()
	b.put("a", "")
	s := kvSourceOn(t, nc)
	s.lists("a")
	b.put("b", "{\"weight\": 2,\n \"wieght\": 3}")
	require.Equal(t, []string{"a"}, namesOf(await(t, s.told, "that there is something to hear").Partitions))
	_, reason := s.ask()
	require.Equal(t, `key b at revision 2:2:2: unknown field "wieght"; known are keys, labels, pinned, weight, zone`, reason)
	for _, key := range []string{"c", "d", "e", "f", "g", "h"} {
		b.put(key, "7")
	}
	_, reason = s.ask()
	require.Contains(t, reason, "and 2 more faults")
	b.drop()
	b.create().put("b", "weight: 2")
	s.news("b")
	s.lists("b")
}

// hazard 24
func TestKVSource_AWatchThatEndsRemovesNothing(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	b := bucketOn(t, nc).create()
	b.put("a", "")
	b.put("b", "")
	s := kvSourceOn(t, nc)
	s.lists("a", "b")
	stream, err := b.js.Stream(t.Context(), "KV_shop")
	require.NoError(t, err)
	for info := range stream.ListConsumers(t.Context()).Info() {
		require.NoError(t, stream.DeleteConsumer(t.Context(), info.Name))
	}
	b.put("c", "") // nobody watches
	s.lists("a", "b", "c")
	s.news("a", "b", "c")
	b.put("d", "") // somebody does again
	s.news("a", "b", "c", "d")
}

func TestKVSource_BucketMadeAnew(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	b := bucketOn(t, nc).create()
	b.put("a", "")
	b.put("b", "")
	s := kvSourceOn(t, nc)
	s.lists("a", "b")
	b.drop()
	_, reason := s.ask()
	require.Equal(t, "there is no KV bucket shop", reason)
	require.Empty(t, s.told, "that it is gone removes nothing")
	b.create()
	for _, key := range []string{"c", "d", "e"} {
		b.put(key, "")
	}
	s.lists("c", "d", "e")
	b.drop()
	b.create().put("f", "") // before anybody looked
	s.lists("f")
	b.put("g", "")
	s.news("f", "g")
}

// What expires or is thrown away by an administrator goes without a word: only
// questions find out.
func TestKVSource_KeysThatGoWithoutAWord(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	b := bucketOn(t, nc).create()
	b.put("a", "")
	b.put("b", "")
	s := kvSourceOn(t, nc)
	s.lists("a", "b")
	stream, err := b.js.Stream(t.Context(), "KV_shop")
	require.NoError(t, err)
	require.NoError(t, stream.Purge(t.Context(), jetstream.WithPurgeSubject("$KV.shop.b")))
	s.lists("a")
	s.news("a")
	b.remove("a")
	s.news()
	require.NoError(t, b.kv.PurgeDeletes(t.Context(), jetstream.DeleteMarkersOlderThan(-1)))
	s.lists()
}

// A key whose time is over leaves a marker that is no value.
func TestKVSource_KeysThatExpire(t *testing.T) {
	nc := connect(t, startServer(t, embedded.Config{}))
	b := bucketOn(t, nc).create(func(c *jetstream.KeyValueConfig) { c.LimitMarkerTTL = time.Minute })
	s := kvSourceOn(t, nc)
	s.lists()
	_, err := b.kv.Create(t.Context(), "short", nil, jetstream.KeyTTL(time.Second))
	require.NoError(t, err)
	b.put("long", "")
	s.news("long", "short")
	s.news("long")
	s.lists("long")
}

func TestKVSource_Reconnect(t *testing.T) {
	cfg := embedded.Config{Dir: t.TempDir()}
	first := startServer(t, cfg)
	cfg.Port = portOf(t, first)
	nc := connect(t, first)
	b := bucketOn(t, nc).create(func(c *jetstream.KeyValueConfig) { c.Storage = jetstream.FileStorage })
	b.put("a", "")
	s := kvSourceOn(t, nc)
	s.lists("a")
	first.Stop()
	_, reason := s.ask()
	require.Contains(t, reason, "the KV bucket shop cannot be")
	back := startServer(t, cfg)
	other, err := back.Connect() // it writes before the source is there again, or after
	require.NoError(t, err)
	defer other.Close()
	b = bucketOn(t, other)
	b.kv, err = b.js.KeyValue(t.Context(), "shop")
	require.NoError(t, err)
	b.put("b", "")
	s.news("a", "b")
	b.remove("a")
	s.news("b")
	nc.Close()
	for reason != "the connection to NATS is closed" {
		_, reason = s.ask()
		require.NotEmpty(t, reason)
	}
}

// Whoever may not look at the bucket, or not watch it, hears that.
func TestKVSource_Denied(t *testing.T) {
	for want, may := range map[string][]string{
		"the KV bucket shop may not be looked at": {"other"},
		"the KV bucket shop cannot be watched":    {"$JS.API.STREAM.INFO.KV_shop"},
	} {
		admin, user := withUser(t, server.Permissions{Subscribe: allow(">"), Publish: allow(may...)})
		bucketOn(t, admin.nc).create().put("a", "")
		s := kvSourceWithin(t, user.nc, 200*time.Millisecond) // a denial is told when no answer comes
		for reason := ""; !strings.Contains(reason, want); {
			_, reason = s.ask()
		}
	}
}

// What docs/permissions says a source must be permitted is enough.
func TestKVSource_LeastPrivilege(t *testing.T) {
	admin, user := withUser(t, server.Permissions{Subscribe: allow("_INBOX.>"), Publish: allow(
		"$JS.API.STREAM.INFO.KV_shop", "$JS.API.CONSUMER.CREATE.KV_shop.*.$KV.shop.>", "$JS.FC.KV_shop.>",
	)})
	b := bucketOn(t, admin.nc).create()
	b.put("a", "")
	s := kvSourceOn(t, user.nc)
	s.lists("a")
	b.put("b", "")
	s.news("a", "b")
	require.NoError(t, user.nc.LastError())
}
