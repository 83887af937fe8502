package live

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
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
// the first. In the journal it is the place of the latest step, and that of the next one.
var spoilt = [...]string{"head.0", "head.1", "asg.worker-0.0", "lead", "term", journal, "asg.worker-1.0", "live.worker-0", "live.worker-1"}

// journal stands for the two keys.
const journal = "journal"

// foreign is the kind of damage that reads well.
const foreign = "of another group"

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
	foreign: func(v *vandal, key string) *nats.Msg { return &nats.Msg{Data: v.other.record(key)} },
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
	kind  string // of the damage
	large bool   // the head has another part
	term  partition.Revision
	step  partition.Step // the latest one
	lives []partition.SessionID
	// sessions are all that the group is known to have had.
	sessions map[partition.SessionID]bool
	token    partition.Token // the highest one
	begin    mark
	// struck are the revisions of what was written over the records, by key.
	struck map[string]uint64
}

// A record that somebody writes over is reported, and made anew by whose it is;
// meanwhile and afterwards no partition has two owners, and in the end each has one.
//
// hazard 54
func TestGarbage(t *testing.T) {
	beside(t)
	hub := unchecked(t, embedded.Config{Memory: true}, partition.Settings{}, 0)
	other := newVandal(t, hub, "another", "", 2, partitions(6))
	// Where a worker is named, it is one that the group does not have.
	strangers := newVandal(t, hub, "strangers", "", 1, partitions(6), func(s *partition.Settings) { s.WorkerIDPrefix = "stranger" })
	inLanes(len(spoils), slices.Collect(maps.Keys(spoils)), func(name string) {
		t.Run(name, func(t *testing.T) {
			var all []*vandal
			for n := range spoiltEach {
				i := (n + 3*len(name)) % len(spoilt)
				key := spoilt[i]
				v := newVandal(t, hub, fmt.Sprintf("%s-%d", strings.ReplaceAll(name, " ", "-"), i), key, 2, partitions(6))
				if v.other = other; key == "lead" || key == journal {
					v.other = strangers
				}
				all = append(all, v)
			}
			for _, v := range all {
				v.strike(name)
			}
			for _, v := range all {
				v.recovers()
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
	v.strike("garbage")
	v.recovers()
}

// A part of the head that no head names is not read, and a larger head writes over it. Then
// it is a part like any other.
//
// hazard 54
func TestGarbage_PartOfTheHead(t *testing.T) {
	beside(t)
	hub := unchecked(t, embedded.Config{Memory: true}, partition.Settings{}, 0)
	v := newVandal(t, hub, "heads", "head.1", 2, wordy(4800, 245))
	v.strike("garbage")
	v.notices()
	v.told()

	require.NoError(t, v.all[1].stop()) // the head names all that it had
	v.all = v.all[:1]
	v.atRest(v.all...)
	require.Greater(t, v.revision("head.1"), v.struck["head.1"])
	v.large = true
	v.look()
	v.strike("garbage")
	v.recovers()
}

func newVandal(t *testing.T, hub *group, name, key string, workers int, list []partition.Partition, change ...func(*partition.Settings)) *vandal {
	t.Helper()
	s := calm(partition.Default())
	s.StoreTimeout, s.Lease, s.LeaderLease = 5*time.Second, 10*time.Second, 10*time.Second // none ends by itself
	for _, f := range change {
		f(&s)
	}
	v := &vandal{key: key, sessions: map[partition.SessionID]bool{}, group: &group{t: t, name: name, server: hub.server, settings: s, list: list, ledger: newLedger(t), fresh: true}}
	v.logger = slog.New(slog.NewTextHandler(&v.log, nil))
	t.Cleanup(v.ledger.audit)
	v.all = v.start(workers)
	v.js = hub.jetstream()
	v.look()
	return v
}

// look notes what is so before the damage.
func (v *vandal) look() {
	v.t.Helper()
	v.lives = nil
	for _, w := range v.all {
		session := w.snapshot().Session
		v.lives, v.sessions[session] = append(v.lives, session), true
	}
	v.token, v.begin = v.ledger.latest(), v.ledger.mark()
	v.leads, _ = v.leader(v.all...)
	v.term = v.leads.snapshot().Term
	v.step = v.journal(v.leads).Records[0].Step
	v.struck = map[string]uint64{}
}

// subject is where the record is in the stream.
func (v *vandal) subject(key string) string {
	v.t.Helper()
	return strings.TrimSuffix(v.stream().CachedInfo().Config.Subjects[0], ">") + key
}

func (v *vandal) stream() jetstream.Stream {
	v.t.Helper()
	stream, err := v.js.Stream(v.t.Context(), "KV_"+v.name)
	v.answered(err)
	return stream
}

// latest is the newest message of a key.
func (v *vandal) latest(key string) *jetstream.RawStreamMsg {
	v.t.Helper()
	m, err := v.stream().GetLastMsgForSubject(v.t.Context(), v.subject(key))
	v.answered(err)
	return m
}

func (v *vandal) revision(key string) uint64 { return v.latest(key).Sequence }

// record is what is stored there. Of what is not there yet something similar is.
func (v *vandal) record(key string) []byte {
	v.t.Helper()
	switch {
	case strings.HasPrefix(key, journal):
		key = "journal.*"
	case key == "head.1":
		key = "head.0"
	}
	return v.latest(key).Data
}

// strike writes over the record. What nobody looks at again by itself is needed
// when the leadership ends, or something is decided.
func (v *vandal) strike(kind string) {
	v.t.Helper()
	v.kind = kind
	keys := []string{v.key}
	if v.key == journal {
		keys = []string{string(messages.KeyJournal(v.step)), string(messages.KeyJournal(v.step + 1))}
	}
	var all []*nats.Msg
	for _, key := range keys {
		m := spoils[kind](v, key)
		m.Subject = v.subject(key)
		all = append(all, m)
	}
	for i, m := range all {
		ack, err := v.js.PublishMsg(v.t.Context(), m)
		require.NoError(v.t, err)
		v.struck[keys[i]] = ack.Sequence
	}
	switch {
	case kind == foreign && v.key == "lead":
		v.usurped()
	case kind == foreign && v.key == "term":
		v.deposed()
	case !strings.HasPrefix(v.key, "l"):
		v.leads.killed("election") // else it has ended by itself
	}
}

// recovers waits until the group has noticed, and is at rest.
func (v *vandal) recovers() {
	v.t.Helper()
	v.notices()
	v.told()
	for _, w := range v.all {
		v.sessions[w.snapshot().Session] = true
	}
	for i, w := range slices.Backward(v.all) {
		require.NoError(v.t, w.stop())
		if v.key == journal && i > 0 {
			v.atRest(v.all[:i]...) // by a step
		}
	}
	v.rebuilt()
}

// notices waits until nothing is as it was, but who owns what if that was not damaged.
func (v *vandal) notices() {
	v.t.Helper()
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
	if !v.table() && !strings.HasPrefix(v.key, "live.") && (v.key != "term" || v.kind != foreign) {
		v.ledger.unmoved(v.begin, v.all...)
	}
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
}
