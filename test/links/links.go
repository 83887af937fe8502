// Package links has TCP proxies that can be broken: tests put them between NATS
// servers, and between servers and their clients.
package links

import (
	"bytes"
	"net"
	"sync"
	"time"
)

// State is how a link treats what is sent through it.
type State string

// The states of a link. What is held back by a silent, deaf or mute link arrives,
// late, when it is whole again, unless it is closed first: then it is lost. The end
// of a connection is held back like anything else.
const (
	// Whole links carry everything at once.
	Whole State = "whole"
	// Closed links end their connections and refuse others.
	Closed State = "closed"
	// Silent links hold everything back, and tell nobody.
	Silent State = "silent"
	// Deaf links hold back what is sent to the client, mute ones what it sends.
	Deaf State = "deaf"
	Mute State = "mute"
	// Slow links carry everything, Delay later.
	Slow State = "slow"
)

// Delay is what a slow link adds, each way.
const Delay = 500 * time.Millisecond

const (
	// inFlight is how many chunks of one connection are under way, each way; then
	// the sender has to wait.
	inFlight = 64
	chunk    = 32 << 10
	dialling = 2 * time.Second
)

// Link listens on the loopback interface and carries what comes to its target.
type Link struct {
	target   string
	listener net.Listener
	busy     sync.WaitGroup

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed with the next change of state
	conns   map[net.Conn]bool
}

// New makes a whole link to an address.
func New(target string) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Link{target: target, listener: listener, state: Whole, changed: make(chan struct{}), conns: map[net.Conn]bool{}}
	l.busy.Go(l.accept)
	return l, nil
}

// Addr is where the link begins.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Set changes the state. In the same one nothing changes.
func (l *Link) Set(s State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == s {
		return
	}
	l.state = s
	close(l.changed)
	l.changed = make(chan struct{})
	if s == Closed {
		for c := range l.conns {
			_ = c.Close()
		}
		clear(l.conns)
	}
}

// State is how the link is now.
func (l *Link) State() State {
	state, _ := l.now()
	return state
}

// Close ends the link for good, and returns when nothing of it is left.
func (l *Link) Close() {
	l.Set(Closed)
	_ = l.listener.Close()
	l.busy.Wait()
}

func (l *Link) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.busy.Go(func() { l.connect(near) })
	}
}

// connect brings one connection to the target.
func (l *Link) connect(near net.Conn) {
	if !l.keep(near) {
		return
	}
	far, err := net.DialTimeout("tcp", l.target, dialling)
	if err != nil {
		_ = near.Close() // nobody is there
		return
	}
	if !l.keep(far) {
		return
	}
	l.busy.Go(func() { l.carry(near, far, Mute) })
	l.busy.Go(func() { l.carry(far, near, Deaf) })
}

// keep notes a connection, or ends it if the link is closed.
func (l *Link) keep(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == Closed {
		_ = c.Close()
		return false
	}
	l.conns[c] = true
	return true
}

// parcel is something on its way, which does not arrive before it is due.
type parcel struct {
	data []byte
	due  time.Time
}

// carry brings what comes from one end to the other, until either is closed. A
// link in the state held holds it back.
func (l *Link) carry(from, to net.Conn, held State) {
	parcels, over := make(chan parcel, inFlight), make(chan struct{})
	l.busy.Go(func() { l.read(from, parcels, over) })
	for p := range parcels {
		time.Sleep(time.Until(p.due))
		l.pass(held)
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	l.pass(held) // the end is held back too
	close(over)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range []net.Conn{from, to} {
		_ = c.Close()
		delete(l.conns, c)
	}
}

func (l *Link) read(from net.Conn, parcels chan<- parcel, over <-chan struct{}) {
	defer close(parcels)
	buf := make([]byte, chunk)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p := parcel{data: bytes.Clone(buf[:n])}
		if state, _ := l.now(); state == Slow {
			p.due = time.Now().Add(Delay)
		}
		select {
		case parcels <- p:
		case <-over:
			return
		}
	}
}

// pass waits while the link holds back.
func (l *Link) pass(held State) {
	for {
		state, changed := l.now()
		if state != held && state != Silent {
			return
		}
		<-changed
	}
}

func (l *Link) now() (State, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.changed
}
