//go:build unix

package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

// role says in the environment what a process is that a benchmark started: the
// server, or workers with the server's URL, the name of their settings, their number and
// that of the partitions.
const role = "TROUPE_BENCH_ROLE"

func TestMain(m *testing.M) {
	words := strings.Fields(os.Getenv(role))
	switch {
	case len(words) == 0:
		code := m.Run()
		printTables(os.Stdout)
		if *write {
			writeDocs()
		}
		os.Exit(code)
	case words[0] == "server":
		serve()
	default:
		work(words[1], presets()[words[2]], number(words[3]), many(number(words[4])))
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

func serve() {
	server, err := embedded.Start(embedded.Config{Memory: true})
	if err != nil {
		panic(err)
	}
	fmt.Println(server.URL())
	answer(func() (in, out uint64) { return 0, 0 })
	server.Stop()
}

// work runs workers that nobody listens to, until they are not wanted any more.
func work(url string, set partition.Settings, workers int, list shared) {
	nc, err := connect(url)
	if err != nil {
		panic(err)
	}
	system := newSystem()
	var all []*actor.PID
	for range workers {
		pid, err := spawn(system, nc, set, list, nil, false) // to a group that is there
		if err != nil {
			panic(err)
		}
		all = append(all, pid)
	}
	fmt.Println("started")
	answer(func() (in, out uint64) { return nc.Stats().InMsgs, nc.Stats().OutMsgs })
	for _, pid := range all {
		_ = system.Root.StopFuture(pid).Wait()
	}
	nc.Close()
}

// answer says for each line that it reads what the process has used until then.
func answer(traffic func() (in, out uint64)) {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		in, out := traffic()
		fmt.Println(processor().Nanoseconds(), in, out)
	}
}

// processor is the time of processors that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// helper is a process that a benchmark started.
type helper struct {
	b   *testing.B
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// usage is what a process has used: its processors, and its connection's messages.
type usage struct {
	processor time.Duration
	in, out   uint64
}

func newHelper(b *testing.B, words ...any) *helper {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"="+strings.TrimSpace(fmt.Sprintln(words...)))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	return &helper{b, cmd, in, bufio.NewReader(out)}
}

// line returns the next line that the process prints.
func (h *helper) line() string {
	h.b.Helper()
	text, err := h.out.ReadString('\n')
	require.NoError(h.b, err)
	return strings.TrimSpace(text)
}

func (h *helper) usage() (u usage) {
	h.b.Helper()
	_, err := fmt.Fprintln(h.in)
	require.NoError(h.b, err)
	_, err = fmt.Sscan(h.line(), &u.processor, &u.in, &u.out)
	require.NoError(h.b, err)
	return u
}

// end ends the process and waits for it.
func (h *helper) end() {
	_ = h.in.Close()
	_ = h.cmd.Wait()
}
