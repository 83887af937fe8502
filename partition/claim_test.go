package partition

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func candidates(c Claims, slots ...Slot) (out []string) {
	c.Prefix, c.Count = "w", 4
	for _, x := range c.Candidates(slots) {
		text := fmt.Sprintf("%s@%d", x.Worker, x.Expect)
		if x.Twin {
			text += "!twin"
		}
		if x.Silent {
			text += "?"
		}
		if x.Predecessor != "" && x.Released {
			text += " over"
		}
		out = append(out, text)
	}
	return out
}

func slot(n int, revision Revision, live Live) Slot {
	live.Session = SessionID(fmt.Sprintf("s%d", n))
	return Slot{WorkerIDAt("w", n), revision, live}
}

func TestClaims_Order(t *testing.T) {
	silenced := &Fence{AfterSilence: true}
	for name, tc := range map[string]struct {
		mine  Claims
		slots []Slot
		want  []string
	}{
		"an empty store": {Claims{}, nil, []string{"w-0@0", "w-1@0", "w-2@0", "w-3@0"}},
		"vacant ones first, reserved ones last of them": {
			Claims{},
			[]Slot{
				slot(3, 7, Live{Fence: &Fence{}}), slot(0, 9, Live{Released: true, Restarting: true}), slot(2, 5, Live{Released: true}),
			},
			[]string{"w-2@5 over", "w-3@7", "w-0@9 over", "w-1@0"},
		},
		"those of others only if they stay silent": {
			Claims{},
			[]Slot{slot(0, 3, Live{}), slot(1, 4, Live{Fence: silenced})},
			[]string{"w-1@4 over", "w-2@0", "w-3@0", "w-0@3?"},
		},
		"one's own, announced before newest": {
			Claims{InstanceKey: "k"},
			[]Slot{
				slot(0, 3, Live{InstanceKey: "k", Released: true, Restarting: true}), slot(1, 9, Live{InstanceKey: "k"}), slot(2, 5, Live{Released: true}),
			},
			[]string{"w-0@3 over", "w-1@9!twin", "w-2@5 over", "w-3@0"},
		},
		"never back to where one was replaced": {
			Claims{InstanceKey: "k", Lost: []WorkerID{"w-1"}},
			[]Slot{slot(1, 9, Live{InstanceKey: "k"})},
			[]string{"w-0@0", "w-2@0", "w-3@0", "w-1@9?"},
		},
		"records out of the range are nobody's business": {
			Claims{},
			[]Slot{{Worker: "w-4", Revision: 1}, {Worker: "x-1", Revision: 1}, {Worker: "w-01", Revision: 1}, {Worker: "w-", Revision: 1}},
			[]string{"w-0@0", "w-1@0", "w-2@0", "w-3@0"},
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, candidates(tc.mine, tc.slots...)) })
	}
}

func TestClaims_CarryWhatThePredecessorLeft(t *testing.T) {
	a := []Abandoned{{Partition: "p", Token: 1, Step: 2}}
	c := Claims{Prefix: "w", Count: 1}.Candidates([]Slot{slot(0, 3, Live{Released: true, Abandoned: a})})[0]
	require.Equal(t, SessionID("s0"), c.Predecessor)
	require.True(t, c.Released)
	require.Equal(t, a, c.Abandoned)
}

func TestClaims_FreeIDsAreLimited(t *testing.T) {
	require.Equal(t, FreeTried, len(Claims{Prefix: "w", Count: 10 * FreeTried}.Candidates(nil)))
}

// Many workers that claim at once find an ID each, also if there are no more IDs than
// workers, and none of them tries as many as there are workers.
func TestClaims_ACrowd(t *testing.T) {
	for _, count := range []int{200, 400} {
		t.Run(strconv.Itoa(count), func(t *testing.T) {
			const crowd = 200
			taken := map[WorkerID]bool{}
			tries, scans := crowdOf(crowd, Claims{Prefix: "w", Count: count}, taken)
			require.Len(t, taken, crowd)
			require.Less(t, tries, 40*crowd, "in turn with all others it would be %d", crowd*crowd/2)
			require.Less(t, scans, 10*crowd)
		})
	}
}

// crowdOf lets so many workers claim in step, until each has an ID.
func crowdOf(n int, c Claims, taken map[WorkerID]bool) (tries, scans int) {
	type claimant struct {
		all          []Candidate
		at, refusals int
		dice         Dice
	}
	waiting := make([]*claimant, n)
	for i := range waiting {
		waiting[i] = &claimant{dice: Dice{}.Dealt("claimant", uint64(i))}
	}
	for len(waiting) > 0 {
		var slots []Slot
		for id := range taken {
			slots = append(slots, Slot{Worker: id, Revision: 1})
		}
		waiting = slices.DeleteFunc(waiting, func(x *claimant) bool {
			if x.at == len(x.all) || x.all[x.at].Silent {
				x.all, x.at = c.Candidates(slots), 0
				scans++
			}
			if id := x.all[x.at].Worker; !taken[id] && !x.all[x.at].Silent {
				taken[id] = true
				return true
			}
			tries++
			x.refusals++
			x.at = NextCandidate(x.all, x.at, x.refusals, x.dice)
			return false
		})
	}
	return tries + n, scans
}

func TestNextCandidate(t *testing.T) {
	free := Claims{Prefix: "w", Count: 100}.Candidates(nil)
	for refusals := range InTurn {
		require.Equal(t, refusals+1, NextCandidate(free, refusals, refusals+1, Dice{}), "in turn")
	}
	least, most := len(free), 0
	for i := range uint64(200) {
		next := NextCandidate(free, InTurn, InTurn+3, Dice{}.Dealt("worker", i))
		least, most = min(least, next), max(most, next)
	}
	require.Equal(t, []int{InTurn + 1, InTurn + 8}, []int{least, most}, "everybody out of a few")

	vacant := Claims{Prefix: "w", Count: 3}.Candidates([]Slot{
		slot(0, 3, Live{Released: true}), slot(1, 4, Live{Released: true}), slot(2, 5, Live{Released: true, Restarting: true}),
	})
	require.Equal(t, 1, NextCandidate(vacant, 0, 99, Dice{}))
	require.Equal(t, 3, NextCandidate(vacant, 1, 99, Dice{}), "what is reserved for somebody is not for a crowd")
}
