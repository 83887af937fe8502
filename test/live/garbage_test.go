package live

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// spoilt are the keys that somebody else writes to. Of the two workers one leads, as a rule
// the first.
var spoilt = [...]string{"lead", "term", "head.0", "head.1", "asg.worker-0.0", "asg.worker-1.0", "journal.7", "live.worker-0", "live.worker-1"}

// spoils make what is written over a record out of it.
var spoils = map[string]func(v *vandal, key string) *nats.Msg{
	"garbage":     func(*vandal, string) *nats.Msg { return &nats.Msg{Data: []byte("\xffnonsense")} },
	"nothing":     func(*vandal, string) *nats.Msg { return &nats.Msg{} },
	"huge":        func(v *vandal, key string) *nats.Msg { return &nats.Msg{Data: huge(v.record(key))} },
	"cut in half": func(v *vandal, key string) *nats.Msg { d := v.record(key); return &nats.Msg{Data: d[:len(d)/2]} },
	"a marker": func(*vandal, string) *nats.Msg {
		return &nats.Msg{Header: nats.Header{"KV-Operation": {"DEL"}}}
	},
	"of another kind": func(v *vandal, key string) *nats.Msg {
		other := "live.worker-0"
		if strings.HasPrefix(key, "live.") {
			other = "term"
		}
		return &nats.Msg{Data: v.record(other)}
	},
	"of another group": func(v *vandal, key string) *nats.Msg { return &nats.Msg{Data: v.other.record(key)} },
}

// huge is a record that reads well, and is as large as a message can be: it has a field
// that no build knows.
func huge(record []byte) []byte {
	const unknown, size = 2000<<3 | 2, 900 << 10
	field := binary.AppendUvarint(binary.AppendUvarint(nil, unknown), size)
	return slices.Concat(record, field, make([]byte, size))
}

// vandal is a group, and somebody who writes into its stream.
type vandal struct {
	*group
	all   []*worker
	leads *worker
	js    jetstream.JetStream
	log   log
	other *vandal
	key   string
	term  partition.Revision
	lives []partition.SessionID
	token partition.Token // the highest one
}

// log keeps what is logged.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{} // hears that there is more, if it is not nil
}

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *log) has(text string) bool { return strings.Contains(l.all(), text) }

func (l *log) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *log) count(text string) int { return strings.Count(l.all(), text) }

// A record that somebody writes over is reported, and made anew by whose it is;
// meanwhile and afterwards no partition has two owners, and in the end each has one.
//
// hazard 54
func TestGarbage(t *testing.T) {
	beside(t)
	hub := unchecked(t, embedded.Config{Memory: true}, partition.Settings{}, 0)
	other := newVandal(t, hub, "another", "", 2, partitions(6))
	inLanes(len(spoils), slices.Collect(maps.Keys(spoils)), func(name string) {
		t.Run(name, func(t *testing.T) {
			var all []*vandal
			for n := range spoiltEach {
				i := (n + 3*len(name)) % len(spoilt)
				key := spoilt[i]
				v := newVandal(t, hub, fmt.Sprintf("%s-%d", strings.ReplaceAll(name, " ", "-"), i), key, 2, partitions(6))
				v.other = other
				all = append(all, v)
			}
			for _, v := range all {
				v.strike(spoils[name])
			}
			for _, v := range all {
				v.recovers(name == "of another group")
			}
		})
	})
}

// So it is with a part of what the leader has itself, which fills several messages.
//
// hazard 54
func TestGarbage_PartOfWhatTheLeaderHas(t *testing.T) {
	beside(t)
	hub := unchecked(t, embedded.Config{Memory: true}, partition.Settings{}, 0)
	v := newVandal(t, hub, "parts", "asg.worker-0.1", 1, wordy(2400, 245))
	v.strike(spoils["garbage"])
	v.recovers(false)
}

func newVandal(t *testing.T, hub *group, name, key string, workers int, list []partition.Partition) *vandal {
	t.Helper()
	s := calm(partition.Default())
	s.StoreTimeout, s.Lease, s.LeaderLease = 5*time.Second, 10*time.Second, 10*time.Second // none ends by itself
	v := &vandal{key: key, group: &group{t: t, name: name, server: hub.server, settings: s, list: list, ledger: newLedger(t), fresh: true}}
	v.logger = slog.New(slog.NewTextHandler(&v.log, nil))
	t.Cleanup(v.ledger.audit)
	v.all = v.start(workers)
	v.js = hub.jetstream()
	for _, w := range v.all {
		v.lives = append(v.lives, w.snapshot().Session)
	}
	v.token = v.ledger.latest()
	v.leads, _ = v.leader(v.all...)
	v.term = v.leads.snapshot().Term
	return v
}

// subject is where the record is in the stream.
func (v *vandal) subject(key string) string {
	v.t.Helper()
	stream, err := v.js.Stream(v.t.Context(), "KV_"+v.name)
	require.NoError(v.t, err)
	return strings.TrimSuffix(stream.CachedInfo().Config.Subjects[0], ">") + key
}

// record is what is stored there. Of what is not there yet something similar is.
func (v *vandal) record(key string) []byte {
	v.t.Helper()
	switch key {
	case "journal.7":
		key = "journal.*"
	case "head.1":
		key = "head.0"
	}
	stream, err := v.js.Stream(v.t.Context(), "KV_"+v.name)
	v.answered(err)
	m, err := stream.GetLastMsgForSubject(v.t.Context(), v.subject(key))
	v.answered(err)
	return m.Data
}

// answered fails the test if the server has not answered, and tells where everybody is.
func (v *vandal) answered(err error) {
	v.t.Helper()
	if err != nil {
		var where strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&where, 1)
		require.NoError(v.t, err, "%+v\n%s", v.js.Conn().Stats(), where.String())
	}
}

// strike writes over the record. What nobody looks at again by itself is needed
// when the leadership ends.
func (v *vandal) strike(spoil func(*vandal, string) *nats.Msg) {
	m := spoil(v, v.key)
	m.Subject = v.subject(v.key)
	_, err := v.js.PublishMsg(v.t.Context(), m)
	require.NoError(v.t, err)
	if !strings.HasPrefix(v.key, "l") {
		v.leads.killed("election") // else it has ended by itself
	}
}

// recovers waits until the group has noticed, and is at rest.
func (v *vandal) recovers(foreign bool) {
	noticed := func() bool {
		return slices.ContainsFunc(v.all, func(w *worker) bool { return w.snapshot().Term > v.term })
	}
	switch v.key {
	case "live.worker-0":
		noticed = func() bool { return v.all[0].snapshot().Session != v.lives[0] }
	case "live.worker-1":
		noticed = func() bool { return v.all[1].snapshot().Session != v.lives[1] }
	}
	v.until(v.key+" is noticed", noticed)
	if v.table() {
		v.anew(v.token, v.all...) // what was decided is lost
	}
	v.atRest(v.all...)
	for _, w := range v.all {
		said := w.snapshot()
		for _, o := range said.Owned[:min(len(said.Owned), 6)] {
			answer := messages.Owner{}
			v.until("it is known who owns "+string(o.ID), func() bool {
				answer = ask[messages.Owner](v.all[0], messages.GetOwner{Partition: o.ID})
				return answer.Reason == ""
			})
			require.Equal(v.t, messages.Owner{Partition: o.ID, Worker: said.Worker, Token: o.Token, Entered: o.Entered}, answer)
		}
	}
	v.told(foreign)
	for _, w := range slices.Backward(v.all) {
		require.NoError(v.t, w.stop())
	}
}

// table reports whether the record is of the table of who owns what.
func (v *vandal) table() bool { return v.key == "head.0" || strings.HasPrefix(v.key, "asg.") }

// told checks that somebody was told. A record of another group can be understood: it is
// told as what it is taken for. In lead and term that is another leader, as usual.
func (v *vandal) told(foreign bool) {
	complains := func(w *worker, id string) {
		v.t.Helper()
		require.True(v.t, slices.ContainsFunc(v.ledger.read(w).complaints, func(reason string) bool {
			return strings.Contains(reason, "another session took "+id)
		}), "nobody has told %s", id)
	}
	switch {
	case v.key == "journal.7" || v.key == "head.1": // nobody reads these
	case !foreign:
		require.True(v.t, v.log.has(incomprehensible), "%s is not reported", v.key)
	case v.key == "live.worker-0":
		complains(v.all[0], "worker-0")
	case v.key == "live.worker-1":
		complains(v.all[1], "worker-1")
	case v.table():
		require.True(v.t, v.log.has("the table is damaged: "), "%s is not reported", v.key)
	}
}
