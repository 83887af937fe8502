package contract

import (
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// Who asks what the stream is, while a batch lands, may be told of a half, but not before
// and not afterwards, and nobody reads one.
func TestHalfABatch(t *testing.T) {
	batch := call{changes: []change{{key: 0, write: 1, fence: unfenced}, {key: 1, write: 2, fence: unfenced}}}
	for _, c := range []struct {
		said        uint64
		call, ended int64
		right       bool
	}{
		{7, 2, 3, true},
		{6, 2, 3, true},
		{8, 2, 3, true},
		{9, 2, 3, false},
		{7, 5, 6, false},
	} {
		require.Equal(t, c.right, linearizable(memory{last: 6}, []porcupine.Operation{
			{Input: batch, Call: 1, Output: bridge.Result{Sequence: 8}, Return: 4},
			{Input: call{asks: true}, Call: c.call, Output: bridge.Result{Sequence: c.said}, Return: c.ended},
		}), "%+v", c)
	}
	require.False(t, linearizable(memory{last: 6}, []porcupine.Operation{
		{Input: batch, Call: 1, Output: bridge.Result{Sequence: 8}, Return: 6},
		{Input: call{key: 0}, Call: 2, Output: bridge.Result{Sequence: 7, Data: []byte("1")}, Return: 3},
		{Input: call{key: 1}, Call: 4, Output: bridge.Result{}, Return: 5},
	}), "a half was read")
}

// What is in doubt counts as far as there is room for it between what was accepted.
func TestTelling(t *testing.T) {
	doubt := bridge.Result{Outcome: bridge.Unknown}
	one, two := []change{{key: 0, write: 1}}, []change{{key: 0, write: 2}, {key: 1, write: 3}}
	history := []porcupine.Operation{
		{Input: call{key: 3}, Output: doubt},
		{Input: call{changes: one}, Output: doubt},
		{Input: call{changes: two}, Output: doubt},
		{Input: call{changes: two}, Output: bridge.Result{Sequence: 9}},
		{Input: call{asks: true}, Output: bridge.Result{Sequence: 9}},
	}
	for last, want := range map[uint64][]porcupine.Operation{
		10: {history[3], history[4]},
		11: {history[1], history[3], history[4]},
		12: history[1:],
	} {
		require.Equal(t, want, telling(history, 7, last), "the next one is %d", last)
	}
}
