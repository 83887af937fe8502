package bridge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

func TestScripted_TheStreamIsMadeAsItHasToBe(t *testing.T) {
	s := build(t, config())
	s.inform(missing())
	made := s.last().op.Create
	require.NotEmpty(t, made.Incarnation)
	require.Equal(t, fitting(made.Incarnation).Config, *made)
	s.answer(s.last(), bridge.Result{})
	require.Equal(t, made.Incarnation, heard[messages.StoreOpened](s).Incarnation)
}

// A stream is not made anew while the server may still move away the files of the former one.
//
// hazard 57
func TestScripted_AStreamHasToBeGoneForAWhile(t *testing.T) {
	s := build(t, config())
	s.inform(missing())
	s.answer(s.last(), bridge.Result{})
	heard[messages.StoreOpened](s)
	s.pass(time.Minute)
	news := func() { // who asks again in between does not wait anew
		s.port.each(bridge.Reconnected)
		s.settle()
	}
	news()
	s.inform(missing())
	heard[messages.StoreLost](s)
	s.inform(missing())
	s.pass(partition.RecreateDelay / 2)
	news()
	s.inform(missing())
	s.pass(partition.RecreateDelay/2 - time.Nanosecond)
	require.False(t, s.wondering())
	s.pass(time.Nanosecond)
	require.True(t, s.wondering())
	s.inform(bridge.StreamInfo{Result: lost()}) // nobody knows what was meanwhile
	s.inform(missing())
	require.Len(t, s.port.asked, 1, "of before")
	s.inform(missing())
	require.Len(t, s.port.asked, 2)
}

// hazard 10
func TestScripted_TheLoserOfTheCreationTakesTheWinnersStream(t *testing.T) {
	for name, answer := range map[string]bridge.Result{
		"refused": {Outcome: bridge.Refused, Code: bridge.CodeStreamExists, Err: errors.New("in use")},
		"unknown": {Outcome: bridge.Unknown, Err: errors.New("no answer")},
	} {
		t.Run(name, func(t *testing.T) {
			s := build(t, config())
			s.inform(missing())
			s.answer(s.last(), answer)
			s.inform(fitting("two"))
			require.Equal(t, "two", heard[messages.StoreOpened](s).Incarnation)
		})
	}
}

func TestScripted_WhatIsNotOpenAnswersSo(t *testing.T) {
	s := build(t, config())
	s.ask(beat(1))
	s.ask(messages.Read{Round: 2, Keys: []messages.Key{messages.KeyLead}})
	require.Equal(t, messages.Rejected{Round: 1, Reason: "the store is not open", At: sim.Epoch}, heard[messages.Rejected](s))
	require.EqualValues(t, 2, heard[messages.ReadFailed](s).Round)
	require.Empty(t, s.port.asked)
}

func TestScripted_AnOldServerIsRefused(t *testing.T) {
	s := build(t, config())
	old := missing()
	old.Server = "2.12.2"
	s.inform(old)
	require.Contains(t, heard[messages.StoreFailed](s).Reason, "nats-server is 2.12.2; must be 2.12.3 or later")
	require.Empty(t, s.port.asked)
}

func TestScripted_AStreamThatMayNotBeSeenIsFinal(t *testing.T) {
	s := build(t, config())
	s.inform(bridge.StreamInfo{Result: bridge.Result{Outcome: bridge.Denied, Err: errors.New("permissions violation")}})
	require.True(t, heard[messages.StoreFailed](s).Final)
	s.pass(time.Hour)
	require.Len(t, s.port.infos, 1)
}

// hazard 57
func TestScripted_AStreamThatIsGoneIsTold(t *testing.T) {
	cfg := config()
	cfg.Fresh = true
	s := build(t, cfg)
	s.inform(fitting("one"))
	require.True(t, heard[messages.StoreOpened](s).Fresh)
	s.ask(messages.Watch{Round: 1, Key: messages.AllLive})
	s.ask(beat(2))
	s.answer(s.last(), lost())
	heard[messages.Unsure](s)
	s.inform(missing())
	require.False(t, heard[messages.StoreLost](s).Alarm)
	require.True(t, s.port.watches[0].stopped)
	s.nowhere()
	s.answer(s.last(), bridge.Result{})
	again := heard[messages.StoreOpened](s)
	require.NotEqual(t, "one", again.Incarnation)
	require.False(t, again.Fresh, "there was a store before")
	s.askAs(s.spawn("later", nil), beat(3))
	require.Equal(t, "$KV.g."+again.Incarnation+".live.w", s.last().op.Publish[0].Subject)
}

func TestScripted_AnAnswerOfTheFormerIncarnationIsUnsure(t *testing.T) {
	s := opened(t)
	s.ask(beat(1))
	s.ask(beat(2))
	first, second := s.port.asked[0], s.port.asked[1]
	s.answer(first, lost())
	s.inform(fitting("two"))
	heard[messages.StoreLost](s)
	s.inform(fitting("two"))
	heard[messages.StoreOpened](s)
	heard[messages.Unsure](s)
	s.answer(second, bridge.Result{Sequence: 30})
	require.EqualValues(t, 2, heard[messages.Unsure](s).Round)
}

func TestScripted_RemindersComeBackToWhoeverAsked(t *testing.T) {
	s := build(t, config())
	now := s.clock.Now()
	s.ask(messages.Remind{After: time.Second, Mail: "second"})
	s.ask(messages.Remind{From: now.Add(3 * time.Second), After: -time.Second, Mail: "other"})
	s.ask(messages.Remind{From: now.Add(-time.Hour), Mail: "past"})
	s.pass(0)
	require.Equal(t, "past", heard[string](s))
	s.pass(time.Second - 1)
	s.mail = withoutFailures(s.mail)
	require.Empty(t, s.mail)
	s.pass(1)
	require.Equal(t, "second", heard[string](s))
	s.pass(time.Second)
	require.Equal(t, "other", heard[string](s))
	s.ask(messages.GetTime{})
	require.Equal(t, s.clock.Now(), heard[messages.Time](s).At)
}

func withoutFailures(mail []any) (out []any) {
	for _, m := range mail {
		if _, failed := m.(messages.StoreFailed); !failed {
			out = append(out, m)
		}
	}
	return out
}

func TestScripted_WhoeverEndsIsForgotten(t *testing.T) {
	s := opened(t)
	guest := s.spawn("guest", nil)
	timers := s.steps.Home().Open(sim.Timers)
	s.askAs(guest, messages.Watch{Round: 1, Key: messages.KeyLead})
	s.askAs(guest, messages.Remind{After: time.Hour, Mail: "late"})
	s.askAs(guest, beat(2))
	s.system.Root.Stop(guest)
	s.settle()
	require.True(t, s.port.watches[0].stopped)
	s.answer(s.last(), bridge.Result{Sequence: 9})
	require.Equal(t, timers, s.steps.Home().Open(sim.Timers))
	require.Empty(t, s.mail)
}

// hazard 71
func TestScripted_NothingStaysBehind(t *testing.T) {
	s := opened(t)
	s.ask(messages.Watch{Round: 1, Key: messages.AllLive})
	s.ask(messages.Read{Round: 2, Keys: []messages.Key{messages.KeyTerm, messages.AllAssignments}})
	s.ask(messages.Remind{After: time.Hour, Mail: "late"})
	s.ask(beat(3))
	s.port.each(bridge.Reconnected)
	s.settle()
	s.system.Root.Stop(s.parent)
	s.settle()
	for _, w := range s.port.watches {
		require.True(t, w.stopped, w.filter)
	}
	for _, r := range s.port.asked {
		require.True(t, r.canceled, "%v", r.op)
	}
	require.True(t, s.port.infos[len(s.port.infos)-1].canceled)
	require.True(t, s.port.stopped)
	require.Zero(t, s.steps.Home().Open(sim.Timers))
}

func TestScripted_AClosedConnectionIsFinal(t *testing.T) {
	s := opened(t)
	s.ask(beat(1))
	s.port.each(bridge.Closed)
	s.settle()
	heard[messages.StoreLost](s)
	require.True(t, heard[messages.StoreFailed](s).Final)
	s.askAs(s.spawn("session-2", nil), beat(2))
	require.Equal(t, messages.Rejected{Round: 2, Reason: "the store is not open", Final: true, At: sim.Epoch}, heard[messages.Rejected](s))
}

func TestScripted_AStreamThatDiffersIsFinal(t *testing.T) {
	for want, change := range map[string]func(*bridge.StreamConfig){
		"Replicas is 1; must be 3":             func(c *bridge.StreamConfig) { c.Replicas = 1 },
		"AllowDirect is true; must be false":   func(c *bridge.StreamConfig) { c.AllowDirect = true },
		"DenyPurge is false; must be true":     func(c *bridge.StreamConfig) { c.DenyPurge = false },
		"MaxMsgsPerSubject is 0; must be 1":    func(c *bridge.StreamConfig) { c.MaxPerSubject = 0 },
		"must be one token of a subject":       func(c *bridge.StreamConfig) { c.Incarnation = "o.ne" },
		"Subjects is [$KV.g.one.> x]; must be": func(c *bridge.StreamConfig) { c.Subjects = append(c.Subjects, "x") },
	} {
		t.Run(want, func(t *testing.T) {
			cfg := config()
			cfg.Replicas = 3
			s := build(t, cfg)
			info := fitting("one")
			info.Config.Replicas = 3
			change(&info.Config)
			s.inform(info)
			failed := heard[messages.StoreFailed](s)
			require.True(t, failed.Final)
			require.Contains(t, failed.Reason, "stream KV_g: ")
			require.Contains(t, failed.Reason, want)
		})
	}
}

func TestScripted_AStreamThatMayNotBeMadeIsFinal(t *testing.T) {
	s := build(t, config())
	s.inform(missing())
	s.answer(s.last(), bridge.Result{Outcome: bridge.Denied, Err: errors.New("permissions violation")})
	failed := heard[messages.StoreFailed](s)
	require.True(t, failed.Final)
	require.Equal(t, "the stream KV_g may not be created: permissions violation", failed.Reason)
	s.pass(time.Hour)
	require.Len(t, s.port.infos, 1)
}

// The worker's StoreTimeout is what every question may take. A stream that is made
// may elect a leader first.
func TestScripted_QuestionsSayWithinWhatTime(t *testing.T) {
	s := build(t, config())
	require.Equal(t, timeout, s.port.infos[0].within)
	s.inform(missing())
	require.Equal(t, 2*time.Second, s.last().within)
	s.answer(s.last(), bridge.Result{})
	s.ask(beat(1))
	require.Equal(t, timeout, s.last().within)
	s.ask(messages.Read{Round: 2, Keys: []messages.Key{messages.KeyTerm, messages.AllLive}})
	require.Equal(t, timeout, s.last().within)
	s.ask(messages.Watch{Round: 3, Key: messages.KeyLead})
	for _, w := range s.port.watches {
		require.Equal(t, timeout, w.within)
	}
	require.Len(t, s.port.watches, 2)
}
