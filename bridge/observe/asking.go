package observe

import (
	"sync"
	"time"
)

// asking puts one question for all who want its answer at a time.
type asking[T any] struct {
	mu      sync.Mutex
	waiting []chan T
	ended   bool
}

// ask waits for the answer. There is none after the end, or if it takes too long; then the
// question is put anew for whoever asks next.
func (a *asking[T]) ask(within time.Duration, put func()) (T, bool) {
	var none T
	answer := make(chan T, 1)
	a.mu.Lock()
	ended, first := a.ended, len(a.waiting) == 0
	if !ended {
		a.waiting = append(a.waiting, answer)
	}
	a.mu.Unlock()
	if ended {
		return none, false
	}
	if first {
		put()
	}
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case got, ok := <-answer:
		return got, ok
	case <-late.C:
		a.mu.Lock()
		defer a.mu.Unlock()
		a.waiting = nil
		return none, false
	}
}

// answer tells everybody who waits.
func (a *asking[T]) answer(got T) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.waiting {
		w <- got
	}
	a.waiting = nil
}

// end lets everybody go who waits: no answer comes any more.
func (a *asking[T]) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.waiting {
		close(w)
	}
	a.waiting, a.ended = nil, true
}
