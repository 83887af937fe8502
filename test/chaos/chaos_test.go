//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/umpire"
)

// program makes the test binary the program, instead of a test.
const program = "TROUPE_CHAOS_PROGRAM"

func TestMain(m *testing.M) {
	switch {
	case child():
	case os.Getenv(program) != "":
		os.Exit(start(strings.Fields(os.Getenv(program))))
	default:
		goleak.VerifyTestMain(m)
	}
}

// A short run, of two episodes or so, finds nothing, and says what it did.
func TestChaos(t *testing.T) {
	for _, ownership := range []partition.Ownership{partition.Exclusive, partition.Available} {
		t.Run(ownership.String(), func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			var out bytes.Buffer
			require.Equal(t, well, chaos(t.Context(), settings(ownership), 1, 3*time.Second, &out), &out)
			require.Contains(t, out.String(), "no violation")
			require.Contains(t, out.String(), string(draw(1, 1)[0].Faults[0].Kind))
			left, err := os.ReadDir(os.TempDir())
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// Whatever ends the program ends its processes, also those that are stopped. Only
// its files are left if it had no chance to remove them.
func TestChaos_LeavesNothing(t *testing.T) {
	for _, how := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(how.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), program+"=-minutes 5 -seed 1", "TMPDIR="+dir)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			lines := bufio.NewScanner(out)
			for lines.Scan() && !strings.Contains(lines.Text(), "workers have") {
			}
			children := childrenOf(t, cmd.Process.Pid)
			require.Len(t, children, workers+nodes)
			require.NoError(t, syscall.Kill(children[0], syscall.SIGSTOP))

			require.NoError(t, cmd.Process.Signal(how))
			for lines.Scan() {
			}
			require.Error(t, cmd.Wait())
			if how != syscall.SIGKILL {
				require.Equal(t, failed, cmd.ProcessState.ExitCode())
				left, err := os.ReadDir(dir)
				require.NoError(t, err)
				require.Empty(t, left)
			}
			for _, pid := range children {
				awaitEnd(t, pid)
			}
		})
	}
}

func childrenOf(t *testing.T, pid int) (all []int) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		require.NoError(t, err)
		for _, word := range strings.Fields(string(text)) {
			var child int
			_, err := fmt.Sscan(word, &child)
			require.NoError(t, err)
			all = append(all, child)
		}
	}
	return all
}

// awaitEnd waits until a process has ended that is nobody's child any more. A
// zombie has.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; sleep(umpire.Beat, nil) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		require.True(t, time.Now().Before(deadline), "%s", stat)
	}
}
