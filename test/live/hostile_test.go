package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// hostile is somebody who has the credentials of worker-2, which never leads, and does
// with them whatever the server lets it do.
type hostile struct {
	*strict
	js     jetstream.JetStream
	prefix string // of the group's subjects
	log    *log
}

func newHostile(t *testing.T, settings partition.Settings) (*hostile, []*worker) {
	t.Helper()
	h := &hostile{strict: newStrict(t, settings), log: &log{news: make(chan struct{}, 1)}}
	h.logger = slog.New(slog.NewTextHandler(h.log, nil))
	h.create()
	first := h.enter(0)
	h.atRest(first)
	all := []*worker{first, h.enter(1)}
	h.atRest(all...)
	var err error
	h.js, err = jetstream.New(h.dialled(asWorker))
	require.NoError(t, err)
	stream, err := h.js.Stream(t.Context(), "KV_live")
	require.NoError(t, err)
	h.prefix = strings.TrimSuffix(stream.CachedInfo().Config.Subjects[0], ">")
	return h, all
}

// says writes a record, and returns what the stream answers.
func (h *hostile) says(subject string, data []byte, headers nats.Header) error {
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	_, err := h.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data, Header: headers}, jetstream.WithRetryAttempts(0))
	return err
}

// forged is the record of another worker, with some fields of the attacker's own.
func (h *hostile) forged(fields ...[]byte) []byte {
	h.t.Helper()
	stream, err := h.js.Stream(h.t.Context(), "KV_live")
	require.NoError(h.t, err)
	m, err := stream.GetLastMsgForSubject(h.t.Context(), h.prefix+"live.worker-1")
	require.NoError(h.t, err)
	return append(m.Data, bytes.Join(fields, nil)...)
}

// number is a field of a record: of two of the same, the last one counts.
func number(field int, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(field)<<3), value)
}

// Numbers of fields in proto/troupe.proto, Live.
const (
	claimField   = 2
	appliedField = 6
	seenField    = 7
)

// told waits until somebody has said that a record makes no sense.
func (h *hostile) told() {
	h.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !h.log.has(incomprehensible) {
		select {
		case <-h.log.news:
		case <-late.C:
			require.Fail(h.t, "nobody says that a record cannot be understood")
		}
	}
}

const incomprehensible = "a record cannot be understood"

// flood is how many records somebody writes who does not wait for answers: no more than
// the server keeps for a stream that is behind.
const flood = 5000

// Somebody has the credentials of a worker and means no good. What it writes over its own
// record is told and counts for nothing, however much it is; all else is refused, by the
// permissions or by the stream. The others go on: nothing moves and nobody is deposed.
func TestHostile(t *testing.T) {
	beside(t)
	h, all := newHostile(t, patient())
	leads, _ := h.leader(all...)
	term, begin := leads.snapshot().Term, h.ledger.mark()
	const own = "live.worker-2"
	for what, lie := range map[string][]byte{
		"garbage": []byte("\xffnonsense"), "nothing": nil, "huge": bytes.Repeat([]byte{0xff}, 900<<10),
		"a step of the future":  h.forged(number(appliedField, math.MaxInt64)),
		"the last step":         h.forged(number(seenField, math.MaxUint64)),
		"a claim of the future": h.forged(number(claimField, 1<<60)),
		"half of a record":      h.forged()[:40],
	} {
		require.NoError(t, h.says(h.prefix+own, lie, nil), what)
	}
	h.told()
	require.NoError(t, h.says(h.prefix+own, nil, nats.Header{"KV-Operation": {"DEL"}}), "a marker is a record, too")

	require.ErrorIs(t, h.says(h.prefix+own, make([]byte, 2<<20), nil), nats.ErrMaxPayload)
	require.ErrorIs(t, h.says("$KV.live.former."+own, nil, nil), jetstream.ErrNoStreamResponse, "no stream has another incarnation")
	for refusal, header := range map[string]nats.Header{
		"rollup not permitted": {"Nats-Rollup": {"all"}}, "TTL is disabled": {"Nats-TTL": {"1s"}}, "schedules is disabled": {"Nats-Schedule": {"@every 1s"}},
	} {
		require.ErrorContains(t, h.says(h.prefix+own, nil, header), refusal)
	}
	for _, key := range []string{"lead", "term", "head.0", "asg.worker-1.0", "journal.7", "live.worker-1"} {
		require.NoError(t, h.js.Conn().Publish(h.prefix+key, []byte("\xffnonsense")))
		require.NoError(t, h.js.Conn().Flush())
		require.ErrorContains(t, h.js.Conn().LastError(), h.prefix+key)
	}

	for i := range flood {
		require.NoError(t, h.js.Conn().Publish(h.prefix+own, fmt.Appendf(nil, "\xff%d", i)))
	}
	require.NoError(t, h.js.Conn().Flush())
	require.NoError(t, h.says(h.prefix+own, nil, nil), "all of it has been written")
	require.NotZero(t, leads.refresh(), "the group has seen it")
	h.atRest(all...)
	h.ledger.unmoved(begin, all...)
	require.Equal(t, term, leads.snapshot().Term)
	require.Less(t, h.log.count(incomprehensible), 100, "nobody's log is flooded")
}

// Who lies well, here by the record of another under its own name, is a member (A2): it is
// given its share, which nobody works on. When it does not renew its lease it is fenced,
// and the others have all again. Nobody has two owners meanwhile.
func TestHostile_AMemberThatLies(t *testing.T) {
	beside(t)
	h, all := newHostile(t, mortal())
	require.NoError(t, h.says(h.prefix+"live.worker-2", h.forged(), nil))
	h.ledger.await("it has its share", func() bool {
		return len(h.ledger.pages[all[0]].owned)+len(h.ledger.pages[all[1]].owned) < len(h.list)
	})
	h.atRest(all...)
	require.True(t, h.log.has("a session is fenced"))
}
