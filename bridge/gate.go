package bridge

import (
	"context"
	"errors"
	"sync"
)

var errPaused = errors.New("pulling is paused")

// gate lets many pass while it is open, and calls them back when it is closed. Its zero
// value is open.
type gate struct {
	mu     sync.Mutex
	closed chan struct{} // nil while it is open: closed when it opens
	passes uint64
	inside map[uint64]context.CancelCauseFunc
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

// close returns when all who have passed are told.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
	for _, cancel := range g.inside {
		cancel(errPaused)
	}
}

// pass waits until the gate is open. The context that it returns ends with the given
// one, when the gate is closed, and by leave. It is false if the given one ended first.
func (g *gate) pass(ctx context.Context) (open context.Context, leave func(), ok bool) {
	for ctx.Err() == nil {
		open, leave, closed := g.enter(ctx)
		if closed == nil {
			return open, leave, true
		}
		select {
		case <-closed:
		case <-ctx.Done():
		}
	}
	return nil, nil, false
}

func (g *gate) enter(ctx context.Context) (open context.Context, leave func(), closed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		return nil, nil, g.closed
	}
	if g.inside == nil {
		g.inside = map[uint64]context.CancelCauseFunc{}
	}
	open, cancel := context.WithCancelCause(ctx)
	g.passes++
	n := g.passes
	g.inside[n] = cancel
	return open, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.inside, n)
		cancel(nil)
	}, nil
}
