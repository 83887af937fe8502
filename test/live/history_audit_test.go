package live

import (
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// tape is what a stream accepted, to be falsified.
type tape []*jetstream.RawStreamMsg

// find returns the index of the n-th message of a key, from the end if n is
// negative.
func (all tape) find(t *testing.T, key string, n int) int {
	t.Helper()
	var at []int
	for i, m := range all {
		if strings.HasPrefix(m.Subject, prefix+key) {
			at = append(at, i)
		}
	}
	if n < 0 {
		n += len(at)
	}
	require.Less(t, n, len(at), "%s", key)
	return at[n]
}

// publish returns the messages of the publish that has this one.
func (all tape) publish(i int) tape {
	id := all[i].Header.Get("Nats-Batch-Id")
	return slices.DeleteFunc(slices.Clone(all), func(m *jetstream.RawStreamMsg) bool { return m.Header.Get("Nats-Batch-Id") != id })
}

// again writes messages once more at the end, as if their conditions held.
func (all tape) again(more tape) tape {
	for i, m := range more {
		c := *m
		c.Sequence, c.Time = uint64(len(all)+1), all[len(all)-1].Time
		c.Header = nats.Header{"Nats-Batch-Id": {"again"}, "Nats-Batch-Sequence": {string(rune('1' + i))}}
		if i == len(more)-1 {
			c.Header.Set("Nats-Batch-Commit", "1")
		}
		all = append(all, &c)
	}
	return all
}

// A group joins, works and leaves; its history is sound. Each falsification of
// what was really stored is found.
func TestHistory_Audit(t *testing.T) {
	g := groupWithHistory(t, patient(), 24)
	all := g.start(3)
	require.NoError(t, all[0].stop())
	g.atRest(all[1:]...)
	whole := g.tape()
	audit(g.list, whole).sound(t)

	for name, c := range map[string]struct {
		finds string
		plant func(tape) tape
	}{
		"a decision twice":        {"I2", func(all tape) tape { return all.again(all.publish(all.find(t, "head.", -1))) }},
		"a decision of the past":  {"I1", func(all tape) tape { return all.again(all.publish(all.find(t, "head.", 1))) }},
		"the lead of the past":    {"I1", func(all tape) tape { return all.again(all[all.find(t, "lead", 0):][:1]) }},
		"a heartbeat of the past": {"I7", func(all tape) tape { return all.again(all[all.find(t, "live.worker-0", -2):][:1]) }},
		"no evidence": {"I11", func(all tape) tape {
			i := all.find(t, "live.worker-0", -1) // the release
			return slices.Delete(all, i, i+1)
		}},
		"an assignment that was not written": {"I3", func(all tape) tape {
			i := all.find(t, "asg.", -1)
			return slices.Delete(all, i, i+1)
		}},
		"a record of somebody else": {"I11", func(all tape) tape {
			i := all.find(t, "head.", -1)
			all[i].Data = []byte("?")
			return all
		}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := slices.Clone(whole)
			for i, m := range fake {
				c := *m
				fake[i] = &c
			}
			var found []string
			for _, v := range audit(g.list, c.plant(fake)).check.Broken() {
				found = append(found, v.Invariant)
			}
			require.Contains(t, found, c.finds)
		})
	}
}

// What the server should have refused is found, when it is in the stream: a write
// without a condition or with one that did not hold, and a batch in part.
func TestHistory_Forced(t *testing.T) {
	g := groupWithHistory(t, swift(), 24)
	g.start(1)
	whole := g.tape()
	i := whole.find(t, "head.", 0)
	require.Empty(t, audit(g.list, whole).forced)
	require.NotEmpty(t, audit(g.list, slices.Delete(slices.Clone(whole), i, i+1)).forced, "a batch in part")
	require.NotEmpty(t, audit(g.list, append(slices.Clone(whole), whole[whole.find(t, "lead", 0)])).forced, "an old condition")

	_, err := g.jetstream().Publish(t.Context(), prefix+"head.0", whole[i].Data)
	require.NoError(t, err)
	h := g.history()
	require.NotEmpty(t, h.forced, "no condition")
	require.NotEmpty(t, h.check.Broken(), "a head of the past")
}
