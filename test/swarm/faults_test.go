package swarm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/troupe-actors/troupe/test/sim"
)

// suffer lives some lives under these faults, as strong as they get.
func suffer(t *testing.T, faults ...sim.Fault) { sufferAgain(t, nil, faults...) }

// sufferAgain lives those lives too whose seeds broke something once, but not under the race
// detector.
func sufferAgain(t *testing.T, former []uint64, faults ...sim.Fault) {
	t.Helper()
	var names []string
	for _, f := range faults {
		names = append(names, strings.ReplaceAll(f.String(), " ", "-"))
	}
	name := strings.Join(names, ",")
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		list, _ := seeds(few)
		if *seed == 0 && everything {
			list = append(list, former...)
		}
		each(list, sim.Strong(faults...), lines, func(r Result) {
			if r.Broken != "" {
				r.Again = fmt.Sprintf("go test -run '^TestEachFault$/^%s$' ./test/swarm -args -seed=%d -runs=1", name, r.Seed)
				t.Errorf("%s", r)
			}
		})
	})
}

// The faults that belong to a hazard, each at full strength; TestSwarm mixes them.
func TestEachFault(t *testing.T) {
	// hazards 1, 2, 11 and 22
	suffer(t, sim.Pause, sim.LeaderCrash)
	// hazards 3, 14 and 48
	suffer(t, sim.LostAnswer, sim.Duplicate, sim.LongDelay)
	// hazards 4, 12 and 13
	sufferAgain(t, []uint64{85, 113, 114, 217}, sim.Leave, sim.LostAnswer, sim.StaleGet, sim.LongDelay)
	// hazards 5, 15 and 44
	suffer(t, sim.Crash, sim.LeaderCrash)
	// hazard 6
	suffer(t, sim.ClockJump, sim.Crash)
	// hazards 18, 21 and 50
	suffer(t, sim.Partition, sim.Isolated)
	// hazards 23 and 24
	suffer(t, sim.ClosedWatch, sim.SilentWatch, sim.Disconnect)
	// hazards 25, 26 and 49
	suffer(t, sim.DroppedSight, sim.DoubledSight, sim.StaleSight, sim.EarlySight)
	// hazard 27
	suffer(t, sim.StaleGet, sim.StalePass, sim.LeaderCrash, sim.LostAnswer)
	sufferAgain(t, []uint64{288, 550}, sim.LaggingReplica, sim.LeaderCrash)
	// hazards 40 and 43
	suffer(t, sim.Leave, sim.Crash, sim.SourceChange)
	// hazards 47, 57 and 58
	suffer(t, sim.Recreate, sim.LeaderCrash, sim.LongDelay)
	// hazards 47 and 57
	suffer(t, sim.Expiry, sim.LeaderCrash, sim.LostAnswer)
	// hazards 57 and 60
	suffer(t, sim.OlderCopy, sim.LeaderCrash, sim.LostAnswer)
	// somebody who writes nonsense
	suffer(t, sim.Garbage, sim.LeaderCrash, sim.LostAnswer)
	sufferAgain(t, []uint64{700285}, sim.OlderCopy, sim.Garbage, sim.Comeback, sim.Crash)
	// somebody who writes what was written
	suffer(t, sim.Conflict, sim.LeaderCrash, sim.LostAnswer)
	// hazards 59 and 61
	suffer(t, sim.ServerRestart, sim.Election, sim.InFlight, sim.LostRequest)
	// a store that has no room
	suffer(t, sim.Full, sim.LeaderCrash)
	// nodes that are too busy
	suffer(t, sim.Slow, sim.LeaderCrash, sim.Pause)
	// hazard 20
	suffer(t, sim.Suspend, sim.LeaderCrash, sim.LostAnswer)
	// hazards 31, 32, 33, 35, 36 and 37
	suffer(t, sim.SourceTrouble, sim.StrategyTrouble, sim.LeaderCrash)
	// hazard 54
	suffer(t, sim.TooLarge, sim.LeaderCrash)
	// hazards 57 and 60
	suffer(t, sim.ShortMemory, sim.LeaderCrash)
	// rights that are revoked
	suffer(t, sim.Denied, sim.LeaderCrash)
	// bugs of ours, in any actor
	suffer(t, sim.Panic, sim.LeaderCrash, sim.LostAnswer)
	// nobody leads the stream, or no server knows who does
	suffer(t, sim.NoResponders, sim.LeaderCrash)
	// bugs of a user's, at any message
	suffer(t, sim.FailingHandler, sim.Leave, sim.SourceChange)
	// what lasts for longer than anybody thought, and what coincides
	suffer(t, sim.HeavyTail, sim.Lasting, sim.Coincidence, sim.Pause, sim.LeaderCrash)
	// hazard 16
	suffer(t, sim.Comeback, sim.Pause)
}
