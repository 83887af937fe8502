package bridge

import (
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// golden are records of every kind; the tables below are of fields that these leave out. How
// this release stores them stands in testdata/golden; a change there breaks builds that are
// out.
var golden = map[messages.Key]any{
	"lead": partition.Lead{Worker: "worker-1", Session: "s1", Beat: 7, Released: true},
	"term": partition.Term{Worker: "worker-1", Session: "s1", Nonce: "n1"},
	"live.worker-1": partition.Live{
		Session: "s1", Claim: 11, Lease: 4 * time.Second, InstanceKey: "pod-1", Beat: 12, Applied: 1700000000001, Seen: 1700000000002,
		Held: []partition.PartitionID{"a.b"}, Abandoned: []partition.Abandoned{{Partition: "c", Token: 5, Step: 6}},
		Quarantined: []partition.PartitionID{"d%2Ee"}, Draining: true, Restarting: true, NeverLead: true, Refresh: 3,
		Predecessor: "s0", PredecessorReleased: true, Released: true, Fence: &partition.Fence{Term: 9, AfterSilence: true}, Reads: 1,
	},
	"head": partition.Head{
		Version: 2, Step: 1700000000003, Term: 9, Nonce: "n2", Source: 0x0123456789abcdef,
		Seats: []partition.Seat{{
			Worker: "worker-1", Session: "s1", Lease: 4 * time.Second, Live: 12, NeverLead: true, Step: 1700000000001,
			Digest: 0xfedcba9876543210, Refresh: 3,
		}},
		Unowned: []partition.Unowned{{Partition: "f", Entered: 8}},
		Freed:   []partition.Freed{{Partition: "g", Session: "s0", Token: 4, By: partition.FreedByFence, Revision: 10}},
	},
	"asg.worker-1": partition.Assignment{
		Version: 2, Step: 1700000000001, Session: "s1",
		Owned:    []partition.Grant{{Partition: "a", Token: 4, Entered: 1}, {Partition: "b", Token: 5, Entered: 2}},
		Revoking: []partition.Revoke{{Partition: "c", Token: 5, Step: 6, Entered: 3}}, Pending: []partition.PartitionID{"h"},
	},
	"journal.3": partition.Journal{
		Version: 2, Step: 1700000000003, Term: 9, Leader: "worker-1", Cause: "join", Evidence: []string{"e"},
		Moves: []partition.Move{{Partition: "a", From: "worker-0", To: "worker-1", Why: "ack"}}, More: 2,
	},
}

// poison are the quarantines that records carry, which builds before them keep.
var poison = map[messages.Key]any{
	"live.worker-1": partition.Live{Session: "s1", Poison: []partition.Poison{{Partition: "a", Token: 4, Left: time.Minute}, {Partition: "b", Token: 5}}},
	"head":          partition.Head{Nonce: "n2", Step: 9, Poison: []partition.Poison{{Partition: "a", Token: 4, Left: time.Minute}, {Partition: "c", Left: time.Hour}}},
	"asg.worker-1":  partition.Assignment{Session: "s1", Step: 9, Poison: []partition.Poison{{Partition: "a", Token: 4, Left: time.Minute}}},
}

// mark is the term of a store that went back.
var mark = map[messages.Key]any{
	"term": partition.Term{Worker: "worker-1", Session: "n3", Nonce: "n3", Lost: "there are two heads of step 9: the store went back"},
}

// placement are what strategies know of a worker, and what a journal tells of the moves.
var placement = map[messages.Key]any{
	"live.worker-1": partition.Live{Session: "s1", Capacity: 2.5, Zone: "eu-1", Labels: []string{"gpu", "ssd"}},
	"journal.9": partition.Journal{
		Step: 9, Leader: "worker-1",
		Moves:   []partition.Move{{Partition: "a", From: "worker-0", To: "worker-1", By: partition.FreedByAck, Revision: 10}},
		Measure: partition.Measure{Moves: 3, Least: 2, Before: 1.5, After: 1.25},
	},
}

// goldens are the tables by their files. That of a delta has a test of its own.
var goldens = map[string]map[messages.Key]any{
	"schema-1.txt": golden, "poison.txt": poison, "mark.txt": mark, "placement.txt": placement,
}

// readGolden returns the messages of a golden file by name.
func readGolden(t *testing.T, name string) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/golden/" + name)
	require.NoError(t, err)
	out := map[string][]byte{}
	for line := range strings.Lines(string(text)) {
		name, data, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[name], err = hex.DecodeString(data)
		require.NoError(t, err, name)
	}
	return out
}

func TestCodec_GoldenRecords(t *testing.T) {
	for file, table := range goldens {
		goldenRecords(t, file, table)
	}
}

func goldenRecords(t *testing.T, goldenFile string, golden map[messages.Key]any) {
	stored := readGolden(t, goldenFile)
	seen := newEntries("")
	for _, key := range slices.Sorted(maps.Keys(golden)) {
		parts, err := split(key, golden[key])
		require.NoError(t, err)
		require.Len(t, parts, 1)
		name, data := parts[0].name, stored[parts[0].name]
		require.Equal(t, hex.EncodeToString(data), hex.EncodeToString(parts[0].data), "%s of %s is written in another way", name, goldenFile)
		got, whole := seen.add(Sight{Subject: name, Sequence: 20, Data: data})
		require.True(t, whole)
		require.Empty(t, got.Fault)
		require.Equal(t, golden[key], got.Record, "%s of %s is read in another way", name, goldenFile)
		delete(stored, name)
	}
	require.Empty(t, stored, "what else is golden has to be in the table of this test")
}

// Builds of a group compare digests that others have computed.
func TestCodec_DigestsOfThisReleaseStay(t *testing.T) {
	require.EqualValues(t, uint64(0x3607be40c0b01804), golden["asg.worker-1"].(partition.Assignment).Digest())
	set, err := partition.NewSet([]partition.Partition{
		partition.Of("a", "b"), {Keys: []string{"c"}, Weight: 7, Zone: "eu", Labels: []string{"gpu", "x"}},
	})
	require.NoError(t, err)
	require.EqualValues(t, uint64(0xd81d54416575366b), set.Digest)
	pinned, err := partition.NewSet([]partition.Partition{
		{Keys: []string{"a", "b"}, Pinned: "w-1"}, {Keys: []string{"c"}, Weight: 7, Zone: "eu", Labels: []string{"gpu", "x"}},
	})
	require.NoError(t, err)
	require.Equal(t, set.Digest, pinned.Digest, "a build that knows no pins has the same")
	require.NotEqual(t, set.PinDigest, pinned.PinDigest)
}

// later is a field that only a newer build knows.
func later(text string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, 2000, protowire.BytesType), text)
}

// ofSchema is a record that says its schema again, with the last word.
func ofSchema(data []byte, schema uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(slices.Clone(data), 100, protowire.VarintType), schema)
}

func TestCodec_KeepsWhatItDoesNotKnow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for key, record := range records(t) {
			data, _, err := encode(record)
			require.NoError(t, err)
			data = append(data, later("of the record")...)
			got, err := decode(key, data)
			require.NoError(t, err)
			require.NotEqual(t, record, got)
			again, _, err := encode(got)
			require.NoError(t, err)
			require.Equal(t, data, again, key)
		}
	})
}

// A leader of an older build rewrites what it took over, and ends sessions.
func TestCodec_ALeaderKeepsWhatItDoesNotKnow(t *testing.T) {
	of := func(where string) partition.Kept { return partition.Kept(later(where)) }
	a := partition.Assignment{Step: 3, Session: "s", Owned: []partition.Grant{{Partition: "p", Token: 3, Entered: 1}}, Kept: of("assignment")}
	h := partition.Head{
		Step: 3, Nonce: "n", Kept: of("head"), Unowned: []partition.Unowned{{Partition: "q", Entered: 1}},
		Seats: []partition.Seat{{Worker: "w", Session: "s", Step: 3, Digest: a.Digest(), Kept: of("seat")}},
	}
	read := map[messages.Key]any{}
	for key, record := range map[messages.Key]any{messages.KeyHead: h, messages.KeyAssignment("w"): a} {
		got, whole := stored(t, key, record, 1)
		require.True(t, whole)
		read[key] = got.Record
	}
	table, err := partition.TableOf(read[messages.KeyHead].(partition.Head), map[partition.WorkerID]partition.Assignment{
		"w": read[messages.KeyAssignment("w")].(partition.Assignment),
	})
	require.NoError(t, err)
	require.Equal(t, a, table.Assignments()[0])
	head := table.Head(nil)
	require.Equal(t, h.Kept, head.Kept)
	require.Equal(t, h.Seats[0].Kept, head.Seats[0].Kept)

	live := partition.Live{Session: "s", Kept: of("live"), Abandoned: []partition.Abandoned{{Partition: "p", Kept: of("row")}}}
	got, _ := stored(t, messages.KeyLive("w"), live, 1)
	fence := partition.Fence{Term: 4}
	ended, _ := stored(t, messages.KeyLive("w"), got.Record.(partition.Live).Fenced(fence), 5)
	live.Fence = &fence
	require.Equal(t, live, ended.Record)
}

func TestCodec_ANewerSchemaIsRefused(t *testing.T) {
	const understood = "and this build understands schemas up to 1: a newer build wrote it"
	for key, record := range golden {
		parts, err := split(key, record)
		require.NoError(t, err)
		for what, data := range map[string][]byte{
			"all else as it is": ofSchema(parts[0].data, 2), "nothing else": ofSchema(nil, 2),
			"all else in another way": ofSchema(protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1), 2),
		} {
			got, whole := newEntries("").add(Sight{Subject: parts[0].name, Sequence: 7, Data: data})
			require.True(t, whole, what)
			require.Nil(t, got.Record, what)
			require.True(t, got.Newer, what)
			require.Equal(t, fmt.Sprintf("record %s at revision 7: it has schema 2, %s", key, understood), got.Fault, what)
		}
		for _, schema := range []uint64{0, 1} { // one that says nothing of it, or is something else
			got, whole := newEntries("").add(Sight{Subject: parts[0].name, Sequence: 7, Data: ofSchema(nil, schema)})
			require.True(t, whole)
			require.NotEmpty(t, got.Fault)
			require.False(t, got.Newer, "a record that nobody could read may be made anew")
		}
	}
	inner, _, err := encode(golden["head"])
	require.NoError(t, err)
	_, err = decode("head", ofSchema(inner, 1<<31))
	require.ErrorContains(t, err, "it has schema 2147483648, "+understood)
}
