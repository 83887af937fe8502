package actors

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func recording(s *partition.Settings) { s.Record = "somewhere" }

// reckoned is the recording of a calculator that decided about a start, a join, a crash
// and a larger list.
func reckoned(t *testing.T) (file []byte, decisions int) {
	r := started(t, recording, "w-0", "w-1")
	r.join("w-2")
	r.pass(r.settings.SettleTime, "w-0", "w-1", "w-2")
	r.plan()
	r.hand()
	r.quiet("w-0", "w-1", "w-2")
	r.pass(r.settings.Wait(r.settings.Lease), "w-0", "w-2") // w-1 is silent
	r.changed()
	r.plan()
	r.hand()
	require.Len(t, r.outside.kept, 1)
	return r.outside.kept[0], 3
}

// published is the recording of a publisher that grants, revokes and grants again.
func published(t *testing.T) []byte {
	p := newPrinting(t, true, recording)
	p.answerTable()
	p.beat("w-0", partition.Live{})
	p.beat("w-1", partition.Live{})
	p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
	p.want([]partition.WorkerID{"w-0", "w-1"}, 0, 0)
	p.accept(p.store())
	p.want([]partition.WorkerID{"w-0", "w-1"}, 0, 1)
	m := p.store()
	p.tell(p.pid, messages.Unsure{Round: m.Round, Reason: "no answer", At: p.now})
	p.tell(p.pid, sendDue{m.Round})
	again := p.store()
	p.accept(again)
	p.beat("w-0", partition.Live{Applied: headOf(again).Step, Kept: "\xff"})
	p.accept(p.store())
	require.Len(t, p.outside.kept, 1)
	return p.outside.kept[0]
}

func TestReplay_DecidesTheSameAgain(t *testing.T) {
	file, decisions := reckoned(t)
	r, err := Replay(bytes.NewReader(file), partition.Sticky{})
	require.NoError(t, err)
	require.Equal(t, Replayed{Actor: "calculator", Worker: "w-0", Build: thisBuild, Term: testTerm, Mail: r.Mail, Plans: r.Plans, Decisions: decisions}, r)
	require.Equal(t, bytes.Count(file, []byte(`{"mail":`)), r.Mail)
	require.Positive(t, r.Plans)

	r, err = Replay(bytes.NewReader(published(t)), nil)
	require.NoError(t, err)
	require.Equal(t, Replayed{Actor: "publisher", Worker: "w-0", Build: thisBuild, Term: testTerm, Mail: r.Mail, Publishes: 4}, r)
}

// greedy gives everything to the first member.
type greedy struct{}

func (greedy) Plan(in partition.Input) (partition.Plan, error) {
	return make(partition.Plan, in.Partitions.Len()), nil
}

// clueless has no plan.
type clueless struct{}

func (clueless) Plan(partition.Input) (partition.Plan, error) { return nil, errors.New("none today") }

func TestReplay_NoticesAnotherStrategy(t *testing.T) {
	file, _ := reckoned(t)
	for _, s := range []partition.Strategy{greedy{}, clueless{}, partition.RoundRobin{}} {
		_, err := Replay(bytes.NewReader(file), s)
		require.ErrorContains(t, err, "the strategy answers otherwise:\n", "%T", s)
	}
	_, err := Replay(bytes.NewReader(file), nil)
	require.NoError(t, err, "its answers were heard, and are what the calculator goes by")
}

// Whatever is not what the table says now is noticed, by the first message that differs.
func TestReplay_NoticesEachDifference(t *testing.T) {
	file, _ := reckoned(t)
	for name, c := range map[string]struct{ was, is, want string }{
		"a plan that is handed over":     {`"Owner":[0,`, `"Owner":[1,`, `of messages.PlanMade the calculator made something else`},
		"another cause":                  {`"Cause":"crash"`, `"Cause":"leave"`, `of messages.WorkersChanged the calculator made something else`},
		"a window":                       {`["messages.WindowOpened",`, `["messages.WindowClosed",`, `of messages.WorkersChanged the calculator`},
		"something else comes first":     {`,"said":[`, `,"said":[{"to":"manager","mail":null},`, `it was: {"to":"manager","mail":null}`},
		"something that is said no more": {`}]}]}` + "\n", `}]},{"to":"manager","mail":null}]}` + "\n", `it was: {"to":"manager","mail":null}` + "\nit is:  nothing more"},
		"a panic that does not come":     {`}]}]}` + "\n", `}]}],"panic":"of old"}` + "\n", "it was: it panics: of old\nit is:  nothing more"},
		"what the actor knew":            {`"SettleTime":2000000000`, `"SettleTime":3000000000`, "the calculator made something else"},
	} {
		planted := bytes.Replace(file, []byte(c.was), []byte(c.is), 1)
		_, err := Replay(bytes.NewReader(planted), nil)
		require.NotEqual(t, file, planted, name)
		require.ErrorContains(t, err, c.want, name)
	}
	silent := regexp.MustCompile(`,"said":\[.*\]}\n`).FindIndex(file)
	_, err := Replay(bytes.NewReader(slices.Concat(file[:silent[0]], []byte("}\n"), file[silent[1]:])), nil)
	require.ErrorContains(t, err, "it was: nothing more\nit is:  {", "something that was not said")
	planted := bytes.Replace(published(t), []byte(`"Expect":1`), []byte(`"Expect":2`), 1)
	_, err = Replay(bytes.NewReader(planted), nil)
	require.ErrorContains(t, err, "messages.Store", "the condition of a write")
}

// A crash leaves a line without an end; anything else that cannot be read is a fault.
func TestReplay_TornFiles(t *testing.T) {
	file := published(t)
	whole, err := Replay(bytes.NewReader(file), nil)
	require.NoError(t, err)
	last := bytes.LastIndexByte(file[:len(file)-1], '\n') + 1
	for _, cut := range []int{last + 1, last + 20, len(file) - 1} {
		r, err := Replay(bytes.NewReader(file[:cut]), nil)
		require.NoError(t, err)
		require.True(t, r.Torn)
		require.Equal(t, whole.Mail-1, r.Mail)
	}
	begin := bytes.IndexByte(file, '\n') + 1
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"without its beginning": {file[begin:], "actors: line 1: what the actor knew is not there"},
		"nothing":               {nil, "actors: what the actor knew is not there, or not whole"},
		"without a line":        {[]byte("hello"), "actors: what the actor knew is not there, or not whole"},
		"something else":        {[]byte("hello\n"), "actors: line 1: this is no recording: "},
		"a field of another":    {bytes.Replace(file, []byte(`"publisherConfig":{`), []byte(`"publisherConfig":{"later":1,`), 1), `another build has recorded this: tape: publisherConfig: actors.publisherConfig has no field "later"`},
		"a hole in the middle":  {bytes.Replace(file, []byte(`{"mail":["messages.HandOver"`), []byte(`{"mail":["messages.HandedBack"`), 1), `the type "messages.HandedBack" is not known`},
		"no actor":              {[]byte(`{"build":"(devel)","state":["partition.Lead",{}]}` + "\n"), "partition.Lead is no actor"},
	} {
		_, err := Replay(bytes.NewReader(c.text), nil)
		require.ErrorContains(t, err, c.want, name)
	}
}

// However long a term is, each file can be replayed alone: it begins with all that is known.
func TestRecorder_EachFileStandsAlone(t *testing.T) {
	p := newPrinting(t, true, recording)
	p.answerTable()
	const large = recorded / 2
	live := partition.Live{Labels: []string{strings.Repeat("l", large)}}
	for len(p.outside.kept) < 2 {
		p.beat("w-0", live)
	}
	p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
	p.want([]partition.WorkerID{"w-0"}, 0)
	p.accept(p.store())
	require.Less(t, len(p.outside.kept[0]), recorded+2*large)
	require.Less(t, len(p.outside.kept[1]), 3*large)
	r, err := Replay(bytes.NewReader(p.outside.kept[1]), nil)
	require.NoError(t, err)
	require.Equal(t, 1, r.Publishes)
}

// After something was lost a file begins once more, with all that is known, and the actor
// itself hears nothing of it.
func TestRecorder_BeginsAnewWhenAsked(t *testing.T) {
	p := newPrinting(t, true, recording)
	p.answerTable()
	p.beat("w-0", partition.Live{})
	p.tell(p.pid, messages.KeepAnew{})
	require.Len(t, p.outside.kept, 1, "with the next mail")
	p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
	p.want([]partition.WorkerID{"w-0"}, 0)
	p.accept(p.store())
	require.Len(t, p.outside.kept, 2)
	r, err := Replay(bytes.NewReader(p.outside.kept[1]), nil)
	require.NoError(t, err)
	require.Equal(t, 1, r.Publishes)
}

// The mail with which an actor panics is the last one that is kept, and panics again.
func TestRecorder_KeepsWhatAnActorPanicsWith(t *testing.T) {
	p := newPrinting(t, true, recording)
	ask := heard[messages.Read](t, p.outside)
	p.tell(p.pid, messages.ReadDone{Round: ask.Round, Entries: []messages.Entry{record(testTerm)}, At: p.now})
	p.beat("w-0", partition.Live{})
	p.tell(p.pid, messages.Witnessed{Complete: true, At: p.now})
	p.want([]partition.WorkerID{"w-0"}, 0)
	m := p.store()
	p.tell(p.pid, messages.Stored{Round: m.Round, At: p.now}) // without its revisions
	file := p.outside.kept[0]
	require.Contains(t, string(file[bytes.LastIndexByte(file[:len(file)-1], '\n'):]), `"panic":"runtime error: index out of range [1] with length 0"}`)
	_, err := Replay(bytes.NewReader(file), nil)
	require.NoError(t, err)
	_, err = Replay(bytes.NewReader(bytes.Replace(file, []byte(`,"panic":"runtime error: index out of range [1] with length 0"`), nil, 1)), nil)
	require.ErrorContains(t, err, "it is:  it panics: runtime error: index out of range")
	_, err = Replay(bytes.NewReader(bytes.Replace(file, []byte(`index out of range`), []byte(`something else`), 1)), nil)
	require.ErrorContains(t, err, "something else [1]", "another panic is another end")
}

// Of what is long only length and hash are kept, and are compared.
func TestReplay_LongMessages(t *testing.T) {
	r := newReckoning(t, recording)
	r.partitions = 2000
	r.read()
	r.join("w-0")
	r.plan()
	file := r.outside.kept[0]
	require.Contains(t, string(file), `,"type":"messages.MakePlan","bytes":`)
	_, err := Replay(bytes.NewReader(file), partition.Sticky{})
	require.NoError(t, err)
	for _, c := range []string{`"bytes":`, `"sum":"`} {
		_, err = Replay(bytes.NewReader(bytes.Replace(file, []byte(c), []byte(c+"1"), 1)), nil)
		require.ErrorContains(t, err, "messages.MakePlan", c)
	}
}

// Whatever actors and workers are called, a line is JSON.
func TestRecorder_NamesAreJSON(t *testing.T) {
	for _, name := range []string{"a", "\x00\a\"\\\u2028\U0010ffff", "\xff"} {
		r := &recorder{actor: &calculator{}, name: name}
		require.True(t, json.Valid(said(&r.writer, nil, actor.NewPID("", name), nil)), "%q", name)
		require.True(t, json.Valid(r.state(nil, parented{parent: actor.NewPID("", name)})), "%q", name)
		require.True(t, json.Valid(append((&listening{recorder: r}).end([]byte(`{"mail":null`), name), "\n"...)), "%q", name)
	}
}

// parented is the context of an actor with a parent.
type parented struct {
	actor.Context
	parent *actor.PID
}

func (p parented) Parent() *actor.PID { return p.parent }

func TestRecorder_IsNotThereUnlessAskedFor(t *testing.T) {
	r := started(t, nil, "w-0")
	require.Empty(t, r.outside.kept)
	c := &calculator{}
	require.Same(t, c, overheard(c, "calculator", nil, partition.Default(), nil, "w-0", 1))
}
