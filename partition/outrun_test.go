package partition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTable_Outrun(t *testing.T) {
	for name, c := range map[string]struct {
		live  Live
		known Step // 0 if nobody has outrun the table
	}{
		"it applied what it was given":                  {Live{Session: "s1", Applied: 4}, 0},
		"it applied more":                               {Live{Session: "s1", Applied: 5}, 4},
		"it applied more than anybody was given":        {Live{Session: "s1", Applied: 8}, 4},
		"another one applied no more than there was":    {Live{Session: "t1", Applied: 7}, 0},
		"another one applied more":                      {Live{Session: "t1", Applied: 8}, 7},
		"another one applied more, and has released it": {Live{Session: "t1", Applied: 8, Released: true}, 7},
		"a session of that name has a seat elsewhere":   {Live{Session: "s0", Applied: 7}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			table, roster, _ := group()
			table.Seats[1].Step = 4
			roster.show("w-0", Live{Session: "s0", Applied: 7})
			roster.show("w-1", c.live)
			by, known, ok := table.Outrun(roster)
			require.Equal(t, c.known != 0, ok)
			require.Equal(t, c.known, known)
			if ok {
				require.Equal(t, roster["w-1"], by)
				roster.show("w-0", Live{Session: "s0", Applied: 9})
				by, _, _ = table.Outrun(roster)
				require.Equal(t, WorkerID("w-0"), by.Worker)
			}
			table.Step = 0
			_, _, ok = table.Outrun(roster)
			require.False(t, ok, "there is none")
		})
	}
	_, roster, _ := group()
	require.EqualValues(t, 1, roster.Newest())
}
