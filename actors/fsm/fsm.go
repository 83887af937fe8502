package fsm

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
)

// Row is one line of a table; On, Stay and Ignore make them.
type Row[A any, S ~string] struct {
	from    []S
	to      []S
	message reflect.Type
	handler string
	run     func(a A, ctx actor.Context, message any, now S) S
	ignored []reflect.Type
}

// On is a row: in this state, mail of the handler's type is given to it, and what
// it returns is the next state, one of to.
func On[A, M any, S ~string](from S, h func(A, actor.Context, M) S, to ...S) Row[A, S] {
	return Row[A, S]{
		from: []S{from}, to: to, message: reflect.TypeFor[M](), handler: nameOf(h),
		run: func(a A, ctx actor.Context, message any, _ S) S { return h(a, ctx, as[M](message)) },
	}
}

// as gives a message its type, by which the row was found.
func as[M any](message any) M {
	m, ok := message.(M)
	if !ok {
		panic(fmt.Sprintf("fsm: a row for %s was given %T", reflect.TypeFor[M](), message))
	}
	return m
}

// Stay is a row for each of these states: the handler never changes the state.
func Stay[A, M any, S ~string](h func(A, actor.Context, M), in ...S) Row[A, S] {
	return Row[A, S]{
		from: in, message: reflect.TypeFor[M](), handler: nameOf(h),
		run: func(a A, ctx actor.Context, message any, now S) S { h(a, ctx, as[M](message)); return now },
	}
}

// Ignore says that mail of the examples' types may arrive in this state and means
// nothing there: an answer that came too late, a reminder of something past.
func Ignore[A any, S ~string](from S, examples ...any) Row[A, S] {
	r := Row[A, S]{from: []S{from}}
	for _, e := range examples {
		r.ignored = append(r.ignored, reflect.TypeOf(e))
	}
	return r
}

// Late says that mail of the examples' types, answers and reminders, may come when
// it means nothing any more: it is ignored in every state that has no row for it.
func Late[A any, S ~string](examples ...any) Row[A, S] {
	r := Ignore[A, S]("", examples...)
	r.from = nil
	return r
}

// cell is what a table does with one message in one state.
type cell[A any, S ~string] struct {
	row     *Row[A, S]
	ignored bool
}

type key[S ~string] struct {
	state   S
	message reflect.Type
}

// Table is the machine of one kind of actor. It is made once and never changes.
type Table[A any, S ~string] struct {
	rows     []Row[A, S]
	states   []S // in the order in which they occur
	messages []reflect.Type
	cells    map[key[S]]cell[A, S]
	terminal map[S]bool
}

// New makes a table. It panics if two rows are about one message in one state.
func New[A any, S ~string](rows ...Row[A, S]) *Table[A, S] {
	t := &Table[A, S]{rows: rows, cells: map[key[S]]cell[A, S]{}, terminal: map[S]bool{}}
	for i := range rows {
		r := &rows[i]
		for _, s := range r.from {
			t.state(s)
			if r.run != nil {
				t.put(s, r.message, cell[A, S]{row: r})
			}
			for _, m := range r.ignored {
				t.put(s, m, cell[A, S]{ignored: true})
			}
		}
		for _, s := range r.to {
			t.state(s)
		}
	}
	t.late()
	for _, s := range t.states {
		t.terminal[s] = !slices.ContainsFunc(rows, func(r Row[A, S]) bool { return slices.Contains(r.from, s) })
	}
	return t
}

// late fills the cells that Late speaks of.
func (t *Table[A, S]) late() {
	for _, r := range t.rows {
		if r.from != nil {
			continue
		}
		for _, m := range r.ignored {
			for _, s := range t.states {
				if _, said := t.cells[key[S]{s, m}]; !said {
					t.put(s, m, cell[A, S]{ignored: true})
				}
			}
		}
	}
}

func (t *Table[A, S]) state(s S) {
	if !slices.Contains(t.states, s) {
		t.states = append(t.states, s)
	}
}

func (t *Table[A, S]) put(s S, message reflect.Type, c cell[A, S]) {
	k := key[S]{s, message}
	if _, twice := t.cells[k]; twice {
		panic(fmt.Sprintf("fsm: %s in state %s stands twice in the table", message, s))
	}
	t.cells[k] = c
	if !slices.Contains(t.messages, message) {
		t.messages = append(t.messages, message)
	}
}

// Receive gives the present message to the row that is about it and stores the
// state that follows. changed, if not nil, hears of every change of state.
func (t *Table[A, S]) Receive(ctx actor.Context, a A, state *S, changed func(ctx actor.Context, from, to S)) {
	message := ctx.Message()
	from := *state
	c, known := t.cells[key[S]{from, reflect.TypeOf(message)}]
	switch {
	case !known:
		t.unknown(ctx, from, message)
		return
	case c.ignored:
		return
	}
	to := c.row.run(a, ctx, message, from)
	if to != from && !slices.Contains(c.row.to, to) || c.row.to != nil && !slices.Contains(c.row.to, to) {
		panic(fmt.Sprintf("fsm: in state %s, %T led to %s; the row of %s allows %v", from, message, to, c.row.handler, c.row.to))
	}
	*state = to
	if to != from && changed != nil {
		changed(ctx, from, to)
	}
}

// unknown is mail without a cell. Terminal states take nothing any more, the
// actor system's own messages need no row, and a type of this table is one of its
// holes, which a test has to find.
func (t *Table[A, S]) unknown(ctx actor.Context, state S, message any) {
	if t.terminal[state] || system(message) {
		return
	}
	if slices.Contains(t.messages, reflect.TypeOf(message)) {
		panic(fmt.Sprintf("fsm: nothing is said about %T in state %s", message, state))
	}
	ctx.ActorSystem().DeadLetter.SendUserMessage(ctx.Self(), actor.WrapEnvelope(message))
}

func system(message any) bool {
	switch message.(type) {
	case *actor.Started, *actor.Stopping, *actor.Stopped, *actor.Restarting, *actor.Terminated, *actor.DeadLetterResponse:
		return true
	}
	return false
}

// Holes lists the pairs of state and message that are neither a row nor ignored,
// of all messages that the table knows; terminal states have none.
func (t *Table[A, S]) Holes() []string {
	var holes []string
	for _, s := range t.states {
		if t.terminal[s] {
			continue
		}
		for _, m := range t.messages {
			if _, said := t.cells[key[S]{s, m}]; !said && !systemType(m) {
				holes = append(holes, fmt.Sprintf("%s: %s", s, m))
			}
		}
	}
	return holes
}

// Islands lists the states that nothing leads to, the first one apart, and the
// states that have rows and that nothing leads out of.
func (t *Table[A, S]) Islands() []string {
	var islands []string
	for i, s := range t.states {
		entered, left := i == 0, t.terminal[s]
		for _, r := range t.rows {
			for _, to := range r.to {
				entered = entered || to == s && !slices.Equal(r.from, []S{s})
				left = left || to != s && slices.Contains(r.from, s)
			}
		}
		if !entered {
			islands = append(islands, string(s)+": nothing leads to it")
		}
		if !left {
			islands = append(islands, string(s)+": nothing leads out of it")
		}
	}
	return islands
}

// Types lists the types of the messages that the table knows.
func (t *Table[A, S]) Types() []reflect.Type { return slices.Clone(t.messages) }

// Hears lists the messages that the table knows, by their bare names.
func (t *Table[A, S]) Hears() []string {
	var names []string
	for _, m := range t.messages {
		names = append(names, word(m))
	}
	return names
}

// Rows lists the pairs of state and message of which there is a row, what is ignored apart.
func (t *Table[A, S]) Rows() []string {
	var rows []string
	for _, r := range t.rows {
		for _, s := range r.from {
			if r.run != nil {
				rows = append(rows, row(s, r.message))
			}
		}
	}
	return rows
}

// Row is the one that is about a message in this state, empty if there is none.
func (t *Table[A, S]) Row(state S, message any) string {
	if c := t.cells[key[S]{state, reflect.TypeOf(message)}]; c.row == nil {
		return ""
	}
	return row(state, reflect.TypeOf(message))
}

func row[S ~string](state S, m reflect.Type) string { return string(state) + ": " + word(m) }

func systemType(m reflect.Type) bool {
	return m.Kind() == reflect.Pointer && system(reflect.New(m.Elem()).Interface())
}

// nameOf returns what a handler is for, for messages to people: its message.
func nameOf(handler any) string {
	text := reflect.TypeOf(handler).String()
	return strings.TrimPrefix(text, "func")
}
