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
	"syscall"
	"time"

	"github.com/troupe-actors/troupe/partition"
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
	if err := flags.Parse(args); err != nil {
		return failed
	}
	if *seed == 0 {
		*seed = rand.Uint64()>>40 + 1
	}
	ctx, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer done()
	return chaos(ctx, *seed, time.Duration(*minutes*float64(time.Minute)), os.Stdout)
}

// What the program returns: it went well, something is wrong, it could not be run.
const (
	well = iota
	bad
	failed
)

// chaos is a run of the program.
func chaos(ctx context.Context, seed uint64, length time.Duration, out io.Writer) int {
	s := settings()
	var ids []partition.PartitionID
	for _, p := range partitions() {
		ids = append(ids, p.ID())
	}
	r := &run{
		seed: seed, length: length, settings: s, out: out, stop: ctx.Done(), report: &report{},
		log: newJournal(newChecker(s.DrainTimeout, ids, now())),
	}
	r.say("seed %d", seed)
	begin := time.Now()
	whole, err := r.live()
	return r.conclude(whole, err, time.Since(begin))
}

// conclude prints what came of it.
func (r *run) conclude(whole bool, err error, took time.Duration) int {
	r.say("")
	r.report.print(r.out)
	r.log.ask(func(c *checker) {
		r.say("In %s, handlers began %d times and had %d effects. %d effects came after the end of a lease,", took.Round(time.Second), c.grants, c.acts, c.past+c.refused)
		r.say("from a process that had not run meanwhile; %d of them after the next owner began, so that their tokens are refused.", c.refused)
		r.say("No handler ran for longer than %s after it was to stop; it may for %s.", ms(c.latest), ms(c.drain))
	})
	late := r.report.late()
	r.say("The bound of recovery is %s, and %s after an announced restart; %d episodes took longer.\n",
		ms(bound(r.settings, episode{})), ms(bound(r.settings, episode{Faults: []fault{{Kind: returned}}})), len(late))
	for _, l := range late {
		r.say("LATE: %s", l)
	}
	wrong := r.wrong()
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
