package bridge

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
)

// FuzzDecode: whatever stands in the stream is a record, or a fault with the key,
// the revision and the rule that is broken. A record is written again as it was
// read, at no greater length than its fields need.
func FuzzDecode(f *testing.F) {
	for _, key := range slices.Sorted(maps.Keys(golden)) {
		data, _, err := encode(golden[key])
		require.NoError(f, err)
		f.Add(string(key), data)
	}
	f.Fuzz(func(t *testing.T, key string, data []byte) {
		e := entry(messages.Key(key), 20, time.Time{}, data)
		if e.Fault != "" {
			require.Nil(t, e.Record)
			require.Contains(t, e.Fault, printable(key)+" at revision 20: ")
			require.Less(t, len(e.Fault), 1000)
			require.Equal(t, e.Fault, shortened(e.Fault, 1000), "it is safe to be logged")
			return
		}
		require.NotNil(t, e.Record)
		again, _, err := encode(e.Record)
		require.NoError(t, err)
		require.LessOrEqual(t, len(again), 2*len(data)+16)
		record, err := decode(messages.Key(key), again)
		require.NoError(t, err)
		require.Equal(t, e.Record, record)
		twice, _, err := encode(record)
		require.NoError(t, err)
		require.Equal(t, again, twice)
	})
}

// FuzzSights: names and keys are two forms of the same. What two parts make does not
// depend on the order in which they are seen, and what is made of them is a record
// that could be written so.
func FuzzSights(f *testing.F) {
	for _, key := range []messages.Key{"lead", "live.worker-1", "journal.3", "head", "asg.worker-1"} {
		for part := range 2 {
			f.Add(partName(key, part), []byte{}, []byte{})
		}
	}
	large, err := split("asg.w", big(1, 3))
	require.NoError(f, err)
	f.Add("asg.w.0", large[0].data, large[0].data)
	a := steps(100)
	written := bases{}
	whole, base, err := written.split(blind(a[0]), true)
	require.NoError(f, err)
	f.Add("asg.w.1", whole[1].data, whole[0].data)
	written.keep([]*left{base}, 1)
	change, _, err := written.split(blind(a[1]), true)
	require.NoError(f, err)
	f.Add("asg.w.0", change[0].data, whole[0].data)
	f.Fuzz(func(t *testing.T, name string, first, second []byte) {
		if key, part, ok := keyOf(name); ok {
			require.Equal(t, name, partName(key, part))
			require.Equal(t, parted(key), name != string(key))
		}
		if _, record, err := Inspect("$KV.g.i."+name, first); err == nil {
			require.NotNil(t, record)
		}
		see := func(sights ...Sight) (last messages.Entry, whole bool) {
			e := newEntries("")
			for _, s := range sights {
				if got, told := e.add(s); told {
					last, whole = got, true
				}
			}
			e.torn(map[messages.Key]messages.Entry{})
			return last, whole
		}
		zero, one := Sight{Subject: "asg.w.0", Sequence: 10, Data: first}, Sight{Subject: "asg.w.1", Sequence: 11, Data: second}
		got, whole := see(zero, one)
		other, also := see(one, zero)
		require.Equal(t, got, other)
		require.Equal(t, whole, also)
		if !whole {
			return
		}
		require.EqualValues(t, 10, got.Revision)
		require.NotEqual(t, got.Fault == "", got.Record == nil)
		if got.Record != nil {
			again, told := stored(t, "asg.w", got.Record, 10)
			require.True(t, told)
			require.Equal(t, got, again)
		}
	})
}
