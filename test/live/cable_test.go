package live

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cable is a network connection that can be cut, that can hold back what is sent,
// that can go deaf, and that can come and go.
type cable struct {
	mu    sync.Mutex
	conns []*strand
	dead  bool
	held  bool
	deaf  bool
	flaps bool
	trap  []byte // nil, or what has an effect when it is sent: falls
	falls func()
}

var errCut = errors.New("the cable is cut")

// Dial implements nats.CustomDialer.
func (c *cable) Dial(network, address string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead || c.held {
		return nil, errCut
	}
	conn, err := net.DialTimeout(network, address, 2*time.Second)
	if err != nil {
		return nil, err
	}
	s := &strand{Conn: conn, cable: c}
	c.conns = append(c.conns, s)
	return s, nil
}

// to is a URL from which all goes over the cable to the server: for processes, which dial
// themselves.
func (c *cable) to(t *testing.T, server string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var busy sync.WaitGroup
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	busy.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := c.Dial("tcp", strings.TrimPrefix(server, "nats://"))
			if err != nil {
				_ = near.Close()
				continue
			}
			busy.Go(func() { carry(far, near) })
			busy.Go(func() { carry(near, far) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		c.cut()
		busy.Wait()
	})
	return "nats://" + l.Addr().String()
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
	for _, s := range c.conns {
		_ = s.Conn.Close()
	}
	c.conns, c.held = nil, false
}

// mend lets the cable carry again, hear, and stay.
func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead, c.deaf, c.flaps = false, false, false
}

// flap makes the cable come and go: whoever dials is connected, and is not any more
// when something is to be published.
func (c *cable) flap() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flaps = true
}

// hold keeps, from the moment on at which this text is sent, all that is sent, also
// when the sender has hung up. fell is closed then.
func (c *cable) hold(from string) (fell <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	done := make(chan struct{})
	c.trap, c.falls = []byte(from), func() { c.held = true; close(done) }
	return done
}

// keeps reports whether all of these are in what is held back.
func (c *cable) keeps(texts ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var kept []byte
	for _, s := range c.conns {
		kept = append(kept, s.kept...)
	}
	return !slices.ContainsFunc(texts, func(s string) bool { return !bytes.Contains(kept, []byte(s)) })
}

// flush lets everything arrive that was held back.
func (c *cable) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
	var err error
	for _, s := range c.conns {
		if _, fault := s.Conn.Write(s.kept); fault != nil && len(s.kept) > 0 {
			err = fault
		}
		s.kept = nil
		if s.hungUp {
			s.hangUp()
		}
	}
	return err
}

// deafen makes the cable deaf as soon as this text is sent: the text arrives, and
// no answer comes back. fell is closed then.
func (c *cable) deafen(when string) (fell <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	closed := make(chan struct{})
	c.trap, c.falls = []byte(when), func() {
		c.deaf = true
		close(closed)
	}
	return closed
}

// hangUp closes the connection as a network does that delivers first. A close with something
// unread, or before the other end is done, would take back what was sent: who writes to nobody
// closes, too, and may have read nothing yet.
func (s *strand) hangUp() {
	conn, ok := s.Conn.(*net.TCPConn)
	if !ok || conn.SetReadDeadline(time.Time{}) != nil || conn.CloseWrite() != nil {
		_ = s.Conn.Close()
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}()
}

// strand is one connection of a cable.
type strand struct {
	net.Conn
	cable  *cable
	kept   []byte
	hungUp bool
}

// Write implements net.Conn.
func (s *strand) Write(p []byte) (int, error) {
	c := s.cable
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trap != nil && bytes.Contains(p, c.trap) {
		c.trap = nil
		c.falls()
	}
	if c.flaps && bytes.Contains(p, []byte("PUB $")) { // or HPUB
		_ = s.Conn.Close()
		return 0, errCut
	}
	if c.held {
		s.kept = append(s.kept, p...)
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// Read implements net.Conn. What a deaf cable does not hear is lost: it has to be
// cut and mended to hear again.
func (s *strand) Read(p []byte) (int, error) {
	for {
		n, err := s.Conn.Read(p)
		s.cable.mu.Lock()
		deaf := s.cable.deaf
		s.cable.mu.Unlock()
		if !deaf || err != nil {
			return n, err
		}
	}
}

// Close implements net.Conn. What is on its way arrives all the same.
func (s *strand) Close() error {
	c := s.cable
	c.mu.Lock()
	defer c.mu.Unlock()
	wire, ok := s.Conn.(*net.TCPConn)
	if !c.held || !ok {
		return s.Conn.Close()
	}
	s.hungUp = true
	return wire.SetReadDeadline(time.Now()) // whoever reads is done
}
