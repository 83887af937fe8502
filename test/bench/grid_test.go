package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/troupe-actors/troupe/partition"
)

// grid has what BenchmarkStrategies measured: a row for each strategy, size and kind of
// weights, with a cell for each event.
var grid []*row

type row struct {
	weights, size, placer string
	cells                 map[string]cell
}

type cell struct {
	ms, times   float64 // also as a multiple of counting and copying in the same run
	allocs      float64
	moved, peak float64 // the weight that moves as a multiple of the least, and how full the fullest is
	measured    bool
	still       bool // nothing can move
}

func note(weights, size, placer, event string, c cell) {
	at := slices.IndexFunc(grid, func(r *row) bool { return r.weights == weights && r.size == size && r.placer == placer })
	if at < 0 {
		at = len(grid)
		grid = append(grid, &row{weights, size, placer, map[string]cell{}})
	}
	grid[at].cells[event] = c
}

// printGrid prints it as docs/strategies.md has it: of each event the time, the allocations,
// what moves, and the fullest.
func printGrid(w io.Writer) {
	events := []string{"fresh"}
	for _, c := range changes {
		events = append(events, c.name)
	}
	events = append(events, rolling)
	for i, r := range grid {
		if i == 0 || grid[i-1].weights != r.weights {
			_, _ = fmt.Fprintf(w, "\n| %s weights | | %s | join, ms |\n|---|---%s|\n",
				r.weights, strings.Join(events, " | "), strings.Repeat("|---", len(events)+1))
		}
		cells := []string{r.size, r.placer}
		for _, e := range events {
			cells = append(cells, r.cells[e].text())
		}
		ms := nothing
		if join := r.cells["join"]; join.measured {
			ms = rounded(join.ms)
		}
		_, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(append(cells, ms), " | "))
	}
}

// nothing is what stands where nothing was measured.
const nothing = "–"

func (c cell) text() string {
	if !c.measured {
		return nothing
	}
	numbers := []string{rounded(c.times), rounded(c.allocs), rounded(c.moved), rounded(c.peak)}
	if c.still {
		numbers = numbers[:2]
	}
	return strings.Join(numbers, " · ")
}

// slack is how far from its fair share Sticky lets a worker be if weights differ.
const slack = 0.05

// movement is the weight that moves as a multiple of the least that has to: what has no
// owner, and what is outside the bands then, which have no width if weights are equal.
func movement(in partition.Input, plan partition.Plan) float64 {
	wide := slack
	if slices.Max(in.Partitions.Weights) == slices.Min(in.Partitions.Weights) {
		wide = 0
	}
	n := len(in.Members)
	kept, heaviest := make([]float64, n), make([]float64, n)
	moved, unowned := 0.0, 0.0
	for k, was := range in.Previous {
		w := float64(in.Partitions.Weights[k])
		if plan[k] != was {
			moved += w
		}
		if was == partition.None {
			unowned += w
			continue
		}
		kept[was] += w
		heaviest[was] = max(heaviest[was], w)
	}
	fair, above, below := level(in.Partitions.Weights, n), 0.0, 0.0
	for i, load := range kept {
		above += max(0, load-max(fair*(1+wide), heaviest[i]))
		below += max(0, fair*(1-wide)-load)
	}
	return moved / max(1, unowned+max(above, below-unowned))
}

// peak is how full the fullest is, as a multiple of the fair share beside giants, or of the
// heaviest giant that it has itself.
func peak(in partition.Input, plan partition.Plan) (most float64) {
	n := len(in.Members)
	load, giant := make([]float64, n), make([]float64, n)
	fair := level(in.Partitions.Weights, n)
	for k, m := range plan {
		w := float64(in.Partitions.Weights[k])
		load[m] += w
		giant[m] = max(giant[m], w)
	}
	for i, l := range load {
		if l > 0 { // what is left beside giants may be nothing
			most = max(most, l/max(fair, giant[i]))
		}
	}
	return most
}

// level is the fair share without those that are heavier than that of the rest.
func level(weights []int64, members int) float64 {
	sum := 0.0
	sorted := slices.Clone(weights)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	for _, w := range sorted {
		sum += float64(w)
	}
	for _, w := range sorted {
		if float64(w) <= sum/float64(members) {
			break
		}
		sum -= float64(w)
		members--
	}
	return sum / float64(members)
}

// sizes are partitions and workers.
func sizes() (all [][2]int) {
	for _, partitions := range []int{1000, 10_000, 100_000, 1_000_000} {
		for _, workers := range []int{10, 100, 1000} {
			all = append(all, [2]int{partitions, workers})
		}
	}
	return all
}

// listed is the set as a source's list makes it.
func listed(set partition.Set) partition.Set {
	list := make([]partition.Partition, set.Len())
	for k, id := range set.IDs {
		list[k] = partition.Partition{Keys: []string{string(id)}, Weight: set.Weights[k]}
	}
	set, err := partition.NewSet(list)
	if err != nil {
		panic(err)
	}
	return set
}
