//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// orders makes this program, started again, a worker or a node.
type orders struct {
	Worker *workerOrders
	Server *serverOrders
}

// ordersKey is the variable that has them.
const ordersKey = "TROUPE_CHAOS"

// child does what this process was told, if it was told anything.
func child() (was bool) {
	text := os.Getenv(ordersKey)
	if text == "" {
		return false
	}
	var o orders
	err := json.Unmarshal([]byte(text), &o)
	switch {
	case err != nil:
	case o.Worker != nil:
		err = runWorker(*o.Worker)
	case o.Server != nil:
		err = runServer(*o.Server)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// proc is a process of ours. It has a process group of its own, so that Ctrl-C
// reaches only who ends it. When we end without a word, the system kills it, also
// if it is stopped or about to be.
type proc struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	told atomic.Bool   // its end is no surprise
	over chan struct{} // closed when it has ended
	fate error         // how, then
}

// launch starts a process. What it says goes to read, and over is called when it
// has ended and everything was read.
func launch(name string, o orders, read func(io.Reader), over func(*proc)) (*proc, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &proc{name: name, cmd: exec.Command(self), over: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), ordersKey+"="+string(text))
	p.cmd.Stderr = os.Stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		read(out)
		p.fate = p.cmd.Wait()
		over(p)
		close(p.over)
	}()
	return p, nil
}

// tell writes the last line to the process: how to end.
func (p *proc) tell(line string) {
	p.told.Store(true)
	_, _ = fmt.Fprintln(p.in, line)
}

// kill ends the process, also if it is stopped, and returns when it has ended.
func (p *proc) kill() {
	p.told.Store(true)
	_ = p.cmd.Process.Kill()
	<-p.over
}

// ended waits until the process has ended, or kills it. It reports whether it
// ended by itself and as it should.
func (p *proc) ended(within time.Duration) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.over:
		return p.fate
	case <-timer.C:
		p.kill()
		return errors.New("it did not stop in time")
	}
}

// gone reports whether the process has ended.
func (p *proc) gone() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// pause returns when the process is stopped, or reports that it has ended.
func (p *proc) pause() error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WSTOPPED, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func (p *proc) resume() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }
