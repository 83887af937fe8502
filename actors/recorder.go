package actors

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/tape"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const (
	// recorded is how much is kept of one actor, in bytes, before all that it knows is
	// written again, which begins another file: a file can be replayed, whichever are gone.
	recorded = 2 << 20
	// recordedStates is how much longer than the state of the actor that is, at least.
	recordedStates = 4
	// maxSaid is how long a message may be that is kept as it was said. Of a longer one
	// length and hash are: who decides it again has the text, and who hears it keeps that.
	maxSaid = 16 << 10
)

// spareLine is how much longer than the latest one a line may be without growing.
const spareLine = 256

// line is one line of a recording: whose it is, what an actor knew, or what it heard and
// then said.
type line struct {
	// Group is the first line, of the outside, which alone knows it.
	Group string `json:"group,omitempty"`
	// Actor, Worker, Build, Term and Parent stand before a state.
	Actor  string             `json:"actor,omitempty"`
	Worker partition.WorkerID `json:"worker,omitempty"`
	Build  string             `json:"build,omitempty"`
	Term   partition.Revision `json:"term,omitempty"`
	Parent string             `json:"parent,omitempty"`
	State  json.RawMessage    `json:"state,omitempty"`
	Mail   json.RawMessage    `json:"mail,omitempty"`
	Said   []json.RawMessage  `json:"said,omitempty"`
	// Panic is what it panicked with.
	Panic string `json:"panic,omitempty"`
}

// recorder is an actor that decides, and that is overheard. It owns nothing of what is
// decided. It hears what the actor hears and passes it on; it tells the outside that, and
// what the actor said. What is written is made of the mail before anybody else has it,
// so that nothing is shared.
type recorder struct {
	actor   actor.Actor // a pointer to what it knows
	name    string
	worker  partition.WorkerID
	term    partition.Revision
	outside *actor.PID
	mail    []reflect.Type // of its table
	writer  tape.Writer
	most    int // bytes before the next state
	written int // bytes since the last one
	// sizes has how long the latest line about mail of a type was, so that the next one
	// need not grow, and room what was said is written into, before its line has it.
	sizes map[reflect.Type]int
	room  []byte
}

// overheard returns the actor, or, if the settings ask for that, the actor with a recorder
// around it. The types are those of the mail that it knows.
func overheard(a actor.Actor, name string, types []reflect.Type, settings partition.Settings, outside *actor.PID, worker partition.WorkerID, term partition.Revision) actor.Actor {
	if settings.Record == "" {
		return a
	}
	return &recorder{actor: a, name: name, worker: worker, term: term, outside: outside, mail: types, sizes: map[reflect.Type]int{}}
}

// Receive implements actor.Actor.
func (r *recorder) Receive(ctx actor.Context) {
	mail := ctx.Message()
	if _, lost := mail.(messages.KeepAnew); lost {
		r.most = 0
		return
	}
	kind := reflect.TypeOf(mail)
	if !slices.Contains(r.mail, kind) {
		r.actor.Receive(ctx)
		return
	}
	keep := messages.KeepMail{Actor: r.name, Lines: make([]byte, 0, r.sizes[kind]+spareLine)}
	if r.written >= r.most {
		keep.Begins = true
		keep.Lines = r.state(keep.Lines, ctx)
	}
	before := len(keep.Lines)
	keep.Lines = r.writer.Append(append(keep.Lines, `{"mail":`...), mail)
	ear := &listening{Context: ctx, recorder: r, said: r.room[:0]}
	defer func() { // also if it panics: that mail matters most
		panicked := recover()
		keep.Lines = ear.end(keep.Lines, panicked)
		r.sizes[kind] = len(keep.Lines) - before
		r.written += r.sizes[kind]
		if r.room = ear.said; cap(r.room) > recorded {
			r.room = nil
		}
		ctx.Request(r.outside, keep)
		if panicked != nil {
			panic(panicked)
		}
	}()
	r.actor.Receive(ear)
}

// state is a line with all that the actor knows.
func (r *recorder) state(b []byte, ctx actor.Context) []byte {
	b = quoted(append(b, `{"actor":`...), r.name)
	b = quoted(append(b, `,"worker":`...), string(r.worker))
	b = quoted(append(b, `,"build":`...), thisBuild)
	b = quoted(fmt.Appendf(b, `,"term":%d,"parent":`, r.term), ctx.Parent().GetId())
	b = append(b, `,"state":`...)
	b = append(r.writer.Append(b, r.actor), "}\n"...)
	r.most, r.written = max(recorded, recordedStates*len(b)), 0
	return b
}

// listening is the context of a handler that is overheard.
type listening struct {
	actor.Context
	recorder *recorder
	said     []byte
}

// Send implements actor.Context.
func (l *listening) Send(to *actor.PID, mail any) {
	l.note(to, mail)
	l.Context.Send(to, mail)
}

// Request implements actor.Context.
func (l *listening) Request(to *actor.PID, mail any) {
	l.note(to, mail)
	l.Context.Request(to, mail)
}

func (l *listening) note(to *actor.PID, mail any) {
	if len(l.said) > 0 {
		l.said = append(l.said, ',')
	}
	l.said = said(&l.recorder.writer, l.said, to, mail)
}

// said appends a message as it is kept.
func said(w *tape.Writer, b []byte, to *actor.PID, mail any) []byte {
	b = quoted(append(b, `{"to":`...), to.GetId())
	begin := len(b)
	b = append(b, `,"mail":`...)
	from := len(b)
	b = w.Append(b, mail)
	if len(b)-from <= maxSaid {
		return append(b, '}')
	}
	sum := fnv.New64a()
	_, _ = sum.Write(b[from:]) // a hash takes everything
	return fmt.Appendf(b[:begin], `,"type":%q,"bytes":%d,"sum":"%x"}`, reflect.TypeOf(mail), len(b)-from, sum.Sum64())
}

// end is the rest of a line.
func (l *listening) end(b []byte, panicked any) []byte {
	if len(l.said) > 0 {
		b = append(append(append(b, `,"said":[`...), l.said...), ']')
	}
	if panicked != nil {
		b = quoted(append(b, `,"panic":`...), panicText(panicked))
	}
	return append(b, "}\n"...)
}

// quoted appends a string of JSON, which a quoted string of Go need not be.
func quoted(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // a string can always be
	return append(b, text...)
}

// panicText is what somebody panicked with, as it is kept.
func panicText(with any) string { return strings.ToValidUTF8(fmt.Sprint(with), "?") }
