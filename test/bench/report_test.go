package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// table has the metrics of each benchmark by its name.
var table = map[string]map[string]float64{}

// metric says a figure, in the benchmark's line and in the tables.
func metric(b *testing.B, value float64, unit string) {
	b.ReportMetric(value, unit)
	b.ReportMetric(0, "ns/op") // the metrics say more
	if table[b.Name()] == nil {
		table[b.Name()] = map[string]float64{}
	}
	table[b.Name()][unit] = value
}

// report says the quantiles of some samples in milliseconds.
func report(b *testing.B, what string, samples []time.Duration) {
	slices.Sort(samples)
	at := func(q float64) float64 {
		i := min(len(samples)-1, int(q*float64(len(samples))))
		return float64(samples[i].Microseconds()) / 1000
	}
	metric(b, at(0.5), what+"-p50-ms")
	metric(b, at(0.99), what+"-p99-ms")
}

// printTables prints what was measured as docs/tuning.md shows it: a table for each
// benchmark, with a row for each of its parts.
func printTables(w io.Writer) {
	parts := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		whole, _, _ := strings.Cut(strings.TrimPrefix(name, "Benchmark"), "/")
		parts[whole] = append(parts[whole], name)
	}
	for _, whole := range slices.Sorted(maps.Keys(parts)) {
		units := slices.Sorted(maps.Keys(table[parts[whole][0]]))
		_, _ = fmt.Fprintf(w, "\n| %s | %s |\n|---%s|\n", whole, strings.Join(units, " | "), strings.Repeat("|---", len(units)))
		for _, name := range parts[whole] {
			_, part, _ := strings.Cut(name, "/")
			cells := []string{part}
			for _, u := range units {
				cells = append(cells, rounded(table[name][u]))
			}
			_, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	printGrid(w)
	_, _ = fmt.Fprintln(w)
}

// rounded shows three digits, or all before the point.
func rounded(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// once measures something that needs no samples.
func once(b *testing.B, f func()) {
	done := false
	for b.Loop() {
		if !done {
			f()
		}
		done = true
	}
}

// pass lets time pass.
func pass(d time.Duration) {
	if d > 0 {
		<-time.NewTimer(d).C
	}
}
