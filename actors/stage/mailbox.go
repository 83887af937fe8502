package stage

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// mailbox is the queue between goroutines: mail of others arrives here, and the
// dispatcher runs it in turns of at most its throughput.
type mailbox struct {
	mu        sync.Mutex
	system    queue
	user      queue
	scheduled bool
	suspended bool
	door      Doorkeeper // if there is one

	// What follows belongs to the turn that runs.
	invoker    actor.MessageInvoker
	ctx        actor.Context
	dispatcher actor.Dispatcher
	stopping   bool
	watches    []any // which wait, while it stops, for its end
}

// keptSpace is how many messages a queue keeps room for when it is empty.
const keptSpace = 1024

// queue is a list that is appended to at one end and taken from at the other.
type queue struct {
	items []any
	head  int
}

func (q *queue) push(m any) { q.items = append(q.items, m) }

func (q *queue) pop() any {
	if q.head == len(q.items) {
		return nil
	}
	m := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	switch {
	case q.head == len(q.items) && cap(q.items) > keptSpace:
		q.items, q.head = nil, 0
	case q.head == len(q.items):
		q.items, q.head = q.items[:0], 0
	case q.head > keptSpace && q.head*2 > len(q.items):
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return m
}

func (q *queue) len() int { return len(q.items) - q.head }

func newMailbox() actor.Mailbox { return &mailbox{} }

// RegisterHandlers implements actor.Mailbox. The actor can be found by its name
// before; what it is sent until then waits.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invoker, m.dispatcher = invoker, dispatcher
	m.ctx, _ = invoker.(actor.Context)
	m.door, _ = dispatcher.(Doorkeeper)
}

// Start implements actor.Mailbox.
func (m *mailbox) Start() {}

// UserMessageCount implements actor.Mailbox.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.user.len()
}

// PostUserMessage implements actor.Mailbox. A message that is nil says nothing
// and is refused: proto.Actor's own mailbox would spin on it for ever.
func (m *mailbox) PostUserMessage(message any) {
	if message == nil {
		return
	}
	if e, ok := message.(*actor.MessageEnvelope); ok && (e == nil || e.Message == nil) {
		return
	}
	m.post(&m.user, message)
}

// PostSystemMessage implements actor.Mailbox.
func (m *mailbox) PostSystemMessage(message any) {
	if c, asked := message.(*census); asked {
		c.waiting = m.UserMessageCount()
		return
	}
	m.post(&m.system, message)
}

func (m *mailbox) post(q *queue, message any) {
	m.mu.Lock()
	if m.door != nil {
		m.mu.Unlock() // it may print the message, whose String is anybody's code
		if !m.door.Admits(m.ctx.Self(), message) {
			return
		}
		m.mu.Lock()
	}
	q.push(message)
	run := m.claim()
	m.mu.Unlock()
	if run {
		m.dispatcher.Schedule(m.turn)
	}
}

// claim reports whether a turn has to be scheduled. The lock is held.
func (m *mailbox) claim() bool {
	if m.scheduled || m.dispatcher == nil || m.system.len() == 0 && (m.suspended || m.user.len() == 0) {
		return false
	}
	m.scheduled = true
	return true
}

// turn handles some mail and gives the thread back.
func (m *mailbox) turn() {
	for range m.dispatcher.Throughput() {
		if !m.one() {
			break
		}
	}
	m.mu.Lock()
	m.scheduled = false
	again := m.claim()
	m.mu.Unlock()
	if again {
		m.dispatcher.Schedule(m.turn)
	}
}

// one handles the next message, and reports false if there is none.
func (m *mailbox) one() bool {
	m.mu.Lock()
	system := m.system.pop()
	var user any
	if system == nil && !m.suspended {
		user = m.user.pop()
	}
	m.mu.Unlock()
	switch {
	case system != nil:
		m.handleSystem(system)
	case user == nil:
		return false
	case m.stopping && passes(user):
	case m.stopping:
		m.ctx.ActorSystem().DeadLetter.SendUserMessage(m.ctx.Self(), user)
	default:
		m.guarded(user, func() { m.invoker.InvokeUserMessage(user) })
	}
	return true
}

// handleSystem makes sure that a stop is completed. An actor that stops is neither
// suspended nor restarted, whatever its parent decides about an earlier panic; and
// whoever begins to watch it is told when it has ended, whereas proto.Actor would
// say so at once.
func (m *mailbox) handleSystem(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox:
		m.suspend(!m.stopping)
	case *actor.ResumeMailbox:
		m.suspend(false)
	case *actor.Stop:
		m.stop()
	case *actor.Restart:
		m.restart(message)
	case *actor.Watch:
		m.watches = append(m.watches, message)
	case *actor.Terminated:
		m.invoke(message)
		m.vacate()
	default:
		m.invoke(message)
	}
	if !m.stopping || len(m.ctx.Children()) == 0 { // it lives, or has ended
		for _, w := range m.watches {
			m.invoke(w)
		}
		m.watches = nil
	}
}

// restart handles what the parent decided after a panic of this actor or of a
// sibling. An actor of ours stops instead.
func (m *mailbox) restart(message any) {
	_, ours := m.ctx.Actor().(*player)
	switch {
	case ours:
		m.stop()
	case !m.stopping:
		m.invoke(message)
	}
}

// vacate empties the place that a child has left behind those that are there: protoactor
// leaves a PID in it, and who has that has all of the actor, ended or not. A worker that
// had many partitions would keep as many of their actors.
func (m *mailbox) vacate() {
	if left := m.ctx.Children(); len(left) < cap(left) {
		left[:len(left)+1][len(left)] = nil
	}
}

func (m *mailbox) invoke(message any) {
	m.guarded(message, func() { m.invoker.InvokeSystemMessage(message) })
}

func (m *mailbox) suspend(on bool) {
	m.mu.Lock()
	m.suspended = on
	m.mu.Unlock()
}

// stop begins the end: what is left in the queue, and what comes, is dead.
func (m *mailbox) stop() {
	m.stopping = true
	if p, ours := m.ctx.Actor().(*player); ours {
		p.stopping = true
	}
	m.suspend(false)
	m.invoke(&actor.Stop{})
}

// guarded runs a handler. A panic ends an actor of ours here and now; one of
// somebody else's goes to its supervisor.
func (m *mailbox) guarded(message any, handle func()) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if _, ours := m.ctx.Actor().(*player); !ours {
			m.invoker.EscalateFailure(r, message)
			return
		}
		m.ctx.Logger().Error("an actor panicked and stops",
			slog.String("actor", m.ctx.Self().Id), slog.String("mail", fmt.Sprintf("%T", body(message))),
			slog.Any("reason", r), slog.String("stack", string(debug.Stack())))
		failed(m.ctx.ActorSystem(), m.ctx.Self())
		if !m.stopping {
			m.stop()
		}
	}()
	handle()
}

func body(message any) any {
	if e, ok := message.(*actor.MessageEnvelope); ok {
		return e.Message
	}
	return message
}
