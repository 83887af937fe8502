package live

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// admin is an administrator of the server.
type admin struct {
	t        *testing.T
	nc       *nats.Conn
	urls     []string // of every node
	js       jetstream.JetStream
	replicas int
	lost     time.Time // when it took the store's records away last
}

func (g *group) admin() *admin {
	g.t.Helper()
	a := &admin{t: g.t, nc: g.connect(), urls: strings.Split(g.url(), ","), replicas: max(g.replicas, 1)}
	var err error
	a.js, err = jetstream.New(a.nc, jetstream.WithDefaultTimeout(patience))
	require.NoError(g.t, err)
	return a
}

// asks asks the server until it answers: of three nodes nobody does, or they say that they
// cannot, between two leaders. What is asked twice must be as if asked once.
func (a *admin) asks(question func(context.Context) error) error {
	for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) { // nobody tells when there is one
		ctx, cancel := context.WithTimeout(a.t.Context(), patience/6)
		err := question(ctx)
		cancel()
		var refused *jetstream.APIError
		unable := errors.As(err, &refused) && refused.Code == http.StatusServiceUnavailable
		if !unable && !errors.Is(err, context.DeadlineExceeded) || time.Now().After(late) {
			return err
		}
	}
}

// create makes the group's stream under this nonce, to keep all its history.
func (a *admin) create(nonce string) error {
	return a.asks(func(ctx context.Context) error {
		_, err := a.js.CreateStream(ctx, jetstream.StreamConfig{
			Name: "KV_live", Subjects: []string{"$KV.live." + nonce + ".>"}, Replicas: a.replicas, MaxMsgsPerSubject: -1,
			DenyDelete: true, DenyPurge: true, AllowAtomicPublish: true,
			Metadata: map[string]string{bridge.IncarnationKey: nonce},
		})
		return err
	})
}

// delete leaves another stream: after the last one of an account is deleted, the server
// removes the account's folder, while the next one may be made or restored.
func (a *admin) delete() {
	a.t.Helper()
	require.NoError(a.t, a.asks(func(ctx context.Context) error {
		_, err := a.js.CreateStream(ctx, jetstream.StreamConfig{Name: "other", Subjects: []string{"other"}, Replicas: a.replicas})
		return err
	}))
	a.lost = time.Now()
	err := a.asks(func(ctx context.Context) error { return a.js.DeleteStream(ctx, "KV_live") })
	if !errors.Is(err, jetstream.ErrStreamNotFound) { // it was deleted, and the answer was lost
		require.NoError(a.t, err)
	}
}

func (a *admin) stream() (s jetstream.Stream) {
	a.t.Helper()
	require.NoError(a.t, a.asks(func(ctx context.Context) (err error) {
		s, err = a.js.Stream(ctx, "KV_live")
		return err
	}))
	return s
}

func (a *admin) incarnation() string {
	a.t.Helper()
	return a.stream().CachedInfo().Config.Metadata[bridge.IncarnationKey]
}

// edit changes how long the stream keeps its records; 0 is for ever.
func (a *admin) edit(maxAge time.Duration) {
	a.t.Helper()
	if maxAge != 0 {
		a.lost = time.Now()
	}
	a.change(func(cfg *jetstream.StreamConfig) { cfg.MaxAge, cfg.Duplicates = maxAge, maxAge })
}

// expired waits until the stream has no record left: the server takes them away by and by.
func (a *admin) expired() {
	a.t.Helper()
	for late := time.Now().Add(patience); a.stream().CachedInfo().State.Msgs > 0; time.Sleep(20 * time.Millisecond) {
		require.True(a.t, time.Now().Before(late), "the stream still has %v", a.keys())
	}
}

// limit changes how much the stream holds; -1 is no limit.
func (a *admin) limit(bytes int64) {
	a.t.Helper()
	a.change(func(cfg *jetstream.StreamConfig) { cfg.MaxBytes, cfg.Discard = bytes, jetstream.DiscardNew })
}

func (a *admin) change(how func(*jetstream.StreamConfig)) {
	a.t.Helper()
	cfg := a.stream().CachedInfo().Config
	how(&cfg)
	require.NoError(a.t, a.asks(func(ctx context.Context) error {
		_, err := a.js.UpdateStream(ctx, cfg)
		return err
	}))
}

// stored is one message of the stream.
type stored struct {
	key      messages.Key
	revision partition.Revision
	at       time.Time // the server's
	record   any
}

// records reads what the stream has, oldest first, until it has caught up with whoever
// writes meanwhile: what replaces a record that was not read yet is read as well.
func (a *admin) records() []stored {
	a.t.Helper()
	s := a.stream()
	var out []stored
	last := s.CachedInfo().State.LastSeq
	for seq := s.CachedInfo().State.FirstSeq; seq <= last; seq++ {
		var m *jetstream.RawStreamMsg
		err := a.asks(func(ctx context.Context) (err error) {
			m, err = s.GetMsg(ctx, seq)
			return err
		})
		if !errors.Is(err, jetstream.ErrMsgNotFound) {
			require.NoError(a.t, err)
			key, record, err := bridge.Inspect(m.Subject, m.Data)
			require.NoError(a.t, err)
			out = append(out, stored{key, partition.Revision(seq), m.Time, record})
		}
		if seq == last {
			last = a.last()
		}
	}
	return out
}

// keys are those that the stream has a record of.
func (a *admin) keys() (keys []messages.Key) {
	a.t.Helper()
	for _, r := range a.records() {
		keys = append(keys, r.key)
	}
	return keys
}

// latest is the newest record of a key, with revision 0 if there is none.
func (a *admin) latest(key messages.Key) (latest stored) {
	a.t.Helper()
	for _, r := range a.records() {
		if r.key == key {
			latest = r
		}
	}
	return latest
}

// head is the revision of the latest head, 0 if there is none.
func (a *admin) head() partition.Revision {
	a.t.Helper()
	return a.latest(messages.KeyHead).revision
}

// quarantined demands that nothing was granted in this incarnation before every
// lease of the former one had ended, and nothing under an old step.
func (a *admin) quarantined(s partition.Settings, after partition.Token) {
	a.t.Helper()
	terms, granted := map[partition.Revision]time.Time{}, false
	for _, r := range a.records() {
		switch x := r.record.(type) {
		case partition.Term:
			terms[r.revision] = r.at
		case partition.Journal:
			require.Greater(a.t, uint64(x.Step), uint64(after), "%v: %v", r.at, x)
			if !granted && len(x.Moves) > 0 {
				granted = true
				began, there := terms[x.Term]
				if !there { // others have led since, and the stream keeps the latest term only
					require.Less(a.t, x.Term, a.latest(messages.KeyTerm).revision)
					began = a.lost
				}
				require.GreaterOrEqual(a.t, r.at.Sub(began), s.Wait(s.Lease))
			}
		}
	}
	require.True(a.t, granted)
}

// writesNothing demands that nobody takes a write into that incarnation.
func (a *admin) writesNothing(incarnation string, expect partition.Revision) {
	a.t.Helper()
	_, err := a.writeLead(incarnation, expect)
	require.ErrorIs(a.t, err, nats.ErrNoResponders)
}

// writeLead writes the lead of an incarnation, on what it was.
func (a *admin) writeLead(incarnation string, expect partition.Revision) (answer *nats.Msg, err error) {
	m := nats.NewMsg("$KV.live." + incarnation + ".lead")
	m.Header.Set(nats.ExpectedLastSubjSeqHdr, strconv.FormatUint(uint64(expect), 10))
	return a.nc.RequestMsg(m, patience)
}

// snapshot is a copy of the stream, as the server gives it out.
type snapshot struct {
	Config json.RawMessage `json:"config"`
	State  json.RawMessage `json:"state"`
	Error  any             `json:"error,omitempty"`
	chunks [][]byte
}

func (a *admin) ask(subject string, question, answer any) {
	a.t.Helper()
	data, err := json.Marshal(question)
	require.NoError(a.t, err)
	m, err := a.nc.Request(subject, data, patience)
	require.NoError(a.t, err)
	require.NoError(a.t, json.Unmarshal(m.Data, answer))
}

func (a *admin) snapshot() (s snapshot) {
	a.t.Helper()
	inbox := a.nc.NewInbox()
	sub, err := a.nc.SubscribeSync(inbox)
	require.NoError(a.t, err)
	defer func() { _ = sub.Unsubscribe() }()
	a.ask("$JS.API.STREAM.SNAPSHOT.KV_live", map[string]any{"deliver_subject": inbox, "no_consumers": true}, &s)
	require.Nil(a.t, s.Error)
	for {
		m, err := sub.NextMsg(patience)
		require.NoError(a.t, err)
		if len(m.Data) == 0 {
			return s
		}
		s.chunks = append(s.chunks, m.Data)
		if m.Reply != "" {
			require.NoError(a.t, m.Respond(nil))
		}
	}
}

// restore puts a copy in the stream's place.
func (a *admin) restore(s snapshot) {
	a.t.Helper()
	a.delete()
	var to struct {
		Error   any    `json:"error"`
		Deliver string `json:"deliver_subject"`
	}
	a.ask("$JS.API.STREAM.RESTORE.KV_live", s, &to)
	require.Nil(a.t, to.Error)
	var nodes []*nats.Conn
	for _, url := range a.urls {
		nodes = append(nodes, dial(a.t, url))
	}
	for _, chunk := range append(s.chunks, nil) {
		m, err := request(nodes, to.Deliver, chunk)
		require.NoError(a.t, err)
		require.NotContains(a.t, string(m.Data), `"error"`)
	}
}

// request asks node by node until one knows who listens. Whoever listens is known to its
// own node before it says where it does. The others hear that on another connection than
// what it said, maybe later.
func request(nodes []*nats.Conn, subject string, data []byte) (m *nats.Msg, err error) {
	for _, node := range nodes {
		if m, err = node.Request(subject, data, patience); !errors.Is(err, nats.ErrNoResponders) {
			break
		}
	}
	return m, err
}
