package bridge

import (
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// A Group that is set later means other consumers. On a work queue those of before are in the
// way: the error names them, and once they are deleted work goes on.
func TestConsumers_AGroupThatIsSetLater(t *testing.T) {
	m := openMill(t, jetstream.WorkQueuePolicy)
	former, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	require.NoError(t, former.ensure(t.Context(), owner(1)))
	require.NoError(t, former.ensure(t.Context(), partition.Owned{ID: "q", Token: 1, Entered: 1}))
	m.cfg.Group = "eu"
	c, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	name := former.Durable(owner(1))
	for range 2 {
		require.ErrorContains(t, c.ensure(t.Context(), owner(2)), "each message of the stream WORK is for one consumer, and "+name+
			" takes those of work.p: delete it once nobody works with it, or go back to its Name and Group: ")
	}
	require.NoError(t, m.stream.DeleteConsumer(t.Context(), name))
	require.NoError(t, c.ensure(t.Context(), owner(2)))
}

func TestTakes(t *testing.T) {
	for _, c := range []struct {
		filters string
		want    bool
	}{
		{"", true},
		{"work.p", true},
		{"work.q", false},
		{"work.*", true},
		{"work.>", true},
		{">", true},
		{"work", false},
		{"work.p.x", false},
		{"work.p.>", false},
		{"work.q work.p", true},
		{"work.q work.r", false},
	} {
		cfg := jetstream.ConsumerConfig{FilterSubjects: strings.Fields(c.filters)}
		require.Equal(t, c.want, takes(cfg, "work.p"), c.filters)
		if len(cfg.FilterSubjects) == 1 {
			cfg.FilterSubject, cfg.FilterSubjects = c.filters, nil
			require.Equal(t, c.want, takes(cfg, "work.p"), c.filters)
		}
	}
	require.True(t, meet("work.p.>", "work.*.x"))
}
