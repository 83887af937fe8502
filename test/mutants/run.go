package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// firstBlock and mostBlock are how many random lives are lived between two looks
	// at what became of them: first few, then twice as many each time.
	firstBlock, mostBlock = 4, 32
	// patience is how long a block may take. A bug that hangs a life is noticed, too.
	patience = 10 * time.Minute
	// lives are those that seeds draw. When they notice nothing, the other tests that play a
	// situation are asked, and so many lives under each set of faults that is as strong as
	// it gets.
	lives  = "^TestSwarm$"
	others = "^TestSwarm$|^TestALife|^TestAFailure|^TestLivesThat|^TestEachFault$"
	strong = "40"
)

var (
	// broke is a life that did, and what.
	broke = regexp.MustCompile(`(?m)^\s*(?:\S+\.go:\d+: )?seed (\d+)(?:, commit [^\n]*?| )\([^\n]*?\): ([^\n]*)`)
	fails = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	// late is a run that did not end in time, which may be the machine's fault.
	late  = regexp.MustCompile(`(?m)^panic: test timed out after \S+`)
	panic = regexp.MustCompile(`(?m)^panic: [^\n]{0,100}`)
	// invariant is what a life breaks, if it is one.
	invariant = regexp.MustCompile(`^I\d+\b`)
)

// finding is how a bug was noticed.
type finding struct {
	// seeds are the lives until then, none if it was another test.
	seeds int
	// by is what noticed it, and what it said.
	by, said string
}

func (f finding) noticed() bool { return f.by != "" }

func (f finding) String() string {
	out := "noticed by " + f.by
	if f.seeds > 0 {
		out = fmt.Sprintf("after %d seeds by %s", f.seeds, f.by)
	}
	if f.said != "" {
		out += ": " + f.said
	}
	return out
}

// one plants a bug and says how it was noticed.
func (h hunt) one(ctx context.Context, b bug) (f finding, err error) {
	work, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	overlay, err := b.plant(ctx, h.root, work)
	if err != nil {
		return f, err
	}
	run, err := h.build(ctx, b.folder, overlay, work)
	if err != nil {
		return f, fmt.Errorf("it does not compile: %w", err)
	}
	unplanted := func() (program, error) { return h.build(ctx, b.folder, "", work) }
	if !b.lived {
		return h.own(b, run, unplanted)
	}
	for begin, n := 1, firstBlock; begin <= h.seeds; begin, n = begin+n, min(2*n, mostBlock) {
		n = min(n, h.seeds+1-begin)
		said, bad := run("-test.run", b.test, "-seed="+strconv.Itoa(begin), "-runs="+strconv.Itoa(n), "-whole=0")
		if bad {
			return noticed(said, begin+n-1), nil
		}
	}
	if b.test != lives {
		return f, nil
	}
	return h.elsewhere(b, run, unplanted)
}

// own asks the test that a bug has of its own. If that fails without the bug, too, it says
// nothing of it.
func (h hunt) own(b bug, run program, unplanted func() (program, error)) (f finding, err error) {
	args := []string{"-test.run", b.test}
	if said, bad := run(args...); bad {
		return noticed(said, 0), h.sound(b, args, unplanted)
	}
	return f, nil
}

// program runs some of the tests that it was built of.
type program func(args ...string) (said []byte, bad bool)

// build makes one of the tests of a folder.
func (h hunt) build(ctx context.Context, folder, overlay, work string) (program, error) {
	path := filepath.Join(work, "tests")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags=-s -w", "-overlay", overlay, "-o", path, "./"+folder)
	build.Dir = h.root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return func(args ...string) (said []byte, bad bool) {
		c := exec.CommandContext(ctx, path, append([]string{"-test.timeout", patience.String()}, args...)...)
		c.Dir = filepath.Join(h.root, folder)
		said, err := c.CombinedOutput()
		return said, err != nil
	}, nil
}

// elsewhere asks the other tests. What fails without a bug, too, says nothing of one, nor
// does what takes too long: so many lives may, on a slow machine.
func (h hunt) elsewhere(b bug, run program, unplanted func() (program, error)) (f finding, err error) {
	for _, args := range [][]string{{"-test.skip", others}, {"-test.run", "^TestEachFault$", "-seed=1", "-runs=" + strong}} {
		args = append(args, "-test.failfast")
		said, bad := run(args...)
		if bad && late.Match(said) {
			f.said = string(late.Find(said)) + " of " + strings.Join(args, " ")
			continue
		}
		if bad {
			return noticed(said, 0), h.sound(b, args, unplanted)
		}
	}
	return f, nil
}

// sound fails if the tests that noticed a bug fail without it. They are run once.
func (h hunt) sound(b bug, args []string, unplanted func() (program, error)) error {
	key := b.folder + ": " + strings.Join(args, " ")
	if fault, asked := h.asked[key]; asked {
		return fault
	}
	run, err := unplanted()
	if err != nil {
		return err
	}
	h.asked[key] = nil
	if said, bad := run(args...); bad {
		h.asked[key] = fmt.Errorf("%s fails without a bug, too:\n%s", key, said)
	}
	return h.asked[key]
}

// noticed says which of the lives was the first to fail, of those until the last.
func noticed(said []byte, last int) finding {
	f := finding{seeds: last}
	for _, m := range broke.FindAllSubmatch(said, -1) {
		if seed, err := strconv.Atoi(string(m[1])); err == nil && (f.said == "" || seed < f.seeds) && last > 0 {
			f.seeds, f.said = seed, string(m[2])
		}
	}
	if f.said == "" {
		f.said = string(panic.Find(said))
	}
	f.said, _, _ = strings.Cut(f.said, "; repeat it with")
	f.by = "TestSwarm"
	if invariant.MatchString(f.said) && last > 0 {
		f.by = invariant.FindString(f.said)
		return f
	}
	if late.Match(said) {
		f.by = "a timeout"
		return f
	}
	for i, m := range fails.FindAllSubmatch(said, -1) {
		if name := string(bytes.TrimSpace(m[1])); i == 0 || strings.HasPrefix(name, f.by+"/") { // which of its parts
			f.by = name
		}
	}
	return f
}
