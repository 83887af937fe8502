package partition

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGrounds(t *testing.T) {
	seen := func(id WorkerID, at Revision, fence *Fence) Witness {
		return Witness{Worker: id, Revision: at, Live: Live{Session: SessionID("s" + id[2:]), Fence: fence}}
	}
	roster := Roster{
		"w-1": seen("w-1", 11, nil), "w-2": seen("w-2", 12, &Fence{Term: 4}), "w-3": seen("w-3", 13, nil),
		"w-4": seen("w-4", 14, nil), "w-5": seen("w-5", 15, nil),
	}
	change := Change{
		Crashed: []WorkerID{"w-1", "w-2", "w-6"}, Left: []WorkerID{"w-3"}, Returned: []WorkerID{"w-4"}, Joined: []WorkerID{"w-5"},
		Orphans: 2, Removed: 3, Drains: 4, Unfinished: 5, Misplaced: 6, Imbalance: 0.254, Refreshing: []Witness{{}},
	}
	require.Equal(t, []string{
		"session s1 of w-1 has been silent for longer than its lease at revision 11",
		"session s2 of w-2 was fenced by term 4 at revision 12",
		"w-6 has a seat and no record",
		"session s3 of w-3 was released at revision 13",
		"session s4 of w-4 follows a former one at revision 14",
		"session s5 of w-5 is new at revision 15",
		"2 partitions are without an owner who counts",
		"3 partitions are no longer in the source",
		"4 partitions are owned by who gives everything up",
		"5 partitions are already on their way",
		"6 partitions are at owners without their labels or their pin",
		"1 sessions ask for a refresh",
		"the imbalance is 0.25",
	}, change.Grounds(roster))
	require.Empty(t, Change{}.Grounds(roster))
}

func TestGrounds_IsBounded(t *testing.T) {
	var change Change
	for i := range 1000 {
		change.Joined = append(change.Joined, WorkerID(fmt.Sprintf("w-%d", i)))
	}
	lines := change.Grounds(Roster{})
	require.Len(t, lines, maxEvidence+1)
	require.Equal(t, "980 more like these", lines[maxEvidence])
}
