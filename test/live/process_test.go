//go:build unix

package live

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// process is a worker in a process of its own, which says on its output what it
// gains and loses. In the ledger it is a worker like all others.
type process struct {
	*worker
	cmd  *exec.Cmd
	done chan struct{} // closed when its output has ended
}

func (g *group) spawn(name string, env ...string) *process {
	g.t.Helper()
	p := &process{worker: &worker{g: g, name: name}, cmd: exec.Command(os.Args[0]), done: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), childURL+"="+g.server.URL()), env...)
	out, err := p.cmd.StdoutPipe()
	require.NoError(g.t, err)
	require.NoError(g.t, p.cmd.Start())
	g.ledger.hire(p.worker)
	go func() {
		defer close(p.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.read(strings.Fields(lines.Text()))
		}
	}()
	g.t.Cleanup(p.kill)
	return p
}

// read turns a line of the child into the mail that it came from.
func (p *process) read(words []string) {
	if len(words) < 2 {
		return
	}
	switch words[0] {
	case "state":
		p.g.ledger.note(p.worker, messages.StateChanged{To: messages.State(words[1])})
	case "owns":
		p.g.ledger.note(p.worker, p.g.ledger.changeTo(p.worker, words[2:]))
	}
}

func (p *process) signal(s os.Signal) { require.NoError(p.g.t, p.cmd.Process.Signal(s)) }

// kill ends the process without a word.
func (p *process) kill() {
	if p.ended {
		return
	}
	p.ended = true
	_ = p.cmd.Process.Kill()
	p.g.ledger.bury(p.worker)
	<-p.done
	_ = p.cmd.Wait()
}

func (g *group) processes(n int) (all []*process, workers []*worker) {
	g.t.Helper()
	for _, name := range []string{"one", "two", "three"}[:n] {
		p := g.spawn(name)
		all, workers = append(all, p), append(workers, p.worker)
	}
	g.atRest(workers...)
	return all, workers
}

func TestProcess_Killed(t *testing.T) {
	g := newGroup(t, swift(), childPartitions)
	all, workers := g.processes(3)
	all[0].kill()
	g.atRest(workers[1:]...)
}

func TestProcess_Terminated(t *testing.T) {
	g := newGroup(t, swift(), childPartitions)
	all, workers := g.processes(3)
	all[0].signal(syscall.SIGTERM)
	g.atRest(workers[1:]...)
	require.NotContains(t, g.ledger.read(workers[1]).states, messages.Emergency)
	require.NotContains(t, g.ledger.read(workers[2]).states, messages.Emergency)
	<-all[0].done
	require.NoError(t, all[0].cmd.Wait())
	all[0].ended = true
}

// A process that is stopped for longer than its lease owns nothing when it wakes:
// it lets go before it does anything else, and then gets a new share.
//
// hazards 1, 11 and 22
func TestProcess_Paused(t *testing.T) {
	g := newGroup(t, swift(), childPartitions)
	all, workers := g.processes(3)
	all[0].signal(syscall.SIGSTOP)
	g.ledger.asleep(workers[0])
	g.atRest(workers[1:]...)
	before := len(g.ledger.read(workers[0]).changes)

	all[0].signal(syscall.SIGCONT)
	g.ledger.await("it has let go", func() bool { return len(g.ledger.pages[workers[0]].changes) > before })
	require.Empty(t, g.ledger.read(workers[0]).changes[before].Gained)
	require.Empty(t, g.ledger.read(workers[0]).changes[before].All)
	g.atRest(workers...)
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

// asleep frees what a worker has that cannot act: it is out of the way, and hears
// so when it wakes.
func (l *ledger) asleep(w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, owner := range l.owner {
		if owner == w {
			delete(l.owner, id)
		}
	}
}
