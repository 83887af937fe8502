//go:build unix

package live

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// crew are workers in processes of their own. All of them say what they hear on
// one pipe, so that it is read in the order in which it was said. In the ledger
// they are workers like all others.
type crew struct {
	g     *group
	pipe  *os.File            // what they write to
	known map[string]*process // by what they call themselves; the ledger's lock is its lock

	reigns  jetstream.ConsumeContext // nil until somebody asks who leads
	reign   partition.Term
	reignAt partition.Revision
}

// process is one of them.
type process struct {
	*worker
	crew  *crew
	cmd   *exec.Cmd
	asks  *os.File
	calls string // what it calls itself
	count int

	// The ledger's lock is the lock of these.
	is      standing
	answers map[int]standing
	warning string
	slept   time.Time // when it was last known to be stopped; zero if it never was
	dreams  bool      // since then it has not said that it owns nothing
}

// standing is what a process says of itself.
type standing struct {
	leading bool
	term    partition.Revision
	owned   int
	session partition.SessionID
	worker  partition.WorkerID
}

func (g *group) crew() *crew {
	g.t.Helper()
	r, w, err := os.Pipe()
	require.NoError(g.t, err)
	c := &crew{g: g, pipe: w, known: map[string]*process{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = r.Close() }()
		for lines := bufio.NewScanner(r); lines.Scan(); {
			c.read(strings.Fields(lines.Text()))
		}
	}()
	g.t.Cleanup(func() {
		_ = w.Close()
		<-done
	})
	return c
}

// spawn starts a process. It returns at once.
func (c *crew) spawn(name string, change ...func(*orders)) *process {
	t := c.g.t
	t.Helper()
	told := orders{URL: c.g.server.URL(), Name: fmt.Sprintf("%s-%d", name, len(c.known)), Fresh: c.g.fresh}
	for _, f := range change {
		f(&told)
	}
	text, err := json.Marshal(told)
	require.NoError(t, err)
	hears, asks, err := os.Pipe()
	require.NoError(t, err)
	p := &process{worker: &worker{g: c.g, name: name}, crew: c, cmd: exec.Command(os.Args[0]), asks: asks, calls: told.Name, answers: map[int]standing{}}
	p.cmd.Env = append(os.Environ(), childOrders+"="+string(text))
	p.cmd.Stdout, p.cmd.Stdin, p.cmd.Stderr = c.pipe, hears, os.Stderr
	c.g.ledger.hire(p.worker)
	c.g.ledger.mu.Lock()
	c.known[told.Name] = p
	c.g.ledger.mu.Unlock()
	require.NoError(t, p.cmd.Start())
	require.NoError(t, hears.Close())
	t.Cleanup(p.kill)
	return p
}

func (p *process) signal(s os.Signal) { require.NoError(p.g.t, p.cmd.Process.Signal(s)) }

// pause stops the process where it is, and returns when it is stopped and known to
// be.
func (p *process) pause() {
	p.g.t.Helper()
	p.signal(syscall.SIGSTOP)
	var status syscall.WaitStatus
	for !status.Stopped() {
		_, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
		require.NoError(p.g.t, err)
		require.False(p.g.t, status.Exited() || status.Signaled(), "%s has ended", p.name)
	}
	stopped := time.Now()
	_, err := fmt.Fprintln(p.crew.pipe, p.calls, "asleep")
	require.NoError(p.g.t, err)
	p.g.ledger.await(p.name+" is asleep", func() bool { return !p.slept.Before(stopped) })
}

// resume wakes the process, and asks at once what it believes.
func (p *process) resume() {
	p.g.t.Helper()
	p.signal(syscall.SIGCONT)
	p.ask()
}

// ask returns what the process says of itself now.
func (p *process) ask() standing {
	p.g.t.Helper()
	p.count++
	_, err := fmt.Fprintln(p.asks, p.count)
	require.NoError(p.g.t, err)
	p.g.ledger.await(p.name+" has answered", func() bool { _, ok := p.answers[p.count]; return ok })
	p.g.ledger.mu.Lock()
	defer p.g.ledger.mu.Unlock()
	return p.answers[p.count]
}

// kill ends the process without a word.
func (p *process) kill() {
	if p.ended {
		return
	}
	_ = p.cmd.Process.Kill()
	p.g.ledger.bury(p.worker)
	_ = p.wait()
}

// stop ends it as a service is ended.
func (p *process) stop() {
	p.signal(syscall.SIGTERM)
	require.NoError(p.g.t, p.wait())
}

func (p *process) wait() error {
	p.ended = true
	_ = p.asks.Close()
	return p.cmd.Wait()
}

// start starts three processes, and waits until each has its share.
func (c *crew) start(change ...func(*orders)) (all []*process, workers []*worker) {
	c.g.t.Helper()
	for _, name := range []string{"one", "two", "three"} {
		p := c.spawn(name, change...)
		all, workers = append(all, p), append(workers, p.worker)
	}
	c.g.atRest(workers...)
	return all, workers
}

func TestProcess_Killed(t *testing.T) {
	g := groupWithHistory(t, swift(), childPartitions)
	all, workers := g.crew().start()
	all[0].kill()
	g.atRest(workers[1:]...)
	g.history().sound(t)
}

func TestProcess_Terminated(t *testing.T) {
	g := groupWithHistory(t, swift(), childPartitions)
	all, workers := g.crew().start(func(o *orders) { o.Patient = true })
	all[0].stop()
	g.atRest(workers[1:]...)
	require.NotContains(t, g.ledger.read(workers[1]).states, messages.Emergency)
	require.NotContains(t, g.ledger.read(workers[2]).states, messages.Emergency)
	g.history().sound(t)
}

// A process that is stopped for longer than its lease owns nothing when it wakes:
// it lets go before it does anything else, and then gets a new share.
//
// hazards 1, 11 and 22
func TestProcess_Paused(t *testing.T) {
	g := groupWithHistory(t, swift(), childPartitions)
	all, workers := g.crew().start()
	all[0].pause()
	g.atRest(workers[1:]...)
	all[0].resume()
	all[0].wakesWithNothing()
	g.atRest(workers...)
	g.history().sound(t)
}

// wakesWithNothing waits until a process that was woken has let everything go. What it owns
// before it has is a fault in the ledger.
func (p *process) wakesWithNothing() {
	p.g.t.Helper()
	p.g.ledger.await(p.name+" has let go", func() bool { return !p.dreams })
}
