package contract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/troupe-actors/troupe/bridge"
)

// keys is how many keys a part of a history has. Each may fence itself, the first one
// also the others.
const keys = 5

// held is what a key has: the number of the write, and its sequence; zero is none.
type held struct {
	write    int
	sequence uint64
}

// memory is what a server remembers that does one operation after the other.
type memory struct {
	keys [keys]held
	last uint64 // of the stream
}

// change is one message of a publish.
type change struct {
	key, write int
	fence      int // the key whose sequence is checked, or unfenced
	expect     uint64
}

// unfenced is the fence of a change that is written in any case.
const unfenced = -1

// call is an operation: a publish, a creation of the stream that there is, or of another
// one in its place, the question what it is, or else the read of a key.
type call struct {
	changes       []change
	creates, asks bool
	other         bool
	key           int
}

func (c call) String() string { return c.said(0) }

// said is a call in words, its sequences counted after one.
func (c call) said(from uint64) string {
	switch {
	case c.asks:
		return "ask what the stream is"
	case c.creates && c.other:
		return "create another stream"
	case c.creates:
		return "create the stream"
	case c.changes == nil:
		return fmt.Sprintf("read %d", c.key)
	}
	var said []string
	for _, m := range c.changes {
		text := fmt.Sprintf("#%d to %d", m.write, m.key)
		if m.fence != unfenced {
			text += fmt.Sprintf(" if %d is at %d", m.fence, since(m.expect, from))
		}
		said = append(said, text)
	}
	return "publish " + strings.Join(said, ", ")
}

// data is what a write carries.
func data(write int) string {
	if write == 0 {
		return ""
	}
	return strconv.Itoa(write)
}

// after returns what a server may remember after it answered a call like this. If it
// would not have answered that, there is nothing. What the stream is said to be has its
// last sequence.
func (s memory) after(c call, r bridge.Result) []any {
	switch {
	case r.Outcome == bridge.Unknown && c.changes == nil:
		return []any{s}
	case c.asks:
		return s.same(r.Outcome == bridge.Accepted && r.Sequence == s.last)
	case c.creates && c.other:
		return s.same(r.Outcome == bridge.Refused && r.Code == bridge.CodeStreamExists)
	case c.creates:
		return s.same(r.Outcome == bridge.Accepted)
	case c.changes == nil:
		is := s.keys[c.key]
		return s.same(r.Outcome == bridge.Accepted && r.Sequence == is.sequence && string(r.Data) == data(is.write))
	}
	broken := map[uint64]bool{} // by what the answer says
	for _, m := range c.changes {
		if m.fence != unfenced && s.keys[m.fence].sequence != m.expect {
			broken[s.keys[m.fence].sequence] = true
		}
	}
	written := s.write(c.changes)
	switch {
	case r.Outcome == bridge.Accepted && len(broken) == 0 && r.Sequence == written.last:
		return []any{written}
	case r.Outcome == bridge.Refused && r.Code == bridge.CodeWrongSequence && r.HasLast && broken[r.Last]:
		return []any{s}
	case r.Outcome == bridge.Unknown && len(broken) == 0:
		return []any{s, written}
	case r.Outcome == bridge.Unknown:
		return []any{s}
	}
	return nil
}

// same is that nothing has changed, if the answer is right.
func (s memory) same(right bool) []any {
	if right {
		return []any{s}
	}
	return nil
}

func (s memory) write(changes []change) memory {
	for _, m := range changes {
		s.last++
		s.keys[m.key] = held{m.write, s.last}
	}
	return s
}

// linearizable reports whether a server that does one operation after the other, each
// between its call and its answer, would have given these answers (Herlihy and Wing,
// "Linearizability", 1990).
func linearizable(begin memory, history []porcupine.Operation) bool {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{begin} },
		Step: func(state, input, output any) []any {
			s, _ := state.(memory)
			c, _ := input.(call)
			r, _ := output.(bridge.Result)
			return s.after(c, r)
		},
	}
	return porcupine.CheckOperations(model.ToModel(), whole(history))
}

// telling leaves out what says nothing: calls without an answer that wrote nothing. A stream has
// no gaps, so all that lies between two writes and was not accepted is of writes in doubt, and
// one with more messages than that did not land. Each that stays doubles what is searched.
func telling(history []porcupine.Operation, first, last uint64) []porcupine.Operation {
	landed := int(last-first) - 1
	for _, o := range history {
		c, _ := o.Input.(call)
		if r, _ := o.Output.(bridge.Result); r.Outcome == bridge.Accepted {
			landed -= len(c.changes)
		}
	}
	return slices.DeleteFunc(slices.Clone(history), func(o porcupine.Operation) bool {
		c, _ := o.Input.(call)
		r, _ := o.Output.(bridge.Result)
		return r.Outcome == bridge.Unknown && (c.changes == nil || len(c.changes) > landed)
	})
}

// whole counts nothing of a batch that is half there. A server lets no read come between its
// messages, but who asks what the stream is may be told that one of them is the last.
func whole(history []porcupine.Operation) []porcupine.Operation {
	before := map[uint64]uint64{} // the last sequence before a batch, by all of its own but its last
	for _, o := range history {
		c, _ := o.Input.(call)
		if r, _ := o.Output.(bridge.Result); r.Outcome == bridge.Accepted {
			for i := 1; i < len(c.changes); i++ {
				before[r.Sequence-uint64(i)] = r.Sequence - uint64(len(c.changes))
			}
		}
	}
	all := slices.Clone(history)
	for i, o := range all {
		c, _ := o.Input.(call)
		r, _ := o.Output.(bridge.Result)
		if last, half := before[r.Sequence]; c.asks && half {
			r.Sequence = last
			all[i].Output = r
		}
	}
	return all
}
