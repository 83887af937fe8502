package bridge_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

func TestScripted_OutcomesAreToldApart(t *testing.T) {
	at := sim.Epoch
	for name, c := range map[string]struct {
		result bridge.Result
		want   any
	}{
		"accepted": {bridge.Result{Sequence: 9}, messages.Stored{Round: 1, Revisions: []partition.Revision{9}, Sent: at, At: at}},
		"fenced": {
			bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeWrongSequence, Last: 7, HasLast: true, Err: errors.New("x")},
			messages.Conflicted{Round: 1, Revision: 7, Named: true, Sent: at, At: at},
		},
		"no record": {
			bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeWrongSequence, HasLast: true, Err: errors.New("x")},
			messages.Conflicted{Round: 1, Named: true, Sent: at, At: at},
		},
		"in flight": {
			bridge.Result{Outcome: bridge.Unknown, Code: bridge.CodeFenceInFlight, Err: errors.New("busy")},
			messages.Unsure{Round: 1, Reason: "busy", Sent: at, At: at},
		},
		"full": {
			bridge.Result{Outcome: bridge.Refused, Code: 10077, Err: errors.New("maximum bytes exceeded")},
			messages.Rejected{Round: 1, Reason: "maximum bytes exceeded", At: at},
		},
		"too large": {
			bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeTooLarge, Err: errors.New("too large")},
			messages.Rejected{Round: 1, Reason: "too large", Final: true, At: at},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t)
			s.ask(beat(1))
			require.Equal(t, &bridge.Expectation{Subject: "$KV.g.one.live.w", Sequence: 4}, s.last().op.Publish[0].Expect)
			s.answer(s.last(), c.result)
			require.Equal(t, []any{c.want}, s.mail)
		})
	}
}

func TestScripted_ABatchCarriesItsConditions(t *testing.T) {
	s := opened(t)
	s.ask(messages.Store{Round: 2, Writes: []messages.Write{
		{Key: "journal.5", Record: partition.Journal{Leader: "w", Step: 5}, Blind: true, Fence: &messages.FenceOn{Key: messages.KeyTerm, Revision: 3}},
		{Key: messages.KeyHead, Record: partition.Head{Nonce: "n", Step: 5}, Expect: 8},
		{Key: messages.KeyAssignment("w"), Record: partition.Assignment{Session: "s", Step: 5}, Blind: true},
	}})
	batch := s.last().op.Publish
	require.Len(t, batch, 3)
	require.Equal(t, "$KV.g.one.journal.5", batch[0].Subject)
	require.Equal(t, &bridge.Expectation{Subject: "$KV.g.one.term", Sequence: 3}, batch[0].Expect)
	require.EqualValues(t, 8, batch[1].Expect.Sequence)
	require.Equal(t, batch[1].Subject, batch[1].Expect.Subject)
	require.Nil(t, batch[2].Expect)
	s.answer(s.last(), bridge.Result{Sequence: 12})
	require.Equal(t, []partition.Revision{10, 11, 12}, heard[messages.Stored](s).Revisions)
}

func TestScripted_AWriteThatGetsNoAnswerIsUnsure(t *testing.T) {
	s := opened(t)
	s.ask(beat(1))
	s.pass(timeout - 1)
	require.Empty(t, s.mail)
	s.pass(1)
	require.True(t, s.last().canceled)
	require.Equal(t, messages.Unsure{Round: 1, Reason: "no answer in time", Sent: sim.Epoch, At: sim.Epoch.Add(timeout)}, heard[messages.Unsure](s))
	s.answer(s.last(), bridge.Result{Sequence: 9})
	require.Empty(t, s.mail, "an answer that comes later is nobody's")
}

func TestN15_ThreeTimeoutsInARowLeaveTheServer(t *testing.T) {
	s := opened(t)
	late := func(round partition.Round) {
		require.Zero(t, s.port.reconnects)
		s.ask(beat(round))
		s.pass(timeout)
		if s.wondering() {
			s.inform(fitting("one"))
		}
	}
	late(1)
	late(2)
	s.ask(beat(3))
	s.answer(s.last(), bridge.Result{Sequence: 9})
	late(4)
	late(5)
	late(6)
	require.Equal(t, 1, s.port.reconnects)
}

// A store that is slow because everybody asks too much of it must not have to bear
// reconnects as well. What is not sent while there is no connection is no answer of it.
func TestN15_EachMoveInVainIsFollowedByMorePatience(t *testing.T) {
	s := opened(t)
	for moves, timeouts := range []int{3, 6, 12, 24, 48, 48, 48} {
		s.ask(beat(1))
		s.answer(s.last(), bridge.Result{Outcome: bridge.Refused, Err: bridge.ErrAway})
		for range timeouts {
			require.Equal(t, moves, s.port.reconnects)
			s.ask(beat(1))
			s.pass(timeout)
			if s.wondering() {
				s.inform(fitting("one"))
			}
		}
	}
	require.Equal(t, 7, s.port.reconnects)
	s.ask(beat(2))
	s.answer(s.last(), bridge.Result{Sequence: 9})
	for range 3 {
		require.Equal(t, 7, s.port.reconnects)
		s.ask(beat(1))
		s.pass(timeout)
	}
	require.Equal(t, 8, s.port.reconnects)
}

func TestN15_ReadsWithoutAnswerCountToo(t *testing.T) {
	s := opened(t)
	for round := range partition.Round(3) {
		require.Zero(t, s.port.reconnects)
		s.ask(messages.Read{Round: round, Keys: []messages.Key{messages.AllLive}})
		s.pass(timeout)
		if s.wondering() {
			s.inform(fitting("one"))
		}
	}
	require.Equal(t, 1, s.port.reconnects)
}

// A server that is cut off refuses at once to list anything, and goes on answering
// questions about the stream. Whoever has no ID yet asks for nothing else.
func TestN15_ListsThatFailAtOnceCountToo(t *testing.T) {
	s := opened(t)
	for round := range partition.Round(3) {
		require.Zero(t, s.port.reconnects)
		for range 5 {
			s.ask(messages.Read{Round: round, Keys: []messages.Key{messages.AllLive}})
			s.port.watches[len(s.port.watches)-1].gone(errBroken)
			s.settle()
			if s.wondering() {
				s.inform(fitting("one"))
			}
		}
		s.pass(timeout)
	}
	require.Equal(t, 1, s.port.reconnects)
}

func TestN15_QuestionsAboutTheStreamCountToo(t *testing.T) {
	s := build(t, config())
	for range 3 {
		require.Zero(t, s.port.reconnects)
		for !s.wondering() {
			s.pass(time.Millisecond)
		}
		s.pass(timeout)
	}
	require.Equal(t, 1, s.port.reconnects)
}

// inVain lets a write end with this answer, which helps nobody.
func (s *stand) inVain(round partition.Round, r bridge.Result) {
	r.Outcome = bridge.Unknown
	s.ask(beat(round))
	s.answer(s.last(), r)
	if s.wondering() {
		s.inform(fitting("one"))
	}
}

func TestN15_AServerThatKnowsNothingIsLeftHoweverFastItAnswers(t *testing.T) {
	for name, r := range map[string]bridge.Result{
		"a former leader": {Code: bridge.CodeFenceInFlight, Err: errBroken},
		"a follower":      {Err: errBroken},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t)
			for round := range partition.Round(3) {
				require.Zero(t, s.port.reconnects)
				for range 5 {
					s.inVain(round, r)
				}
				s.pass(timeout)
			}
			require.Equal(t, 1, s.port.reconnects)
		})
	}
}

func TestN15_AShortElectionMovesNobody(t *testing.T) {
	s := opened(t)
	for round := range partition.Round(50) {
		s.inVain(round, bridge.Result{Err: errBroken})
	}
	s.pass(timeout)
	s.ask(beat(1))
	s.answer(s.last(), bridge.Result{Sequence: 9})
	for round := range partition.Round(2) {
		s.inVain(round, bridge.Result{Err: errBroken})
		s.pass(timeout)
	}
	require.Zero(t, s.port.reconnects)
}

// hazard 1
func TestScripted_NothingIsSentAtOrAfterItsLastInstant(t *testing.T) {
	s := opened(t)
	late := beat(1)
	late.NotAfter = s.clock.Now().Add(time.Nanosecond)
	s.ask(late)
	require.Len(t, s.port.asked, 1)
	late.NotAfter = s.clock.Now()
	s.ask(late)
	require.Len(t, s.port.asked, 1)
	require.Contains(t, heard[messages.Rejected](s).Reason, "too late")
}

func TestScripted_TheLastInstantIsCheckedWhenItsTurnComes(t *testing.T) {
	s := opened(t)
	for i := range bridge.MaxInFlight {
		s.ask(beat(partition.Round(i)))
	}
	queued := beat(1000)
	queued.NotAfter = s.clock.Now().Add(timeout / 2)
	s.ask(queued)
	require.Len(t, s.port.asked, bridge.MaxInFlight)
	s.pass(timeout / 2)
	s.answer(s.port.asked[0], bridge.Result{Sequence: 9})
	require.Len(t, s.port.asked, bridge.MaxInFlight)
	late := heard[messages.Rejected](s)
	require.EqualValues(t, 1000, late.Round)
	require.True(t, late.Final)
}

// hazard 66
func TestScripted_OperationsHaveLimits(t *testing.T) {
	s := opened(t)
	for i := range bridge.MaxInFlight + bridge.MaxQueued {
		s.ask(beat(partition.Round(i)))
	}
	require.Len(t, s.port.asked, bridge.MaxInFlight)
	require.Empty(t, s.mail)
	s.ask(beat(99_999))
	require.Equal(t, messages.Rejected{
		Round: 99_999, Reason: fmt.Sprintf("%d operations are waiting already", bridge.MaxQueued), At: sim.Epoch,
	}, heard[messages.Rejected](s))
	s.answer(s.port.asked[0], bridge.Result{Sequence: 9})
	require.Len(t, s.port.asked, bridge.MaxInFlight+1)
}

func TestScripted_ReadsHaveALimit(t *testing.T) {
	s := opened(t)
	for i := range bridge.MaxInFlight {
		s.ask(messages.Read{Round: partition.Round(i), Keys: []messages.Key{messages.KeyLead}})
	}
	require.Empty(t, s.mail)
	s.ask(messages.Read{Round: 99_999, Keys: []messages.Key{messages.KeyLead}})
	require.EqualValues(t, 99_999, heard[messages.ReadFailed](s).Round)
	require.Len(t, s.port.asked, bridge.MaxInFlight)
}

// hazards 57 and 60
func TestScripted_AnAcceptedWriteBelowWhatWasSeenIsAnAlarm(t *testing.T) {
	s := opened(t)
	s.ask(beat(1))
	s.answer(s.last(), bridge.Result{Sequence: 20})
	heard[messages.Stored](s)
	s.ask(beat(2))
	s.ask(beat(3))
	s.answer(s.port.asked[2], bridge.Result{Sequence: 22})
	heard[messages.Stored](s)
	s.answer(s.port.asked[1], bridge.Result{Sequence: 21})
	heard[messages.Stored](s) // it was sent before 22 was seen

	s.ask(beat(4))
	s.answer(s.last(), bridge.Result{Sequence: 22})
	require.True(t, heard[messages.StoreLost](s).Alarm)
	require.EqualValues(t, 4, heard[messages.Unsure](s).Round)
	s.inform(fitting("one"))
	require.Contains(t, heard[messages.StoreFailed](s).Reason, "went back")
	s.inform(fitting("two"))
	require.Equal(t, "two", heard[messages.StoreOpened](s).Incarnation)
}
