package partition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHomes_Follow(t *testing.T) {
	table, roster, set := group() // p0 and p1 at w-0, p2 and p3 at w-1
	homes := Homes{}
	move := func(away string, owners ...int32) {
		before := table
		table.Rows = append([]Row(nil), table.Rows...)
		for k, seat := range owners {
			table.Rows[k].Seat = seat
		}
		homes.Follow(before, table, func(w WorkerID) bool { return string(w) == away })
	}
	move("w-1", 0, 0, None, 0)
	require.Equal(t, Homes{set.IDs[2]: "w-1", set.IDs[3]: "w-1"}, homes)
	move("w-1", 0, 0, 0, 0)
	require.Equal(t, Homes{set.IDs[2]: "w-1", set.IDs[3]: "w-1"}, homes, "a second owner is no home")
	require.Equal(t, []int32{None, None, 1, 1}, Ask(table, nil, Classify(table, roster, set, atFirst, testRules, Off), set, Asking{
		Now: atFirst, Rules: testRules, Homes: homes,
	}).Input.Home)
	move("", 0, 1, 1, 0)
	require.Equal(t, Homes{set.IDs[3]: "w-1"}, homes, "one is back; one was moved for another reason")
	move("w-0", 1, 1, 1, 1)
	require.Equal(t, Homes{set.IDs[0]: "w-0", set.IDs[3]: "w-1"}, homes, "it is somebody's already")
	before := table
	table.Rows = table.Rows[:2]
	homes.Follow(before, table, func(WorkerID) bool { return false })
	require.Equal(t, Homes{set.IDs[0]: "w-0"}, homes, "what is not listed has none")
	require.Nil(t, Homes{}.of(Input{}))
	require.Nil(t, homes.of(planInput(2, Off, 0, 0)), "nobody who is there")
}
