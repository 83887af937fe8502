package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// What the summary says of a group must be able to be otherwise.
func TestBoard_TellsPausesAndTwoOwners(t *testing.T) {
	const good, still = "No partition ever had two owners.", "What did not move never paused."
	one, two := &worker{}, &worker{}
	a := []partition.Owned{{ID: "a"}}
	gains, loses := messages.AssignmentChanged{Gained: a, All: a}, messages.AssignmentChanged{Lost: a}
	for name, c := range map[string]struct {
		events []event
		want   []string
	}{
		"a move":     {[]event{{from: one, mail: gains}, {from: one, mail: loses}, {from: two, mail: gains}}, []string{good, still, "1 of 1"}},
		"a pause":    {[]event{{from: one, mail: gains}, {from: one, mail: loses}, {from: one, mail: gains}}, []string{good, "1 times a partition paused"}},
		"two owners": {[]event{{from: one, mail: gains}, {from: two, mail: gains}}, []string{"WRONG: 1 times", still}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBoard([]partition.PartitionID{"a"}, func(string) {})
			b.begin("start")
			b.take(c.events[0])
			b.begin("then")
			for _, e := range c.events[1:] {
				b.take(e)
			}
			var out strings.Builder
			b.summary(&out, time.Time{}, config{settings: partition.Fast()})
			for _, w := range c.want {
				require.Contains(t, out.String(), w)
			}
		})
	}
}
