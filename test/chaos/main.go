//go:build linux

// Command chaos runs a group of workers on a cluster of NATS servers, all of them
// processes of their own, breaks them and the links between them by a plan that a
// seed draws, and checks that a partition never has two owners.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/umpire"
)

func main() {
	if !child() {
		os.Exit(start(os.Args[1:]))
	}
}

// start is the program, as it was called.
func start(args []string) int {
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	minutes := flags.Float64("minutes", 1, "how long to go on")
	seed := flags.Uint64("seed", 0, "which plan to follow; 0 draws one")
	available := flags.Bool("available", false, "the workers keep what they have while the store is away")
	if err := flags.Parse(args); err != nil {
		return failed
	}
	ownership := partition.Exclusive
	if *available {
		ownership = partition.Available
	}
	if *seed == 0 {
		*seed = rand.Uint64()>>40 + 1
	}
	ctx, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer done()
	return chaos(ctx, settings(ownership), *seed, time.Duration(*minutes*float64(time.Minute)), os.Stdout)
}

// What the program returns: it went well, something is wrong, it could not be run.
const (
	well = iota
	bad
	failed
)

// chaos is a run of the program.
func chaos(ctx context.Context, s partition.Settings, seed uint64, length time.Duration, out io.Writer) int {
	r := &run{
		seed: seed, length: length, settings: s, out: out, stop: ctx.Done(), report: &report{},
		log: umpire.NewJournal(umpire.New(s, partitions(), now())),
	}
	r.say("seed %d, %v", seed, s.Ownership)
	begin := time.Now()
	whole, err := r.live()
	return r.conclude(whole, err, time.Since(begin))
}

// conclude prints what came of it.
func (r *run) conclude(whole bool, err error, took time.Duration) int {
	r.say("")
	r.report.print(r.out)
	r.log.Ask(func(u *umpire.Umpire) { r.account(u.Counts, took) })
	late := r.report.late()
	r.say("The bound of recovery is %s, and %s after an announced restart; %d episodes took longer.\n",
		ms(bound(r.settings, episode{})), ms(bound(r.settings, episode{Faults: []fault{{Kind: returned}}})), len(late))
	for _, l := range late {
		r.say("LATE: %s", l)
	}
	wrong := r.log.Wrong()
	for _, w := range wrong {
		r.say("WRONG: %s", w)
	}
	switch {
	case err != nil:
		_, _ = fmt.Fprintln(r.out, "FAILED:", err)
		return failed
	case len(wrong) > 0 || len(late) > 0:
		r.say("repeat it with: make chaos SEED=%d MINUTES=%g", r.seed, r.length.Minutes())
		return bad
	case !whole:
		r.say("interrupted; no violation until then")
		return failed
	}
	r.say("no violation")
	return well
}

// account says what handlers did.
func (r *run) account(c umpire.Counts, took time.Duration) {
	r.say("In %s, handlers began %d times and had %d effects.", took.Round(time.Second), c.Grants, c.Acts)
	if r.settings.Ownership == partition.Available {
		slices.Sort(c.Overlaps)
		r.say("Two worked on one partition %d times, for %s (p50), %s (p99) and %s (at most).",
			len(c.Overlaps), rank(c.Overlaps, 50), rank(c.Overlaps, 99), rank(c.Overlaps, 100))
		r.say("%d effects came from who was replaced meanwhile, so that their tokens are refused.", c.Refused)
		return
	}
	r.say("%d effects came after the end of a lease, from a process that had not run meanwhile;", c.Past+c.Refused)
	r.say("%d of them after the next owner began, so that their tokens are refused.", c.Refused)
	r.say("No handler ran for longer than %s after it was to stop; it may for %s.", ms(c.Latest), ms(r.settings.DrainTimeout))
}
