package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// A leader's source or strategy does not do what it should: what is there stays as it is,
// and what has happened meanwhile is answered when it works again, or before, by another
// leader.
//
// hazards 31, 32, 33, 35, 36 and 37
func TestTrouble(t *testing.T) {
	system := sim.NewSystem()
	for situation, c := range map[string]struct {
		trouble sim.Trouble
		balk    sim.Balk
	}{
		"a leader's source fails":                           {trouble: sim.Trouble{Reason: "no database"}},
		"a leader's source does not answer":                 {trouble: sim.Trouble{Silent: true}},
		"a leader's source lists nothing":                   {trouble: sim.Trouble{Empty: 2}},
		"a leader's strategy does not plan":                 {balk: sim.Refuses},
		"a leader's strategy panics":                        {balk: sim.Panics},
		"a leader's strategy plans nonsense":                {balk: sim.Nonsense},
		"a leader's strategy plans when it may be too late": {balk: sim.Dawdles},
	} {
		t.Run(situation, func(t *testing.T) {
			w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: partitions(12), Replicas: 1, System: system})
			defer w.Close()
			for _, name := range []string{"w1", "w2", "w3"} {
				w.Start(name, sim.Habits{Moody: true, Confirm: true})
			}
			well(t, w, 20*time.Second)
			leads := w.Leader()
			for _, p := range w.Processes() {
				p.Trouble(c.trouble)
				p.Balk(c.balk)
			}
			for _, p := range w.Processes() {
				if p != leads {
					p.Crash()
					break
				}
			}
			well(t, w, 12*time.Second)
			require.Positive(t, met(w, situation), "%s", w.Trace.End(60))
			require.LessOrEqual(t, len(w.Check.Unowned()), 4, "what others have is theirs")
			for _, p := range w.Processes() {
				p.Trouble(sim.Trouble{})
				p.Balk(sim.Obliges)
			}
			well(t, w, 20*time.Second)
			covered(t, w)
			for _, p := range w.Processes() {
				require.Equal(t, messages.Stable, p.Heard.State)
			}
		})
	}
}

// A source in trouble does not list nothing more often in a row than it is to, and one that
// flaps answers rightly every other time.
func TestTrouble_Flaps(t *testing.T) {
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: partitions(12), Replicas: 1})
	defer w.Close()
	p := w.Start("w1", sim.Habits{})
	well(t, w, 20*time.Second)
	p.Trouble(sim.Trouble{Empty: 2})
	well(t, w, 3*time.Minute)
	require.Greater(t, met(w, "a leader's source lists nothing"), 10)
	require.Len(t, p.Heard.Assignment.All, 12, "it is never believed")
	p.Trouble(sim.Trouble{Silent: true, Flaps: true})
	well(t, w, time.Minute)
	require.Greater(t, met(w, "a leader's source does not answer"), 3)
	require.Equal(t, p, w.Leader())
	require.Equal(t, messages.Stable, p.Heard.State)
}
