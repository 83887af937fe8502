//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report counts what happened.
type report struct {
	rows []row
}

// row is one episode.
type row struct {
	e episode
	outcome
}

// outcome is what came of an episode. All times are counted from when the last
// fault was mended, but recovery from when the store was whole again.
type outcome struct {
	whole, recovery, total time.Duration
	gap                    time.Duration // the longest time that a partition had no owner
	bound                  time.Duration // of recovery
	starved                time.Duration // the machine had no time for some worker meanwhile
}

func (r *report) add(e episode, o outcome) { r.rows = append(r.rows, row{e, o}) }

func (r *report) last() string {
	x := r.rows[len(r.rows)-1]
	return fmt.Sprintf("%s: store whole after %s, all owned %s later; longest gap %s", x.e, ms(x.whole), ms(x.recovery), ms(x.gap))
}

// late lists the episodes that took longer than their bound, and than the machine
// can be blamed for.
func (r *report) late() (late []string) {
	for _, x := range r.rows {
		if x.recovery-x.starved > x.bound {
			late = append(late, fmt.Sprintf("%s: recovered after %s, %s without time; the bound is %s",
				x.e, ms(x.recovery), ms(x.starved), ms(x.bound)))
		}
	}
	return late
}

// String names the faults.
func (e episode) String() string {
	var all []string
	for _, f := range e.Faults {
		who := ""
		if f.Leader {
			who = " (the leader)"
		}
		all = append(all, fmt.Sprintf("%s%s for %s", f.Kind, who, ms(f.For)))
	}
	return strings.Join(all, ", ")
}

// print writes a table of the kinds, with the percentiles of the episodes that a
// kind was part of.
func (r *report) print(out io.Writer) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	p("| fault | times | longest gap p50 | p99 | recovery p50 | p99 |")
	p("|---|---|---|---|---|---|")
	line := func(name string, n int, rows []row) {
		gaps, totals := column(rows, func(x row) time.Duration { return x.gap }), column(rows, func(x row) time.Duration { return x.total })
		p("| %s | %d | %s | %s | %s | %s |", name, n, rank(gaps, 50), rank(gaps, 99), rank(totals, 50), rank(totals, 99))
	}
	all := 0
	for i, k := range deck {
		if n, rows := r.of(k); n > 0 && slices.Index(deck, k) == i {
			all += n
			line(string(k), n, rows)
		}
	}
	line(fmt.Sprintf("all, in %d episodes", len(r.rows)), all, r.rows)
	whole, recovery := column(r.rows, func(x row) time.Duration { return x.whole }), column(r.rows, func(x row) time.Duration { return x.recovery })
	p("\nThe store was whole within %s (p50), %s (p99) and %s (at most) after the last fault,", rank(whole, 50), rank(whole, 99), rank(whole, 100))
	p("everything was owned within %s, %s and %s after that.", rank(recovery, 50), rank(recovery, 99), rank(recovery, 100))
}

// of returns how often a kind occurred, and the episodes with it.
func (r *report) of(k kind) (n int, rows []row) {
	for _, x := range r.rows {
		here := 0
		for _, f := range x.e.Faults {
			if f.Kind == k {
				here++
			}
		}
		if n += here; here > 0 {
			rows = append(rows, x)
		}
	}
	return n, rows
}

func column(rows []row, of func(row) time.Duration) (all []time.Duration) {
	for _, x := range rows {
		all = append(all, of(x))
	}
	slices.Sort(all)
	return all
}

// rank is a percentile of sorted values.
func rank(sorted []time.Duration, percent int) string {
	if len(sorted) == 0 {
		return "–"
	}
	return ms(sorted[min(len(sorted)-1, len(sorted)*percent/100)])
}

func ms(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
