package swarm

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

var blocks = flag.String("blocks", "", "a file with the lines of blocks that TestSwarm printed, to be added up")

// block is of how many lives a line is printed: two cores take a minute and a half for them.
const block = 1000

// tally is what became of lives of consecutive seeds.
type tally struct {
	first, last   uint64
	commit        string
	lives, broken int
	steps         uint64
	// lasted is how long the lives were, and took the time of processors that they took.
	lasted, took time.Duration
	// traces is one number for all of them: other lives have another one.
	traces uint64
	// struck is in how many each fault did, and met in how many each situation was met.
	struck sim.Faults
	met    sim.Situations
}

const (
	// prefix is before each tally that is added up.
	prefix = "block: "
	// form is the part of a tally that is not lists.
	form = "seeds %d to %d, commit %s %d lives, %d broken, %d steps, %d simulated minutes, %d s of processor, traces %016x"
)

// before is what stands before each tally of the lives of a plan. Only those that are what their
// seeds alone say are added up.
func before(p Plan) string {
	if flags := p.flags(); flags != "" {
		return "with" + flags + ": "
	}
	return prefix
}

// String returns the line of which read makes the tally again. What struck and was met is
// counted in the order of sim's faults and situations.
func (t *tally) String() string {
	return fmt.Sprintf(form+"; struck %v; met %v", t.first, t.last, t.commit+":", t.lives, t.broken, t.steps,
		t.lasted/time.Minute, t.took/time.Second, t.traces, [len(t.struck)]float64(t.struck), t.met)
}

// read makes the tally that a line is of.
func read(line string) (t tally, err error) {
	head, rest, _ := strings.Cut(line, "; struck [")
	struck, met, _ := strings.Cut(rest, "]; met [")
	_, err = fmt.Sscanf(head, form, &t.first, &t.last, &t.commit, &t.lives, &t.broken, &t.steps, &t.lasted, &t.took, &t.traces)
	if err != nil {
		return t, fmt.Errorf("swarm: %q: %w", head, err)
	}
	t.commit = strings.TrimSuffix(t.commit, ":")
	t.lasted, t.took = t.lasted*time.Minute, t.took*time.Second
	faults, situations := strings.Fields(struck), strings.Fields(strings.TrimSuffix(met, "]"))
	if len(faults) != len(t.struck) || len(situations) != len(t.met) {
		return t, fmt.Errorf("swarm: %q counts %d faults and %d situations; there are %d and %d", head, len(faults), len(situations), len(t.struck), len(t.met))
	}
	for f, n := range faults {
		if _, err := fmt.Sscan(n, &t.struck[f]); err != nil {
			return t, fmt.Errorf("swarm: %q: %s: %w", head, sim.Fault(f), err)
		}
	}
	for s, n := range situations {
		if _, err := fmt.Sscan(n, &t.met[s]); err != nil {
			return t, fmt.Errorf("swarm: %q: %s: %w", head, sim.Situation(s), err)
		}
	}
	return t, nil
}

// add adds those that come next.
func (t *tally) add(n tally) {
	t.last = n.last
	t.lives, t.broken, t.steps = t.lives+n.lives, t.broken+n.broken, t.steps+n.steps
	t.lasted, t.took, t.traces = t.lasted+n.lasted, t.took+n.took, t.traces^n.traces
	for f := range t.struck {
		t.struck[f] += n.struck[f]
	}
	for s := range t.met {
		t.met[s] += n.met[s]
	}
}

// sum adds up the blocks among some lines, which are of one commit, and each seed of one.
func sum(lines string) (all tally, err error) {
	var parts []tally
	for line := range strings.Lines(lines) {
		if part, is := strings.CutPrefix(strings.TrimSpace(line), prefix); is {
			t, err := read(part)
			if err != nil {
				return t, err
			}
			parts = append(parts, t)
		}
	}
	slices.SortFunc(parts, func(a, b tally) int { return cmp.Compare(a.first, b.first) })
	for i, t := range parts {
		switch {
		case i == 0:
			all = t
		case t.commit != all.commit:
			return all, fmt.Errorf("swarm: seeds from %d are of commit %s, those from %d of %s", all.first, all.commit, t.first, t.commit)
		case t.first <= all.last:
			return all, fmt.Errorf("swarm: seed %d is in two blocks", t.first)
		default:
			all.add(t)
		}
	}
	return all, nil
}

// series prints a line for each block of the seeds of a list, when the last of its lives is over.
type series struct {
	list  []uint64
	parts map[int]*tally
	// took is the processor's time until the last line.
	took time.Duration
}

// count counts a life, if it is one of the list's, and returns its block when that is over.
func (s *series) count(r Result) (over *tally) {
	i, is := slices.BinarySearch(s.list, r.Seed)
	if !is {
		return nil
	}
	part := s.parts[i/block]
	if part == nil {
		mine := s.list[i/block*block : min((i/block+1)*block, len(s.list))]
		part = &tally{first: mine[0], last: mine[len(mine)-1], commit: *commit}
		if s.parts == nil {
			s.parts = map[int]*tally{}
		}
		s.parts[i/block] = part
	}
	if part.count(r); part.lives <= int(part.last-part.first) {
		return nil
	}
	delete(s.parts, i/block)
	now := processor()
	part.took, s.took = now-s.took, now
	return part
}

// Blocks of lives add up to what one run of all of them says, and are blind together if that
// is. With -blocks those of a file are added up.
func TestBlocksAddUp(t *testing.T) {
	if *blocks != "" {
		file, err := os.ReadFile(*blocks)
		require.NoError(t, err)
		all, err := sum(string(file))
		require.NoError(t, err)
		fmt.Println("all:", all.String())
		require.Zero(t, all.broken, "lives that broke something")
		require.Empty(t, all.blind())
		return
	}
	const many = 2*block + 1
	s, whole, said := series{}, tally{first: 7, last: 6 + many, commit: *commit}, "PASS\n"
	for i := range uint64(many) {
		s.list = append(s.list, 7+i)
	}
	for i := range uint64(many) {
		r := Result{Seed: 6 + many - i, Hash: i << 40, Step: i} // in any order
		r.Lasted = time.Minute
		r.Struck[3], r.Met[4], r.Met[5] = 2, 3, int(i%3)
		if r.Seed == 8 {
			r.Broken = "I4: planted"
		}
		whole.count(r)
		if over := s.count(r); over != nil {
			over.took = 0
			said += before(Plan{}) + over.String() + "\n"
		}
	}
	require.Nil(t, s.count(Result{Seed: 6 + many + 1}), "a seed that broke something once is not one of them")
	require.Empty(t, s.parts)
	require.Equal(t, 4, strings.Count(said, "\n"))
	require.Contains(t, said, fmt.Sprintf("\nblock: seeds 1007 to 2006, commit %s: 1000 lives, 0 broken, ", *commit))
	all, err := sum(said)
	require.NoError(t, err)
	require.Equal(t, whole, all)
	require.Equal(t, many, all.lives)
	require.Equal(t, many/3*2, all.met[5])
	require.Equal(t, whole.blind(), all.blind())
	others, err := sum(strings.ReplaceAll(said, prefix, before(Plan{Workers: fullSize})))
	require.NoError(t, err)
	require.Zero(t, others, "they are other lives than those of the same seeds")
	for name, lines := range map[string]string{
		"seed 7 is in two blocks":  said + said,
		"those from 2007 of other": strings.Replace(said, "commit "+*commit, "commit other", 1),
		"counts 0 faults":          "block: seeds 1 to 2, commit a: 2 lives, 0 broken, 3 steps, 4 simulated minutes, 5 s of processor, traces 0000000000000006\n",
		"seeds 1 to two":           "block: seeds 1 to two\n",
	} {
		_, err := sum(lines)
		require.ErrorContains(t, err, name)
	}
}
