package swarm

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

const (
	// one of so many lives has to meet each situation, at least: 20 of 10,000.
	one = 500
	// many lives by chance tell whether what they seldom meet is missing; enough are as
	// many of the first seeds, which are always the same.
	many, enough = 20 * one, 4 * one
)

// tells reports whether what these seeds do not meet is missing.
func tells(list []uint64) bool {
	return len(list) >= many || firsts(list)
}

// firsts reports whether these are the seeds that ci lives.
func firsts(list []uint64) bool { return len(list) >= enough && list[0] == 1 }

func (t *tally) count(r Result) {
	t.lives++
	if r.Broken != "" {
		t.broken++
	}
	t.steps += r.Step
	t.lasted += r.Lasted
	t.traces ^= r.Hash
	for f, n := range r.Struck {
		t.struck[f] += min(n, 1)
	}
	for s, n := range r.Met {
		t.met[s] += min(n, 1)
	}
}

// blind lists what too few have met: whoever breaks the rule for it is not noticed.
func (t *tally) blind() (missed []string) {
	for f, n := range t.struck {
		if n < 1 {
			missed = append(missed, fmt.Sprintf("%s never happened", sim.Fault(f)))
		}
	}
	for s, n := range t.met {
		if least := t.lives / one; n < least {
			missed = append(missed, fmt.Sprintf("%s: met in %d of %d lives, which should be %d", sim.Situation(s), n, t.lives, least))
		}
	}
	return missed
}

// Lives without what is seldom are told to be blind for it.
func TestLivesThatMeetTooLittle(t *testing.T) {
	var all tally
	calm := begin(1, sim.Strong(sim.DoubledSight), sim.NewSystem()).live(1, 0)
	require.Empty(t, calm.Broken)
	for range enough {
		all.count(calm)
	}
	missed := all.blind()
	require.Contains(t, missed, "crash never happened")
	require.Contains(t, missed, "an older copy takes the stream's place: met in 0 of 2000 lives, which should be 4")
	require.NotContains(t, fmt.Sprint(missed), "as its owner let it go")

	for f := range all.struck {
		all.struck[f] = 1
	}
	for s := range all.met {
		all.met[s] = 4
	}
	require.Empty(t, all.blind())
	all.met[3]--
	require.Len(t, all.blind(), 1, "20 of 10,000")

	first, random := make([]uint64, enough), make([]uint64, many-1)
	first[0], random[0] = 1, 2
	require.True(t, tells(first))
	require.False(t, tells(first[:enough-1]))
	require.False(t, tells(random), "who asks for some is not told of bad luck")
}
