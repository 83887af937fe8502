package bridge_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
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
	require.Equal(t, messages.Rejected{
		Round: 3, Reason: "what it rests on was of a stream that is no more", Final: true, At: s.clock.Now(),
	}, heard[messages.Rejected](s))
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

// However many operations end without an answer, it is one silence.
func TestScripted_ManyTimeoutsAtOnceLeaveTheServerOnce(t *testing.T) {
	s := opened(t)
	for range 3 {
		require.Zero(t, s.port.reconnects)
		for i := range partition.Round(30) {
			s.ask(beat(i))
		}
		s.pass(timeout)
		if s.wondering() {
			s.inform(fitting("one"))
		}
	}
	require.Equal(t, 1, s.port.reconnects)
}

// What may not be read is no reason to do without the store: who needs it is told,
// and the log says so once.
func TestScripted_ADeniedListingIsToldAndLoggedOnce(t *testing.T) {
	var log strings.Builder
	cfg := config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := build(t, cfg)
	s.inform(fitting("one"))
	for round := range partition.Round(3) {
		s.ask(messages.Read{Round: round, Keys: []messages.Key{messages.AllLive}})
		s.port.watches[round].gone(fmt.Errorf("%w: permissions violation", bridge.ErrDenied))
		s.settle()
		failed := heard[messages.ReadFailed](s)
		require.True(t, failed.Denied)
		require.Equal(t, "not permitted: permissions violation", failed.Reason)
	}
	require.Equal(t, 1, strings.Count(log.String(), `msg="reading is not permitted"`), log.String())
	s.ask(messages.Read{Round: 4, Keys: []messages.Key{messages.AllAssignments}})
	s.port.watches[3].gone(errors.New("gone"))
	s.settle()
	require.False(t, heard[messages.ReadFailed](s).Denied)
	heard[messages.StoreOpened](s)
	require.Empty(t, s.mail)
}

func TestScripted_AQuestionAboutAStreamThatIsLostEnds(t *testing.T) {
	s := opened(t)
	s.ask(beat(1))
	s.answer(s.last(), bridge.Result{Sequence: 9})
	s.ask(beat(2))
	s.port.each(bridge.Reconnected)
	s.settle()
	asked := s.port.infos[len(s.port.infos)-1]
	require.False(t, asked.canceled)
	s.answer(s.last(), bridge.Result{Sequence: 8})
	require.True(t, heard[messages.StoreLost](s).Alarm)
	require.NotSame(t, asked, s.port.infos[len(s.port.infos)-1])
	require.True(t, asked.canceled)
}

// The connection may have been moved by another who shares it: a crowd of workers in
// one process must not move it again and again.
func TestN15_WhatBeganBeforeAReconnectSaysNothingOfTheNewServer(t *testing.T) {
	s := opened(t)
	s.ask(beat(1))
	s.port.each(bridge.Reconnected)
	s.settle()
	s.inform(fitting("one"))
	s.pass(timeout)
	heard[messages.Unsure](s)
	s.pass(timeout)
	for round := range partition.Round(3) {
		require.Zero(t, s.port.reconnects)
		s.inVain(round, bridge.Result{Err: errBroken})
		s.pass(timeout)
	}
	require.Equal(t, 1, s.port.reconnects)
}

// Nobody need listen to a worker's health to see why it does nothing.
func TestScripted_WhatIsFinalIsLoggedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		group string
		then  func(*stand)
		want  string
	}{
		"a broken rule": {"a.b", func(*stand) {}, `bridge.Config: Group is "a.b"; must be 1 to 64 characters out of A-Z, a-z, 0-9, _ and -`},
		"a closed connection": {"g", func(s *stand) {
			s.inform(bridge.StreamInfo{Result: bridge.Result{Outcome: bridge.Denied, Err: bridge.ErrClosed}})
			s.port.each(bridge.Closed)
			s.settle()
		}, "the connection to NATS is closed"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			cfg := config()
			cfg.Group, cfg.Logger = c.group, slog.New(slog.NewTextHandler(&log, nil))
			s := build(t, cfg)
			c.then(s)
			require.Equal(t, []any{messages.StoreFailed{Reason: c.want, Final: true, At: sim.Epoch}}, s.mail)
			require.Equal(t, 1, strings.Count(log.String(), "final=true"), log.String())
			require.Contains(t, log.String(), "reason="+strconv.Quote(c.want))
		})
	}
}

func TestScripted_ADenialIsFinal(t *testing.T) {
	s := opened(t)
	s.ask(beat(1))
	s.answer(s.last(), bridge.Result{Outcome: bridge.Denied, Err: errors.New("permissions violation")})
	require.Equal(t, messages.Rejected{Round: 1, Reason: "permissions violation", Final: true, At: s.clock.Now()}, heard[messages.Rejected](s))
	failed := heard[messages.StoreFailed](s)
	require.True(t, failed.Final)
	require.Contains(t, failed.Reason, "permissions violation")
	s.ask(beat(2))
	heard[messages.Rejected](s)
	require.Len(t, s.port.asked, 1)
}
