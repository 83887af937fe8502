package umpire

import (
	"bufio"
	"container/heap"
	"encoding/json"
	"io"
	"math"
	"sync"
	"time"
)

// Journal brings what all workers say into the order in which it happened, and has
// an umpire look at it. What a worker says arrives in its own order, so an event is
// fed when everybody who runs has said something later.
type Journal struct {
	mu     sync.Mutex
	umpire *Umpire
	wait   waiting
	said   map[string]time.Duration // the latest of everybody who runs
	fed    chan struct{}            // closed when something more was fed
}

// NewJournal makes an empty journal for an umpire.
func NewJournal(u *Umpire) *Journal {
	return &Journal{umpire: u, said: map[string]time.Duration{}, fed: make(chan struct{})}
}

// Read takes everything that a process says, until it has ended.
func (j *Journal) Read(who string, from io.Reader) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			j.Blame(who + " says " + lines.Text())
			continue
		}
		e.Who = who
		j.Add(e)
	}
}

// Add takes one event. Nobody waits for who is stopped or dead.
func (j *Journal) Add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch e.What {
	case Stopped, Died:
		delete(j.said, e.Who)
	case Calm:
	case Born, Woken:
		j.said[e.Who] = e.At
	default:
		if latest, runs := j.said[e.Who]; runs {
			j.said[e.Who] = max(latest, e.At)
		}
	}
	heap.Push(&j.wait, e)
	j.feed()
}

func (j *Journal) feed() {
	known := time.Duration(math.MaxInt64)
	for _, at := range j.said {
		known = min(known, at)
	}
	if len(j.wait) == 0 || j.wait[0].At > known {
		return
	}
	for len(j.wait) > 0 && j.wait[0].At <= known {
		e, _ := heap.Pop(&j.wait).(Event)
		j.umpire.feed(e)
	}
	close(j.fed)
	j.fed = make(chan struct{})
}

// Ask looks at the umpire. fed is closed when there is more to see.
func (j *Journal) Ask(look func(*Umpire)) (fed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	look(j.umpire)
	return j.fed
}

// Blame notes what is wrong and needs no umpire to see it.
func (j *Journal) Blame(what string) { j.Ask(func(u *Umpire) { u.Blame("%s", what) }) }

// Wrong lists all that was wrong until now.
func (j *Journal) Wrong() (wrong []string) {
	j.Ask(func(u *Umpire) { wrong = u.Wrong() })
	return wrong
}

// waiting is a heap of events by their time.
type waiting []Event

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, k int) bool { return w[i].At < w[k].At }
func (w waiting) Swap(i, k int)      { w[i], w[k] = w[k], w[i] }

// Push implements heap.Interface.
func (w *waiting) Push(x any) {
	e, _ := x.(Event)
	*w = append(*w, e)
}

// Pop implements heap.Interface.
func (w *waiting) Pop() any {
	last := len(*w) - 1
	e := (*w)[last]
	*w = (*w)[:last]
	return e
}
