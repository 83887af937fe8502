// Command mutants builds the simulator with one planted bug at a time, and says after
// how many lives of a group it was noticed. What survives is a fault that the simulator
// lacks. Each bug is a patch in planted; those of equivalent break nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() { os.Exit(start(os.Args[1:])) }

// start is the program, as it was called.
func start(args []string) int {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	root := flags.String("root", ".", "the folder of the module")
	only := flags.String("only", ".", "regular expression: the bugs to plant")
	seeds := flags.Int("seeds", 300, "how many random lives may pass without a notice")
	write := flags.Bool("write", false, "write what is found into "+table)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, done := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer done()
	h := hunt{root: *root, seeds: *seeds, write: *write, asked: map[string]error{}}
	alive, err := h.all(ctx, wanted)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if alive > 0 {
		fmt.Printf("%d survive\n", alive)
		return 1
	}
	return 0
}

// hunt looks for planted bugs.
type hunt struct {
	root  string
	seeds int
	write bool
	// asked has what the tests that were asked without a bug said, by folder and flags.
	asked map[string]error
}

// all hunts those that are wanted, and counts the ones that were not noticed although
// they break something.
func (h hunt) all(ctx context.Context, wanted *regexp.Regexp) (alive int, err error) {
	bugs, err := planted(h.root)
	if err != nil {
		return 0, err
	}
	for _, b := range bugs {
		if !wanted.MatchString(b.name) {
			continue
		}
		began := time.Now()
		found, err := h.one(ctx, b)
		if err = errors.Join(err, ctx.Err()); err != nil {
			return alive, fmt.Errorf("%s: %w", b.name, err)
		}
		why, same := equivalent[b.name]
		switch {
		case !found.noticed() && same:
			found.by = "nothing: " + why
		case !found.noticed():
			alive++
			found.by = fmt.Sprintf("NOTHING in %d seeds", h.seeds)
		case same:
			alive++
			found.by += ", although it is said to break nothing"
		}
		fmt.Printf("%-28s %s (%.0f s)\n", b.name, found, time.Since(began).Seconds())
		if h.write {
			if err := note(h.root, b, found); err != nil {
				return alive, err
			}
		}
	}
	return alive, nil
}
