package bridge_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func TestScripted_PartsOfARecordAreToldOnceAllAreThere(t *testing.T) {
	s := opened(t)
	asg := partition.Assignment{Session: "s", Step: 3}
	for i := range 60_000 {
		asg.Owned = append(asg.Owned, partition.Grant{Partition: partition.Of("a-rather-long-key", string(rune('a'+i%26))).ID(), Token: 3, Entered: 1})
	}
	s.ask(messages.Store{Round: 1, Writes: []messages.Write{{Key: messages.KeyAssignment("w"), Record: asg, Blind: true}}})
	batch := s.last().op.Publish
	require.Greater(t, len(batch), 2)
	for _, m := range batch {
		require.Less(t, len(m.Data), 600<<10)
	}
	s.answer(s.last(), bridge.Result{Sequence: 20 + uint64(len(batch))})
	revision := heard[messages.Stored](s).Revisions[0]
	s.ask(messages.Watch{Round: 2, Key: messages.KeyAssignment("w")})
	for i := len(batch) - 1; i >= 0; i-- {
		require.Empty(t, s.mail)
		s.see(false, bridge.Sight{Subject: batch[i].Subject, Sequence: 21 + uint64(i), Data: batch[i].Data})
	}
	e := heard[messages.Seen](s).Entry
	require.Equal(t, revision, e.Revision)
	require.Equal(t, asg, e.Record)
}

// A part that the watch left out may be what mends a record that cannot be read. If the
// first part cannot be read itself, nothing is missed.
//
// hazard 26
func TestN9_APartThatWasMissedIsNoticed(t *testing.T) {
	s := buildPolling(t, config(), time.Second)
	s.inform(fitting("one"))
	asg := partition.Assignment{Session: "s", Step: 3}
	for i := range 100 {
		asg.Owned = append(asg.Owned, partition.Grant{Partition: partition.Of("a-rather-long-key", strconv.Itoa(i)).ID(), Token: 3, Entered: 1})
	}
	key := messages.KeyAssignment("w")
	s.ask(messages.Store{Round: 1, Writes: []messages.Write{{Key: key, Record: asg, Blind: true}}})
	batch := s.last().op.Publish
	require.Len(t, batch, 2)
	s.answer(s.last(), bridge.Result{Sequence: 9})
	base, first := bridge.Sight{Subject: batch[0].Subject, Sequence: 8, Data: batch[0].Data}, bridge.Sight{Subject: batch[1].Subject, Sequence: 9, Data: batch[1].Data}
	s.ask(messages.Watch{Round: 2, Key: key})
	probe := func(stored uint64) {
		n := len(s.port.asked)
		s.pass(time.Second)
		require.Len(t, s.port.asked, n+1)
		s.answer(s.last(), bridge.Result{Sequence: stored})
	}
	s.mail = nil
	s.see(true, sight("asg.w.1", 7, []byte("nonsense")), first)
	require.Contains(t, heard[messages.Seen](s).Entry.Fault, "asg.w at revision 9")
	probe(9)
	require.Len(t, s.port.watches, 1, "it may be on its way")
	probe(9)
	require.Len(t, s.port.watches, 2)
	s.see(true, base, first)
	heard[messages.WatchSynced](s)
	require.Equal(t, asg, heard[messages.Seen](s).Entry.Record)
	probe(9)
	s.see(true, sight("asg.w.0", 10, []byte("nonsense")))
	require.Contains(t, heard[messages.Seen](s).Entry.Fault, "asg.w at revision 10")
	for range 3 {
		probe(10)
	}
	require.Len(t, s.port.watches, 2)
}
