package swarm

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

// relived are seeds of lives that broke something once, by what these suffer.
type relived map[string][]uint64

// suffer lives some lives under these faults, as strong as they get, and, but not under the
// race detector, those that broke something once, of which it takes the seeds.
func (former relived) suffer(t *testing.T, faults ...sim.Fault) {
	var names []string
	for _, f := range faults {
		names = append(names, strings.ReplaceAll(f.String(), " ", "-"))
	}
	name := strings.Join(names, ",")
	list, _ := seeds(few)
	if *seed == 0 && everything {
		list = append(list, former[name]...)
	}
	delete(former, name)
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		each(list, sim.Strong(faults...), lines, func(r Result) {
			if r.Broken != "" {
				r.Again = fmt.Sprintf("go test -run '^TestEachFault$/^%s$' ./test/swarm -args -seed=%d -runs=1", name, r.Seed)
				t.Errorf("%s", r)
			}
		})
	})
}

// formerly are the seeds of such lives. Each has to be lived again.
func formerly(t *testing.T) relived {
	former := relived(kept(t))
	maps.DeleteFunc(former, func(name string, _ []uint64) bool {
		return name == "" || kinds[name] != nil || strings.HasPrefix(name, sized)
	})
	t.Cleanup(func() { require.Empty(t, former, "nobody lives these") })
	return former
}

// The faults that belong to a hazard, each at full strength; TestSwarm mixes them.
func TestEachFault(t *testing.T) {
	former := formerly(t)
	// hazards 1, 2, 11 and 22
	former.suffer(t, sim.Pause, sim.LeaderCrash)
	// hazards 3, 14 and 48
	former.suffer(t, sim.LostAnswer, sim.Duplicate, sim.LongDelay)
	// hazards 4, 12 and 13
	former.suffer(t, sim.Leave, sim.LostAnswer, sim.StaleGet, sim.LongDelay)
	// hazards 5, 15 and 44
	former.suffer(t, sim.Crash, sim.LeaderCrash)
	// hazard 6
	former.suffer(t, sim.ClockJump, sim.Crash)
	// hazards 18, 21 and 50
	former.suffer(t, sim.Partition, sim.Isolated)
	// hazards 23 and 24
	former.suffer(t, sim.ClosedWatch, sim.SilentWatch, sim.Disconnect)
	former.suffer(t, sim.WatchEnds, sim.WatchFades, sim.LeaderCrash)
	// hazards 25, 26 and 49
	former.suffer(t, sim.DroppedSight, sim.DoubledSight, sim.StaleSight, sim.EarlySight)
	// hazard 27
	former.suffer(t, sim.StaleGet, sim.StalePass, sim.LeaderCrash, sim.LostAnswer)
	former.suffer(t, sim.LaggingReplica, sim.LeaderCrash)
	// hazards 40 and 43
	former.suffer(t, sim.Leave, sim.Crash, sim.SourceChange)
	// hazards 47, 57 and 58
	former.suffer(t, sim.Recreate, sim.LeaderCrash, sim.LongDelay)
	// hazards 47 and 57
	former.suffer(t, sim.Expiry, sim.LeaderCrash, sim.LostAnswer)
	// hazards 57 and 60
	former.suffer(t, sim.OlderCopy, sim.LeaderCrash, sim.LostAnswer)
	former.suffer(t, sim.ShortMemory, sim.LeaderCrash)
	// somebody who writes nonsense
	former.suffer(t, sim.Garbage, sim.LeaderCrash, sim.LostAnswer)
	former.suffer(t, sim.OlderCopy, sim.Garbage, sim.Comeback, sim.Crash)
	// somebody who writes what was written
	former.suffer(t, sim.Conflict, sim.LeaderCrash, sim.LostAnswer)
	// hazards 59 and 61
	former.suffer(t, sim.ServerRestart, sim.Election, sim.InFlight, sim.LostRequest)
	// a store that has no room
	former.suffer(t, sim.Full, sim.LeaderCrash)
	// nodes that are too busy
	former.suffer(t, sim.Slow, sim.LeaderCrash, sim.Pause)
	// hazard 20
	former.suffer(t, sim.Suspend, sim.LeaderCrash, sim.LostAnswer)
	// hazards 31, 32, 33, 35, 36 and 37
	former.suffer(t, sim.SourceTrouble, sim.StrategyTrouble, sim.LeaderCrash)
	// hazard 54
	former.suffer(t, sim.TooLarge, sim.LeaderCrash)
	// bugs of ours, in any actor
	former.suffer(t, sim.Panic, sim.LeaderCrash, sim.LostAnswer)
	// nobody leads the stream, no server knows who does, or rights are revoked
	former.suffer(t, sim.NoResponders, sim.LeaderCrash)
	former.suffer(t, sim.Denied, sim.LeaderCrash)
	// bugs of a user's, at any message
	former.suffer(t, sim.FailingHandler, sim.Leave, sim.SourceChange)
	// what lasts for longer than anybody thought, and what coincides
	former.suffer(t, sim.HeavyTail, sim.Lasting, sim.Coincidence, sim.Pause, sim.LeaderCrash)
	// hazard 16
	former.suffer(t, sim.Comeback, sim.Pause)
}
