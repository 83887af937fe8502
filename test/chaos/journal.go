//go:build linux

package main

import (
	"bufio"
	"container/heap"
	"encoding/json"
	"io"
	"math"
	"sync"
	"time"
)

// journal brings what all processes say into the order in which it happened, and
// has it checked. What a process says arrives in its own order, so an event is
// fed when everybody who runs has said something later.
type journal struct {
	mu    sync.Mutex
	check *checker
	wait  waiting
	said  map[string]time.Duration // the latest of everybody who runs
	fed   chan struct{}            // closed when something more was fed
}

func newJournal(c *checker) *journal {
	return &journal{check: c, said: map[string]time.Duration{}, fed: make(chan struct{})}
}

// read takes everything that a process says, until it has ended.
func (j *journal) read(who string, from io.Reader) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			j.blame(who + " says " + lines.Text())
			continue
		}
		e.Who = who
		j.add(e)
	}
}

// add takes one event. Nobody waits for who is stopped or dead.
func (j *journal) add(e event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch e.What {
	case stopped, died:
		delete(j.said, e.Who)
	case calm:
	case born, woken:
		j.said[e.Who] = e.At
	default:
		if latest, runs := j.said[e.Who]; runs {
			j.said[e.Who] = max(latest, e.At)
		}
	}
	heap.Push(&j.wait, e)
	j.feed()
}

func (j *journal) feed() {
	known := time.Duration(math.MaxInt64)
	for _, at := range j.said {
		known = min(known, at)
	}
	if len(j.wait) == 0 || j.wait[0].At > known {
		return
	}
	for len(j.wait) > 0 && j.wait[0].At <= known {
		e, _ := heap.Pop(&j.wait).(event)
		j.check.feed(e)
	}
	close(j.fed)
	j.fed = make(chan struct{})
}

// ask looks at the checker. fed is closed when there is more to see.
func (j *journal) ask(look func(*checker)) (fed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	look(j.check)
	return j.fed
}

// blame notes what is wrong and needs no checker.
func (j *journal) blame(what string) { j.ask(func(c *checker) { c.violate("%s", what) }) }

// waiting is a heap of events by their time.
type waiting []event

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, k int) bool { return w[i].At < w[k].At }
func (w waiting) Swap(i, k int)      { w[i], w[k] = w[k], w[i] }

// Push implements heap.Interface.
func (w *waiting) Push(x any) {
	e, _ := x.(event)
	*w = append(*w, e)
}

// Pop implements heap.Interface.
func (w *waiting) Pop() any {
	last := len(*w) - 1
	e := (*w)[last]
	*w = (*w)[:last]
	return e
}
