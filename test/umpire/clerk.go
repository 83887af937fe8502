package umpire

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Clerk says what a worker does: it works on its partitions, and looks at its lease.
// Its work is for bridge.HandlerFunc.
type Clerk struct {
	now func() time.Duration
	out func(Event)

	ready   chan struct{} // closed when the worker is there
	system  *actor.ActorSystem
	manager *actor.PID

	mu sync.Mutex
}

// NewClerk makes one that tells out by this clock, in the order of the times.
func NewClerk(now func() time.Duration, out func(Event)) *Clerk {
	return &Clerk{now: now, out: out, ready: make(chan struct{})}
}

// Begin names the worker. From then on, until stop is called, the clerk says each
// Beat that the worker runs, and how it is. stop returns when nothing of it is left.
func (c *Clerk) Begin(system *actor.ActorSystem, manager *actor.PID) (stop func()) {
	c.system, c.manager = system, manager
	close(c.ready)
	end := make(chan struct{})
	var busy sync.WaitGroup
	busy.Go(func() { each(Beat, end, func() { c.say(Event{What: Pulse}) }) })
	busy.Go(func() {
		each(Beat, end, func() {
			if e, ok := c.looks(); ok {
				e.What = Lease
				c.say(e)
			}
		})
	})
	return func() {
		close(end)
		busy.Wait()
	}
}

func each(period time.Duration, end <-chan struct{}, do func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			do()
		case <-end:
			return
		}
	}
}

// say tells one event. The lock keeps them in the order of their times.
func (c *Clerk) say(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.At = c.now()
	c.out(e)
}

// answer is a process that takes one answer. A future of the library is none for
// questions that may be given up: its result is written without a lock when it comes late.
type answer chan any

// SendUserMessage implements actor.Process.
func (a answer) SendUserMessage(_ *actor.PID, m any) {
	select {
	case a <- actor.UnwrapEnvelopeMessage(m):
	default:
	}
}

// SendSystemMessage implements actor.Process.
func (a answer) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (a answer) Stop(*actor.PID) {}

// ask asks for a snapshot, and gives up after a second or when nobody is there.
func (c *Clerk) ask() (s messages.Snapshot, ok bool) {
	got := make(answer, 1)
	pid, _ := c.system.ProcessRegistry.Add(got, c.system.ProcessRegistry.NextID())
	defer c.system.ProcessRegistry.Remove(pid)
	c.system.Root.RequestWithCustomSender(c.manager, messages.GetSnapshot{}, pid)
	late := time.NewTimer(time.Second)
	defer late.Stop()
	select {
	case m := <-got:
		s, ok = m.(messages.Snapshot)
	case <-late.C:
	}
	return s, ok
}

// looks asks what the worker believes of itself.
func (c *Clerk) looks() (e Event, ok bool) {
	asked := c.now()
	s, ok := c.ask()
	if !ok {
		return Event{}, false
	}
	is := fmt.Sprintf("%s %s", s.State, s.Worker)
	if s.Leading {
		is += fmt.Sprintf(", leads %v, %d unowned", s.Members, s.Unowned)
	} else {
		is += fmt.Sprintf(", led by %q", s.Leader)
	}
	is += fmt.Sprintf(", step %d, owns %d, drains %d, awaits %d", s.Step, len(s.Owned), s.Draining, len(s.Pending))
	if !s.Healthy {
		is += ": " + s.Reason
	}
	return Event{
		Session: s.Session, Until: c.now() + time.Until(s.LeaseEnd), Leads: s.Leading, Is: is,
		Owns: len(s.Owned), Asked: asked,
	}, true
}

// Work is the handler of a partition: it has an effect now and then.
func (c *Clerk) Work(ctx context.Context, o partition.Owned) error {
	<-c.ready
	e, ok := c.looks()
	if !ok || e.Session == "" || ctx.Err() != nil {
		return ctx.Err()
	}
	e.Partition, e.Token, e.Is = o.ID, o.Token, ""
	say := func(w What) {
		e.What = w
		c.say(e)
	}
	say(Hold)
	defer say(Drop)
	tick := time.NewTicker(Effects)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			say(Act)
		}
	}
}
