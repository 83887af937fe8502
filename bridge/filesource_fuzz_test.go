package bridge

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// FuzzPartitions: whatever stands in a file or a bucket of partitions is a list that
// can be placed, or faults, each with its place.
func FuzzPartitions(f *testing.F) {
	for _, text := range []string{
		"partitions:\n  - keys: [a, \"b\"]\n    weight: 2\n  - {keys: [c], labels: [x], pinned: w-1, zone: z}\n",
		`{"partitions": [{"keys": ["a"]}, {"keys": ["a"]}]}`,
		"keys: ! a",
		"weight: 3\nlabels: [x, y]",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := readPartitions("some.yaml", text)
		requireToldWell(t, "some.yaml", text, err)
		if err == nil {
			set, err := partition.NewSet(list)
			require.NoError(t, err)
			require.Equal(t, len(list), set.Len())
		}
		one, err := readPartition("key a.b", text, []string{"a", "b"})
		requireToldWell(t, "key a.b", text, err)
		if err == nil {
			require.NoError(t, one.Validate())
		}
	})
}

// requireToldWell: a fault begins with where it is, and does not tell the text at any
// length.
func requireToldWell(t *testing.T, name string, text []byte, err error) {
	t.Helper()
	if err != nil {
		require.True(t, strings.HasPrefix(err.Error(), name+":"), "%v", err)
		require.LessOrEqual(t, len(err.Error()), 5000+20*len(text))
	}
}
