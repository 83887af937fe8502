package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A change of the code takes its planted bugs along, and each of them is in the table.
func TestEachPatchApplies(t *testing.T) {
	bugs, err := planted("../..")
	require.NoError(t, err)
	text, err := os.ReadFile("../../" + table)
	require.NoError(t, err)
	kinds, err := os.ReadFile("../swarm/kinds_test.go")
	require.NoError(t, err)
	names, ofKinds := map[string]bool{}, 0
	for _, b := range bugs {
		if b.lived && b.test != lives {
			_, kind, _ := strings.Cut(strings.TrimSuffix(b.test, "$"), "/^")
			require.Contains(t, string(kinds), "\t\""+strings.ReplaceAll(kind, "_", " ")+"\":", "%s: lives of the kind", b.name)
			ofKinds++
		}
		_, err := b.plant(t.Context(), "../..", t.TempDir())
		require.NoError(t, err, b.name)
		require.NotEmpty(t, b.files, b.name)
		require.Regexp(t, `^[A-Z].*\.$`, b.what, b.name)
		require.Equal(t, 1, strings.Count(string(text), "\n"+b.row()), "the row of %s in %s; make mutants ARGS='-write -only ^%s$'", b.name, table, b.name)
		names[b.name] = true
	}
	require.Positive(t, ofKinds, "some are noticed by lives of a kind")
	require.Equal(t, len(bugs), strings.Count(string(text), "\n| `"), "there is a row of a bug that there is not")
	for name := range equivalent {
		require.True(t, names[name], name)
	}
	b := bugs[0]
	b.patch = []byte("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")
	_, err = b.plant(t.Context(), "../..", t.TempDir())
	require.ErrorContains(t, err, "does not apply any more")
}

func TestNoticed(t *testing.T) {
	const said = "--- FAIL: TestSwarm (0.10s)\n" +
		"    swarm_test.go:135: seed 27 (crash 1.2, pause 0.3): I4 is broken at 3 s: two own p; repeat it with: make swarm SEED=27 RUNS=1\n" +
		"    swarm_test.go:135: seed 24 (crash 1.2): I11 is broken at 2 s: no; repeat it with: make swarm SEED=24 RUNS=1\n"
	require.Equal(t, "after 24 seeds by I11: I11 is broken at 2 s: no", fmt.Sprint(noticed([]byte(said), 40)))
	require.Equal(t, "after 40 seeds by TestSwarm: panic: no", fmt.Sprint(noticed([]byte("x\npanic: no\ny"), 40)))
	require.Equal(t, "noticed by TestEachFault/crash", fmt.Sprint(noticed([]byte("    --- FAIL: TestEachFault/crash (1s)\n--- FAIL: TestEachFault (1s)"), 0)))
	require.Equal(t, "noticed by TestOutages/no_leader", fmt.Sprint(noticed([]byte("--- FAIL: TestOutages (1s)\n    --- FAIL: TestOutages/no_leader (1s)\n--- FAIL: TestX"), 0)))
	require.True(t, noticed(nil, 4).noticed(), "a test that failed failed, whatever it said")
}

// What fails without a bug, or not in time, is no notice of one, whether the bug has a test of
// its own or not.
func TestElsewhere(t *testing.T) {
	const failed = "--- FAIL: TestEachFault (1s)\n"
	says := func(said string) program {
		return func(args ...string) ([]byte, bool) { return []byte(said), said != "" && args[0] == "-test.run" }
	}
	h, runs := hunt{asked: map[string]error{}}, 0
	without := func(said string) func() (program, error) {
		return func() (program, error) { runs++; return says(said), nil }
	}
	lived := bug{folder: "test/swarm"}
	f, err := h.elsewhere(lived, says(""), without(failed))
	require.NoError(t, err)
	require.False(t, f.noticed())
	for range 2 {
		f, err = h.elsewhere(lived, says(failed), without(""))
		require.NoError(t, err)
		require.Equal(t, "noticed by TestEachFault", f.String())
	}
	require.Equal(t, 1, runs, "without a bug they run once")
	f, err = h.elsewhere(lived, says("panic: test timed out after 10m0s\n"), without(failed))
	require.NoError(t, err)
	require.False(t, f.noticed())
	require.Contains(t, f.said, "timed out after 10m0s of -test.run ^TestEachFault$")
	h.asked = map[string]error{}
	for range 2 {
		_, err = h.elsewhere(lived, says(failed), without(failed))
		require.ErrorContains(t, err, "test/swarm: -test.run ^TestEachFault$ -seed=1 -runs=40 -test.failfast fails without a bug, too:\n"+failed)
	}
	require.Equal(t, 2, runs)
	a, b := bug{folder: "actors", test: "^TestA$"}, bug{folder: "bridge", test: "^TestA$"}
	f, err = h.own(a, says(""), without(failed))
	require.NoError(t, err)
	require.False(t, f.noticed())
	f, err = h.own(a, says(failed), without(""))
	require.NoError(t, err)
	require.True(t, f.noticed())
	_, err = h.own(b, says(failed), without(failed))
	require.ErrorContains(t, err, "bridge: -test.run ^TestA$ fails without a bug, too:\n"+failed)
	require.Equal(t, 4, runs)
	require.Equal(t, "after 40 seeds by a timeout: panic: test timed out after 10m0s", noticed([]byte("panic: test timed out after 10m0s\n"), 40).String())
}

func TestNoted(t *testing.T) {
	text := noted("# T\n\n| bug |\n|---|\n\nEnd.\n", bug{name: "c", what: "C."}, finding{seeds: 2, by: "I5"})
	text = noted(text, bug{name: "a", what: "A."}, finding{seeds: 1, by: "I4"})
	text = noted(text, bug{name: "b", what: "B."}, finding{seeds: 3, by: "I7"})
	text = noted(text, bug{name: "d", what: "D.", why: "Why."}, finding{by: "TestX"})
	text = noted(text, bug{name: "a", what: "AA."}, finding{seeds: 9, by: "I1"})
	require.Equal(t, "# T\n\n| bug |\n|---|\n| `a` | AA. | 9 | I1 |\n| `b` | B. | 3 | I7 |\n| `c` | C. | 2 | I5 |\n| `d` | D. | – | TestX. Why. |\n\nEnd.\n", text)
}
