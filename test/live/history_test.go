package live

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// prefix is what the subjects of a stream with history begin with.
const prefix = "$KV.live.history."

// groupWithHistory is a group on a stream that an administrator made: it keeps all
// that it ever accepted. Such tests run beside each other.
func groupWithHistory(t *testing.T, settings partition.Settings, count int) *group {
	t.Helper()
	t.Parallel()
	g := unchecked(t, embedded.Config{Memory: true}, settings, count)
	_, err := g.jetstream().CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "KV_live", Subjects: []string{prefix + ">"}, Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew,
		MaxMsgsPerSubject: -1, DenyDelete: true, DenyPurge: true, AllowAtomicPublish: true,
		Metadata: map[string]string{bridge.IncarnationKey: "history"},
	})
	require.NoError(t, err)
	return g
}

// jetstream is a connection for the test's own use.
func (g *group) jetstream() jetstream.JetStream {
	g.t.Helper()
	nc, err := g.server.Connect(nats.Timeout(patience))
	require.NoError(g.t, err)
	g.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(g.t, err)
	return js
}

// history is all that a stream ever accepted, and what is wrong with it.
type history struct {
	reader  sim.Reader
	records []sim.Written
	check   *sim.Checker
	// forced lists writes that are in the stream although their condition did not
	// hold, and batches that are there in part.
	forced []string
	last   map[string]uint64 // by subject
}

// tape reads the stream from its first message on.
func (g *group) tape() tape {
	g.t.Helper()
	stream, err := g.jetstream().Stream(g.t.Context(), "KV_live")
	require.NoError(g.t, err)
	info, err := stream.Info(g.t.Context())
	require.NoError(g.t, err)
	require.EqualValues(g.t, info.State.LastSeq, info.State.Msgs, "nothing is missing")
	var all tape
	for seq := range info.State.LastSeq {
		m, err := stream.GetMsg(g.t.Context(), seq+1)
		require.NoError(g.t, err)
		all = append(all, m)
	}
	return all
}

// history reads the stream and checks the invariants as the simulator does.
func (g *group) history() *history {
	g.t.Helper()
	return audit(g.list, g.tape())
}

// audit checks what a stream accepted.
func audit(list []partition.Partition, all tape) *history {
	line := &sim.Timeline{}
	h := &history{check: sim.NewChecker(line), last: map[string]uint64{}}
	var ids []partition.PartitionID
	for _, p := range list {
		ids = append(ids, p.ID())
	}
	h.check.Listed(ids)
	for len(all) > 0 {
		n := h.batch(all)
		line.Advance(all[0].Time.Sub(time.Unix(0, 0)))
		h.commit(line, all[:n])
		all = all[n:]
	}
	return h
}

// batch is how many messages were committed with the first one.
func (h *history) batch(all tape) int {
	id := all[0].Header.Get("Nats-Batch-Id")
	if id == "" {
		return 1
	}
	n := 1
	for n < len(all) && all[n].Header.Get("Nats-Batch-Id") == id {
		n++
	}
	for i, m := range all[:n] {
		whole := m.Header.Get("Nats-Batch-Sequence") == strconv.Itoa(i+1) && (m.Header.Get("Nats-Batch-Commit") != "") == (i == n-1)
		if !whole {
			h.forced = append(h.forced, fmt.Sprintf("%d: %s is message %d of a batch that is not whole", m.Sequence, m.Subject, i+1))
		}
	}
	return n
}

// commit checks one publish.
func (h *history) commit(line *sim.Timeline, publish tape) {
	c := sim.Commit{At: line.Now(), Sent: line.Now(), Stream: "KV_live", Incarnation: "history"}
	for _, m := range publish {
		h.expected(m)
		c.Messages = append(c.Messages, bridge.Sight{Subject: m.Subject, Sequence: m.Sequence, Data: m.Data, Time: m.Time})
	}
	for _, m := range publish {
		h.last[m.Subject] = m.Sequence
	}
	writes := h.reader.Read(c)
	h.records = append(h.records, writes...)
	h.check.Committed(c, writes)
}

// expected checks the condition that a message carries. Only parts of a publish
// that carries one elsewhere need none.
func (h *history) expected(m *jetstream.RawStreamMsg) {
	text := m.Header.Get(jetstream.ExpectedLastSubjSeqHeader)
	if text == "" {
		if m.Header.Get("Nats-Batch-Id") == "" {
			h.forced = append(h.forced, fmt.Sprintf("%d: %s was written without a condition", m.Sequence, m.Subject))
		}
		return
	}
	subject := m.Header.Get(jetstream.ExpectedLastSubjSeqSubjHeader)
	if subject == "" {
		subject = m.Subject
	}
	if is := strconv.FormatUint(h.last[subject], 10); is != text {
		h.forced = append(h.forced, fmt.Sprintf("%d: %s expected %s at %s; it was at %s", m.Sequence, m.Subject, subject, text, is))
	}
}

// sound fails the test for whatever is wrong.
func (h *history) sound(t *testing.T) {
	t.Helper()
	require.Empty(t, h.check.Broken())
	require.Empty(t, h.forced)
}

// terms are the leaderships, in their order.
func (h *history) terms() (terms []partition.Term) {
	for _, w := range h.records {
		if r, ok := w.Record.(partition.Term); ok {
			terms = append(terms, r)
		}
	}
	return terms
}

// sessions are those that ever claimed an ID, by ID, in their order.
func (h *history) sessions() map[partition.WorkerID][]partition.SessionID {
	out := map[partition.WorkerID][]partition.SessionID{}
	for _, w := range h.records {
		if r, ok := w.Record.(partition.Live); ok && r.Fence == nil && r.Claim == 0 {
			id := partition.WorkerID(w.Key[len("live."):])
			out[id] = append(out[id], r.Session)
		}
	}
	return out
}

// latest is the newest record of a worker.
func (h *history) latest(id partition.WorkerID) (latest partition.Live) {
	for _, w := range h.records {
		if r, ok := w.Record.(partition.Live); ok && w.Key == messages.KeyLive(id) {
			latest = r
		}
	}
	return latest
}
