package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// met is how often a situation was met.
func met(w *sim.World, situation string) (times int) {
	for s, n := range w.Met() {
		if sim.Situation(s).String() == situation {
			times += n
		}
	}
	return times
}

// ask asks a process for all that it may be asked, of which it has heard nothing then.
func ask(p *sim.Process) {
	p.Heard.Owner, p.Heard.Because = messages.Owner{}, messages.Because{}
	p.Heard.Journal, p.Heard.Refreshed = messages.Journal{}, messages.Refreshed{}
	p.AskOwner("p1")
	p.AskWhy("p1")
	p.AskJournal()
	p.Refresh(messages.RefreshPartitions{})
}

// Whatever actor of a leader panics, and at what, the group goes on without harm. The
// process ends if nothing can be kept without that actor, and leaves nothing behind;
// otherwise it can do all that it could, such as answer, and lead when the others are gone.
func TestPanic(t *testing.T) {
	ends := []string{"manager", "outside", "strategy", "source"}
	system := sim.NewSystem()
	for n, role := range sim.Roles {
		t.Run(role, func(t *testing.T) {
			w := sim.NewWorld(sim.Config{Seed: uint64(n), Settings: partition.Fast(), Partitions: partitions(12), Replicas: 1, System: system})
			defer w.Close()
			var died []string
			w.Died = func(p *sim.Process) { died = append(died, p.Name) }
			for _, name := range []string{"w1", "w2", "w3"} {
				w.Start(name, sim.Habits{Mortal: true, Confirm: true})
			}
			well(t, w, 10*time.Second)
			p := w.Leader()
			p.Panic(role, n%3)
			w.List(partitions(20))
			for range 20 {
				ask(p)
				well(t, w, time.Second)
			}
			require.Equal(t, 1, met(w, "the "+role+" of a process panics"), "%s", w.Trace.End(100))
			well(t, w, 20*time.Second)
			covered(t, w)
			if slices.Contains(ends, role) {
				require.Equal(t, []string{p.Name}, died)
				require.True(t, p.Ended())
				return
			}
			require.Empty(t, died)
			require.Equal(t, messages.Stable, p.Heard.State)
			ask(p)
			well(t, w, 5*time.Second)
			require.NotEmpty(t, p.Heard.Owner.Worker, "%s", w.Trace.End(60))
			require.NotEmpty(t, p.Heard.Because.Owner, "%s", w.Trace.End(60))
			require.NotEmpty(t, p.Heard.Journal.Records, "%s", w.Trace.End(60))
			require.NotZero(t, p.Heard.Refreshed.Version, "%s", w.Trace.End(60))
			for _, other := range w.Processes() {
				if other != p {
					other.Crash()
				}
			}
			well(t, w, 20*time.Second)
			require.Equal(t, p, w.Leader(), "%s", w.Trace.End(60))
			covered(t, w)
		})
	}
}
