package bridge

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func TestCodec_WhatIsWrongWithOnePartIsWrongWithTheRecord(t *testing.T) {
	good := parts(t, 10)
	bad := func(s Sight, change func([]byte) []byte) Sight {
		s.Data = change(append([]byte(nil), s.Data...))
		return s
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	for name, tc := range map[string]struct {
		damage func([]Sight)
		fault  string
	}{
		"one that says no schema":     {func(s []Sight) { s[1] = bad(s[1], func(b []byte) []byte { return ofSchema(b, 0) }) }, errEmpty.Error()},
		"one of a schema to come":     {func(s []Sight) { s[1] = bad(s[1], func(b []byte) []byte { return ofSchema(b, 2) }) }, "it has schema 2"},
		"one in which a bit is wrong": {func(s []Sight) { s[1] = bad(s[1], flip) }, errDigest.Error()},
	} {
		list := append([]Sight(nil), good...)
		tc.damage(list)
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
			e := newEntries("")
			var last messages.Entry
			var told bool
			for i := range list {
				if i < len(order) {
					i = order[i]
				}
				last, told = e.add(list[i])
			}
			require.True(t, told, name)
			require.Contains(t, last.Fault, tc.fault, name)
			require.Equal(t, tc.fault == "it has schema 2", last.Newer, name)
			require.EqualValues(t, 10, last.Revision, "%s: that of part 0, on which conditions are set", name)
		}
	}
}

func TestCodec_LeasesThatNobodyCanWaitFor(t *testing.T) {
	for _, lease := range []time.Duration{-1, longestLease + 1, 1<<63 - 1} {
		for key, record := range map[messages.Key]any{
			"live.w": partition.Live{Session: "s", Lease: lease},
			"head":   partition.Head{Nonce: "n", Seats: []partition.Seat{{Worker: "w", Lease: lease}}},
		} {
			data, _, err := encode(record)
			require.NoError(t, err)
			_, err = decode(key, data)
			require.ErrorContains(t, err, fmt.Sprintf("lease_ns is %d; must be 0 to %d", lease, longestLease), key)
		}
	}
}

// The next step and the next version follow those that others wrote. What follows the
// highest that is believed is believed, too: it is written later.
//
// hazard 54
func TestCodec_StepsThatNothingCanFollow(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	most := uint64(now.UnixMilli()) + mostAhead
	for name, c := range map[string]struct {
		key  messages.Key
		with func(uint64) any
	}{
		"applied":         {"live.w", func(n uint64) any { return partition.Live{Session: "s", Applied: partition.Step(n)} }},
		"seen":            {"live.w", func(n uint64) any { return partition.Live{Session: "s", Seen: partition.Step(n)} }},
		"abandoned":       {"live.w", func(n uint64) any { return abandoning(partition.Abandoned{Partition: "p", Token: partition.Token(n)}) }},
		"abandoned at":    {"live.w", func(n uint64) any { return abandoning(partition.Abandoned{Partition: "p", Step: partition.Step(n)}) }},
		"head":            {"head", func(n uint64) any { return partition.Head{Nonce: "n", Step: partition.Step(n)} }},
		"version":         {"head", func(n uint64) any { return partition.Head{Nonce: "n", Version: partition.Version(n)} }},
		"assigned":        {"asg.w", func(n uint64) any { return partition.Assignment{Session: "s", Step: partition.Step(n)} }},
		"assigned within": {"asg.w", func(n uint64) any { return partition.Assignment{Session: "s", Version: partition.Version(n)} }},
	} {
		at := func(n uint64, at time.Time) messages.Entry {
			data, _, err := encode(c.with(n))
			require.NoError(t, err)
			return entry(c.key, 1, at, data)
		}
		require.Equal(t, c.with(most), at(most, now).Record, name)
		require.Equal(t, c.with(most+1), at(most+1, now.Add(time.Millisecond)).Record, name)
		for _, n := range []uint64{most + 1, math.MaxInt64, math.MaxUint64} {
			require.Contains(t, at(n, now).Fault, fmt.Sprintf("are up to %d; must be at most %d", n, most), name)
			require.Nil(t, at(n, now).Record, name)
		}
		require.NotNil(t, at(mostAhead, time.Time{}).Record, "without a clock")
	}
}

func abandoning(a partition.Abandoned) partition.Live {
	return partition.Live{Session: "s", Abandoned: []partition.Abandoned{a}}
}

// What a publish says was decided with its step or before. One token above that would
// fence every owner to come.
//
// hazard 54
func TestCodec_NothingIsLaterThanItsPublish(t *testing.T) {
	head := func(seat partition.Step, entered partition.Step, token partition.Token) any {
		return partition.Head{
			Nonce: "n", Step: 40, Seats: []partition.Seat{{Worker: "w", Step: seat}},
			Unowned: []partition.Unowned{{Partition: "p7", Entered: entered}}, Freed: []partition.Freed{{Partition: "p8", Token: token}},
		}
	}
	owned := func(token partition.Token, entered partition.Step) any {
		return partition.Assignment{Session: "s", Step: 40, Owned: []partition.Grant{{Partition: "p1"}, {Partition: "p7", Token: token, Entered: entered}}}
	}
	revoking := func(token partition.Token, step, entered partition.Step) any {
		return partition.Assignment{Session: "s", Step: 40, Revoking: []partition.Revoke{{Partition: "p7", Token: token, Step: step, Entered: entered}}}
	}
	for name, c := range map[string]struct {
		key    messages.Key
		record any
		fault  string // empty: it is one
	}{
		"head":             {"head", head(40, 40, 40), ""},
		"seat":             {"head", head(41, 0, 0), "step of w is 41"},
		"unowned":          {"head", head(0, 41, 0), "unowned_entered of p7 is 41"},
		"freed":            {"head", head(0, 0, 41), "freed token of p8 is 41"},
		"owned":            {"asg.w", owned(40, 40), ""},
		"token":            {"asg.w", owned(math.MaxUint64, 0), "owned_token of p7 is 18446744073709551615"},
		"entered":          {"asg.w", owned(0, 41), "owned_entered of p7 is 41"},
		"revoking":         {"asg.w", revoking(40, 40, 40), ""},
		"revoking token":   {"asg.w", revoking(41, 0, 0), "revoking_token of p7 is 41"},
		"revoking step":    {"asg.w", revoking(0, 41, 0), "revoking_step of p7 is 41"},
		"revoking entered": {"asg.w", revoking(0, 0, 41), "revoking_entered of p7 is 41"},
	} {
		t.Run(name, func(t *testing.T) {
			data, _, err := encode(c.record)
			require.NoError(t, err)
			got := entry(c.key, 3, time.Now(), data)
			if c.fault == "" {
				require.Equal(t, c.record, got.Record)
				return
			}
			require.Nil(t, got.Record)
			require.Equal(t, fmt.Sprintf("record %s at revision 3: %s; must be at most 40, the step of the record", c.key, c.fault), got.Fault)
		})
	}
}

// A record names revisions that were there when it was written. A head that names a later
// one of a worker would have nobody believed below it, and a session that says that it was
// claimed later than a loss would not be fenced for it.
//
// hazard 54
func TestCodec_NothingNamesWhatCameLater(t *testing.T) {
	for name, c := range map[string]struct {
		key   messages.Key
		with  func(partition.Revision) any
		fault string
	}{
		"claim": {"live.w", func(r partition.Revision) any { return partition.Live{Session: "s", Claim: r} }, "claim"},
		"fence": {"live.w", func(r partition.Revision) any {
			return partition.Live{Session: "s", Fence: &partition.Fence{Term: r}}
		}, "term of the fence"},
		"term": {"head", func(r partition.Revision) any { return partition.Head{Nonce: "n", Term: r} }, "term"},
		"seat": {"head", func(r partition.Revision) any {
			return partition.Head{Nonce: "n", Seats: []partition.Seat{{Worker: "v"}, {Worker: "w", Live: r}}}
		}, "live of w"},
		"evidence": {"head", func(r partition.Revision) any {
			return partition.Head{Nonce: "n", Freed: []partition.Freed{{Partition: "p7", Revision: r}}}
		}, "freed revision of p7"},
		"journal": {"journal.3", func(r partition.Revision) any { return partition.Journal{Leader: "w", Term: r} }, "term"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []partition.Revision{0, 1, 39} {
				got, whole := stored(t, c.key, c.with(r), 40)
				require.True(t, whole)
				require.Equal(t, c.with(r), got.Record)
			}
			for _, r := range []partition.Revision{40, 41, math.MaxUint64} {
				got, whole := stored(t, c.key, c.with(r), 40)
				require.True(t, whole)
				require.Nil(t, got.Record)
				require.Equal(t, fmt.Sprintf("record %s at revision 40: %s is %d; must be below 40, the revision of the record", c.key, c.fault, r), got.Fault)
			}
		})
	}
}

func TestCodec_CapacitiesThatNobodyHas(t *testing.T) {
	for _, left := range []time.Duration{-1, partition.MaxDuration + 1} {
		for key, record := range map[messages.Key]any{
			"live.w": partition.Live{Session: "s", Poison: []partition.Poison{{Partition: "p", Left: left}}},
			"head":   partition.Head{Nonce: "n", Poison: []partition.Poison{{Partition: "p", Left: left}}},
			"asg.w":  partition.Assignment{Session: "s", Poison: []partition.Poison{{Partition: "p", Left: left}}},
		} {
			data, _, err := encode(record)
			require.NoError(t, err)
			_, err = decode(key, data)
			require.ErrorContains(t, err, "left_ns of p is")
		}
	}
	for _, capacity := range []float64{-1, 1e-9, 1e9, math.NaN(), math.Inf(1)} {
		data, _, err := encode(partition.Live{Session: "s", Capacity: capacity})
		require.NoError(t, err)
		_, err = decode("live.w", data)
		require.ErrorContains(t, err, "must be 0 or 0.001 to 1000000")
	}
}
