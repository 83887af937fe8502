package partition

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzPartitionID: different keys give different IDs, keys and ID are two forms of
// the same, and an ID can stand in a subject. What is refused says so in a few words.
//
// hazard 39
func FuzzPartitionID(f *testing.F) {
	f.Add("a-b", "a\nb", "a.b")
	f.Add("a.b", "a%2Eb", "a%2eb")
	f.Add("*\n>\n ", "é/ü", "a..b")
	f.Add("", strings.Repeat("%", MaxKeyBytes), "%")
	f.Add(strings.Repeat("many\n", 2000), "a", "a")
	f.Add(strings.Repeat("x\n", MaxKeys), strings.Repeat("y", MaxKeyBytes+1), "%4")
	f.Fuzz(func(t *testing.T, one, two, text string) {
		p, q := Partition{Keys: strings.Split(one, "\n")}, Partition{Keys: strings.Split(two, "\n")}
		valid := true
		for _, x := range []Partition{p, q} {
			if err := x.Validate(); err != nil {
				valid = false
				require.Regexp(t, `^partition \[`, err.Error())
				require.Less(t, len(err.Error()), 3000)
				continue
			}
			requireSafe(t, x)
		}
		if valid {
			same := slices.Equal(p.Keys, q.Keys)
			require.Equal(t, same, p.ID() == q.ID())
			_, err := NewSet([]Partition{p, q})
			require.Equal(t, same, err != nil)
		}
		keys, err := PartitionID(text).Keys()
		if err != nil {
			require.Contains(t, err.Error(), "partition ID ")
			return
		}
		require.Equal(t, PartitionID(text), Partition{Keys: keys}.ID())
	})
}

func requireSafe(t *testing.T, p Partition) {
	t.Helper()
	id := p.ID()
	require.LessOrEqual(t, len(id), MaxIDBytes)
	require.True(t, utf8.ValidString(string(id)))
	require.NotContains(t, "."+string(id)+".", "..")
	require.False(t, strings.ContainsFunc(string(id), func(r rune) bool { return strings.ContainsRune(" *>/", r) || unicode.IsControl(r) }))
	keys, err := id.Keys()
	require.NoError(t, err)
	require.Equal(t, p.Keys, keys)
}
