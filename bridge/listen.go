package bridge

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

// Change is a messages.AssignmentChanged for a reader that is no actor.
type Change struct {
	messages.AssignmentChanged
	done func()
}

// Done says that the reader has stopped working on what the change lost. Until
// then no other worker gets it. Only the first call counts.
func (c Change) Done() { c.done() }

// Listen subscribes, with confirmation, and returns what the manager's worker
// owns as a channel of changes, in order and without a gap; the present assignment
// comes first. The reader must call Done for each change. The channel is closed
// after stop, or when the manager has ended. A slow reader costs memory.
func Listen(system *actor.ActorSystem, manager *actor.PID) (changes <-chan Change, stop func()) {
	l := &listener{manager: manager, out: make(chan Change), wake: make(chan struct{}, 1), end: make(chan struct{})}
	pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return l }))
	go l.run()
	return l.out, func() {
		system.Root.Stop(pid)
		l.once.Do(func() { close(l.end) })
	}
}

// listener stands between mail and a channel: mail is never refused, a channel
// may be read slowly.
type listener struct {
	manager *actor.PID
	out     chan Change
	wake    chan struct{}
	end     chan struct{} // closed by stop
	once    sync.Once

	mu    sync.Mutex
	queue []Change
	over  bool // nothing comes any more
}

// Receive implements actor.Actor.
func (l *listener) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(l.manager)
		ctx.Send(l.manager, messages.Subscribe{PID: ctx.Self(), Confirm: true})
	case messages.AssignmentChanged:
		root, self := ctx.ActorSystem().Root, ctx.Self()
		l.add(Change{m, sync.OnceFunc(func() {
			if len(m.Lost) > 0 {
				root.Send(l.manager, messages.LetGo{PID: self, Step: m.Step})
			}
		})}, false)
	case *actor.Terminated, *actor.Stopping:
		l.add(Change{}, true)
	}
}

func (l *listener) add(c Change, over bool) {
	l.mu.Lock()
	if !over {
		l.queue = append(l.queue, c)
	}
	l.over = l.over || over
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run hands the changes over. It ends when there are none any more, or by stop.
func (l *listener) run() {
	defer close(l.out)
	for {
		l.mu.Lock()
		queue, over := l.queue, l.over
		l.queue = nil
		l.mu.Unlock()
		for _, c := range queue {
			select {
			case l.out <- c:
			case <-l.end:
				return
			}
		}
		if len(queue) > 0 {
			continue
		}
		if over {
			return
		}
		select {
		case <-l.wake:
		case <-l.end:
			return
		}
	}
}
