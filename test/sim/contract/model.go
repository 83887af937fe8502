package contract

import (
	"fmt"
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

// call is an operation: a publish, or the read of a key if there are no changes.
type call struct {
	changes []change
	key     int
}

func (c call) String() string {
	if c.changes == nil {
		return fmt.Sprintf("read %d", c.key)
	}
	var said []string
	for _, m := range c.changes {
		text := fmt.Sprintf("#%d to %d", m.write, m.key)
		if m.fence != unfenced {
			text += fmt.Sprintf(" if %d is at %d", m.fence, m.expect)
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
// would not have answered that, there is nothing.
func (s memory) after(c call, r bridge.Result) []any {
	if c.changes == nil {
		return s.read(c.key, r)
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

func (s memory) read(key int, r bridge.Result) []any {
	is := s.keys[key]
	if r.Outcome == bridge.Accepted && (r.Sequence != is.sequence || string(r.Data) != data(is.write)) {
		return nil
	}
	return []any{s}
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
	return porcupine.CheckOperations(model.ToModel(), history)
}
