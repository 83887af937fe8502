//go:build linux

package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/umpire"
)

func TestReport(t *testing.T) {
	r := &report{}
	twice := episode{Faults: []fault{{Kind: killed, For: time.Second}, {Kind: killed, Leader: true}}}
	r.add(twice, outcome{total: 3 * time.Second, recovery: 2 * time.Second, whole: time.Second, gap: 9 * time.Second, bound: 4 * time.Second})
	r.add(episode{Faults: []fault{{Kind: paused}}}, outcome{total: 5 * time.Second, recovery: 5 * time.Second, gap: 12 * time.Second, bound: 4 * time.Second, starved: time.Second})
	require.Empty(t, r.late(), "the machine is to blame")
	r.add(episode{Faults: []fault{{Kind: killed}}}, outcome{total: 6 * time.Second, recovery: 5 * time.Second, bound: 4 * time.Second, starved: time.Second - 1})
	require.Len(t, r.late(), 1)
	require.Equal(t, string(killed)+" for 1s, "+string(killed)+" (the leader) for 0s", twice.String())

	var out bytes.Buffer
	r.print(&out)
	require.Equal(t, `| fault | times | longest gap p50 | p99 | recovery p50 | p99 |
|---|---|---|---|---|---|
| worker killed, comes back | 3 | 9s | 9s | 6s | 6s |
| worker paused | 1 | 12s | 12s | 5s | 5s |
| all, in 3 episodes | 4 | 9s | 12s | 5s | 6s |`, strings.Split(out.String(), "\n\n")[0])
}

// What a program returns says whether it found anything.
func TestConclude(t *testing.T) {
	for _, c := range []struct {
		code  int
		says  string
		whole bool
		err   error
		blame string
		late  time.Duration
	}{
		{code: well, says: "no violation", whole: true},
		{code: bad, says: "WRONG: ", whole: true, blame: "two owners"},
		{code: bad, says: "LATE: ", whole: true, late: 2 * time.Second},
		{code: failed, says: "interrupted"},
		{code: failed, says: "FAILED: EOF", err: io.EOF},
	} {
		var out bytes.Buffer
		set := settings(partition.Exclusive)
		r := &run{seed: 7, settings: set, report: &report{}, log: umpire.NewJournal(umpire.New(set, nil, 0)), out: &out}
		if c.blame != "" {
			r.log.Blame(c.blame)
		}
		if c.late != 0 {
			r.report.add(episode{}, outcome{recovery: c.late})
		}
		require.Equal(t, c.code, r.conclude(c.whole, c.err, time.Second), &out)
		require.Contains(t, out.String(), c.says)
	}
}
