package bridge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
)

// seen is a stand in which revision 20 was seen.
func seen(t *testing.T) *stand {
	s := opened(t)
	s.ask(beat(1))
	s.answer(s.last(), bridge.Result{Sequence: 20})
	heard[messages.Stored](s)
	return s
}

// ending is what the server says of a stream whose last revision this is.
func ending(last uint64, replicas int) bridge.StreamInfo {
	i := fitting("one")
	i.Last, i.Config.Replicas = last, replicas
	return i
}

// reconnected is a stand on three servers that has seen revision 20, and asks what the stream
// is, as the connection was lost.
func reconnected(t *testing.T) *stand {
	s := build(t, bridge.Config{Group: "g", Replicas: 3})
	s.inform(ending(19, 3))
	heard[messages.StoreOpened](s)
	s.ask(beat(1))
	s.answer(s.last(), bridge.Result{Sequence: 20})
	heard[messages.Stored](s)
	s.port.each(bridge.Reconnected)
	s.settle()
	return s
}

// hazards 57 and 60
func TestScripted_AStreamThatEndsBeforeWhatWasSeenIsAnAlarm(t *testing.T) {
	s := seen(t)
	s.port.each(bridge.Reconnected)
	s.settle()
	s.inform(ending(19, 1))
	require.True(t, heard[messages.StoreLost](s).Alarm)
	s.inform(ending(30, 1))
	require.Contains(t, heard[messages.StoreFailed](s).Reason, "deleted and made anew")
	s.nowhere()
	s.answer(s.last(), bridge.Result{})
	require.NotEqual(t, "one", heard[messages.StoreOpened](s).Incarnation)
}

// What is seen while the question is on its way says nothing, and one of several
// servers may be behind the others.
func TestScripted_AStreamThatEndsWhereItCanEndIsNone(t *testing.T) {
	s := seen(t)
	s.port.each(bridge.Reconnected)
	s.settle()
	s.ask(beat(2))
	s.answer(s.last(), bridge.Result{Sequence: 21})
	heard[messages.Stored](s)
	s.inform(ending(20, 1))
	require.Empty(t, s.mail)

	s = reconnected(t)
	s.inform(ending(19, 3))
	require.Empty(t, s.mail)
}

// hazard 57
func TestScripted_AFormerCopyInPlaceOfAStreamThatIsGoneIsNotOpened(t *testing.T) {
	s := seen(t)
	s.port.each(bridge.Reconnected)
	s.settle()
	s.inform(missing())
	require.False(t, heard[messages.StoreLost](s).Alarm)
	s.inform(ending(19, 1))
	require.Contains(t, heard[messages.StoreFailed](s).Reason, "went back to an older copy")
}

// hazard 57
func TestScripted_ARefusalThatNamesLessThanWasExpectedIsLookedInto(t *testing.T) {
	s := opened(t)
	s.ask(beat(1))
	s.answer(s.last(), bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeWrongSequence, Last: 5, HasLast: true, Err: errors.New("x")})
	require.False(t, s.wondering(), "another write was accepted")
	s.ask(beat(2))
	s.answer(s.last(), bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeWrongSequence, Last: 3, HasLast: true, Err: errors.New("x")})
	require.True(t, s.wondering())
}

// One of three replicas may be behind the others when it is told that it is the only one.
//
// hazard 57
func TestScripted_AStreamThatLostItsReplicasWasEdited(t *testing.T) {
	s := reconnected(t)
	s.inform(ending(19, 1))
	lost := heard[messages.StoreLost](s)
	require.False(t, lost.Alarm)
	require.Contains(t, lost.Reason, "Replicas is 1; must be 3")
	s.inform(ending(19, 1))
	require.Contains(t, heard[messages.StoreFailed](s).Reason, "Replicas is 1; must be 3")
	s.inform(ending(19, 3))
	heard[messages.StoreOpened](s)
}

func TestScripted_AStreamThatWasEditedIsLostUntilItIsEditedBack(t *testing.T) {
	s := opened(t)
	s.port.each(bridge.Reconnected)
	s.settle()
	edited := fitting("one")
	edited.Config.MaxAge = time.Hour
	s.inform(edited)
	require.Contains(t, heard[messages.StoreLost](s).Reason, "MaxAge is 1h0m0s; must be 0")
	s.inform(edited)
	failed := heard[messages.StoreFailed](s)
	require.Contains(t, failed.Reason, "MaxAge")
	require.False(t, failed.Final)
	s.inform(fitting("one"))
	heard[messages.StoreOpened](s)
}

// hazard 71
func TestScripted_AQuestionOfALostStreamDoesNotStayBehind(t *testing.T) {
	s := seen(t)
	s.ask(beat(2))
	s.port.each(bridge.Reconnected)
	s.settle()
	asked := s.port.infos[len(s.port.infos)-1]
	s.answer(s.last(), bridge.Result{Sequence: 3})
	require.True(t, heard[messages.StoreLost](s).Alarm)
	require.True(t, asked.canceled)
	require.True(t, s.wondering())
}
