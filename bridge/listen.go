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
// after stop, or when the manager has ended; stop says that the reader works on
// nothing any more. A slow reader costs memory.
func Listen(system *actor.ActorSystem, manager *actor.PID) (changes <-chan Change, stop func()) {
	return listen(system, manager, true, func(ctx actor.Context) (Change, bool) {
		m, ok := ctx.Message().(messages.AssignmentChanged)
		root, self := ctx.ActorSystem().Root, ctx.Self()
		return Change{m, sync.OnceFunc(func() {
			if len(m.Lost) > 0 {
				root.Send(manager, messages.LetGo{PID: self, Step: m.Step})
			}
		})}, ok
	})
}

// ListenState returns the changes of the manager's public state, as Listen does
// those of the assignment; the present state comes first.
func ListenState(system *actor.ActorSystem, manager *actor.PID) (states <-chan messages.StateChanged, stop func()) {
	return listen(system, manager, false, mail[messages.StateChanged])
}

// ListenHealth returns the changes of the manager's health, as Listen does those
// of the assignment; the present one comes first.
func ListenHealth(system *actor.ActorSystem, manager *actor.PID) (health <-chan messages.HealthChanged, stop func()) {
	return listen(system, manager, false, mail[messages.HealthChanged])
}

// ListenAlerts returns the alerts of a worker that stays degraded, as Listen does
// the changes of its assignment. There is none at first.
func ListenAlerts(system *actor.ActorSystem, manager *actor.PID) (alerts <-chan messages.AlertRaised, stop func()) {
	return listen(system, manager, false, mail[messages.AlertRaised])
}

func mail[T any](ctx actor.Context) (T, bool) {
	m, ok := ctx.Message().(T)
	return m, ok
}

// listen subscribes and returns the mail that pick wants.
func listen[T any](system *actor.ActorSystem, manager *actor.PID, confirm bool, pick func(actor.Context) (T, bool)) (<-chan T, func()) {
	l := &listener[T]{
		manager: manager, confirm: confirm, pick: pick,
		out: make(chan T), wake: make(chan struct{}, 1), end: make(chan struct{}),
	}
	pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return l }))
	go l.run()
	return l.out, sync.OnceFunc(func() {
		l.ending.Do(func() { system.Root.Stop(pid) })
		close(l.end)
	})
}

// listener stands between mail and a channel: mail is never refused, a channel
// may be read slowly. It ends with the manager, or by stop.
type listener[T any] struct {
	manager *actor.PID
	confirm bool
	pick    func(actor.Context) (T, bool)
	out     chan T
	wake    chan struct{}
	end     chan struct{} // closed by stop
	ending  sync.Once     // by stop or with the manager: what has ended is not stopped again
	alone   bool          // the manager has ended

	mu    sync.Mutex
	queue []T
	over  bool // nothing comes any more
}

// Receive implements actor.Actor.
func (l *listener[T]) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(l.manager)
		ctx.Send(l.manager, messages.Subscribe{PID: ctx.Self(), Confirm: l.confirm})
	case *actor.Terminated:
		l.alone = true
		ctx.Send(ctx.Self(), over{}) // it overtakes mail
	case over:
		l.ending.Do(func() { ctx.Stop(ctx.Self()) })
	case *actor.Stopping:
		l.add(nil, true)
		if !l.alone {
			ctx.Unwatch(l.manager)
		}
	default:
		if m, ok := l.pick(ctx); ok {
			l.add([]T{m}, false)
		}
	}
}

func (l *listener[T]) add(mail []T, over bool) {
	l.mu.Lock()
	l.queue, l.over = append(l.queue, mail...), l.over || over
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run hands the mail over. It ends when there is none any more, or by stop.
func (l *listener[T]) run() {
	defer close(l.out)
	for {
		l.mu.Lock()
		queue, over := l.queue, l.over
		l.queue = nil
		l.mu.Unlock()
		for _, m := range queue {
			select {
			case l.out <- m:
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
