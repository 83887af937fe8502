package swarm

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/troupe-actors/troupe/test/sim"
)

// commit is what is tested; the Makefile says it.
var commit = flag.String("commit", "unknown", "the commit, to be printed with a failure")

// String returns what happened in a life that went wrong, and how to repeat it.
func (r Result) String() string {
	return fmt.Sprintf("%s\n\n%s\n%s\nrepeat it with: %s\n", r.what(), r.Trace, r.Broken, r.Again)
}

// line is as much of that as fits into a line.
func (r Result) line() string { return r.what() + "; repeat it with: " + r.Again }

func (r Result) what() string {
	return fmt.Sprintf("seed %d, commit %s, step %d (%s): %s", r.Seed, *commit, r.Step, r.Faults, r.Broken)
}

// again is the command that repeats a life.
func again(seed uint64) string { return fmt.Sprintf("make swarm SEED=%d RUNS=1", seed) }

// Plan is how a life is to be other than its seed alone would have it.
type Plan struct {
	// Workers is how many begin, and the most there are; as the seed says if 0.
	Workers int
	// Partitions is how many there are at first, and at most; if 0 as the seed says, or two
	// for each of many workers: who joins is to get something.
	Partitions int
	// Without are the kinds of fault that are left out.
	Without []sim.Fault
}

// Live lives the life of a seed. lines is how much of the trace is wanted of one
// that breaks something.
func (p Plan) Live(seed uint64, system *sim.System, lines int) Result {
	n := natural(seed)
	for _, f := range p.Without {
		n.faults[f] = 0
	}
	l := n.begin(seed, system)
	l.lull = lull(seed)
	l.crowd, l.many = p.Workers, p.Partitions
	if l.many == 0 && 2*p.Workers > leastPartitions {
		l.many = 2 * p.Workers
	}
	if l.many > 0 {
		l.world.List(l.partitions(l.many))
		l.lived.Partitions = l.many
	}
	r := l.live(seed, lines)
	r.Again += p.flags()
	return r
}

const (
	// early and lulls make the random streams that say which lives have a lull: of those that ci
	// lives, and of all others. None of the seeds that were kept by then has one, nor one with
	// which a planted bug was noticed.
	early, lulls = 15_910, 15_900
	// afterFirst is the first seed that ci does not live.
	afterFirst = 2001
)

// lull reports whether faults end for a while in the life of a seed, so that whoever suffered
// has to recover and then to suffer again: one life of so many as have a rare fault.
func lull(seed uint64) bool {
	which := uint64(lulls)
	if seed < afterFirst {
		which = early
	}
	return rand.New(rand.NewPCG(seed, which)).IntN(rare) == 0
}

func (p Plan) flags() string {
	out := ""
	if p.Workers > 0 {
		out = fmt.Sprintf(" WORKERS=%d", p.Workers)
	}
	if p.Partitions > 0 {
		out += fmt.Sprintf(" PARTITIONS=%d", p.Partitions)
	}
	if len(p.Without) > 0 {
		out += " WITHOUT=" + strings.Join(names(p.Without), ",")
	}
	return out
}

func names(faults []sim.Fault) []string {
	out := make([]string, len(faults))
	for i, f := range faults {
		out[i] = strings.ReplaceAll(f.String(), " ", "-")
	}
	return out
}

// without reads what flags wrote.
func without(list string) ([]sim.Fault, error) {
	var out []sim.Fault
	for name := range strings.SplitSeq(list, ",") {
		f := sim.Fault(0)
		for int(f) < len(sim.Faults{}) && names([]sim.Fault{f})[0] != name {
			f++
		}
		switch {
		case name == "":
		case int(f) == len(sim.Faults{}):
			return nil, fmt.Errorf("swarm: there is no fault %q", name)
		default:
			out = append(out, f)
		}
	}
	return out, nil
}

// Shrink looks for a smaller plan with which a life still breaks something: without
// kinds of fault, one after the other, and with fewer workers. It may break something
// else then. live says whether it breaks.
func (p Plan) Shrink(seed uint64, live func(Plan) (broken bool)) Plan {
	faults := natural(seed).faults
	for f, strength := range faults {
		if strength == 0 || slices.Contains(p.Without, sim.Fault(f)) || len(p.Without)+1 >= faults.Kinds() {
			continue
		}
		less := p
		less.Without = append(slices.Clone(p.Without), sim.Fault(f))
		if live(less) {
			p = less
		}
	}
	most := p.Workers
	if most == 0 {
		most = mostWorkers
	}
	for n := 1; n < most; n++ {
		fewer := p
		fewer.Workers = n
		if live(fewer) {
			return fewer
		}
	}
	return p
}
