package live

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

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

// answered fails the test if the server has not answered, and tells where everybody is.
func (v *vandal) answered(err error) {
	v.t.Helper()
	if err != nil {
		var where strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&where, 1)
		require.NoError(v.t, err, "%+v\n%s", v.js.Conn().Stats(), where.String())
	}
}

// table reports whether the record is of the table of who owns what.
func (v *vandal) table() bool {
	return v.key == "head.0" || v.key == "head.1" && v.large || strings.HasPrefix(v.key, "asg.")
}

// others are those who did not lead before the damage.
func (v *vandal) others() []*worker {
	return slices.DeleteFunc(slices.Clone(v.all), func(w *worker) bool { return w == v.leads })
}

// usurped waits until each takes the stranger for the leader, as the lead names it. Nobody
// renews that, so that somebody of the group leads after the wait for a silent leader.
func (v *vandal) usurped() {
	v.t.Helper()
	for _, w := range append([]*worker{v.leads}, v.others()...) {
		v.until(w.name+" takes the stranger for the leader", func() bool {
			s := w.snapshot()
			return !s.Leading && s.Leader == "stranger-0"
		})
	}
}

// deposed lets the leader decide something under a term that is not the latest: it learns
// that another one leads, and somebody of the group leads anew, and decides it.
func (v *vandal) deposed() {
	v.t.Helper()
	follows := v.others()[0]
	require.Empty(v.t, ask[messages.Drained](follows, messages.Drain{}).Reason)
	follows.system.Root.Send(follows.manager, messages.Undrain{})
	require.Contains(v.t, v.ledger.read(v.leads).reasons, "leadership lost: another worker leads")
}

// told checks that somebody was told, and that no actor has failed. A record of another
// group can be understood: it is told as what it is taken for.
func (v *vandal) told() {
	v.t.Helper()
	require.NotContains(v.t, v.log.all(), "stack=", "an actor has panicked")
	complains := func(w *worker, id string) {
		v.t.Helper()
		require.True(v.t, v.log.has("fenced="+id+" "), "nobody has ended the session of another group")
		require.True(v.t, slices.ContainsFunc(v.ledger.read(w).complaints, func(reason string) bool {
			return strings.Contains(reason, "another session took "+id)
		}), "nobody has told %s", id)
	}
	switch {
	case v.key == "head.1" && !v.large: // no head names it
		require.False(v.t, v.log.has(incomprehensible))
		require.False(v.t, v.log.has(damagedTable))
	case v.key == journal:
		for _, w := range v.all {
			v.missesAStep(w)
		}
	case v.key == "lead" || v.key == "term":
		require.True(v.t, v.kind == foreign || v.log.has(v.named(v.key)), "%s is not reported", v.key)
		v.led()
	case v.kind != foreign:
		require.True(v.t, v.log.has(v.named(v.key)), "%s is not reported", v.key)
	case v.key == "live.worker-0":
		complains(v.all[0], "worker-0")
	case v.key == "live.worker-1":
		complains(v.all[1], "worker-1")
	case v.table():
		require.True(v.t, v.log.has(damagedTable), "%s is not reported", v.key)
	}
}

// led checks that one of the group leads, by the term that is there, and that all know it.
func (v *vandal) led() {
	v.t.Helper()
	leads, _ := v.leader(v.all...)
	is := leads.snapshot()
	require.EqualValues(v.t, v.revision("term"), is.Term)
	for _, w := range v.all {
		v.until(w.name+" knows who leads", func() bool { return w.snapshot().Leader == is.Worker })
	}
}

const damagedTable = "the table is damaged: "

// named is how a fault names what was written over a record: by the revision of its first
// part.
func (v *vandal) named(key string) string {
	words := strings.Split(key, ".")
	part := ""
	if words[0] == "head" || words[0] == "asg" {
		part, words = words[len(words)-1], words[:len(words)-1]
	}
	name := "record " + strings.Join(words, ".") + " at revision "
	if part == "" || part == "0" {
		name += fmt.Sprint(v.struck[key], ": ")
	}
	return name
}

func (v *vandal) journal(asked *worker) messages.Journal {
	v.t.Helper()
	j := ask[messages.Journal](asked, messages.GetJournal{Last: messages.MaxJournal})
	require.Empty(v.t, j.Reason)
	require.NotEmpty(v.t, j.Records)
	return j
}

// missesAStep asks a worker for the journal, which lacks the step whose place was written
// over, says so, and has the one before. One of another group it tells as if it were the
// group's, but not as the reason of anything.
func (v *vandal) missesAStep(asked *worker) {
	v.t.Helper()
	var of []partition.PartitionID
	for _, w := range v.all {
		for _, o := range w.snapshot().Owned {
			if partition.Step(o.Token) == v.step {
				of = append(of, o.ID)
			}
		}
	}
	require.NotEmpty(v.t, of, "something was granted by it")
	because, err := bridge.Why(v.t.Context(), asked.system, asked.manager, of[0])
	require.NoError(v.t, err)
	require.Zero(v.t, because.Granted)
	require.Contains(v.t, because.String(), "The journal does not have that step.")

	j := v.journal(asked)
	var steps []partition.Step
	var leaders []partition.WorkerID
	for _, r := range j.Records {
		steps, leaders = append(steps, r.Step), append(leaders, r.Leader)
	}
	require.NotContains(v.t, steps, v.step)
	require.Contains(v.t, steps, v.step-1)
	if v.kind == foreign {
		require.Contains(v.t, leaders, partition.WorkerID("stranger-0"))
		require.Empty(v.t, j.Faults)
		return
	}
	name := v.named(string(messages.KeyJournal(v.step)))
	require.Len(v.t, j.Faults, 1)
	require.True(v.t, strings.HasPrefix(j.Faults[0], name), j.Faults[0])
	require.True(v.t, v.log.has(incomprehensible))
	require.True(v.t, v.log.has(name))
}

// rebuilt checks, when all have ended, that the group's own records are there again. What
// nobody needs stays as it is: a part that no head names, and a step of the past, whose place
// is the one of a step to come.
func (v *vandal) rebuilt() {
	v.t.Helper()
	revisions, records := v.kept()
	past := string(messages.KeyJournal(v.step))
	for key, struck := range v.struck {
		switch {
		case key == past || key == "head.1":
			require.Equal(v.t, struck, revisions[key], "somebody has written over %s", key)
			continue
		case strings.HasPrefix(key, journal):
			next, _ := records[messages.Key(key)].(partition.Journal)
			require.Equal(v.t, v.step+1, next.Step)
		}
		require.Greater(v.t, revisions[key], struck, "nobody has written over %s", key)
	}
	if v.large {
		require.Greater(v.t, revisions["head.0"], v.struck["head.1"])
	}
	for _, key := range []messages.Key{messages.KeyLead, messages.KeyTerm, messages.KeyHead} {
		require.Contains(v.t, records, key)
	}
	for _, id := range []partition.WorkerID{"worker-0", "worker-1"}[:len(v.all)] {
		require.Contains(v.t, records, messages.KeyLive(id))
		require.Contains(v.t, records, messages.KeyAssignment(id))
	}
	if live, ok := records[messages.Key(v.key)].(partition.Live); ok && v.kind == foreign {
		require.NotNil(v.t, live.Fence)
		v.sessions[live.Session] = true // it was a member until it had not renewed for its lease
	}
	for key, record := range records {
		for _, session := range whose(record) {
			require.True(v.t, v.sessions[session], "%s is of session %s", key, session)
		}
	}
}

// whose are the sessions that a record is of.
func whose(record any) (all []partition.SessionID) {
	switch r := record.(type) {
	case partition.Lead:
		all = append(all, r.Session)
	case partition.Term:
		all = append(all, r.Session)
	case partition.Live:
		all = append(all, r.Session)
	case partition.Assignment:
		all = append(all, r.Session)
	case partition.Head:
		for _, s := range r.Seats {
			all = append(all, s.Session)
		}
	}
	return all
}

// kept is what the stream has: the revision of each key, and the records that can be read.
func (v *vandal) kept() (revisions map[string]uint64, records map[messages.Key]any) {
	v.t.Helper()
	prefix := v.subject("")
	info, err := v.stream().Info(v.t.Context(), jetstream.WithSubjectFilter(prefix+">"))
	v.answered(err)
	var all []*jetstream.RawStreamMsg
	for subject := range info.State.Subjects {
		all = append(all, v.latest(strings.TrimPrefix(subject, prefix)))
	}
	slices.SortFunc(all, func(a, b *jetstream.RawStreamMsg) int { return cmp.Compare(a.Sequence, b.Sequence) })
	var reader bridge.Inspector
	revisions, records = map[string]uint64{}, map[messages.Key]any{}
	for _, m := range all {
		revisions[strings.TrimPrefix(m.Subject, prefix)] = m.Sequence
		if key, record, err := reader.Read(m.Subject, m.Data); err == nil && record != nil {
			records[key] = record
		}
	}
	return revisions, records
}
