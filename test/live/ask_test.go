package live

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// ask sends a manager a question and returns its answer.
func ask[A any](w *worker, question any) A {
	w.g.t.Helper()
	got, err := w.system.Root.RequestFuture(w.manager, question, patience).Result()
	require.NoError(w.g.t, err)
	answer, ok := got.(A)
	require.True(w.g.t, ok, "%T is answered with %T", question, got)
	return answer
}

func (w *worker) snapshot() messages.Snapshot {
	w.g.t.Helper()
	return ask[messages.Snapshot](w, messages.GetSnapshot{})
}

func (w *worker) id() partition.WorkerID {
	w.g.t.Helper()
	return w.snapshot().Worker
}

// cable is a network connection that can be cut.
type cable struct {
	mu    sync.Mutex
	conns []net.Conn
	dead  bool
}

var errCut = errors.New("the cable is cut")

// Dial implements nats.CustomDialer.
func (c *cable) Dial(network, address string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return nil, errCut
	}
	conn, err := net.DialTimeout(network, address, 2*time.Second)
	if err != nil {
		return nil, err
	}
	c.conns = append(c.conns, conn)
	return conn, nil
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// mend lets the cable carry again.
func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = false
}
