package swarm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

const (
	crowd = 50
	// mostAsked is what one worker of a crowd may ask of its store within the second
	// after it is back: less than in a storm in which all try every ID.
	mostAsked = 20
)

// The server restarts while a crowd of workers needs it, and is away for longer than
// their leases. When it is back all are Stable within the computed time, each
// partition has one owner, nobody storms the server, and it is left with no more
// watches than before.
//
// hazards 29, 56 and 61
func TestRecoveryOfACrowd(t *testing.T) {
	for _, ownership := range []partition.Ownership{partition.Exclusive, partition.Available} {
		t.Run(ownership.String(), func(t *testing.T) {
			s := partition.Fast()
			s.Ownership = ownership
			w := sim.NewWorld(sim.Config{Seed: 1, Settings: s, Partitions: named(2 * crowd)})
			defer w.Close()
			for i := range crowd {
				w.Start(fmt.Sprintf("w%d", i+1), sim.Habits{Confirm: i%2 == 0})
			}
			rest := func() bool { return settled(w) }
			require.True(t, w.RunUntil(time.Minute, rest), w.Broken(lines))
			require.True(t, w.Run(5*time.Second), w.Broken(lines))
			watches := watched(w)

			w.Net.RestartServer(8 * time.Second)
			require.True(t, w.Run(8*time.Second), w.Broken(lines))
			for _, p := range w.Processes() {
				require.Equal(t, messages.Degraded, p.Heard.State)
			}
			back, most := w.Timeline.Now(), 0
			for range 5 {
				before := w.Net.Asked
				require.True(t, w.Run(time.Second), w.Broken(lines))
				most = max(most, w.Net.Asked-before)
			}
			bound := s.StableBound(partition.Setbacks{})
			require.True(t, w.RunUntil(bound, rest), "not at rest after %v\n%s", bound, w.Broken(lines))
			t.Logf("at rest after %v at most, of %v; %d questions in the busiest second", w.Timeline.Now()-back, bound, most)
			require.LessOrEqual(t, w.Timeline.Now()-back, bound)
			require.LessOrEqual(t, most, crowd*mostAsked)
			require.True(t, w.Run(5*time.Second), w.Broken(lines))
			require.LessOrEqual(t, watched(w), watches+2, "of candidates, who may be others now")
			require.Zero(t, w.Check.Overlapping())
		})
	}
}

// settled reports whether all are Stable, and everything is owned and worked on.
func settled(w *sim.World) bool { return restful(w, w.Processes()) }

func restful(w *sim.World, all []*sim.Process) bool {
	stable := !slices.ContainsFunc(all, func(p *sim.Process) bool { return p.Heard.State != messages.Stable })
	return stable && len(w.Check.Unowned()) == 0 && len(w.Check.Idle()) == 0
}

func watched(w *sim.World) (n int) {
	for _, p := range w.Processes() {
		n += p.Port.Watches()
	}
	return n
}
