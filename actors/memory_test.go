package actors

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// Who is replaced again and again keeps each ID once, and the latest as the last one, which
// its warning names.
func TestLatest(t *testing.T) {
	var lost []partition.WorkerID
	for _, id := range []partition.WorkerID{"worker-0", "worker-1", "worker-0", "worker-2", "worker-1", "worker-1"} {
		before := slices.Clone(lost)
		next := latest(lost, id)
		require.Equal(t, before, lost, "a session has it")
		lost = next
	}
	require.Equal(t, []partition.WorkerID{"worker-0", "worker-2", "worker-1"}, lost)
}

// A queue keeps nothing of whose turn has come.
func TestPop(t *testing.T) {
	a, b := &item{}, &item{}
	all := []*item{a, b}
	first, rest := pop(all)
	require.Same(t, a, first)
	require.Equal(t, []*item{nil, b}, all)
	require.Equal(t, []*item{b}, rest)
}
