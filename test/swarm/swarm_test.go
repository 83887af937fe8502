package swarm

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

var (
	seed = flag.Uint64("seed", 0, "the first seed; without it the fixed ones, or, with -runs, random ones")
	runs = flag.Int("runs", 0, "how many lives")

	workers = flag.Int("workers", 0, "how many workers begin a life of TestSwarm, and the most there are; as the seed says if 0")
	listed  = flag.Int("partitions", 0, "how many partitions there are at first in a life of TestSwarm, and at most; if 0 as the seed says, or two for each of many workers")
	lacking = flag.String("without", "", "kinds of fault that a life of TestSwarm is without, such as crash,lost-answer")
	whole   = flag.Int("whole", 2, "how many failures are printed with their traces, and shrunk")
)

const (
	// twice is how many of those of ci are lived twice.
	twice = 200
	// lines of the trace are printed of a life that broke something.
	lines = 120
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
	parallel(list, func(s uint64, system *sim.System) Result { return begin(s, faults, system).live(s, trace) }, done)
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

// keeping is a line of testdata/seeds: the seed of a life, in brackets what kind of life it is
// if it is none of TestSwarm, and what was broken.
var keeping = regexp.MustCompile(`^([0-9]+) (?:\(([^)]+)\) )?(.+)$`)

// kept are the seeds that broke something once, by the kind of their lives.
func kept(t *testing.T) map[string][]uint64 {
	file, err := os.ReadFile("testdata/seeds")
	require.NoError(t, err)
	all := map[string][]uint64{}
	for line := range strings.Lines(string(file)) {
		is := keeping.FindStringSubmatch(strings.TrimSpace(line))
		require.NotNil(t, is, line)
		s, err := strconv.ParseUint(is[1], 10, 64)
		require.NoError(t, err)
		all[is[2]] = append(all[is[2]], s)
	}
	return all
}

// former are those of TestSwarm.
func former(t *testing.T) []uint64 { return kept(t)[""] }

// Random lives. The fixed ones have every fault among them, and those of ci and any that
// are many every situation. Those of ci are followed by the seeds that broke something once,
// and the first of them are lived once more on one processor.
func TestSwarm(t *testing.T) {
	list, trace := seeds(fixed)
	faults, err := without(*lacking)
	require.NoError(t, err)
	plan := Plan{Workers: *workers, Partitions: *listed, Without: faults}
	asked := *seed != 0 || *runs != 0 || len(plan.flags()) > 0
	told := series{list: list, took: processor()}
	if !asked && everything || asked && plan.flags() == "" && firsts(list) {
		list = append(list, slices.DeleteFunc(former(t), func(s uint64) bool { return slices.Contains(list, s) })...)
	}
	all, same := tally{}, hashes{}
	parallel(list, func(s uint64, system *sim.System) Result { return plan.Live(s, system, trace) }, func(r Result) {
		if short := r.short(); r.Broken == "" && plan.flags() == "" && short != "" {
			r.Broken = "it is less than a life has to be: " + short
		}
		all.count(r)
		same[r.Seed] = r.Hash
		if over := told.count(r); over != nil && asked && len(list) > 1 {
			fmt.Println(before(plan) + over.String())
		}
		if r.Broken == "" {
			return
		}
		fmt.Println(r.line())
		t.Fail()
		if all.broken <= *whole {
			t.Errorf("%s", r)
			t.Errorf("seed %d with less: %s; keep it in test/swarm/testdata/seeds", r.Seed, shrunk(plan, r.Seed))
		}
	})
	if all.broken > 0 {
		t.Errorf("%d of %d lives broke something", all.broken, len(list))
	}
	for f, n := range all.struck {
		t.Logf("%s in %.0f lives", sim.Fault(f), n)
	}
	for situation, n := range all.met {
		t.Logf("%s: in %d lives", sim.Situation(situation), n)
	}
	if plan.flags() == "" && firsts(list) {
		same.live(t, 1, list[:twice], entire)
	}
	if !asked && everything || plan.flags() == "" && tells(list) {
		require.Empty(t, all.blind())
	}
}

// shrunk is the command for as little as still breaks something.
func shrunk(plan Plan, seed uint64) string {
	system := sim.NewSystem()
	least := plan.Shrink(seed, func(p Plan) bool { return p.Live(seed, system, 0).Broken != "" })
	return again(seed) + least.flags()
}

// A life that breaks something is tried without each kind of fault, and with fewer
// workers; what is found can be asked for.
func TestALifeIsShrunk(t *testing.T) {
	const seed = 3
	faults := natural(seed).faults
	var kinds []sim.Fault
	for f, strength := range faults {
		if strength > 0 {
			kinds = append(kinds, sim.Fault(f))
		}
	}
	culprit := kinds[len(kinds)/2]
	least := Plan{}.Shrink(seed, func(p Plan) bool { return !slices.Contains(p.Without, culprit) && (p.Workers == 0 || p.Workers > 4) })
	require.Equal(t, 5, least.Workers)
	require.ElementsMatch(t, slices.DeleteFunc(kinds, func(f sim.Fault) bool { return f == culprit }), least.Without)
	read, err := without(strings.Join(names(least.Without), ","))
	require.NoError(t, err)
	require.Equal(t, least.Without, read)
	_, err = without("crash,gremlins")
	require.ErrorContains(t, err, "gremlins")
	r := least.Live(seed, sim.NewSystem(), 0)
	require.Empty(t, r.Broken)
	require.Regexp(t, `^`+culprit.String()+` [0-9.e-]+$`, r.Faults)
	require.Equal(t, again(seed)+least.flags(), r.Again)
	require.Contains(t, r.Again, " WORKERS=5 WITHOUT=")
	require.Equal(t, " WORKERS=5 PARTITIONS=100", Plan{Workers: 5, Partitions: 100}.flags())
}

// hashes are the traces that lives left.
type hashes map[uint64]uint64

// live lives some lives on so many processors, and compares them with what they were before.
func (h hashes) live(t *testing.T, processors int, list []uint64, one func(seed uint64, system *sim.System) uint64) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	parallel(list, func(s uint64, system *sim.System) Result {
		return Result{Seed: s, Hash: one(s, system)}
	}, func(r Result) {
		if was, again := h[r.Seed]; again && was != r.Hash {
			t.Errorf("seed %d was another life with %d processors; repeat it with: go test -run '^TestALifeRepeatsItself$' ./test/swarm -args -seed=%d", r.Seed, processors, r.Seed)
		}
		h[r.Seed] = r.Hash
	})
	distinct := map[uint64]bool{}
	for _, hash := range h {
		distinct[hash] = true
	}
	require.Len(t, distinct, len(h), "different seeds are different lives")
}

// entire is a whole life.
func entire(s uint64, system *sim.System) uint64 { return Plan{}.Live(s, system, 0).Hash }

// A life depends on its seed alone: not on the system that lived others before, nor
// on how many processors there are. Beginnings of many are compared here, and a few whole
// ones; TestSwarm compares whole ones when it lives those of ci, and make repeats compares as
// many with those that the race detector sees.
//
// hazard 69
func TestALifeRepeatsItself(t *testing.T) {
	young := func(s uint64, system *sim.System) uint64 {
		l := begin(s, sim.Faults{}, system)
		defer l.world.Close()
		l.youth(childhood)
		return l.world.Trace.Hash()
	}
	list, _ := seeds(begun)
	same := hashes{}
	same.live(t, 1, list, young)
	same.live(t, 2, list, young)
	list, _ = seeds(repeated)
	same = hashes{}
	same.live(t, 2, list, entire)
	same.live(t, 1, list, entire)
	traces := uint64(0)
	for _, hash := range same {
		traces ^= hash
	}
	fmt.Printf("%d lives from seed %d: traces %016x\n", len(list), list[0], traces)
}

// A life that goes wrong says how to live it again: by the flags that the command
// passes on.
func TestAFailureSaysHowToRepeatIt(t *testing.T) {
	was := [2]uint64{*seed, uint64(*runs)}
	defer func() { *seed, *runs = was[0], int(was[1]) }()
	r := begin(7, sim.Strong(sim.Crash), sim.NewSystem()).live(7, 3)
	r.Broken = "I4: planted"
	require.Contains(t, r.String(), "repeat it with: make swarm SEED=7 RUNS=1\n")
	require.Regexp(t, `^seed 7, commit \S+, step [1-9]\d+ \(crash .*\): I4: planted\n`, r.String())
	*seed, *runs = 7, 1
	list, trace := seeds(fixed)
	require.Equal(t, []uint64{7}, list)
	require.Greater(t, trace, lines)
	makefile, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	require.Contains(t, string(makefile), "go test -C test/swarm -count=1 -timeout 0 -run '^TestSwarm$$' -args -commit=$$(git describe --always --dirty) \\\n"+
		"\t\t$(if $(SEED),-seed=$(SEED)) $(if $(RUNS),-runs=$(RUNS)) $(if $(WORKERS),-workers=$(WORKERS)) $(if $(PARTITIONS),-partitions=$(PARTITIONS)) $(if $(WITHOUT),-without=$(WITHOUT))\n")
}
