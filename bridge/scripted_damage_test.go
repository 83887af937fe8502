package bridge_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

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
	batch := s.last().op.Publish
	first := batch[len(batch)-1] // part 0, behind its base
	for range 2 {
		s.ask(messages.Read{Round: 2, Keys: []messages.Key{messages.KeyAssignment("w")}})
		for s.answerGets(map[string]bridge.Result{first.Subject: {Sequence: 7, Data: first.Data}}) {
		}
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

// Who reads only the log sees how loud an alert is.
func TestScripted_AlertsAreLogged(t *testing.T) {
	var log bytes.Buffer
	cfg := config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := build(t, cfg)
	since := time.Unix(1000, 0)
	for level := partition.AlertInfo; level <= partition.AlertCritical; level++ {
		s.ask(messages.AlertRaised{Level: level, Since: since, Reason: "no answer", At: since.Add(time.Minute)})
	}
	for _, line := range []string{"level=INFO msg", "level=WARN msg", "level=ERROR msg", "level=ERROR+4 msg"} {
		require.Contains(t, log.String(), line+`="the worker is degraded"`)
	}
	require.Contains(t, log.String(), `alert=critical for=1m0s reason="no answer"`)
}

// Lines of a session name it, and what a leader does has its term, version and step.
func TestScripted_WhatIsWrittenIsLogged(t *testing.T) {
	var log bytes.Buffer
	cfg := config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	s := build(t, cfg)
	s.inform(fitting("one"))
	revision := uint64(1000)
	write := func(writes ...messages.Write) string {
		log.Reset()
		s.ask(messages.Store{Writes: writes})
		revision += uint64(len(writes))
		s.answer(s.last(), bridge.Result{Sequence: revision})
		heard[messages.Stored](s)
		return strings.TrimSpace(log.String())
	}
	live := func(worker partition.WorkerID, record partition.Live) messages.Write {
		return messages.Write{Key: messages.KeyLive(worker), Record: record, Blind: true}
	}
	const me = " group=g worker=w-1 session=s1"
	require.Equal(t, `level=INFO msg="a session begins"`+me, write(live("w-1", partition.Live{Session: "s1"})))
	require.Empty(t, write(live("w-1", partition.Live{Session: "s1", Beat: 1})), "a heartbeat is no news")
	require.Equal(t, `level=INFO msg="this worker leads"`+me+` term=1003`,
		write(messages.Write{Key: messages.KeyTerm, Record: partition.Term{Worker: "w-1", Session: "s1", Nonce: "n"}, Blind: true}))
	require.Equal(t, `level=INFO msg="a step is published"`+me+` term=1003 version=4 step=5 cause=crash moves=8`+"\n"+
		`level=WARN msg="a session is fenced"`+me+` fenced=w-2 fenced_session=s2 silent=true`,
		write(
			messages.Write{Key: "journal.5", Record: partition.Journal{
				Version: 4, Step: 5, Term: 1003, Leader: "w-1", Cause: "crash", Moves: []partition.Move{{Partition: "p", To: "w-1"}}, More: 7,
			}, Blind: true},
			live("w-2", partition.Live{Session: "s2", Fence: &partition.Fence{Term: 1003, AfterSilence: true}})))
	require.Equal(t, `level=INFO msg="a session is released"`+me, write(live("w-1", partition.Live{Session: "s1", Released: true})))
	require.Equal(t, `level=INFO msg="a session begins" group=g worker=w-3 session=s3`, write(live("w-3", partition.Live{Session: "s3"})))
}
