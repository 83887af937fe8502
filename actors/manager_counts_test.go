package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A worker counts what it decided, by cause, over all its terms.
func TestManager_CountsDecisions(t *testing.T) {
	f := newFirm(t, nil)
	decided := func(cause string, took time.Duration) messages.DecisionDone {
		return messages.DecisionDone{
			Term: 4, Cause: cause, Detected: 2 * took, Took: took, Measure: partition.Measure{Moves: 3, Least: 2, After: 1},
		}
	}
	f.say(leader...)
	f.say(decided("join", time.Second), decided("crash", time.Minute), decided("crash", time.Hour))
	nearer := decided("", 0)
	nearer.Measure = partition.Measure{}
	f.say(nearer)
	s := f.snapshot()
	require.Len(t, s.Decided, 2)
	crash := s.Decided[0]
	require.Equal(t, "crash", crash.Cause)
	require.Equal(t, []int{6, 4}, []int{crash.Moves, crash.Least})
	require.EqualValues(t, 2, crash.Took.Count)
	require.Equal(t, 2*crash.Took.Sum, crash.Detected.Sum)
	require.Equal(t, time.Second, s.Decided[1].Took.Sum)
	f.say(decided("crash", time.Second), ousted)
	require.EqualValues(t, 3, f.snapshot().Decided[0].Took.Count, "it stays counted")
	require.EqualValues(t, 2, crash.Took.Count, "what was told stays as it was")
}

// covers are two partitions that nobody works on.
var covers = messages.Coverage{Known: true, Members: []partition.WorkerID{"worker-0"}, Unowned: 2, Awaited: 3, Since: time.Unix(3, 0)}

// Whatever a leader's decisions come to says what nobody works on, and so does what is said
// without one. The word of a former term does not.
func TestManager_Coverage(t *testing.T) {
	for name, says := range map[string]any{
		"begins":  messages.DecisionStarted{Term: 4, Cause: "crash", Coverage: covers},
		"is done": messages.DecisionDone{Term: 4, Coverage: covers},
		"fails":   messages.DecisionFailed{Term: 4, Coverage: covers},
		"none":    messages.CoverageChanged{Term: 4, Coverage: covers},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.say(leader...)
			f.say(says)
			f.say(messages.CoverageChanged{Term: 3})
			s := f.snapshot()
			require.Equal(t, covers, messages.Coverage{Known: s.CoverageKnown, Members: s.Members, Unowned: s.Unowned, Awaited: s.Awaited, Since: s.UnownedSince})
			f.say(messages.CoverageChanged{Term: 4, Coverage: messages.Coverage{Members: covers.Members}})
			require.Zero(t, f.snapshot().Unowned)
			require.Zero(t, f.snapshot().UnownedSince)
			f.say(says, ousted)
			s = f.snapshot()
			require.Zero(t, messages.Coverage{Known: s.CoverageKnown, Members: s.Members, Unowned: s.Unowned, Awaited: s.Awaited, Since: s.UnownedSince}, "only a leader knows")
		})
	}
}

// The outside is asked, and answers; when there is none any more, nothing was counted.
func TestManager_PassesTheQuestionForCountsOn(t *testing.T) {
	f := newFirm(t, nil)
	f.ask(messages.GetCounts{})
	heard[messages.GetCounts](t, f.outside)
	unheard[messages.Counts](t, f.user)
}
