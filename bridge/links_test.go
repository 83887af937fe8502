package bridge_test

import (
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// clients is the end of a link where clients are.
const clients = -1

// links are proxies through which the nodes of a cluster, and its clients, reach
// each other. What is sent through one that is cut is lost, and nobody is told;
// when it is whole again, the connections that lost something end.
type links struct {
	t    *testing.T
	mu   sync.Mutex
	all  []*link
	busy sync.WaitGroup
}

// link is the way from one node, or from clients, to another node.
type link struct {
	from, to int
	target   string
	listener net.Listener
	cut      bool
	pipes    []net.Conn
}

func newLinks(t *testing.T) *links {
	l := &links{t: t}
	t.Cleanup(l.end)
	return l
}

// add makes a link to an address and returns where it begins.
func (l *links) add(from, to int, target string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(l.t, err)
	k := &link{from: from, to: to, target: target, listener: listener}
	l.mu.Lock()
	l.all = append(l.all, k)
	l.mu.Unlock()
	l.busy.Go(func() { l.accept(k) })
	return listener.Addr().String()
}

func (l *links) accept(k *link) {
	for {
		near, err := k.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", k.target)
		if err != nil {
			_ = near.Close() // the node is stopped
			continue
		}
		l.mu.Lock()
		k.pipes = append(k.pipes, near, far)
		l.mu.Unlock()
		l.busy.Go(func() { l.copy(k, near, far) })
		l.busy.Go(func() { l.copy(k, far, near) })
	}
}

// copy brings what comes to the other end, or loses it.
func (l *links) copy(k *link, from, to net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		l.mu.Lock()
		cut := k.cut
		l.mu.Unlock()
		if cut {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// sever cuts the links that fit, or makes them whole.
func (l *links) sever(cut bool, which func(k *link) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.all {
		if !which(k) || k.cut == cut {
			continue
		}
		k.cut = cut
		if !cut {
			k.drop()
		}
	}
}

// drop ends the connections of a link. The lock is held.
func (k *link) drop() {
	for _, c := range k.pipes {
		_ = c.Close()
	}
	k.pipes = slices.Delete(k.pipes, 0, len(k.pipes))
}

func (l *links) end() {
	l.mu.Lock()
	for _, k := range l.all {
		_ = k.listener.Close()
		k.drop()
	}
	l.mu.Unlock()
	l.busy.Wait()
}
