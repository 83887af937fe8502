package bridge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// drawnAt is the revision of the records that are drawn: what they name came before.
const drawnAt = 1_000_000

// records draws one record for each kind of key.
func records(t *rapid.T) map[messages.Key]any {
	text := rapid.StringMatching(`[a-z0-9.%-]{1,12}`)
	id := func(s string) partition.PartitionID { return partition.PartitionID(s) }
	num, step := rapid.Uint64(), rapid.Uint64Range(9, mostAhead)
	ids := func(label string) (out []partition.PartitionID) {
		for _, s := range rapid.SliceOfN(text, 0, 4).Draw(t, label) {
			out = append(out, id(s))
		}
		return out
	}
	live := partition.Live{
		Session: partition.SessionID(text.Draw(t, "session")), Claim: partition.Revision(rapid.Uint64Range(0, drawnAt-1).Draw(t, "claim")),
		Lease: time.Duration(rapid.Int64Range(0, int64(longestLease)).Draw(t, "lease")), InstanceKey: text.Draw(t, "key"), Beat: num.Draw(t, "beat"),
		Applied: partition.Step(step.Draw(t, "applied")), Held: ids("held"), Quarantined: ids("quarantined"),
		Draining: rapid.Bool().Draw(t, "draining"), Restarting: rapid.Bool().Draw(t, "restarting"), NeverLead: rapid.Bool().Draw(t, "never"),
		Capacity: rapid.SampledFrom([]float64{0, 1, 0.5, 3e5}).Draw(t, "capacity"), Zone: rapid.SampledFrom([]string{"", "a"}).Draw(t, "zone"),
		Labels:  rapid.SampledFrom([][]string{nil, {"gpu"}, {"gpu", "ssd"}}).Draw(t, "labels"),
		Refresh: num.Draw(t, "refresh"), Predecessor: "before", PredecessorReleased: true, Released: rapid.Bool().Draw(t, "released"),
	}
	poison := func(label string) (out []partition.Poison) {
		for _, p := range ids(label) {
			out = append(out, partition.Poison{Partition: p, Token: 7, Left: time.Duration(rapid.Int64Range(0, int64(partition.MaxDuration)).Draw(t, "left"))})
		}
		return out
	}
	live.Poison = poison("poison")
	for _, p := range ids("abandoned") {
		live.Abandoned = append(live.Abandoned, partition.Abandoned{Partition: p, Token: 7, Step: 9})
	}
	if rapid.Bool().Draw(t, "fenced") {
		live.Fence = &partition.Fence{Term: 4, AfterSilence: rapid.Bool().Draw(t, "silent")}
	}
	head := partition.Head{Version: 3, Step: partition.Step(step.Draw(t, "step")), Term: 2, Nonce: text.Draw(t, "nonce"), Source: num.Draw(t, "source"), Poison: poison("poisoned")}
	asg := partition.Assignment{Version: 3, Step: head.Step, Session: live.Session, Pending: ids("pending"), Poison: poison("granted")}
	for i, p := range ids("rows") {
		head.Seats = append(head.Seats, partition.Seat{Worker: partition.WorkerID(p), Session: "s", Lease: time.Second, Live: 5, NeverLead: true, Step: 1, Digest: num.Draw(t, "digest"), Refresh: 2})
		head.Unowned = append(head.Unowned, partition.Unowned{Partition: p, Entered: partition.Step(i)})
		head.Freed = append(head.Freed, partition.Freed{Partition: p, Session: "s", Token: 3, By: partition.FreedByFence, Revision: 8})
		asg.Owned = append(asg.Owned, partition.Grant{Partition: p, Token: partition.Token(i), Entered: 1})
		asg.Revoking = append(asg.Revoking, partition.Revoke{Partition: p, Token: 1, Step: 2, Entered: 3})
	}
	return map[messages.Key]any{
		messages.KeyLead:            partition.Lead{Worker: "w", Session: live.Session, Beat: num.Draw(t, "b"), Released: true},
		messages.KeyTerm:            partition.Term{Worker: "w", Session: live.Session, Nonce: head.Nonce, Lost: rapid.SampledFrom([]string{"", "it is older"}).Draw(t, "lost")},
		messages.KeyLive("w"):       live,
		messages.KeyHead:            head,
		messages.KeyAssignment("w"): asg,
		"journal.7": partition.Journal{
			Version: 1, Step: 2, Term: 3, Leader: "w", Cause: "join", Evidence: []string{"e"}, More: 4,
			Moves:   []partition.Move{{Partition: "p", From: "a", To: "b", Why: "pinned", By: partition.FreedByAck, Revision: 7}},
			Measure: partition.Measure{Moves: 3, Least: 2, Before: 1.5, After: 1.01},
		},
	}
}

func TestCodec_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for key, record := range records(t) {
			got, ok := stored(t, key, record, drawnAt)
			require.True(t, ok)
			require.Empty(t, got.Fault)
			require.Equal(t, record, got.Record, key)
			require.Equal(t, key, got.Key)
			require.EqualValues(t, drawnAt, got.Revision)
		}
	})
}

// stored splits a record and joins what a watch would see of it.
func stored(t require.TestingT, key messages.Key, record any, first uint64) (messages.Entry, bool) {
	parts, err := split(key, record)
	require.NoError(t, err)
	e := newEntries("$KV.g.i.")
	var last messages.Entry
	complete := false
	for i, p := range parts {
		require.False(t, complete)
		last, complete = e.add(Sight{Subject: "$KV.g.i." + p.name, Sequence: first + uint64(i), Data: p.data})
	}
	return last, complete
}

func big(step partition.Step, n int) partition.Assignment {
	a := partition.Assignment{Step: step, Session: "s"}
	for i := range n {
		a.Owned = append(a.Owned, partition.Grant{Partition: partition.PartitionID(fmt.Sprintf("partition-%06d-%s", i, strings.Repeat("x", 80))), Token: partition.Token(step)})
	}
	return a
}

// hazard 54
func TestN13_LargeRecordsGoInParts(t *testing.T) {
	key := messages.KeyAssignment("w")
	parts, err := split(key, big(1, 20_000))
	require.NoError(t, err)
	require.Greater(t, len(parts), 3)
	for _, p := range parts {
		require.LessOrEqual(t, len(p.data), 512<<10)
	}
	got, ok := stored(t, key, big(1, 20_000), 10)
	require.True(t, ok)
	require.Equal(t, big(1, 20_000), got.Record)
	require.EqualValues(t, 10, got.Revision, "that of part 0, on which conditions are set")

	_, err = split(messages.KeyLive("w"), partition.Live{Session: partition.SessionID(strings.Repeat("s", maxPart+1))})
	require.ErrorContains(t, err, "must have at most 523264")
}

func TestCodec_PartsOfTwoRecordsAreNeverJoined(t *testing.T) {
	key := messages.KeyAssignment("w")
	one, _ := split(key, big(1, 12_000))
	two, _ := split(key, big(2, 12_000))
	require.Equal(t, len(one), len(two))
	e := newEntries("")
	for i, p := range one {
		e.add(Sight{Subject: p.name, Sequence: uint64(i + 1), Data: p.data})
	}
	for i, p := range two {
		got, complete := e.add(Sight{Subject: p.name, Sequence: uint64(i + 100), Data: p.data})
		require.Equal(t, i == len(two)-1, complete, "part %d", i)
		if complete {
			require.EqualValues(t, 2, got.Record.(partition.Assignment).Step)
		}
	}
	_, again := e.add(Sight{Subject: one[0].name, Sequence: 1, Data: one[0].data})
	require.False(t, again, "an old part says nothing")
}

func TestCodec_WhatCannotBeReadIsAFault(t *testing.T) {
	for name, s := range map[string]Sight{
		"garbage":           {Subject: "live.w", Sequence: 1, Data: []byte("\xff\xff\xff")},
		"empty":             {Subject: "live.w", Sequence: 1, Data: []byte{}},
		"deleted":           {Subject: "lead", Sequence: 1},
		"a part of nothing": {Subject: "head.0", Sequence: 1, Data: []byte{}},
		"no part":           {Subject: "asg.w.0", Sequence: 1, Data: []byte("\xff")},
	} {
		got, ok := newEntries("").add(s)
		require.True(t, ok, name)
		require.NotEmpty(t, got.Fault, name)
		require.Nil(t, got.Record, name)
	}
	for _, subject := range []string{"", "x", "live", "live.a.b", "asg.w", "asg.w.x", "head", "head.-1", "head.+1", "head.01", "head.256", "lead.1", "elsewhere.live.w"} {
		_, ok := newEntries("").add(Sight{Subject: subject, Sequence: 1, Data: []byte("x")})
		require.False(t, ok, subject)
	}
}
