package sim

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// Limits of the simulated server, those of a real one.
const (
	maxPayload = 1 << 20
	maxBatch   = 1000
	// remembered is how many former messages of a subject the store keeps for
	// reads that are stale.
	remembered = 8
)

// Error codes of JetStream that only the server knows.
const (
	codeOverlap     = 10065
	codeNoBatches   = 10174
	codeBatchTooBig = 10199
	codeNotStored   = 10077
)

// Store is a NATS server with JetStream, as far as Troupe uses it: streams that
// order all accepted writes, conditions on the last sequence of a subject, and
// batches that land as a whole. Time is that of the world's timeline. Nothing is
// lost, late or stale here: that is what the Network between does.
type Store struct {
	line    *Timeline
	streams map[string]*stream
	taps    []*tap
	hear    []func(Commit)
	ahead   time.Duration
	clears  map[string]time.Duration // until when the files of a stream that was deleted are moved away
}

// stream is one stream of the store.
type stream struct {
	config   bridge.StreamConfig
	filters  [][]string
	created  time.Time
	last     uint64
	subjects map[string][]bridge.Sight // oldest first; the last one is present
	homeless bool                      // its files went with those of the former one
}

// Commit is a publish that the store accepted.
type Commit struct {
	// At is when, and Sent when it was handed to the process's connection.
	At, Sent time.Duration
	// By names the process.
	By          string
	Stream      string
	Incarnation string
	Messages    []bridge.Sight
}

// NewStore returns a server without streams.
func NewStore(line *Timeline) *Store {
	return &Store{line: line, streams: map[string]*stream{}, clears: map[string]time.Duration{}}
}

// Observe calls f with every publish that is accepted, before anybody else can
// see it.
func (s *Store) Observe(f func(Commit)) { s.hear = append(s.hear, f) }

// JumpClock moves the server's clock ahead. It never goes back.
func (s *Store) JumpClock(ahead time.Duration) { s.ahead += max(ahead, 0) }

func (s *Store) now() time.Time { return s.line.Server().Add(s.ahead) }

// Create makes a stream. One that exists with the same configuration is there
// already; any difference is a refusal.
func (s *Store) Create(cfg bridge.StreamConfig) bridge.Result {
	if old := s.streams[cfg.Name]; old != nil {
		if reflect.DeepEqual(old.config, cfg) {
			return bridge.Result{}
		}
		return refused(bridge.CodeStreamExists, "stream name already in use with a different configuration")
	}
	for _, name := range s.names() {
		if overlap(s.streams[name].config.Subjects, cfg.Subjects) {
			return refused(codeOverlap, "subjects overlap with those of stream "+name)
		}
	}
	n := &stream{config: cfg, created: s.now(), subjects: map[string][]bridge.Sight{}}
	n.config.Subjects = slices.Clone(cfg.Subjects)
	for _, subject := range cfg.Subjects {
		n.filters = append(n.filters, strings.Split(subject, "."))
	}
	s.streams[cfg.Name] = n
	return bridge.Result{}
}

// CreateAnew is Create by a process that had a former stream of the name. If that is being
// deleted, the files of the new one go with it, and it stores nothing: so does nats-server.
// It does so with the stream of a process that only starts, too. That one cannot know, so that
// here it has better luck.
func (s *Store) CreateAnew(cfg bridge.StreamConfig) bridge.Result {
	before := s.streams[cfg.Name]
	r := s.Create(cfg)
	if n := s.streams[cfg.Name]; n != nil && before == nil {
		n.homeless = s.line.Now() < s.clears[cfg.Name]
	}
	return r
}

func (s *Store) names() []string {
	var names []string
	for name := range s.streams {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func refused(code int, reason string) bridge.Result {
	return bridge.Result{Outcome: bridge.Refused, Code: code, Err: errors.New(reason)}
}

// Delete removes a stream with all that it holds, and reports whether there was one. Who
// watched it hears nothing more, unless the watch is told. Its files are there until that is
// over.
func (s *Store) Delete(name string, takes time.Duration) bool {
	old, there := s.streams[name]
	if !there {
		return false
	}
	delete(s.streams, name)
	s.clears[name] = s.line.Now() + takes
	s.cut(func(t *tap) bool { return t.of == old })
	return true
}

// Restart stops the server and starts it again: streams in memory are gone, and
// so are all watches.
func (s *Store) Restart() {
	for _, name := range s.names() {
		if s.streams[name].config.Storage == bridge.Memory {
			delete(s.streams, name)
		}
	}
	s.cut(func(*tap) bool { return true })
}

func (s *Store) find(subject string) *stream {
	for _, st := range s.streams { // at most one matches
		for _, f := range st.filters {
			if matches(f, subject) {
				return st
			}
		}
	}
	return nil
}

var (
	errNoStream = errors.New("no response from stream")
	errHomeless = errors.New("no answer in time: the files of the stream are gone")
)

// Publish writes one message, or several as one atomic batch, for a process that
// sent them at the instant sent.
func (s *Store) Publish(by string, sent time.Duration, batch []bridge.Message) bridge.Result {
	st := s.find(batch[0].Subject)
	if st == nil {
		return bridge.Result{Outcome: bridge.Unknown, Err: errNoStream}
	}
	if st.homeless {
		return bridge.Result{Outcome: bridge.Unknown, Err: errHomeless}
	}
	if r := st.check(batch); r.Outcome != bridge.Accepted {
		return r
	}
	c := Commit{At: s.line.Now(), Sent: sent, By: by, Stream: st.config.Name, Incarnation: st.config.Incarnation}
	for _, m := range batch {
		st.last++
		sight := bridge.Sight{Subject: strings.Clone(m.Subject), Sequence: st.last, Data: bytes.Clone(m.Data), Time: s.now()}
		versions := st.subjects[m.Subject]
		if st.config.MaxPerSubject > 0 && len(versions) >= remembered {
			copy(versions, versions[len(versions)-remembered+1:]) // nobody else has them
			versions = versions[:remembered-1]
		}
		st.subjects[m.Subject] = append(versions, sight)
		c.Messages = append(c.Messages, sight)
	}
	for _, f := range s.hear {
		f(c)
	}
	s.tell(st, c)
	return bridge.Result{Sequence: st.last}
}

// check says what the stream thinks of a batch, before any of it is written.
func (st *stream) check(batch []bridge.Message) bridge.Result {
	switch {
	case len(batch) > maxBatch:
		return refused(codeBatchTooBig, fmt.Sprintf("a batch has %d messages; must have at most %d", len(batch), maxBatch))
	case len(batch) > 1 && !st.config.AllowAtomic:
		return refused(codeNoBatches, "atomic publish is disabled")
	}
	for _, m := range batch {
		inside := slices.ContainsFunc(st.filters, func(f []string) bool { return matches(f, m.Subject) })
		switch {
		case !inside:
			return refused(0, fmt.Sprintf("%s is no subject of stream %s", m.Subject, st.config.Name))
		case len(m.Data) > maxPayload:
			return refused(0, fmt.Sprintf("%d bytes exceed the maximum payload", len(m.Data)))
		case m.Expect == nil:
			continue
		}
		if is := st.sequence(m.Expect.Subject); is != m.Expect.Sequence {
			r := refused(bridge.CodeWrongSequence, fmt.Sprintf("wrong last sequence: %d", is))
			r.Last, r.HasLast = is, true
			return r
		}
	}
	return bridge.Result{}
}

// sequence is that of the newest message of a subject, or of all that a filter matches.
func (st *stream) sequence(subject string) (newest uint64) {
	if !strings.Contains(subject, "*") {
		return latest(st.subjects[subject])
	}
	filter := strings.Split(subject, ".")
	for name, versions := range st.subjects {
		if matches(filter, name) {
			newest = max(newest, latest(versions))
		}
	}
	return newest
}

func latest(versions []bridge.Sight) uint64 {
	if len(versions) == 0 {
		return 0
	}
	return versions[len(versions)-1].Sequence
}

// Get reads the message that a subject had so many writes ago, as long as that is
// remembered; 0 is the newest.
func (s *Store) Get(name, subject string, ago int) bridge.Result {
	st := s.streams[name]
	if st == nil {
		return refused(bridge.CodeStreamNotFound, "stream not found")
	}
	versions := st.subjects[subject]
	if len(versions) == 0 {
		return bridge.Result{}
	}
	m := versions[max(0, len(versions)-1-ago)]
	return bridge.Result{Sequence: m.Sequence, Data: m.Data, Time: m.Time}
}

// Info is what the server says about a stream.
func (s *Store) Info(name string) bridge.StreamInfo {
	info := bridge.StreamInfo{Server: "2.15.2"}
	st := s.streams[name]
	if st == nil {
		info.Result = refused(bridge.CodeStreamNotFound, "stream not found")
		return info
	}
	info.Config, info.Created, info.Last = st.config, st.created, st.last
	info.Config.Subjects = slices.Clone(st.config.Subjects)
	return info
}

// Present returns the newest message of every subject of a stream that matches,
// in the order of their sequences.
func (s *Store) Present(name, filter string) []bridge.Sight {
	if st := s.streams[name]; st != nil {
		return st.present(filter)
	}
	return nil
}

func (st *stream) present(filter string) []bridge.Sight {
	tokens := strings.Split(filter, ".")
	var out []bridge.Sight
	for subject, versions := range st.subjects {
		if matches(tokens, subject) {
			out = append(out, versions[len(versions)-1])
		}
	}
	slices.SortFunc(out, func(a, b bridge.Sight) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return out
}
