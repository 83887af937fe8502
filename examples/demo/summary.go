package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// summary says what the play showed: what each act moved, and how long each of
// these partitions had no owner. The start is no act: what all begin with is told
// below.
func (b *board) summary(out io.Writer, p paint, began time.Time, cfg config) {
	fmt.Fprintln(out, "\n"+strings.TrimRight(b.head(p, "Without an owner for"), " "))
	if b.older > 0 {
		fmt.Fprintln(out, p.faint(fmt.Sprintf("  … %d acts before", b.older)))
	}
	for _, a := range b.acts[1:] {
		fmt.Fprintf(out, "  %s: %s\n", p.name(a.title), a.moves(len(b.ids)))
		for _, pause := range a.pauses() {
			fmt.Fprintf(out, "  %24s  %s%3d\n", brief(pause.time), b.marks(p, pause.ids), len(pause.ids))
		}
	}
	fmt.Fprintln(out)
	if !b.covered.IsZero() {
		fmt.Fprintf(out, "  Every partition had an owner %s after the start.\n", brief(b.covered.Sub(began)))
	}
	if b.pauses == 0 {
		fmt.Fprintln(out, "  What did not move never paused.")
	} else {
		fmt.Fprintf(out, "  %d times a partition paused that did not move.\n", b.pauses)
	}
	if b.doubles == 0 {
		fmt.Fprintln(out, "  No partition ever had two owners.")
	} else {
		fmt.Fprintf(out, "  WRONG: %d times a partition had two owners.\n", b.doubles)
	}
	fmt.Fprintln(out, "  A worker that crashes is replaced when the lease of its last heartbeat is over:")
	fmt.Fprintf(out, "  %s, and a tenth of that, because clocks differ.\n", brief(cfg.settings.Lease))
}

func (a *act) moves(of int) string {
	if len(a.moved) == 0 {
		return "nothing moved"
	}
	return fmt.Sprintf("%d of %d moved", len(a.moved), of)
}

// pause is how long some partitions were without an owner.
type pause struct {
	time time.Duration
	ids  []partition.PartitionID
}

// pauses are those of an act, the shortest first; what reads the same is one.
func (a *act) pauses() []pause {
	ids := slices.SortedFunc(maps.Keys(a.moved), func(x, y partition.PartitionID) int {
		return cmp.Compare(a.moved[x], a.moved[y])
	})
	var list []pause
	for _, id := range ids {
		if n := len(list); n == 0 || brief(list[n-1].time) != brief(a.moved[id]) {
			list = append(list, pause{time: a.moved[id]})
		}
		last := &list[len(list)-1]
		last.ids = append(last.ids, id)
	}
	return list
}

// marks shows these partitions, each in its column.
func (b *board) marks(p paint, ids []partition.PartitionID) string {
	var out strings.Builder
	for _, id := range b.ids {
		if slices.Contains(ids, id) {
			out.WriteString(p.name(string(id)) + " ")
		} else {
			out.WriteString(p.faint("· "))
		}
	}
	return out.String()
}

// brief rounds a duration to what a person wants to know.
func brief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
