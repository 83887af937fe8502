package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// told is what the summary says of a group in which this happens in one act, after
// another one.
func told(ids []partition.PartitionID, before []event, then ...event) string {
	b := newBoard(ids, func(string) {})
	b.begin("start")
	for _, e := range before {
		b.take(e)
	}
	b.begin("then")
	for _, e := range then {
		b.take(e)
	}
	var out strings.Builder
	b.summary(&out, lines{}.paint(), time.Time{}, config{settings: partition.Fast()})
	return out.String()
}

func owned(ids string) []partition.Owned {
	var list []partition.Owned
	for _, id := range ids {
		list = append(list, partition.Owned{ID: partition.PartitionID(id)})
	}
	return list
}

// What the summary says of a group must be able to be otherwise.
func TestBoard_TellsPausesAndTwoOwners(t *testing.T) {
	const good, still = "No partition ever had two owners.", "What did not move never paused."
	one, two := &worker{}, &worker{}
	gains, loses := messages.AssignmentChanged{Gained: owned("a")}, messages.AssignmentChanged{Lost: owned("a")}
	begin := []event{{from: one, mail: gains}}
	for name, c := range map[string]struct {
		then []event
		want []string
	}{
		"nothing":    {nil, []string{good, still, "then: nothing moved"}},
		"a move":     {[]event{{from: one, mail: loses}, {from: two, mail: gains}}, []string{good, still, "then: 1 of 1 moved"}},
		"a pause":    {[]event{{from: one, mail: loses}, {from: one, mail: gains}}, []string{good, "1 times a partition paused"}},
		"two owners": {[]event{{from: two, mail: gains}}, []string{"WRONG: 1 times", still}},
	} {
		t.Run(name, func(t *testing.T) {
			out := told([]partition.PartitionID{"a"}, begin, c.then...)
			for _, w := range c.want {
				require.Contains(t, out, w)
			}
		})
	}
}

func TestSummary_TellsHowLongEachPartitionHadNoOwner(t *testing.T) {
	one, two := &worker{}, &worker{}
	at := func(ms int) time.Time { return time.Time{}.Add(time.Duration(ms) * time.Millisecond) }
	out := told([]partition.PartitionID{"a", "b", "c", "d", "e"},
		[]event{{at(0), one, messages.AssignmentChanged{Gained: owned("abcde")}}},
		event{at(1000), one, messages.AssignmentChanged{Lost: owned("abcd")}},
		event{at(1009), two, messages.AssignmentChanged{Gained: owned("ad")}},
		event{at(2464), two, messages.AssignmentChanged{Gained: owned("b")}},
		event{at(2467), two, messages.AssignmentChanged{Gained: owned("c")}})
	table, _, _ := strings.Cut(strings.TrimSpace(out), "\n\n")
	require.Equal(t, strings.Join([]string{
		"Without an owner for      a b c d e",
		"  then: 4 of 5 moved",
		"                      9 ms  a · · d ·   2",
		"                    1.46 s  · b · · ·   1",
		"                    1.47 s  · · c · ·   1",
	}, "\n"), table)
}

// A demo that nobody ends repeats its acts; what is kept of them has a limit.
func TestBoard_KeepsTheLatestActs(t *testing.T) {
	b := newBoard(nil, func(string) {})
	for range 2 * keptActs {
		b.begin("again")
	}
	b.begin("the latest")
	require.Len(t, b.acts, 1+keptActs)
	require.Equal(t, "the latest", b.acts[keptActs].title)
	var out strings.Builder
	b.summary(&out, lines{}.paint(), time.Time{}, config{settings: partition.Fast()})
	require.Contains(t, out.String(), "… 12 acts before")
}
