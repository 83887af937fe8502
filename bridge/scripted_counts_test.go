package bridge_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func (s *stand) counts() (all messages.Counts, by map[string]messages.Operations) {
	s.t.Helper()
	s.ask(messages.GetCounts{})
	all, by = heard[messages.Counts](s), map[string]messages.Operations{}
	for _, o := range all.Operations {
		by[o.Kind] = o
	}
	return all, by
}

// What is asked of the store is counted by what became of it.
func TestScripted_OperationsAreCounted(t *testing.T) {
	s := build(t, config())
	s.ask(beat(1)) // the store is not open
	s.ask(messages.Read{Round: 2, Keys: []messages.Key{messages.KeyLead}})
	s.inform(fitting("one"))
	for _, r := range []bridge.Result{
		{Sequence: 900},
		{Outcome: bridge.Refused, Code: bridge.CodeWrongSequence, Err: errors.New("wrong last sequence")},
		{Outcome: bridge.Refused, Err: errors.New("no")},
		lost(), lost(),
	} {
		s.ask(beat(1))
		s.answer(s.last(), r)
	}
	s.inform(fitting("one")) // which it asks about after a lost answer
	s.ask(messages.Read{Round: 3, Keys: []messages.Key{messages.KeyLead}})
	s.answer(s.last(), bridge.Result{})
	s.ask(messages.Read{Round: 4, Keys: []messages.Key{messages.KeyLead}})
	s.answer(s.last(), lost())
	s.inform(fitting("one"))
	s.ask(messages.Watch{Round: 5, Key: messages.KeyLead})
	w := s.see(true)
	w.gone(errors.New("gone"))
	s.settle()
	s.inform(fitting("one"))
	s.pass(timeout)
	all, by := s.counts()
	require.Equal(t, messages.Operations{Kind: "write", Accepted: 1, Conflicted: 1, Refused: 1, Unknown: 2, Unsent: 1}, by["write"])
	require.Equal(t, messages.Operations{Kind: "read", Accepted: 1, Unknown: 1, Unsent: 1}, by["read"])
	require.Equal(t, messages.Operations{Kind: "watch", Accepted: 1, Unknown: 1}, by["watch"])
	require.Equal(t, 4, by["stream"].Accepted)
	require.Equal(t, 1, all.Rewatches)
	s.ask(beat(6))
	s.answer(s.last(), bridge.Result{Outcome: bridge.Denied, Err: fmt.Errorf("%w: no", bridge.ErrDenied)})
	_, by = s.counts()
	require.Equal(t, 1, by["write"].Denied)
}

// What a leader did is counted when it is known to be stored.
func TestScripted_WhatALeaderDidIsCounted(t *testing.T) {
	s := opened(t)
	publish := messages.Store{Writes: []messages.Write{
		{Key: "journal.5", Blind: true, Record: partition.Journal{Step: 5, Moves: []partition.Move{{Partition: "p"}}, More: 7}},
		{Key: messages.KeyLive("w-2"), Blind: true, Record: partition.Live{Session: "s2", Fence: &partition.Fence{Term: 3}}},
		{Key: messages.KeyLive("w-1"), Blind: true, Record: partition.Live{Session: "s1"}},
		{Key: messages.KeyAssignment("w-1"), Blind: true, Record: partition.Assignment{Session: "s1", Step: 5, Revoking: []partition.Revoke{
			{Partition: "a", Step: 5}, {Partition: "b", Step: 4}, {Partition: "c", Step: 5},
		}}},
	}}
	s.ask(publish)
	s.answer(s.last(), lost())
	s.ask(publish)
	s.answer(s.last(), bridge.Result{Sequence: 1010})
	s.ask(messages.HandOverStalled{Reason: "nobody let go"})
	all, _ := s.counts()
	require.Equal(t, []int{1, 8, 2, 1, 1}, []int{all.Publishes, all.Moves, all.Revokes, all.Fences, all.Stalls})
}
