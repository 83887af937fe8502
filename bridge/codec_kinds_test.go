package bridge

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Some kinds of records begin alike: where one has a session another has a worker. What
// tells them apart is a field of another type.
func TestCodec_ARecordOfAnotherKindIsAFault(t *testing.T) {
	for of, record := range golden {
		data, _, err := encode(record)
		require.NoError(t, err)
		for key := range golden {
			if key != of {
				_, err := decode(key, data)
				require.Error(t, err, "%s for %s", of, key)
			}
		}
		_, err = readPart(0, data)
		require.Error(t, err, "%s for a part", of)
	}
	data, _, err := encode(golden["term"])
	require.NoError(t, err)
	_, err = decode("live.worker-1", data)
	require.EqualError(t, err, "field 2 (claim) is not of type uint64: the record is of another kind")
}

// padded has a field that no build knows, so that it is as large as this.
func padded(t *testing.T, data []byte, size int) []byte {
	t.Helper()
	data = protowire.AppendTag(data, 2000, protowire.BytesType)
	data = protowire.AppendBytes(data, make([]byte, size-len(data)-protowire.SizeVarint(maxPart)))
	require.Len(t, data, size)
	return data
}

// Whatever is read of a worker, its session can be ended, and that can be read.
func TestCodec_WhatIsTooLargeToBeFencedIsAFault(t *testing.T) {
	fence := partition.Fence{Term: 1 << 60, AfterSilence: true}
	for key, record := range map[messages.Key]any{
		"live.w": partition.Live{Session: "s"}, "lead": golden["lead"], "term": golden["term"], "journal.3": golden["journal.3"],
	} {
		small, _, err := encode(record)
		require.NoError(t, err)
		_, err = decode(key, padded(t, small, maxPart+1))
		require.EqualError(t, err, fmt.Sprintf("it has %d bytes; must have at most %d", maxPart+1, maxPart), key)
		largest, err := decode(key, padded(t, small, maxPart))
		require.NoError(t, err, key)
		if live, ok := largest.(partition.Live); ok {
			largest = live.Fenced(fence)
		}
		parts, err := split(key, largest)
		require.NoError(t, err, key)
		again, err := decode(key, parts[0].data)
		require.NoError(t, err, key)
		require.Equal(t, largest, again, key)
	}
	part, err := split("head", golden["head"])
	require.NoError(t, err)
	_, err = readPart(0, padded(t, part[0].data, maxMessage))
	require.NoError(t, err)
	_, err = readPart(0, padded(t, part[0].data, maxMessage+1))
	require.EqualError(t, err, fmt.Sprintf("part 0 has %d bytes; must have at most %d", maxMessage+1, maxMessage))
}
