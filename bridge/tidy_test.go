package bridge

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// front stands where a manager would, which leads from the third question on.
type front struct {
	asked int
	where map[partition.PartitionID]messages.Owner
}

func (f *front) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.GetSnapshot:
		f.asked++
		ctx.Respond(messages.Snapshot{Leading: f.asked >= 3})
	case messages.GetOwner:
		o := f.where[m.Partition]
		o.Partition = m.Partition
		ctx.Respond(o)
	}
}

// tidied is a mill with consumers of partitions that are there, that were removed, and
// that are not known, and with those of another application and of another group.
func tidied(t *testing.T, retention jetstream.RetentionPolicy, group string, logger *slog.Logger) (m *mill, deleted <-chan string, manager *actor.PID) {
	m = openMill(t, retention)
	m.cfg.Logger, m.cfg.Subjects = logger, "work.{partition}.>"
	type whose struct{ name, group string }
	for whose, owned := range map[whose][]partition.Owned{
		{"mill", ""}:      {{ID: "there", Entered: 5}, {ID: "again", Entered: 3}, {ID: "gone", Entered: 4}, {ID: "unknown", Entered: 4}},
		{"mill", "blue"}:  {{ID: "gone", Entered: 4}, {ID: "again", Entered: 3}},
		{"mill", "green"}: {{ID: "gone", Entered: 4}},
		{"other", ""}:     {{ID: "gone", Entered: 4}},
	} {
		cfg := m.cfg
		cfg.Name, cfg.Group = whose.name, whose.group
		c, err := Consume(m.nc, cfg)
		require.NoError(t, err)
		for _, o := range owned {
			require.NoError(t, c.ensure(t.Context(), o))
		}
	}
	f := &front{where: map[partition.PartitionID]messages.Owner{
		"there": {Entered: 5, Worker: "w"}, "again": {Entered: 9}, "gone": {Gone: true}, "unknown": {Reason: "the store does not answer"},
	}}
	manager = m.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return f }))
	deleted = m.hear("$JS.EVENT.ADVISORY.CONSUMER.DELETED.>", "")
	m.cfg.Group = group
	c, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	stop := c.Tidy(m.system, manager, 200*time.Millisecond)
	t.Cleanup(stop)
	return m, deleted, manager
}

func (m *mill) names() (all []string) {
	list := m.stream.ConsumerNames(m.t.Context())
	for name := range list.Name() {
		all = append(all, name)
	}
	require.NoError(m.t, list.Err())
	return all
}

// Each group tidies what is its own: a consumer that names no group belongs to who names
// none.
func TestTidy_DeletesWhatHasNoPartition(t *testing.T) {
	t.Parallel()
	for group, left := range map[string][]string{
		"":     {"mill+there+5", "mill+unknown+4", "other+gone+4", "mill+blue+gone+4", "mill+blue+again+3", "mill+green+gone+4"},
		"blue": {"mill+there+5", "mill+unknown+4", "mill+gone+4", "mill+again+3", "other+gone+4", "mill+green+gone+4"},
	} {
		t.Run("group "+group, func(t *testing.T) {
			t.Parallel()
			log := make(lines, 100)
			m, _, manager := tidied(t, jetstream.LimitsPolicy, group, slog.New(slog.NewTextHandler(log, nil)))
			for range 2 { // the server's advisory comes before it is gone
				require.Contains(t, await(t, log, "a consumer is deleted"), "the consumer of a removed partition is deleted")
			}
			require.ElementsMatch(t, left, m.names())
			require.NoError(t, m.system.Root.StopFuture(manager).Wait())
		})
	}
}

// lines is a log.
type lines chan string

func (l lines) Write(b []byte) (int, error) { l <- string(b); return len(b), nil }

func TestTidy_LeavesWhatKeepsMessages(t *testing.T) {
	t.Parallel()
	log := make(lines, 100)
	m, deleted, _ := tidied(t, jetstream.InterestPolicy, "", slog.New(slog.NewTextHandler(log, nil)))
	for line := ""; !strings.Contains(line, "consumers of removed partitions are left"); {
		line = await(t, log, "a word in the log")
	}
	require.Empty(t, deleted)
	require.Len(t, m.names(), 8)
}

// Groups that read one stream under one Name handle each message, and each puts aside what
// fails there.
func TestConsumers_EachGroupHasItsOwn(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.LimitsPolicy)
	m.cfg.MaxDeliver, m.cfg.DeadLetter = 1, "dead.work"
	m.send("bad")
	for _, group := range []string{"", "blue", "green"} {
		m.cfg.Group = group
		_, pid := m.open(owner(1))
		m.next("bad").end <- errBad
		m.revoke(pid)
		m.gone(pid)
	}
	require.ElementsMatch(t, []string{"mill+p+0", "mill+blue+p+0", "mill+green+p+0"}, m.names())
	dead, err := m.js.Stream(t.Context(), "DEAD")
	require.NoError(t, err)
	require.EqualValues(t, 3, dead.CachedInfo().State.Msgs)
}
