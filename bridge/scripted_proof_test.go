package bridge_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// refuses is what the server says if a record has another revision than expected.
func refuses(last uint64) bridge.Result {
	return bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeWrongSequence, Last: last, HasLast: true, Err: errors.New("x")}
}

// renewing is a stand on three servers, by which a heartbeat that expects revision 20
// was refused, as the record has revision 7.
func renewing(t *testing.T) *stand {
	cfg := config()
	cfg.Replicas = 3
	s := build(t, cfg)
	s.inform(ending(20, 3))
	heard[messages.StoreOpened](s)
	m := beat(1)
	m.Writes[0].Expect, m.NotAfter = 20, s.clock.Now().Add(4*time.Second)
	s.ask(m)
	s.answer(s.last(), refuses(7))
	require.Empty(t, s.mail)
	require.Len(t, s.port.asked, 2)
	require.EqualValues(t, 7, s.last().op.Publish[0].Expect.Sequence)
	require.EqualValues(t, 20, s.port.asked[0].op.Publish[0].Expect.Sequence)
	return s
}

// Of several servers, the one that answers may be behind the others. What it says of
// a record is true if it is accepted at that.
//
// hazards 57 and 60
func TestScripted_ARecordThatWentBackIsAnAlarm(t *testing.T) {
	s := renewing(t)
	s.answer(s.last(), bridge.Result{Sequence: 99})
	lost := heard[messages.StoreLost](s)
	require.True(t, lost.Alarm)
	require.Contains(t, lost.Reason, "live.w had revision 20, but was written after revision 7")
	heard[messages.Unsure](s)
	s.inform(ending(99, 3))
	require.Contains(t, heard[messages.StoreFailed](s).Reason, "older copy")
}

func TestScripted_AServerThatWasBehindIsNone(t *testing.T) {
	for name, last := range map[string]uint64{"the same": 20, "fenced": 30, "gone": 0} {
		t.Run(name, func(t *testing.T) {
			s := renewing(t)
			s.answer(s.last(), refuses(last))
			require.Equal(t, messages.Conflicted{Round: 1, Revision: partition.Revision(last), Named: true, Sent: s.clock.Now(), At: s.clock.Now()}, heard[messages.Conflicted](s))
			require.Empty(t, s.mail)
		})
	}
}

// An answer that is lost leaves it open, until it would be too late to write.
//
// hazard 60
func TestScripted_TheProofIsRepeated(t *testing.T) {
	s := renewing(t)
	s.answer(s.last(), lost())
	require.Len(t, s.port.asked, 2)
	s.pass(100 * time.Millisecond)
	require.Len(t, s.port.asked, 3)
	s.answer(s.last(), refuses(9)) // the one before was accepted
	require.EqualValues(t, 9, s.last().op.Publish[0].Expect.Sequence)
	s.answer(s.last(), refuses(9))
	require.Len(t, s.port.asked, 4)
	s.pass(100 * time.Millisecond)
	require.Len(t, s.port.asked, 5)
	s.pass(5 * time.Second)
	n := len(s.port.asked)
	s.pass(time.Hour)
	require.Len(t, s.port.asked, n)
	require.Contains(t, heard[messages.Rejected](s).Reason, "too late")
	require.Empty(t, s.mail)
}

// In one incarnation each step is published once.
//
// hazard 60
func TestScripted_TwoHeadsOfOneStepAreAnAlarm(t *testing.T) {
	head := func(step partition.Step, nonce string) partition.Head {
		return partition.Head{Step: step, Nonce: nonce, Term: 3}
	}
	revision := uint64(1000)
	next := func() uint64 { revision++; return revision }
	publish := func(s *stand, h partition.Head) {
		s.ask(messages.Store{Writes: []messages.Write{{Key: messages.KeyHead, Record: h}}})
		s.answer(s.last(), bridge.Result{Sequence: next()})
	}
	watch := func(s *stand, h partition.Head) {
		data := opened(t).stored(messages.KeyHead, h)
		s.ask(messages.Watch{Key: messages.KeyHead})
		s.see(true, sight("head.0", next(), data))
	}
	read := func(s *stand, h partition.Head) {
		data := opened(t).stored(messages.KeyHead, h)
		s.ask(messages.Read{Keys: []messages.Key{messages.KeyHead}})
		s.answer(s.last(), bridge.Result{Sequence: next(), Data: data})
	}
	ways := map[string]func(*stand, partition.Head){"published": publish, "watched": watch, "read": read}
	for one, first := range ways {
		for two, second := range ways {
			t.Run(one+", then "+two, func(t *testing.T) {
				s := opened(t)
				first(s, head(7, "a"))
				second(s, head(7, "a"))
				second(s, head(8, "b"))
				second(s, head(7, "a"))
				require.Empty(t, lostIn(s))
				second(s, head(8, "c"))
				lost := heard[messages.StoreLost](s)
				require.True(t, lost.Alarm)
				require.Contains(t, lost.Reason, "two heads of step 8")
				s.inform(fitting("one"))
				require.Contains(t, heard[messages.StoreFailed](s).Reason, "older copy")
				s.inform(fitting("two"))
				heard[messages.StoreOpened](s)
				watch(s, head(8, "d"))
				require.Empty(t, lostIn(s), "it is another stream")
			})
		}
	}
}

func lostIn(s *stand) (all []messages.StoreLost) {
	for _, m := range s.mail {
		if lost, ok := m.(messages.StoreLost); ok {
			all = append(all, lost)
		}
	}
	return all
}

// Whoever reads a mark, or sees it, takes the stream for lost.
//
// hazards 57 and 60
func TestScripted_AMarkIsAnAlarm(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, see := range map[string]func(*stand, string){
		"read": func(s *stand, lost string) {
			s.ask(messages.Read{Round: 3, Keys: []messages.Key{messages.KeyLead, messages.KeyTerm}})
			s.answer(s.port.asked[len(s.port.asked)-2], bridge.Result{Sequence: 30, Data: bytesOf(s.t, messages.KeyLead, partition.Lead{Session: "s"})})
			s.answer(s.last(), bridge.Result{Sequence: 31, Data: marks(s.t, lost)})
			if lost != "" {
				require.EqualValues(s.t, 3, heard[messages.ReadFailed](s).Round)
			}
		},
		"watched": func(s *stand, lost string) {
			s.ask(messages.Watch{Key: messages.KeyTerm})
			s.see(true, sight("term", 31, marks(s.t, lost)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t)
			see(s, "")
			require.Empty(t, lostIn(s))

			s = opened(t)
			see(s, "a head is gone")
			lost := heard[messages.StoreLost](s)
			require.True(t, lost.Alarm)
			require.Equal(t, "the stream went back to an older copy: worker-3 says so: a head is gone", lost.Reason)
			s.again()
			require.Contains(t, heard[messages.StoreFailed](s).Reason, "deleted and made anew")
			n := len(s.port.asked)
			s.shows(31, marks(t, "a head is gone"))
			require.Len(t, s.port.asked, n, "there is nothing to add")
			s.again()
			s.shows(0, nil)
			s.shows(0, nil)
			_, record, err := bridge.Inspect(s.writes().op.Publish[0].Subject, s.last().op.Publish[0].Data)
			require.NoError(t, err)
			require.Equal(t, "worker-3: a head is gone", record.(partition.Term).Lost)
			s.inform(fitting("two"))
			heard[messages.StoreOpened](s)

			s = opened(t)
			see(s, long)
			require.Less(t, len(heard[messages.StoreLost](s).Reason), 400)
		})
	}
}
