// Package examples_test runs every example and compares what it prints.
package examples_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the examples print into testdata")

// patience is how long an example may take, the build not counted. The demo says of
// itself that it ends by then, whatever happens.
const patience = 30 * time.Second

// How long the first program that somebody reads may be, and one that does real work.
const quickstartLines, exampleLines = 60, 100

// normal makes the output of an example the same in every run.
var normal = map[string]func(t *testing.T, out string) string{
	"demo": func(t *testing.T, out string) string {
		checkPauses(t, out)
		return timeless(parts(out))
	},
	"partition-actors": func(_ *testing.T, out string) string { // which one moves, and which is first, is not told
		lines := strings.SplitAfter(regexp.MustCompile(`(lima|oslo|rome|cairo)`).ReplaceAllString(out, "#"), "\n")
		slices.Sort(lines)
		return strings.Join(lines, "")
	},
}

// bin is where the programs are.
var bin string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(built(m))
}

// built runs the tests with all examples built.
func built(m *testing.M) int {
	dir, err := os.MkdirTemp("", "troupe-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin = dir
	if text, err := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./...").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, text)
		return 1
	}
	return m.Run()
}

func TestExamples(t *testing.T) {
	mains, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, mains)
	for _, main := range mains {
		name := filepath.Dir(main)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := run(t, filepath.Join(bin, name))
			if f := normal[name]; f != nil {
				out = f(t, out)
			}
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(out), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), out)
		})
	}
}

// run returns what a program prints, which must end well and complain of nothing.
func run(t *testing.T, program string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, complaints strings.Builder
	cmd := exec.CommandContext(ctx, program)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	require.NoError(t, err, "stdout:\n%s\nstderr:\n%s", out.String(), complaints.String())
	require.Empty(t, complaints.String())
	return out.String()
}

// parts keeps the headlines and, from the first line of the summary on, all but
// who moved with whom. The rest is what the scheduler decides: who said what first.
func parts(out string) string {
	before, summary, found := strings.Cut(out, summaryBegins)
	if !found {
		return out
	}
	lines := slices.DeleteFunc(strings.Split(before, "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, " ")
	})
	return strings.Join(lines, "\n") + "\n\n" + summaryBegins + pauseRow.ReplaceAllString(summary, "")
}

const summaryBegins = "  Without an owner for"

var (
	pauseRow = regexp.MustCompile(`(?m)^ +(?:< )?[\d.]+ m?s  ([a-x· ]+) +\d+\n?`)
	span     = regexp.MustCompile(`(?:< )?\d+(?:\.\d+)? m?s\b`)
	spaces   = regexp.MustCompile(` {2,}`)
)

// timeless replaces measured times, and the spaces that align them.
func timeless(out string) string {
	return spaces.ReplaceAllString(span.ReplaceAllString(out, "#"), "  ")
}

// What moved in an act is told partition by partition, each once and in its column.
func checkPauses(t *testing.T, out string) {
	t.Helper()
	_, summary, _ := strings.Cut(out, summaryBegins)
	head, rest, _ := strings.Cut(summary, "\n")
	table, _, _ := strings.Cut(rest, "\n\n")
	title := regexp.MustCompile(`(?m)^  \S.*: (\d+) of 24 moved$`)
	acts, said := title.Split(table, -1)[1:], title.FindAllStringSubmatch(table, -1)
	require.Len(t, said, 3, table)
	for i, act := range acts {
		var moved []string
		for line := range strings.Lines(strings.Trim(act, "\n")) {
			cells := strings.Fields(pauseRow.FindStringSubmatch(line)[1])
			for c, letter := range strings.Fields(head) {
				if cells[c] != "·" {
					require.Equal(t, letter, cells[c], line)
					moved = append(moved, letter)
				}
			}
		}
		require.Equal(t, said[i][1], strconv.Itoa(len(moved)), act)
		slices.Sort(moved)
		require.Len(t, slices.Compact(moved), len(moved), act)
	}
}

// TestReadmeQuickStart holds the README to a program that is compiled and run.
func TestReadmeQuickStart(t *testing.T) {
	program, err := os.ReadFile(filepath.Join("quickstart", "main.go"))
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(readme), "```go\n"+string(program)+"```\n",
		"README.md must show examples/quickstart/main.go word for word")
	require.LessOrEqual(t, strings.Count(string(program), "\n"), quickstartLines)
}

// TestExamplesAreShort holds complete programs to what is read in one go.
func TestExamplesAreShort(t *testing.T) {
	for _, name := range []string{"partition-actors", "consumer", "testing"} {
		files, err := filepath.Glob(filepath.Join(name, "*.go"))
		require.NoError(t, err)
		n := 0
		for _, f := range files {
			program, err := os.ReadFile(f)
			require.NoError(t, err)
			n += strings.Count(string(program), "\n")
		}
		require.LessOrEqual(t, n, exampleLines, name)
	}
}

// TestReadmeNamesEveryExample keeps the list in examples/README.md complete.
func TestReadmeNamesEveryExample(t *testing.T) {
	list, err := os.ReadFile("README.md")
	require.NoError(t, err)
	programs, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, programs)
	for _, program := range programs {
		require.Contains(t, string(list), "]("+filepath.Dir(program)+"/", "examples/README.md names every example")
	}
}
