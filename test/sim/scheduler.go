package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
)

// Scheduler runs mailboxes one message at a time, on one goroutine, in an order
// that its source of randomness decides. The goroutine that made it is the only
// one that may step it or send mail to its actors; of other mail Step says whose it is.
type Scheduler struct {
	rng     *rand.Rand
	ready   []runnable
	home    *Lane
	current *Lane
	owner   uint64
	trusts  bool // checks some mail only
	asked   uint64
	steps   uint64
	foreign atomic.Pointer[string]
}

// runnable is a mailbox with mail, of a process.
type runnable struct {
	lane *Lane
	run  func()
}

// Lane is one process of the world: its mailboxes and the events that reach it.
// Lanes are paused, resumed and ended as wholes.
type Lane struct {
	// Name is how the trace calls the process.
	Name string

	scheduler *Scheduler
	paused    bool
	ended     bool
	handled   func()     // is told of each message, if it is there
	steps     int        // counts its messages
	mail      []runnable // became ready during a pause
	events    []*event   // became due during a pause
	open      [kinds]int // events that are neither due nor cancelled, by kind
}

// NewScheduler returns a scheduler for the calling goroutine. Its home lane
// takes the mail that is sent outside every other lane.
func NewScheduler(rng *rand.Rand) *Scheduler {
	s := &Scheduler{rng: rng, owner: goroutine()}
	s.home = s.Lane("home")
	s.current = s.home
	return s
}

// Lane returns a new, running process.
func (s *Scheduler) Lane(name string) *Lane { return &Lane{Name: name, scheduler: s} }

// Home is the lane of everything that belongs to no other.
func (s *Scheduler) Home() *Lane { return s.home }

// Dispatcher returns what the actor system's mailboxes are scheduled with. A
// mailbox runs in the lane that sends to it, so that mail between two lanes has
// to go through a port or a clock, as between two processes.
func (s *Scheduler) Dispatcher() actor.Dispatcher { return (*stepper)(s) }

// stepper is the Scheduler as mailboxes see it.
type stepper Scheduler

var _ stage.Doorkeeper = (*stepper)(nil)

// Throughput implements actor.Dispatcher: one message a step.
func (*stepper) Throughput() int { return 1 }

// Schedule implements actor.Dispatcher. It follows mail that was admitted.
func (p *stepper) Schedule(run func()) {
	s := (*Scheduler)(p)
	s.add(runnable{s.current, run})
}

// Admits implements stage.Doorkeeper.
func (p *stepper) Admits(to *actor.PID, mail any) bool {
	_, message, sender := actor.UnwrapEnvelope(mail)
	return (*Scheduler)(p).admits(sender.GetId(), to, message)
}

// admits refuses mail from another goroutine, which would be delivered in an order that no
// seed decides, and keeps who was the first to send some.
func (s *Scheduler) admits(from string, to *actor.PID, message any) bool {
	if s.ours() {
		return true
	}
	if from == "" {
		from = "somebody"
	}
	who := fmt.Sprintf("%s sent %s to %s from another goroutine than the test's; it was sent here:\n%s", from, text(message), to.GetId(), debug.Stack())
	s.foreign.CompareAndSwap(nil, &who)
	return false
}

func (s *Scheduler) add(r runnable) {
	switch {
	case r.lane.ended:
	case r.lane.paused:
		r.lane.mail = append(r.lane.mail, r)
	default:
		s.ready = append(s.ready, r)
	}
}

// sampled is of how many messages in a World one is checked for its goroutine: its
// actors are ours, mostly, and the check costs a hundred times a message.
const sampled = 1024

// ours reports whether the caller is the simulation's goroutine.
func (s *Scheduler) ours() bool {
	return s.trusts && atomic.AddUint64(&s.asked, 1)%sampled != 0 || goroutine() == s.owner
}

// Step runs one message of a mailbox picked at random. It returns false if no
// running lane has mail. It panics if mail came from another goroutine, and was checked: in
// a World, little is.
func (s *Scheduler) Step() bool {
	s.check()
	if len(s.ready) == 0 {
		return false
	}
	i, last := 0, len(s.ready)-1
	if last > 0 {
		i = s.rng.IntN(last + 1)
	}
	r := s.ready[i]
	s.ready[i], s.ready[last] = s.ready[last], runnable{}
	s.ready = s.ready[:last]
	s.steps++
	r.lane.steps++
	r.lane.Do(r.run)
	if r.lane.handled != nil {
		r.lane.handled()
	}
	return true
}

func (s *Scheduler) check() {
	if who := s.foreign.Load(); who != nil {
		panic("sim: " + *who)
	}
}

// Steps counts the messages that were run.
func (s *Scheduler) Steps() uint64 { return s.steps }

// Do calls f as something that this process does: mail that f sends is run with
// the process.
func (l *Lane) Do(f func()) {
	s := l.scheduler
	was := s.current
	s.current = l
	defer func() { s.current = was }()
	f()
}

// Pause stops the process as SIGSTOP does: its clock runs on, and nothing of it
// runs until Resume.
func (l *Lane) Pause() {
	if l.paused || l.ended {
		return
	}
	l.paused = true
	l.take(&l.mail)
}

// Resume lets a paused process go on. What became due meanwhile happens now, in
// the order in which it became due.
func (l *Lane) Resume(line *Timeline) {
	if !l.paused {
		return
	}
	l.paused = false
	l.scheduler.ready = append(l.scheduler.ready, l.mail...)
	l.mail = nil
	for _, e := range l.events {
		line.push(e, line.now)
	}
	l.events = nil
}

// End ends the process as a crash does: nothing of it happens any more.
func (l *Lane) End() {
	l.paused, l.ended = false, true
	l.take(new([]runnable))
	l.mail, l.events, l.open = nil, nil, [kinds]int{}
}

// take moves the lane's ready mail away.
func (l *Lane) take(to *[]runnable) {
	s := l.scheduler
	kept := s.ready[:0]
	for _, r := range s.ready {
		if r.lane == l {
			*to = append(*to, r)
		} else {
			kept = append(kept, r)
		}
	}
	clear(s.ready[len(kept):])
	s.ready = kept
}

// Paused and Ended say what the process is.
func (l *Lane) Paused() bool { return l.paused }

// Ended reports whether the process is over.
func (l *Lane) Ended() bool { return l.ended }

// Open counts what the process waits for, of a kind.
func (l *Lane) Open(k Kind) int { return l.open[k] }

// goroutine returns the number of the calling goroutine, which the runtime tells
// only in the first line of a stack trace: "goroutine 7 [running]:".
func goroutine() uint64 {
	var buf [40]byte
	line := buf[:runtime.Stack(buf[:], false)]
	line = bytes.TrimPrefix(line, []byte("goroutine "))
	if i := bytes.IndexByte(line, ' '); i > 0 {
		line = line[:i]
	}
	n, err := strconv.ParseUint(string(line), 10, 64)
	if err != nil {
		panic("sim: the runtime does not tell the goroutine: " + err.Error())
	}
	return n
}
