package partition

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Half of what one worker has goes to another. In no publish it is told to let go of
// more than its record can list, what it has written off included; the rest follows.
func TestNext_WhatIsRevokedFitsIntoARecord(t *testing.T) {
	const n = 20_000
	target := Target{Set: manyPartitions(n), Owner: make([]int32, n), Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1"}}}
	roster := Roster{}
	roster.show("w-0", Live{Session: "s0"})
	roster.show("w-1", Live{Session: "s1"})
	f := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst, Term: 9}
	table := drive(t, Table{}, target, f)[0].Table
	for k := range target.Owner {
		target.Owner[k] = int32(k % 2)
	}
	most := 0
	steps := drive(t, table, target, f)
	for _, s := range steps {
		var told []PartitionID
		for _, r := range s.Table.Rows {
			if r.Revoking != 0 {
				told = append(told, r.Partition)
			}
		}
		require.LessOrEqual(t, Listing(told, nil), maxRevoking)
		most = max(most, len(told))
	}
	require.Greater(t, most, 7000, "as many as fit")
	owns(t, steps[len(steps)-1].Table, target)
	require.Len(t, steps, 3, "what follows is revoked by the publish that grants what was let go")
}

// What is written off takes its place: while it fills the record nothing is revoked.
func TestNext_WhatIsWrittenOffTakesItsPlace(t *testing.T) {
	table, roster, set := group()
	target := Target{Set: set, Owner: []int32{1, 0, 1, 1}, Seats: []TargetSeat{{Worker: "w-0", Session: "s0"}, {Worker: "w-1", Session: "s1"}}}
	f := Facts{Now: atFirst, Rules: testRules, Roster: roster, Since: atFirst, Term: 9}
	require.Equal(t, 1, Next(table, 3, target, f).Publish.Revokes)
	live := Live{Session: "s0"}
	for i := range maxRevoking / 1024 {
		live.Abandoned = append(live.Abandoned, Abandoned{Partition: PartitionID(fmt.Sprintf("%s%03d", strings.Repeat("x", 1024-listedBytes-3), i)), Token: 3})
	}
	roster.show("w-0", live)
	o := Next(table, 3, target, f)
	require.Nil(t, o.Publish)
	require.Equal(t, 1, o.Outstanding)
	live.Abandoned = live.Abandoned[1:]
	roster.show("w-0", live)
	require.Equal(t, 1, Next(table, 3, target, f).Publish.Revokes)
}
