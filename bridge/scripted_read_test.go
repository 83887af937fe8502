package bridge_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// answerGets answers the reads that wait from what is stored, and reports whether there
// were any.
func (s *stand) answerGets(stored map[string]bridge.Result) (any bool) {
	s.t.Helper()
	require.Empty(s.t, s.port.watches, "a record that is named is got")
	asked := s.port.asked
	s.port.asked = nil
	for _, r := range asked {
		if r.op.Get != "" {
			any = true
			s.answer(r, stored[r.op.Get])
		}
	}
	return any
}

// rewritten is an assignment in three parts, and how it is written anew, in other parts or
// as a delta.
type rewritten struct {
	s            *stand
	stored       map[string]bridge.Result
	sequence     uint64
	first, later partition.Assignment
}

var readKey = messages.KeyAssignment("w")

func rewriting(t *testing.T) *rewritten {
	x := &rewritten{s: opened(t), stored: map[string]bridge.Result{}, sequence: 1000}
	x.first = partition.Assignment{Session: "s", Step: 3}
	for i := range 3000 {
		x.first.Owned = append(x.first.Owned, partition.Grant{Partition: long(i), Token: 3, Entered: 1})
	}
	x.later = x.first
	x.later.Step, x.later.Owned = 4, slices.Clone(x.first.Owned[1:])
	return x
}

// long is a key of which three thousand take two parts.
func long(i int) partition.PartitionID {
	return partition.PartitionID(strings.Repeat(fmt.Sprintf("-%d", i), 40))
}

// write stores an assignment, and returns how many messages that took.
func (x *rewritten) write(a partition.Assignment) int {
	x.s.ask(messages.Store{Writes: []messages.Write{{Key: readKey, Record: a, Blind: true}}})
	r := x.s.last()
	x.s.port.asked = nil
	for _, m := range r.op.Publish {
		x.sequence++
		x.stored[m.Subject] = bridge.Result{Sequence: x.sequence, Data: m.Data, Time: sim.Epoch}
	}
	x.s.answer(r, bridge.Result{Sequence: x.sequence})
	heard[messages.Stored](x.s)
	return len(r.op.Publish)
}

func (x *rewritten) read() { x.s.ask(messages.Read{Keys: []messages.Key{readKey}}) }

func (x *rewritten) revision() partition.Revision {
	return partition.Revision(x.stored["$KV.g.one.asg.w.0"].Sequence)
}

// becomes answers until the reading has ended, and wants it to tell this.
func (x *rewritten) becomes(want ...messages.Entry) {
	x.s.t.Helper()
	for x.s.answerGets(x.stored) {
	}
	require.Equal(x.s.t, want, heard[messages.ReadDone](x.s).Entries)
}

// is what a reading is to tell if this is stored.
func (x *rewritten) is(a partition.Assignment) messages.Entry {
	return messages.Entry{Key: readKey, Revision: x.revision(), Time: sim.Epoch, Record: a}
}

// What is named is read as the stream's leader has it, whatever a replica lags.
func TestScripted_ANamedRecordIsGotPartByPart(t *testing.T) {
	x := rewriting(t)
	require.Greater(t, x.write(x.first), 2, "a base in parts, and no change")
	x.read()
	x.becomes(x.is(x.first))
	require.Equal(t, 1, x.write(x.later), "a delta")
	x.read()
	x.becomes(x.is(x.later))

	small := partition.Assignment{Session: "s", Step: 5}
	require.Equal(t, 1, x.write(small), "what stands behind says nothing")
	x.read()
	require.Len(t, x.s.port.asked, 1)
	x.becomes(x.is(small))

	clear(x.stored)
	x.s.ask(messages.Read{Keys: []messages.Key{readKey, messages.KeyHead}})
	require.Len(t, x.s.port.asked, 2)
	x.becomes(messages.Entry{Key: readKey}, messages.Entry{Key: messages.KeyHead})
}

// Somebody writes after any of the answers: the reading is of one record, the former one
// if all that it consists of is still there.
func TestScripted_AWriteBetweenTwoPartsIsReadWhole(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*partition.Assignment)
		newer  int // after so many rounds at most it is the later one
	}{
		"a delta": {func(*partition.Assignment) {}, 0},
		"less":    {func(a *partition.Assignment) { a.Owned = nil }, 0},
		"another base": {func(a *partition.Assignment) {
			for i := range a.Owned {
				a.Owned[i].Partition = long(3000 + 7*i)
			}
		}, 2},
	} {
		for rounds := range 3 {
			t.Run(fmt.Sprintf("%s after %d", name, rounds), func(t *testing.T) {
				x := rewriting(t)
				x.write(x.first)
				want := x.is(x.first)
				x.read()
				for range rounds {
					x.s.answerGets(x.stored)
				}
				c.change(&x.later)
				waits := x.s.port.asked
				require.Len(t, waits, 1)
				x.write(x.later)
				if rounds <= c.newer {
					want = x.is(x.later)
				}
				x.s.port.asked = waits
				x.becomes(want)
			})
		}
	}
}

// What no round makes whole is a fault, and what gets no answer fails in the reading's time.
func TestScripted_WhatCannotBeGotWholeIsToldInTime(t *testing.T) {
	x := rewriting(t)
	x.write(x.first)
	delete(x.stored, "$KV.g.one.asg.w.2")
	x.read()
	for x.s.answerGets(x.stored) {
	}
	require.Contains(t, heard[messages.ReadDone](x.s).Entries[0].Fault, "its parts are of different records")

	x.read()
	x.s.answerGets(x.stored)
	require.Len(t, x.s.port.asked, 1, "part 1")
	waits := x.s.last()
	x.s.pass(timeout)
	require.Equal(t, "no answer in time", heard[messages.ReadFailed](x.s).Reason)
	require.True(t, waits.canceled)

	x.read()
	x.s.answerGets(x.stored)
	x.s.answer(x.s.last(), lost())
	require.Equal(t, "no answer", heard[messages.ReadFailed](x.s).Reason)
}

// Somebody writes one part again and again that is of no record: the reading ends, and tells
// that the record is torn.
func TestScripted_ARecordThatIsNeverWholeIsTold(t *testing.T) {
	x := rewriting(t)
	x.write(x.first)
	former := maps.Clone(x.stored)
	for i := range x.later.Owned {
		x.later.Owned[i].Partition = long(3000 + 7*i)
	}
	x.write(x.later)
	other := x.stored["$KV.g.one.asg.w.1"]
	x.read()
	for rounds := 0; len(x.s.port.asked) > 0; rounds++ {
		require.Less(t, rounds, 20, "it does not end")
		other.Sequence++
		former["$KV.g.one.asg.w.1"] = other
		x.s.answerGets(former)
	}
	require.Contains(t, heard[messages.ReadDone](x.s).Entries[0].Fault, "record asg.w")
}

// A worker whose ID no build writes has no record.
func TestScripted_AKeyThatIsNotOursIsNotThere(t *testing.T) {
	x := rewriting(t)
	key := messages.KeyAssignment("a.b")
	x.stored["$KV.g.one.asg.a.b.0"] = bridge.Result{Sequence: 7, Data: []byte("x")}
	x.s.ask(messages.Read{Keys: []messages.Key{key}})
	require.True(t, x.s.answerGets(x.stored))
	require.Equal(t, []messages.Entry{{Key: key}}, heard[messages.ReadDone](x.s).Entries)
}
