package swarm

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

// fullSize is the largest group that a life has.
const fullSize = 50

// Groups of one worker, of two, and of so many that a seed alone has none like them, up to
// 50, end as well as those of TestSwarm.
func TestFewAndMany(t *testing.T) {
	list, trace := seeds(sizes)
	lived := map[int]bool{}
	parallel(list, func(s uint64, system *sim.System) Result {
		return Plan{Workers: size(s)}.Live(s, system, trace)
	}, func(r Result) {
		lived[size(r.Seed)] = true
		t.Logf("seed %d: %d workers, %d in the end, %d steps", r.Seed, size(r.Seed), r.Workers, r.Step)
		if r.Broken != "" {
			t.Errorf("%s", r)
		}
	})
	if *seed == 0 && *runs == 0 && everything {
		for _, n := range []int{1, 2, fullSize} {
			require.True(t, lived[n], "%d workers", n)
		}
	}
}

// sized begins the name of a kind of lives in testdata/seeds: of groups of so many workers.
const sized = "WORKERS="

// Groups of other sizes that broke something once end well, too. They are not lived under the
// race detector.
func TestFormerSizes(t *testing.T) {
	for kind, list := range kept(t) {
		if text, is := strings.CutPrefix(kind, sized); is && everything {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			parallel(list, func(s uint64, system *sim.System) Result {
				return Plan{Workers: n}.Live(s, system, lines)
			}, func(r Result) {
				if r.Broken != "" {
					t.Errorf("%s", r)
				}
			})
		}
	}
}

// size is how many workers the group of a seed has: of every fourth one 50 to 10, of the others
// one or two.
func size(seed uint64) int {
	const least, step = 10, 9
	if seed%4 == 0 {
		return fullSize - int((seed/4-1)*step%(fullSize-least+1))
	}
	return 1 + int(seed%2)
}

// However the source changes, there is something for everybody of a crowd, and for one more.
func TestACrowdFindsEnough(t *testing.T) {
	n := ordinary(1)
	for _, workers := range []int{0, fullSize} {
		l := n.begin(1, sim.NewSystem())
		l.crowd = workers
		for range 100 {
			l.change()
			require.GreaterOrEqual(t, len(l.world.Partitions()), max(leastPartitions, workers+1))
			require.LessOrEqual(t, len(l.world.Partitions()), max(mostPartitions, workers+1))
		}
		l.world.Close()
	}
}

// Where there are few, nobody is left who never lets go when the faults are over, and nobody
// comes: what such a one has written off does not come back to it.
func TestFewLetGo(t *testing.T) {
	for _, habits := range []sim.Habits{{Drain: sim.Never}, {Confirm: true, LetGo: sim.Never}} {
		for _, workers := range []int{0, 1, leastWorkers} {
			n := ordinary(1)
			n.faults = sim.Strong(sim.StuckHandler, sim.Unconfirming)
			l := n.begin(1, sim.NewSystem())
			l.crowd = workers
			p := l.world.Start("w0", habits)
			l.spare(p)
			require.Equal(t, workers == 1, p.Ended())
			stuck := false
			for range 40 {
				h := l.join("").Habits
				stuck = stuck || h.Drain == sim.Never || h.LetGo == sim.Never
			}
			require.Equal(t, workers != 1, stuck)
			l.world.Close()
		}
	}
}
