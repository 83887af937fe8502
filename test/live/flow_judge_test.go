package live

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// accepted is a message that the sink took: its number, and the token of who handled it.
type accepted struct {
	n     int
	token partition.Token
}

// verdict is how many messages of a partition were judged, how many of them came twice, and
// whether any came out of order.
type verdict struct {
	judged, twice int
	disordered    bool
}

// judge looks at what was accepted of a partition under tokens below this one; at all of it
// if that is 0. Who had it in trouble may have kept messages that come again later, behind
// others.
func judge(got []accepted, below partition.Token) (v verdict) {
	last, seen := 0, map[int]bool{}
	for _, a := range got {
		if below != 0 && a.token >= below {
			break // tokens only grow
		}
		v.judged++
		if seen[a.n] {
			v.twice++
		}
		v.disordered = v.disordered || a.n > last+1 // one that comes again is no gap
		seen[a.n], last = true, max(last, a.n)
	}
	return v
}

// troubled are the partitions that a worker had which lost its connection, its session or its
// lease, as on a machine that is far too busy: each with the first token of such a worker.
func (f *flow) troubled() map[partition.PartitionID]partition.Token {
	first := map[partition.PartitionID]partition.Token{}
	for w := range f.of {
		p := f.g.ledger.read(w)
		if w.nc.Stats().Reconnects == 0 && p.lost == 0 && !slices.Contains(p.states, messages.Degraded) {
			continue
		}
		for _, change := range p.changes {
			for _, o := range change.Gained {
				if t, known := first[o.ID]; !known || o.Token < t {
					first[o.ID] = o.Token
				}
			}
		}
	}
	return first
}

func TestFlow_JudgesWhatNobodyInTroubleHad(t *testing.T) {
	inOrder := []accepted{{1, 5}, {2, 5}, {3, 7}}
	require.Equal(t, verdict{judged: 3}, judge(inOrder, 0))
	require.Equal(t, verdict{judged: 2}, judge(inOrder, 7))
	twice := []accepted{{1, 5}, {2, 5}, {2, 7}, {3, 7}}
	require.Equal(t, verdict{judged: 4, twice: 1}, judge(twice, 0))
	require.Equal(t, verdict{judged: 2}, judge(twice, 6))
	gap := []accepted{{1, 5}, {3, 7}, {2, 9}}
	require.Equal(t, verdict{judged: 3, disordered: true}, judge(gap, 0))
	require.Equal(t, verdict{judged: 2, disordered: true}, judge(gap, 9), "what comes later does not excuse it")
	require.Equal(t, verdict{judged: 1}, judge(gap, 7))
	require.Equal(t, verdict{}, judge(gap, 5))
}
