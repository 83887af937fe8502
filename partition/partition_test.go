package partition

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hazard 39
func TestPartition_DifferentKeysStayDifferent(t *testing.T) {
	seen := map[PartitionID][]string{}
	for _, keys := range [][]string{
		{"a-b"},
		{"a", "b"},
		{"a.b"},
		{"a%2Eb"},
		{"a%b"},
		{"a b"},
		{"a/b"},
		{"a*b"},
		{"a>b"},
		{"ab"},
		{"a", "", "b"},
		{"a_b"},
		{"A-b"},
		{"%"},
		{"%25"},
		{"."},
		{".", "."},
		{"*"},
		{">"},
		{"ä"},
		{"a\u0308"},
		{"a", "b", "c"},
		{"a.b", "c"},
		{"a", "b.c"},
	} {
		id := Of(keys...).ID()
		require.NotContains(t, seen, id, "%q and %q", keys, seen[id])
		seen[id] = keys
		require.NotContains(t, string(id), " ")
		require.NotContains(t, string(id), "*")
		require.NotContains(t, string(id), ">")
		if keys[len(keys)-1] != "" && len(keys) < 3 {
			back, err := id.Keys()
			require.NoError(t, err)
			require.Equal(t, keys, back)
		}
	}
	require.Equal(t, PartitionID("a-b"), Of("a-b").ID())
	require.Equal(t, PartitionID("a.b"), Of("a", "b").ID())
	require.Equal(t, PartitionID("a%2Eb"), Of("a.b").ID())
}

// Each rule, at its bound and beyond. The error names the partition, the field, the
// value and the rule.
func TestPartition_EveryRuleBrokenOnce(t *testing.T) {
	long := func(n int) string { return strings.Repeat("k", n) }
	many := func(n int) []string { return strings.Split(strings.Repeat("k,", n-1)+"k", ",") }
	wide := func(n int) []string { return []string{long(256), long(256), long(256), long(n)} } // with three dots
	for _, c := range []struct {
		p    Partition
		want string // empty: nothing is wrong
	}{
		{Of(), `partition []: has 0 keys; must have 1 to 16`},
		{Of(many(16)...), ""},
		{Of(many(17)...), `has 17 keys; must have 1 to 16`},
		{Of(""), `partition [""]: key 1: is empty; must have at least one character`},
		{Of("a", ""), `partition ["a" ""]: key 2: is empty; must have at least one character`},
		{Of(long(256)), ""},
		{Of(long(257)), `key 1: has 257 bytes; must have at most 256`},
		{Of(wide(253)...), ""},
		{Of(wide(254)...), `encoded keys have 1025 bytes; must have at most 1024`},
		{Of(strings.Repeat(".", 256), strings.Repeat(".", 100)), `encoded keys have 1069 bytes; must have at most 1024`},
		{Of("a\xff"), `key 1: "a\xff" is not valid UTF-8`},
		{Of("a\tb"), `key 1: "a\tb" has a control character at byte 1`},
		{Of("a\x00"), `key 1: "a\x00" has a control character at byte 1`},
		{Of("a\u0085"), `has a control character at byte 1`},
		{Of("a b", "*", ">", ".", "ä", "%"), ""},
		{Partition{Keys: []string{"a"}, Weight: -1}, `partition ["a"]: Weight is -1; must be 0 (for 100) to 1099511627776`},
		{Partition{Keys: []string{"a"}, Weight: MaxWeight}, ""},
		{Partition{Keys: []string{"a"}, Pinned: "worker-3"}, ""},
		{Partition{Keys: []string{"a"}, Zone: "eu west"}, `partition ["a"]: Zone is "eu west"; must be a worker's zone, or empty`},
		{Partition{Keys: []string{"a"}, Labels: []string{"gpu", ""}}, `partition ["a"]: Labels[1] is ""; must be a label that a worker may have`},
		{Partition{Keys: []string{"a"}, Labels: []string{strings.Repeat("x", 65)}}, `partition ["a"]: Labels[0] is "` + strings.Repeat("x", 65) + `"; must be a label that a worker may have`},
		{Partition{Keys: []string{"a"}, Labels: slices.Repeat([]string{"x"}, 17)}, `partition ["a"]: has 17 labels; must have at most 16, as workers`},
		{Partition{Keys: []string{"a"}, Pinned: "worker.3"}, `partition ["a"]: Pinned is "worker.3"; must be a worker's ID, or empty`},
		{Partition{Keys: []string{"a"}, Pinned: "worker 3"}, `Pinned is "worker 3"; must be a worker's ID, or empty`},
		{Partition{Keys: []string{"a"}, Pinned: "*"}, `Pinned is "*"; must be a worker's ID, or empty`},
		{Partition{Keys: []string{"a"}, Pinned: ">"}, `Pinned is ">"; must be a worker's ID, or empty`},
		{Partition{Keys: []string{"a"}, Pinned: "w\xff"}, `Pinned is "w\xff"; must be a worker's ID, or empty`},
		{Partition{Keys: []string{"a"}, Pinned: "w\x00"}, `Pinned is "w\x00"; must be a worker's ID, or empty`},
		{Partition{Keys: []string{"a"}, Pinned: "ä"}, `Pinned is "ä"; must be a worker's ID, or empty`},
		{Partition{Keys: []string{"a"}, Pinned: WorkerID(strings.Repeat("w", 65))}, `; must be a worker's ID, or empty`},
		{Partition{Keys: []string{"a"}, Weight: MaxWeight + 1}, `Weight is 1099511627777; must be 0 (for 100) to 1099511627776`},
	} {
		err := c.p.Validate()
		_, inSet := NewSet([]Partition{c.p})
		if c.want == "" {
			require.NoError(t, err)
			require.NoError(t, inSet)
			continue
		}
		require.ErrorContains(t, err, c.want)
		require.EqualError(t, inSet, err.Error())
	}
}

func TestLanes(t *testing.T) {
	require.Equal(t, []Partition{Of("0"), Of("1")}, Lanes(2))
	require.Empty(t, Lanes(-1))
}

// hazard 39
func TestNewSet_NamesEveryFault(t *testing.T) {
	_, err := NewSet([]Partition{Of("b"), Of("a"), Of(""), Of("b"), {Keys: []string{"a"}, Weight: 7}, Of("b"), Of("c", "d")})
	require.EqualError(t, err, strings.Join([]string{
		`partition [""]: key 1: is empty; must have at least one character`,
		`partition "a": is listed at positions 1 and 4; must be listed once`,
		`partition "b": is listed at positions 0 and 3; must be listed once`,
		`partition "b": is listed at positions 3 and 5; must be listed once`,
	}, "\n"))
	set, err := NewSet(nil)
	require.NoError(t, err)
	require.Zero(t, set.Len())
}

func TestPartitionID_KeysOfWhatIsNoID(t *testing.T) {
	for id, want := range map[PartitionID]string{
		"%2":    "an escape must be % and two upper-case hexadecimal digits",
		"%zz":   "an escape must be % and two upper-case hexadecimal digits",
		"a%":    "an escape must be % and two upper-case hexadecimal digits",
		"%41":   `not canonical, its keys give "A"`,
		"%2e":   `not canonical, its keys give "%2E"`,
		"a b":   `not canonical, its keys give "a%20b"`,
		"a*":    `not canonical, its keys give "a%2A"`,
		"%2E%%": "an escape must be % and two upper-case hexadecimal digits",
	} {
		_, err := id.Keys()
		require.ErrorContains(t, err, want, "%q", id)
	}
}
