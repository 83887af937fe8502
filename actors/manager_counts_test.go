package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A worker counts what it decided, by cause, over all its terms; and since when a
// partition has no owner, as long as it leads.
func TestManager_CountsDecisions(t *testing.T) {
	f := newFirm(t, nil)
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	decided := func(cause string, took time.Duration, unowned, s int) messages.DecisionDone {
		return messages.DecisionDone{
			Term: 4, Cause: cause, Detected: 2 * took, Took: took, Unowned: unowned, At: at(s),
			Measure: partition.Measure{Moves: 3, Least: 2, After: 1},
		}
	}
	f.say(opened, messages.SessionStarted{Worker: "worker-0", Claim: 3, LeaseEnd: at(9)}, led, gained, first)
	f.say(decided("join", time.Second, 0, 10))
	require.Zero(t, f.snapshot().UnownedSince)
	f.say(decided("crash", time.Minute, 2, 11), decided("crash", time.Hour, 1, 12))
	nearer := decided("", 0, 1, 13)
	nearer.Measure = partition.Measure{}
	f.say(nearer)
	s := f.snapshot()
	require.Equal(t, at(11), s.UnownedSince)
	require.Len(t, s.Decided, 2)
	crash := s.Decided[0]
	require.Equal(t, "crash", crash.Cause)
	require.Equal(t, []int{6, 4}, []int{crash.Moves, crash.Least})
	require.EqualValues(t, 2, crash.Took.Count)
	require.Equal(t, 2*crash.Took.Sum, crash.Detected.Sum)
	require.Equal(t, time.Second, s.Decided[1].Took.Sum)
	f.say(decided("join", time.Second, 0, 14))
	require.Zero(t, f.snapshot().UnownedSince)
	f.say(decided("crash", time.Second, 1, 15), ousted)
	s = f.snapshot()
	require.Zero(t, s.UnownedSince, "only a leader knows")
	require.EqualValues(t, 3, s.Decided[0].Took.Count, "it stays counted")
	require.EqualValues(t, 2, crash.Took.Count, "what was told stays as it was")
}

// The outside is asked, and answers; when there is none any more, nothing was counted.
func TestManager_PassesTheQuestionForCountsOn(t *testing.T) {
	f := newFirm(t, nil)
	f.ask(messages.GetCounts{})
	heard[messages.GetCounts](t, f.outside)
	unheard[messages.Counts](t, f.user)
}
