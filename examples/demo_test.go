//go:build unix

package examples_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// demo is a demo that goes on until it is told to end.
type demo struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Scanner
	said  []string
}

func start(t *testing.T, temp string, args ...string) *demo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	d := &demo{t: t, cmd: exec.CommandContext(ctx, filepath.Join(bin, "demo"), args...)}
	d.cmd.Env, d.cmd.Stderr = append(os.Environ(), "TMPDIR="+temp), os.Stderr
	out, err := d.cmd.StdoutPipe()
	require.NoError(t, err)
	d.lines = bufio.NewScanner(out)
	require.NoError(t, d.cmd.Start())
	return d
}

// hear reads until a line has all of these words.
func (d *demo) hear(words ...string) {
	d.t.Helper()
	for d.lines.Scan() {
		d.said = append(d.said, d.lines.Text())
		missing := false
		for _, w := range words {
			missing = missing || !strings.Contains(d.lines.Text(), w)
		}
		if !missing {
			return
		}
	}
	d.t.Fatalf("it ended without a word of %q:\n%s", words, strings.Join(d.said, "\n"))
}

// end tells it to end, and wants it to end well.
func (d *demo) end(sig os.Signal) {
	d.t.Helper()
	require.NoError(d.t, d.cmd.Process.Signal(sig))
	for d.lines.Scan() {
		d.said = append(d.said, d.lines.Text())
	}
	require.NoError(d.t, d.cmd.Wait(), strings.Join(d.said, "\n"))
}

func TestDemo_GoesOnUntilItIsTold(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		temp := t.TempDir()
		watch := start(t, temp, "-watch")
		watch.hear("NATS at nats://127.0.0.1:")
		watch.hear("A fourth worker joins")
		watch.end(sig)
		require.Contains(t, watch.said, "  No partition ever had two owners.")
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		require.Empty(t, left, "%v: the store is private to a run", sig)
	}
}

func TestDemo_WorkersOfSeveralProcessesFormOneGroup(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	server, err := embedded.Start(embedded.Config{Memory: true})
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	one := start(t, temp, "-worker", "-nats", server.URL())
	one.hear("worker-0 takes a b c d e f g h i j k l m n o p q r s t u v w x")
	two := start(t, temp, "-worker", "-nats", server.URL())
	two.hear("worker-1 takes")
	one.hear("worker-1 is there, in another process")
	one.end(syscall.SIGTERM)
	two.end(os.Interrupt)
}
