package swarm

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

var (
	seed = flag.Uint64("seed", 0, "the first seed; without it the fixed ones, or, with -runs, random ones")
	runs = flag.Int("runs", 0, "how many lives")
)

const (
	// begun is how many lives are begun twice.
	begun = 200
	// lines of the trace are printed of a life that broke something.
	lines = 120
	// whole is how many failures are printed with their traces.
	whole = 2
	// longer is how many of a life that was asked for.
	longer = 2500
)

// seeds are those that were asked for, otherwise as many as the test has of its own.
func seeds(own int) (list []uint64, trace int) {
	first, n, trace := *seed, *runs, lines
	switch {
	case first == 0 && n == 0:
		first, n = 1, own
	case first == 0:
		first = rand.Uint64()>>16 + 1
	case n <= 1:
		n, trace = 1, longer
	}
	for i := range n {
		list = append(list, first+uint64(i))
	}
	return list, trace
}

// each lives the lives of some seeds, on all processors.
func each(list []uint64, faults sim.Faults, trace int, done func(Result)) {
	parallel(list, func(s uint64, system *sim.System) Result { return Live(s, faults, system, trace) }, done)
}

func parallel(list []uint64, live func(uint64, *sim.System) Result, done func(Result)) {
	todo, results := make(chan uint64), make(chan Result)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			system := sim.NewSystem()
			for s := range todo {
				results <- live(s, system)
			}
		}()
	}
	go func() {
		for _, s := range list {
			todo <- s
		}
		close(todo)
	}()
	for range list {
		done(<-results)
	}
}

// short says what a whole life lacks of what each has to have.
func (l Lived) short() string {
	switch {
	case l.Workers < 3 || l.Partitions < 16:
		return fmt.Sprintf("%d workers and %d partitions", l.Workers, l.Partitions)
	case l.Suffered < 2*time.Minute || l.Struck.Kinds() < 2:
		return fmt.Sprintf("%v of %d kinds of fault", l.Suffered, l.Struck.Kinds())
	case l.Moves < 1:
		return "no move"
	}
	return ""
}

// Random lives. The fixed ones have every fault among them.
func TestSwarm(t *testing.T) {
	list, trace := seeds(fixed)
	failed, lives := 0, map[sim.Fault]int{}
	each(list, sim.Faults{}, trace, func(r Result) {
		for f, n := range r.Struck {
			if n > 0 {
				lives[sim.Fault(f)]++
			}
		}
		if r.Broken == "" {
			require.Empty(t, r.short(), "repeat it with: %s", r.Again)
			return
		}
		if failed++; failed <= whole {
			t.Errorf("%s", r)
		} else {
			t.Errorf("seed %d (%s): %s; repeat it with: %s", r.Seed, r.Faults, r.Broken, r.Again)
		}
	})
	if failed > 0 {
		t.Errorf("%d of %d lives broke something", failed, len(list))
	}
	for f := range (sim.Faults{}) {
		t.Logf("%s in %d lives", sim.Fault(f), lives[sim.Fault(f)])
		if *seed == 0 && *runs == 0 {
			require.Positive(t, lives[sim.Fault(f)], "%s never happened", sim.Fault(f))
		}
	}
}

// A life depends on its seed alone: not on the system that lived others before, nor
// on how many processors there are.
//
// hazard 69
func TestALifeRepeatsItself(t *testing.T) {
	hashes := map[uint64]uint64{}
	lived := func(processors, lives int, one func(seed uint64, system *sim.System) uint64) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		list, _ := seeds(lives)
		parallel(list, func(s uint64, system *sim.System) Result {
			return Result{Seed: s, Hash: one(s, system)}
		}, func(r Result) {
			if was, again := hashes[r.Seed]; again && was != r.Hash {
				t.Errorf("seed %d was another life with %d processors; repeat it with: go test -run '^TestALifeRepeatsItself$' ./test/swarm -args -seed=%d", r.Seed, processors, r.Seed)
			}
			hashes[r.Seed] = r.Hash
		})
		distinct := map[uint64]bool{}
		for _, h := range hashes {
			distinct[h] = true
		}
		require.Len(t, distinct, len(list), "different seeds are different lives")
	}
	young := func(s uint64, system *sim.System) uint64 {
		l := begin(s, sim.Faults{}, system)
		defer l.world.Close()
		l.youth(childhood)
		return l.world.Trace.Hash()
	}
	lived(1, begun, young)
	lived(2, begun, young)
	clear(hashes)
	whole := func(s uint64, system *sim.System) uint64 { return Live(s, sim.Faults{}, system, 0).Hash }
	lived(2, repeated, whole)
	lived(1, repeated, whole)
}

// A life that goes wrong says how to live it again: by the flags that the command
// passes on.
func TestAFailureSaysHowToRepeatIt(t *testing.T) {
	was := [2]uint64{*seed, uint64(*runs)}
	defer func() { *seed, *runs = was[0], int(was[1]) }()
	r := Live(7, sim.Strong(sim.Crash), sim.NewSystem(), 3)
	r.Broken = "I4: planted"
	require.Contains(t, r.String(), "repeat it with: make swarm SEED=7 RUNS=1\n")
	*seed, *runs = 7, 1
	list, trace := seeds(fixed)
	require.Equal(t, []uint64{7}, list)
	require.Greater(t, trace, lines)
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	require.Contains(t, string(makefile), "-run '^TestSwarm' ./test/swarm -args $(if $(SEED),-seed=$(SEED)) $(if $(RUNS),-runs=$(RUNS))\n")
}
