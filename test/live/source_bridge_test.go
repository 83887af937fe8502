package live

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// hazard 38
func TestPartitionSource_File(t *testing.T) {
	beside(t)
	path := filepath.Join(t.TempDir(), "partitions.yaml")
	write := func(list []partition.Partition, more string) {
		text := "partitions:\n"
		for _, p := range list {
			text += "  - keys: [" + p.Keys[0] + "]\n"
		}
		require.NoError(t, os.WriteFile(path+"~", []byte(text+more), 0o600))
		require.NoError(t, os.Rename(path+"~", path))
	}
	g := newGroup(t, unpolled(), 12)
	write(g.list, "")
	g.wire = func(c *actors.Config) {
		source, err := bridge.FileSource(path)
		require.NoError(t, err)
		c.Source = source
	}
	all := g.start(2)
	leads, others := g.leader(all...)
	was := g.version(all...)
	g.list = partitions(20)
	write(g.list, "")
	g.exactly(all...)
	require.Equal(t, was+1, g.version(all...))

	write(partitions(3), "    weihgt: 2\n")
	g.ledger.await("the leader names the place", func() bool {
		return g.ledger.pages[leads].health.Reason == "the decision failed: source: "+path+`:5:5: unknown field "weihgt"; known are keys, labels, pinned, weight, zone`
	})
	g.exactly(all...)
	g.list = partitions(6)
	write(g.list, "")
	g.exactly(all...)
	require.NoError(t, leads.stop())
	g.exactly(others[0])
	g.list = partitions(7)
	write(g.list, "")
	g.exactly(others[0])
}

// hazard 38
func TestPartitionSource_KV(t *testing.T) {
	beside(t)
	g := newGroup(t, unpolled(), 12)
	nc, err := g.server.Connect()
	require.NoError(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(t, err)
	kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "shop"})
	require.NoError(t, err)
	put := func(list []partition.Partition) {
		for _, p := range list {
			_, err := kv.Put(t.Context(), string(p.ID()), nil)
			require.NoError(t, err)
		}
	}
	put(g.list)
	g.wire = func(c *actors.Config) {
		source, err := bridge.KVSource(nc, "shop")
		require.NoError(t, err)
		c.Source = source
	}
	all := g.start(2)
	g.exactly(all...)
	put(partitions(18)[12:])
	g.list = partitions(18)
	all[1].refresh() // which knows all that was put before
	g.exactly(all...)
	for _, p := range g.list[:4] {
		require.NoError(t, kv.Delete(t.Context(), string(p.ID())))
	}
	g.list = g.list[4:]
	g.exactly(all...)
	g.atRest(all...)
	require.Zero(t, all[0].snapshot().Unowned)
}
