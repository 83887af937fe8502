package bridge

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/partition"
)

func TestDelta_MakesTheNextOfItsBase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.SliceOfN(rapid.SampledFrom([]byte("ab")), 0, 300)
		base, next := few.Draw(t, "base"), few.Draw(t, "next")
		for range rapid.IntRange(0, 3).Draw(t, "pieces") { // most of what changes stays
			at := rapid.IntRange(0, len(next)).Draw(t, "at")
			next = slices.Insert(next, at, base[:rapid.IntRange(0, len(base)).Draw(t, "length")]...)
		}
		got, err := undelta(base, deltaOf(base, next, 2*len(next)+100), len(next))
		require.NoError(t, err)
		require.Equal(t, string(next), string(got))
	})
}

// owns is an assignment of n partitions, granted in three steps.
func owns(n int) partition.Assignment {
	const step = 1_795_000_000_000
	a := partition.Assignment{Version: 7, Step: step + 3000, Session: "2b7e151628aed2a6"}
	for i := range n {
		id := partition.PartitionID(fmt.Sprintf("orders.%08x", uint32(i)*2654435761))
		a.Owned = append(a.Owned, partition.Grant{Partition: id, Token: step + partition.Token(i*i%3*500), Entered: step})
	}
	return a
}

// gives is what the assignment becomes when each nth is to be let go, and when it was.
func gives(a partition.Assignment, nth int) (revoking, gone partition.Assignment) {
	revoking, gone = a, a
	revoking.Step, revoking.Owned = a.Step+1, nil
	for i, g := range a.Owned {
		if i%nth != 0 {
			revoking.Owned = append(revoking.Owned, g)
			continue
		}
		revoking.Revoking = append(revoking.Revoking, partition.Revoke{Partition: g.Partition, Token: g.Token, Step: revoking.Step, Entered: g.Entered})
	}
	gone = revoking
	gone.Step, gone.Revoking = revoking.Step+1, nil
	return revoking, gone
}

func bytesOf(t testing.TB, record any) []byte {
	t.Helper()
	data, _, err := encode(record)
	require.NoError(t, err)
	return data
}

// What a hand-over writes is of the order of what moves, whatever the rest is.
func TestDelta_GoesWithWhatMoves(t *testing.T) {
	for _, n := range []int{100, 1000, 10_000} {
		a := owns(n)
		revoking, gone := gives(a, 11)
		base := bytesOf(t, a)
		for name, next := range map[string]partition.Assignment{"revoking": revoking, "gone": gone, "nothing": a} {
			data := bytesOf(t, next)
			delta := deltaOf(base, data, len(data))
			got, err := undelta(base, delta, len(data))
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, got))
			moved := len(a.Owned) - len(next.Owned)
			per := 0
			switch name {
			case "revoking":
				per = 64
			case "gone":
				per = 16
			}
			require.LessOrEqual(t, len(delta), 64+per*moved, "%s: %d of %d", name, moved, n)
		}
	}
}

func TestDelta_ThatIsCutOrForeign(t *testing.T) {
	base := []byte("0123456789")
	for name, c := range map[string]struct {
		delta []byte
		fault string
	}{
		"no number":             {[]byte{0x80}, errDelta.Error()},
		"less than it says":     {[]byte{3, 'a', 'b'}, errDelta.Error()},
		"no range":              {[]byte{1, 'a'}, errDelta.Error()},
		"half a range":          {[]byte{1, 'a', 4}, errDelta.Error()},
		"before its base":       {[]byte{0, 4, 1}, errDelta.Error()}, // varint -1
		"behind its base":       {[]byte{0, 4, 14}, errDelta.Error()},
		"longer than its base":  {[]byte{0, 11, 0}, errDelta.Error()},
		"a length beyond all":   {append([]byte{0}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0), errDelta.Error()},
		"more than is allowed":  {[]byte{0, 10, 0, 0, 10, 19, 0, 10, 19}, "its delta makes more than 25 bytes"},
		"more that it says now": {append([]byte{26}, make([]byte, 28)...), "its delta makes more than 25 bytes"},
	} {
		_, err := undelta(base, c.delta, 25)
		require.ErrorContains(t, err, c.fault, name)
	}
	got, err := undelta(base, []byte{1, 'a', 4, 12, 0, 2, 19}, 25)
	require.NoError(t, err)
	require.Equal(t, "a678901", string(got))
}
