package contract

import (
	"fmt"
	"maps"
	"math"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// era is what there is to know of one stream.
type era struct {
	made    time.Time            // when the stream was made, as it says
	written map[uint64]held      // what was accepted, with its key for a number
	doubted map[int]bool         // writes that may be there, or not
	subject map[int]string       // of every write
	present map[string]uint64    // the newest that was accepted, by subject
	times   map[uint64]time.Time // when, as was said first
	sights  []bridge.Sight       // what watches told, and reads
	main    *view                // the watch from the start
	newest  uint64               // the last write that was accepted
	told    uint64               // the sequence of the last that it told
}

// is checks what the stream is said to be.
func (y *history) is(i bridge.StreamInfo) {
	if i.Result.Outcome != bridge.Accepted {
		return // which is checked as any answer
	}
	require.Equal(y, y.Stream(y.in), i.Config, "the stream is what it was made to be")
	if y.made.IsZero() {
		y.made = i.Created
	}
	require.True(y, i.Created.Equal(y.made), "the stream was made at %s, and at %s", y.made, i.Created)
}

// keep remembers a call and its answer. One that may have its effect later has no end.
func (y *history) keep(ask call, begun int64, r bridge.Result) {
	y.asked++
	read := ask.changes == nil && !ask.asks && !ask.creates
	require.Equal(y, r.Outcome == bridge.Accepted, r.Err == nil, "%v: an error says why not: %v", ask, r.Err)
	require.Equal(y, read && r.Sequence > 0, !r.Time.IsZero(), "%v: what was read has a time: %s", ask, r.Time)
	end := y.now
	if r.Outcome == bridge.Unknown {
		end = math.MaxInt64
		y.doubt(ask, r)
	}
	if read && r.Sequence > 0 {
		y.sees(bridge.Sight{Subject: y.at(y.name(ask.key)), Sequence: r.Sequence, Data: r.Data, Time: r.Time})
	}
	y.calls = append(y.calls, porcupine.Operation{Input: ask, Call: begun, Output: r, Return: end})
	for i, m := range ask.changes {
		if is := (held{m.write, r.Sequence - uint64(len(ask.changes)-1-i)}); r.Outcome == bridge.Accepted {
			y.written[is.sequence], y.known[m.key] = is, is.sequence
			y.present[y.subject[m.write]] = max(y.present[y.subject[m.write]], is.sequence)
			y.newest = is.sequence
		} else {
			y.doubted[m.write] = r.Outcome == bridge.Unknown
		}
	}
	if y.stepwise {
		y.answers = append(y.answers, ask.said(y.begin.last)+": "+answered(r, y.begin.last))
	}
}

// doubt is an answer that says nothing. Writes may meet in a cluster, if they have conditions,
// seldom also those of one client: it is answered a moment before a write is over.
func (y *history) doubt(ask call, r bridge.Result) {
	conditions := false
	for _, m := range ask.changes {
		conditions = conditions || m.fence != unfenced
	}
	if conditions && r.Code == bridge.CodeFenceInFlight && y.Nodes() > 1 {
		y.met++
		return
	}
	require.NotEqual(y, bridge.CodeFenceInFlight, r.Code, "%v: there is nothing that it could meet", ask)
	y.trembles = true
}

// sees keeps what somebody saw, to be compared with what was written.
func (y *history) sees(m bridge.Sight) {
	require.False(y, m.Time.IsZero(), "%s has a time", m.Subject)
	if _, ok := y.times[m.Sequence]; !ok {
		y.times[m.Sequence] = m.Time
	}
	require.True(y, m.Time.Equal(y.times[m.Sequence]), "the time of %d was %s and is %s", m.Sequence, y.times[m.Sequence], m.Time)
	y.sights = append(y.sights, m)
}

// compare checks that what was seen was written, and what was written last was told.
func (y *history) compare(v *view) {
	for subject, sequence := range y.present {
		require.GreaterOrEqual(y, v.newest[subject].Sequence, sequence, "the newest is told")
	}
	for _, m := range y.sights {
		var write int
		_, err := fmt.Sscan(string(m.Data), &write)
		require.NoError(y, err)
		require.Equal(y, y.subject[write], m.Subject)
		if is, accepted := y.written[m.Sequence]; accepted {
			require.Equal(y, is.write, write)
		} else {
			require.Truef(y, y.doubted[write], "#%d at %d was not accepted", write, m.Sequence)
		}
	}
}

// complete checks that a watch has told the newest of what it looks for, and, as one
// server leaves nothing in doubt, nothing else.
func (y *history) complete(v *view, wants func(subject string) bool, said string) {
	want := maps.Clone(y.present)
	maps.DeleteFunc(want, func(subject string, _ uint64) bool { return !wants(subject) })
	if y.Nodes() > 1 {
		return
	}
	got := map[string]uint64{}
	for subject, m := range v.newest {
		got[subject] = m.Sequence
	}
	require.Equal(y, want, got, said)
}
