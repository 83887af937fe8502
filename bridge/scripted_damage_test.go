package bridge_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A reading answers also if the parts of a record never match, so that somebody
// can decide to write it anew; and what is not understood is logged, once.
func TestScripted_DamagedRecordsAreToldAndLogged(t *testing.T) {
	var log bytes.Buffer
	cfg := config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := build(t, cfg)
	s.inform(fitting("one"))
	asg := partition.Assignment{Session: "s", Step: 3}
	for range 40_000 {
		asg.Owned = append(asg.Owned, partition.Grant{Partition: "a-rather-long-key", Token: 3, Entered: 1})
	}
	s.ask(messages.Store{Round: 1, Writes: []messages.Write{{Key: messages.KeyAssignment("w"), Record: asg, Blind: true}}})
	first := s.last().op.Publish[0]
	for range 2 {
		s.ask(messages.Read{Round: 2, Keys: []messages.Key{messages.KeyAssignment("w")}})
		s.see(true, bridge.Sight{Subject: first.Subject, Sequence: 7, Data: first.Data})
		e := heard[messages.ReadDone](s).Entries[0]
		require.EqualValues(t, 7, e.Revision)
		require.Contains(t, e.Fault, "record asg.w at revision 7")
		require.Nil(t, e.Record)
	}
	s.ask(messages.Watch{Round: 3, Key: messages.AllLive})
	for i, data := range [][]byte{[]byte("garbage"), nil} {
		s.see(false, bridge.Sight{Subject: "$KV.g.one.live.w", Sequence: 9 + uint64(i), Data: data})
		require.NotEmpty(t, heard[messages.Seen](s).Entry.Fault)
	}
	require.Equal(t, 3, strings.Count(log.String(), "a record cannot be understood"), log.String())
}
