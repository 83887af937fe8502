package partition

import (
	"fmt"
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
	require.Len(t, Claims{Prefix: "w", Count: 1000}.Candidates(nil), FreeTried)
}
