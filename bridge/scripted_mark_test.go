package bridge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// burnt is a stand that remembers more than the stream has, and asks for its term.
func burnt(t *testing.T) *stand {
	s := seen(t)
	s.port.each(bridge.Reconnected)
	s.settle()
	s.inform(ending(19, 1))
	require.True(t, heard[messages.StoreLost](s).Alarm)
	s.again()
	return s
}

// again looks at the stream once more: it is still there, and is asked for its term.
func (s *stand) again() {
	s.t.Helper()
	n := len(s.port.asked)
	s.inform(ending(100, 1))
	require.Len(s.t, s.port.asked, n+1)
	require.Equal(s.t, "$KV.g.one.term", s.last().op.Get)
}

// rests looks at the stream once more: it is not asked for anything.
func (s *stand) rests() {
	s.t.Helper()
	n := len(s.port.asked)
	s.inform(ending(100, 1))
	require.Len(s.t, s.port.asked, n)
}

// shows answers what is got by a record.
func (s *stand) shows(sequence uint64, data []byte) {
	s.t.Helper()
	require.NotEmpty(s.t, s.last().op.Get)
	s.answer(s.last(), bridge.Result{Sequence: sequence, Data: data})
}

// writes is the mark that is on its way.
func (s *stand) writes() *request {
	s.t.Helper()
	require.Len(s.t, s.last().op.Publish, 2)
	return s.last()
}

const evidence = "the stream's last revision is 19, but 20 was seen before it was asked: the store went back"

// bytesOf are those of a record.
func bytesOf(t *testing.T, key messages.Key, record any) []byte { return opened(t).stored(key, record) }

func marks(t *testing.T, lost string) []byte {
	return bytesOf(t, messages.KeyTerm, partition.Term{Worker: "worker-3", Session: "n", Nonce: "n", Lost: lost})
}

// Who remembers more takes the lead and gives it up, under a term that says why. Whoever
// leads there has no term any more, and every candidate reads this one.
//
// hazards 57 and 60
func TestScripted_AnOlderCopyIsMarked(t *testing.T) {
	s := burnt(t)
	s.shows(17, bytesOf(t, messages.KeyTerm, partition.Term{Worker: "v", Session: "s7", Nonce: "n7"}))
	require.Equal(t, "$KV.g.one.lead", s.last().op.Get)
	s.shows(18, bytesOf(t, messages.KeyLead, partition.Lead{Worker: "v", Session: "s7", Beat: 4}))
	w := s.writes()
	require.Equal(t, &bridge.Expectation{Subject: "$KV.g.one.term", Sequence: 17}, w.op.Publish[0].Expect)
	require.Equal(t, &bridge.Expectation{Subject: "$KV.g.one.lead", Sequence: 18}, w.op.Publish[1].Expect)
	key, record, err := bridge.Inspect(w.op.Publish[0].Subject, w.op.Publish[0].Data)
	require.NoError(t, err)
	require.Equal(t, messages.KeyTerm, key)
	term := record.(partition.Term)
	require.NotEmpty(t, term.Nonce)
	require.Equal(t, partition.Term{Worker: "w", Session: partition.SessionID(term.Nonce), Nonce: term.Nonce, Lost: evidence}, term)
	key, record, err = bridge.Inspect(w.op.Publish[1].Subject, w.op.Publish[1].Data)
	require.NoError(t, err)
	require.Equal(t, messages.KeyLead, key)
	require.Equal(t, partition.Lead{Worker: "w", Session: term.Session, Beat: 5, Released: true}, record)

	s.rests() // while it is on its way
	s.answer(w, bridge.Result{Sequence: 32})
	s.again()
	n := len(s.port.asked)
	s.shows(31, w.op.Publish[0].Data)
	require.Len(t, s.port.asked, n, "it has its mark")
	s.again()
	s.shows(40, bytesOf(t, messages.KeyTerm, partition.Term{Worker: "v", Session: "s8", Nonce: "n8"}))
	s.shows(39, nil)
	require.EqualValues(t, 40, s.writes().op.Publish[0].Expect.Sequence, "the mark itself was lost")
	heard[messages.StoreFailed](s)
	require.Empty(t, s.mail, "nobody hears of it")
}

// What is no record, and what is not there, is in nobody's way.
func TestScripted_AMarkIsWrittenOverWhateverThereIs(t *testing.T) {
	s := burnt(t)
	s.shows(0, nil)
	s.shows(12, []byte("\xff is no record"))
	w := s.writes()
	require.Equal(t, &bridge.Expectation{Subject: "$KV.g.one.term"}, w.op.Publish[0].Expect)
	require.Equal(t, &bridge.Expectation{Subject: "$KV.g.one.lead", Sequence: 12}, w.op.Publish[1].Expect)
}

// A record of a newer schema is not written over: a newer build has to do it.
func TestScripted_AMarkLeavesNewerRecordsAlone(t *testing.T) {
	newer := protowire.AppendVarint(protowire.AppendTag(nil, 100, protowire.VarintType), 2)
	for _, found := range [][][]byte{{newer}, {nil, newer}} {
		s := burnt(t)
		n := len(s.port.asked)
		for _, data := range found {
			s.shows(17, data)
		}
		require.Len(t, s.port.asked, n-1+len(found))
		s.again()
	}
}

// Whatever becomes of an attempt, the next look at the stream makes another.
//
// hazard 57
func TestScripted_AMarkIsTriedAgain(t *testing.T) {
	full := bridge.Result{Outcome: bridge.Refused, Code: 10077, Err: errors.New("maximum bytes exceeded")}
	for name, answer := range map[string]func(*stand){
		"no answer":           func(s *stand) { s.answer(s.last(), lost()) },
		"the store is full":   func(s *stand) { s.answer(s.last(), full) },
		"somebody was faster": func(s *stand) { s.answer(s.last(), refuses(40)) },
		"no answer in time": func(s *stand) {
			late := s.last()
			s.pass(timeout)
			require.True(s.t, late.canceled)
			defer s.answer(late, bridge.Result{Sequence: 99}) // which is of no use any more
		},
	} {
		for _, after := range []int{0, 1, 2} {
			t.Run(name, func(t *testing.T) {
				s := burnt(t)
				for i := range after {
					s.shows(uint64(17+i), nil)
				}
				answer(s)
				n := len(s.port.asked)
				s.again()
				require.Len(t, s.port.asked, n+1)
				s.shows(27, nil)
				s.shows(28, nil)
				w := s.writes()
				require.EqualValues(t, 27, w.op.Publish[0].Expect.Sequence)
				s.answer(w, bridge.Result{Sequence: 30})
				require.False(t, heard[messages.StoreFailed](s).Final)
				require.Empty(t, s.mail)
			})
		}
	}
}

// Who may not write it leaves that to others, and says no more of it than before.
func TestScripted_AMarkThatIsDeniedIsLeftToOthers(t *testing.T) {
	s := burnt(t)
	s.shows(17, nil)
	s.shows(18, nil)
	s.answer(s.writes(), bridge.Result{Outcome: bridge.Denied, Err: bridge.ErrDenied})
	require.False(t, heard[messages.StoreFailed](s).Final)
	s.rests()
	s.rests()
	require.Empty(t, s.mail)
	s.inform(fitting("two"))
	require.Equal(t, "two", heard[messages.StoreOpened](s).Incarnation)
}

// A new stream has nothing to do with what was on its way for the former one, and if it
// goes back as well it gets a mark of its own.
func TestScripted_AMarkEndsWithItsStream(t *testing.T) {
	for after := range 3 {
		s := burnt(t)
		for i := range after {
			s.shows(uint64(17+i), nil)
		}
		former := s.last()
		s.inform(fitting("two"))
		heard[messages.StoreOpened](s)
		require.True(t, former.canceled)
		n := len(s.port.asked)
		s.answer(former, bridge.Result{Sequence: 3})
		require.Len(t, s.port.asked, n)
		s.ask(messages.Read{Keys: []messages.Key{messages.KeyLead}})
		s.answer(s.last(), bridge.Result{Sequence: 2000})
		s.port.each(bridge.Reconnected)
		s.settle()
		s.inform(fitting("two"))
		require.True(t, heard[messages.StoreLost](s).Alarm)
		s.inform(fitting("two"))
		require.Equal(t, "$KV.g.two.term", s.last().op.Get)
	}
}

// hazard 71
func TestScripted_AMarkEndsWithItsWorker(t *testing.T) {
	for after := range 3 {
		s := burnt(t)
		for i := range after {
			s.shows(uint64(17+i), nil)
		}
		s.system.Root.Stop(s.parent)
		s.settle()
		require.True(t, s.last().canceled)
	}
}

// Two heads of one step may be the work of somebody who wrote an older one over the latest:
// whoever has seen both stops, and the others do not.
//
// hazard 60
func TestScripted_AnAlarmWithoutAProofIsNoMark(t *testing.T) {
	s := opened(t)
	for i, nonce := range []string{"a", "b"} {
		s.ask(messages.Read{Keys: []messages.Key{messages.KeyHead}})
		s.answer(s.last(), bridge.Result{Sequence: uint64(90 + i), Data: bytesOf(t, messages.KeyHead, partition.Head{Step: 7, Nonce: nonce, Term: 3})})
	}
	require.True(t, heard[messages.StoreLost](s).Alarm)
	s.rests()
	require.Contains(t, heard[messages.StoreFailed](s).Reason, "older copy")
	n := len(s.port.asked)
	s.inform(ending(90, 1))
	require.Len(t, s.port.asked, n+1, "now there is one")
}

// Without an alarm nothing is known: no mark.
func TestScripted_AStreamThatEndsForAnotherReasonIsNotMarked(t *testing.T) {
	s := seen(t)
	s.port.each(bridge.Reconnected)
	s.settle()
	edited := ending(30, 1)
	edited.Config.MaxAge = time.Hour
	s.inform(edited)
	require.False(t, heard[messages.StoreLost](s).Alarm)
	n := len(s.port.asked)
	s.inform(edited)
	s.inform(ending(100, 1))
	heard[messages.StoreOpened](s)
	require.Len(t, s.port.asked, n)
}
