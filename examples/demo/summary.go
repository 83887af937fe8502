package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// summary says what the play showed.
func (b *board) summary(out io.Writer, began time.Time, cfg config) {
	fmt.Fprintf(out, "\n  %-32s %12s    %s\n", "What happened", "moved", "without an owner")
	fmt.Fprintf(out, "  %-32s %12s    %8s  %8s\n", "", "", "median", "longest")
	for _, a := range b.acts[1:] {
		if len(a.moved) == 0 {
			fmt.Fprintf(out, "  %-32s %12s\n", a.title, "nothing")
			continue
		}
		gaps := slices.Sorted(maps.Values(a.moved))
		fmt.Fprintf(out, "  %-32s %12s    %8s  %8s\n", a.title, fmt.Sprintf("%d of %d", len(gaps), len(b.ids)),
			brief(gaps[len(gaps)/2]), brief(gaps[len(gaps)-1]))
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
