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
)

// hazard 58
func TestScripted_WhoWroteIntoAFormerIncarnationWritesNoMore(t *testing.T) {
	s := opened(t)
	election := s.spawn("election-1", nil)
	child := s.spawn("election-1/term-4/publisher", nil)
	manager := s.spawn("manager", nil)
	s.askAs(election, beat(1))
	s.answer(s.last(), bridge.Result{Sequence: 9})
	heard[messages.Stored](s)
	s.askAs(manager, messages.Watch{Round: 2, Key: messages.KeyHead})
	s.port.each(bridge.Reconnected)
	s.settle()
	s.inform(fitting("two"))
	s.inform(fitting("two"))
	heard[messages.StoreOpened](s)
	known := len(s.port.asked)
	s.askAs(election, beat(3))
	s.askAs(child, beat(4))
	require.Len(t, s.port.asked, known, "revisions of the former stream must not be compared with those of the new one")
	require.EqualValues(t, 3, heard[messages.Rejected](s).Round)
	require.EqualValues(t, 4, heard[messages.Rejected](s).Round)
	next := s.spawn("election-2", nil)
	s.askAs(next, beat(5))
	require.Len(t, s.port.asked, known+1)
}

// hazard 59
func TestScripted_ALongLifeDoesNotMakeAReopeningSlow(t *testing.T) {
	s := opened(t)
	for range 20 {
		s.port.each(bridge.Reconnected)
		s.settle()
		s.inform(fitting("one"))
	}
	s.port.each(bridge.Reconnected)
	s.settle()
	s.inform(missing())
	s.inform(bridge.StreamInfo{Result: lost()})
	from := s.line.Now()
	s.inform(fitting("two"))
	require.LessOrEqual(t, s.line.Now()-from, 400*time.Millisecond)
}

func TestN17_NoBackOffIsBelow100ms(t *testing.T) {
	s := build(t, config())
	for range 8 {
		from := s.line.Now()
		s.inform(bridge.StreamInfo{Result: lost()})
		for !s.wondering() {
			require.True(t, s.line.Advance(time.Hour))
			s.settle()
		}
		require.GreaterOrEqual(t, s.line.Now()-from, 100*time.Millisecond)
		require.LessOrEqual(t, s.line.Now()-from, 30*time.Second)
	}
}

func TestScripted_AReadEndsWithItsIncarnation(t *testing.T) {
	s := opened(t)
	s.ask(messages.Read{Round: 1, Keys: []messages.Key{messages.KeyTerm}})
	get := s.last()
	s.port.each(bridge.Reconnected)
	s.settle()
	s.inform(fitting("two"))
	s.inform(fitting("two"))
	heard[messages.StoreOpened](s)
	s.answer(get, bridge.Result{})
	require.EqualValues(t, 1, heard[messages.ReadFailed](s).Round)
}

func TestScripted_AWatchThatIsNotPermittedIsFinal(t *testing.T) {
	s := opened(t)
	s.ask(messages.Watch{Round: 1, Key: messages.KeyLead})
	s.port.watches[0].gone(bridge.ErrDenied)
	s.settle()
	require.True(t, heard[messages.StoreFailed](s).Final)
}

func TestScripted_ADeniedProbeOrReadIsFinal(t *testing.T) {
	s := opened(t)
	s.ask(messages.Read{Round: 1, Keys: []messages.Key{messages.KeyTerm}})
	s.answer(s.last(), bridge.Result{Outcome: bridge.Denied, Err: errors.New("no")})
	heard[messages.ReadFailed](s)
	require.True(t, heard[messages.StoreFailed](s).Final)
}

func TestScripted_TextOfOthersDoesNotStopAJournal(t *testing.T) {
	s := opened(t)
	s.ask(messages.Store{Round: 1, Writes: []messages.Write{{
		Key: "journal.1", Record: partition.Journal{Leader: "w", Step: 1, Cause: "strategy: \xff", Evidence: []string{"\xc3"}}, Blind: true,
	}}})
	require.Len(t, s.port.asked, 1)
}

func TestN17_ReWatchesAfterAReconnectAreSpread(t *testing.T) {
	s := opened(t)
	const keys = 20
	for i := range keys {
		s.ask(messages.Watch{Round: 1, Key: messages.KeyLive(partition.WorkerID(fmt.Sprintf("w%d", i)))})
	}
	s.port.each(bridge.Reconnected)
	s.settle()
	require.Len(t, s.port.watches, keys, "none at once")
	most, before := 0, keys
	for range 30 {
		s.pass(10 * time.Millisecond)
		most, before = max(most, len(s.port.watches)-before), len(s.port.watches)
	}
	require.Len(t, s.port.watches, 2*keys)
	require.Less(t, most, keys/2, "not all together")
}

func TestScripted_AStoreThatTheConnectionDeniesEndsItsWatches(t *testing.T) {
	s := opened(t)
	s.ask(messages.Watch{Round: 1, Key: messages.AllLive})
	s.ask(beat(1))
	s.answer(s.last(), bridge.Result{Outcome: bridge.Denied, Err: errors.New("no")})
	require.True(t, s.port.watches[0].stopped)
}

func TestScripted_ManyTimeoutsAtOnceLeaveTheServerOnce(t *testing.T) {
	s := opened(t)
	for i := range partition.Round(30) {
		s.ask(beat(i))
	}
	s.pass(timeout)
	require.Equal(t, 1, s.port.reconnects)
}
