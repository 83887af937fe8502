//go:build unix

package live

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

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
	asleep  bool // since it was stopped it has not said that it owns nothing
	before  int  // changes before that
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

// read turns a line of a child into the mail that it came from.
func (c *crew) read(words []string) {
	l := c.g.ledger
	l.mu.Lock()
	p := c.known[words[0]]
	l.mu.Unlock()
	switch words[1] {
	case "state":
		p.warned(strings.Join(words[3:], " "))
		l.note(p.worker, messages.StateChanged{To: messages.State(words[2])})
	case "health":
		l.note(p.worker, messages.HealthChanged{Healthy: words[2] == "true", Reason: strings.Join(words[3:], " ")})
	case "owns":
		p.owns(l.changeTo(p.worker, words[2:]))
	case "is":
		p.says(words[2:])
	case "asleep":
		p.slept()
	}
}

// changeTo makes the mail by which a worker comes to own exactly this.
func (l *ledger) changeTo(w *worker, words []string) messages.AssignmentChanged {
	var all []partition.Owned
	for i := 0; i+1 < len(words); i += 2 {
		all = append(all, partition.Owned{ID: partition.PartitionID(words[i]), Token: token(words[i+1])})
	}
	gained, lost := partition.Diff(l.read(w).owned, all)
	return messages.AssignmentChanged{Gained: gained, Lost: lost, All: all}
}

// owns writes an assignment down. What a process still says that was stopped in
// the middle of it, is older than its sleep.
func (p *process) owns(m messages.AssignmentChanged) {
	l := p.g.ledger
	l.mu.Lock()
	stale := p.asleep && len(m.All) > 0
	if stale {
		l.pages[p.worker].owned = m.All
	}
	p.asleep = stale
	l.mu.Unlock()
	if !stale {
		l.note(p.worker, m)
	}
}

// warned keeps the warning that comes with a new ID.
func (p *process) warned(reason string) {
	l := p.g.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, warning, ok := strings.Cut(reason, "warning: "); ok {
		p.warning = warning
	}
}

func (p *process) says(words []string) {
	l := p.g.ledger
	l.mu.Lock()
	defer l.wake()
	defer l.mu.Unlock()
	n, _ := strconv.Atoi(words[0])
	term, _ := strconv.ParseUint(words[2], 10, 64)
	owned, _ := strconv.Atoi(words[3])
	p.is = standing{leading: words[1] == "true", term: partition.Revision(term), owned: owned}
	if len(words) > 5 { // there is a session
		p.is.session, p.is.worker = partition.SessionID(words[4]), partition.WorkerID(words[5])
	}
	p.answers[n] = p.is
}

// slept: a process is stopped, and all that it said before was read. It is out of
// the way: what it has is free.
func (p *process) slept() {
	l := p.g.ledger
	l.mu.Lock()
	defer l.wake()
	defer l.mu.Unlock()
	for id, owner := range l.owner {
		if owner == p.worker {
			delete(l.owner, id)
		}
	}
	p.asleep, p.before = true, len(l.pages[p.worker].changes)
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
	_, err := fmt.Fprintln(p.crew.pipe, p.calls, "asleep")
	require.NoError(p.g.t, err)
	p.g.ledger.await(p.name+" is asleep", func() bool { return p.asleep })
}

func (p *process) resume() { p.signal(syscall.SIGCONT) }

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

// wakesWithNothing demands that the first thing a process does when it wakes is to
// let everything go.
func (p *process) wakesWithNothing() {
	p.g.t.Helper()
	p.g.ledger.await(p.name+" has let go", func() bool { return len(p.g.ledger.pages[p.worker].changes) > p.before })
	first := p.g.ledger.read(p.worker).changes[p.before]
	require.Empty(p.g.t, first.Gained)
	require.Empty(p.g.t, first.All)
}
