package actors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/tape"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Replayed is what a recording held.
type Replayed struct {
	// Actor is whose mail it is: calculator or publisher. Term is its term, and Worker the
	// worker that led; Group is empty in what was not written to a folder.
	Actor, Group string
	Worker       partition.WorkerID
	Term         partition.Revision
	// Build is the version of Troupe that recorded it, with the commit if that is known;
	// (devel) if it was of none, and empty if builds did not name themselves yet.
	Build string
	// Mail counts what the actor heard; Plans the answers of the strategy, Decisions
	// what was handed over for them, and Publishes the writes that were asked for.
	Mail, Plans, Decisions, Publishes int
	// Torn: the last line has no end, as a crash leaves it. It was left out.
	Torn bool
}

// ErrNoBeginning is of a text without one whole line: of no recording, or of one that ended
// where it began, by a crash.
var ErrNoBeginning = errors.New("actors: what the actor knew is not there, or not whole")

// ErrOtherBuild is of what certainly is the recording of another build of Troupe than this:
// it may decide otherwise, and be right. The error names both.
var ErrOtherBuild = errors.New("another build has recorded this")

// Replay gives what a leader's actor heard, as one file of Settings.Record has it, to the
// same table again, without anybody to talk to. The error is the first message that
// it does not say as it did then, or says in its place, with the line of the file. A
// strategy, if it is not nil, is asked again, too: its answers have to be those that were heard.
// Tests take sim.Replay, which takes a folder.
func Replay(recording io.Reader, strategy partition.Strategy) (Replayed, error) {
	return replayAs(recording, strategy, thisBuild)
}

// replayAs is Replay in a program of this build.
func replayAs(recording io.Reader, strategy partition.Strategy, build string) (Replayed, error) {
	text, err := io.ReadAll(recording)
	if err != nil {
		return Replayed{}, fmt.Errorf("actors: the recording cannot be read: %w", err)
	}
	r := &replay{build: build, strategist: strategist{strategy}, plans: map[partition.Round]any{}, vocabulary: tape.NewVocabulary(recordedTypes()...)}
	for n, l := range bytes.SplitAfter(text, []byte("\n")) {
		switch whole := bytes.HasSuffix(l, []byte("\n")); {
		case len(l) == 0:
		case !whole:
			r.Torn = true
		default:
			if err := r.line(l); err != nil {
				return r.Replayed, fmt.Errorf("actors: line %d: %w", n+1, err)
			}
		}
	}
	if r.actor == nil {
		return r.Replayed, ErrNoBeginning
	}
	return r.Replayed, nil
}

// recordedTypes are those of mail that is kept, and of what it and the actors hold.
func recordedTypes() []reflect.Type {
	types := append(calculatorTable.Types(), publisherTable.Types()...)
	return append(types,
		reflect.TypeFor[*calculator](), reflect.TypeFor[*publisher](),
		reflect.TypeFor[partition.Lead](), reflect.TypeFor[partition.Term](), reflect.TypeFor[partition.Live](),
		reflect.TypeFor[partition.Head](), reflect.TypeFor[partition.Assignment](), reflect.TypeFor[partition.Journal](),
	)
}

// replay owns an actor that knows what it knew.
type replay struct {
	Replayed
	build      string // of this program
	strategist strategist
	vocabulary tape.Vocabulary
	plans      map[partition.Round]any // what the strategy says now
	writer     tape.Writer
	actor      actor.Actor
	parent     *actor.PID
}

func (r *replay) line(text []byte) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("this is no recording: %w", err)
	}
	switch {
	case l.Group != "":
		r.Group = l.Group
		return nil
	case l.State != nil:
		return r.begin(l)
	case r.actor == nil:
		return errors.New("what the actor knew is not there: this is no recording, or has lost its beginning")
	}
	mail, err := r.vocabulary.Read(l.Mail)
	if err != nil {
		return fmt.Errorf("another build has recorded this: %w", err)
	}
	r.Mail++
	if err := r.answered(mail); err != nil {
		return err
	}
	now := &replaying{mail: mail, replay: r}
	now.hear()
	for i, is := range now.said {
		if i == len(l.Said) || !bytes.Equal(is, l.Said[i]) {
			return r.differs(l, i, now)
		}
	}
	if len(now.said) < len(l.Said) || now.panic != l.Panic {
		return r.differs(l, len(now.said), now)
	}
	return nil
}

// begin takes what the actor knew.
func (r *replay) begin(l line) error {
	r.Actor, r.Worker, r.Term, r.Build = l.Actor, l.Worker, l.Term, l.Build
	if otherBuild(l.Build, r.build) {
		return fmt.Errorf("%w: it was %s, and is %s", ErrOtherBuild, cmp.Or(l.Build, "one that does not name itself"), r.build)
	}
	state, err := r.vocabulary.Read(l.State)
	if err != nil {
		return fmt.Errorf("another build has recorded this: %w", err)
	}
	a, ok := state.(actor.Actor)
	if !ok {
		return fmt.Errorf("%T is no actor", state)
	}
	r.actor, r.parent = a, actor.NewPID("", l.Parent)
	return nil
}

// answered compares the answer of the strategy with what it says now. That there was none
// may have another reason than the strategy.
func (r *replay) answered(mail any) error {
	made, ok := mail.(messages.PlanMade)
	if !ok {
		return nil
	}
	r.Plans++
	now, asked := r.plans[made.Round]
	if !asked {
		return nil // it was before the recording began
	}
	delete(r.plans, made.Round)
	was, is := r.writer.Append(nil, mail), r.writer.Append(nil, now)
	if bytes.Equal(was, is) {
		return nil
	}
	return fmt.Errorf("the strategy answers otherwise:\n%s", apart(was, is))
}

// ask has the strategy answer once more.
func (r *replay) ask(mail any) {
	if m, ok := mail.(messages.MakePlan); ok && r.strategist.strategy != nil {
		r.plans[m.Round] = r.strategist.answer(m)
	}
}

// count counts what people call decisions.
func (r *replay) count(mail any) {
	switch mail.(type) {
	case messages.HandOver:
		r.Decisions++
	case messages.Store:
		r.Publishes++
	}
}

func (r *replay) differs(l line, at int, now *replaying) error {
	was, is := []byte("nothing more"), []byte("nothing more")
	if l.Panic != "" {
		was = []byte("it panics: " + l.Panic)
	}
	if now.panic != "" {
		is = []byte("it panics: " + now.panic)
	}
	if at < len(l.Said) {
		was = l.Said[at]
	}
	if at < len(now.said) {
		is = now.said[at]
	}
	return fmt.Errorf("of %T the %s made something else:\n%s", now.mail, r.Actor, apart(was, is))
}

// apart shows two texts from a little before they part.
func apart(was, is []byte) string {
	const before, most = 80, 400
	at := 0
	for at < min(len(was), len(is)) && was[at] == is[at] {
		at++
	}
	part := func(text []byte) []byte { return text[max(at-before, 0):min(at+most, len(text))] }
	kind := func(text []byte) []byte { return text[:min(most/4, len(text))] }
	if at < before {
		return fmt.Sprintf("it was: %s\nit is:  %s", part(was), part(is))
	}
	return fmt.Sprintf("%s …\nit was: … %s\nit is:  … %s", kind(was), part(was), part(is))
}

// replaying is the context of one message that is heard again. Nothing of it reaches
// anybody.
type replaying struct {
	actor.Context // nil: no other method is called by an actor that decides
	mail          any
	replay        *replay
	said          [][]byte
	panic         string // empty if it does not
}

// hear lets the actor hear the message.
func (c *replaying) hear() {
	defer func() {
		if text := recover(); text != nil {
			c.panic = panicText(text)
		}
	}()
	c.replay.actor.Receive(c)
}

// Message implements actor.Context.
func (c *replaying) Message() any { return c.mail }

// Parent implements actor.Context.
func (c *replaying) Parent() *actor.PID { return c.replay.parent }

// Send implements actor.Context.
func (c *replaying) Send(to *actor.PID, mail any) {
	c.said = append(c.said, slices.Clip(said(&c.replay.writer, nil, to, mail)))
	c.replay.count(mail)
	c.replay.ask(mail)
}

// Request implements actor.Context.
func (c *replaying) Request(to *actor.PID, mail any) { c.Send(to, mail) }
