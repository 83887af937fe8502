package bridge

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

// due is the end of a timer.
type due struct {
	id     uint64
	client string
	mail   any
}

// after sends oneself mail when d has passed.
func (o *outside) after(d time.Duration, mail any) (stop func()) {
	id := o.number()
	cancel := o.clock.AfterFunc(d, func() { o.send(due{id: id, mail: mail}) })
	o.timers[id] = cancel
	return func() {
		cancel()
		delete(o.timers, id)
	}
}

func (o *outside) remind(ctx actor.Context, m messages.Remind) {
	wait := m.After
	if !m.From.IsZero() {
		wait = m.From.Add(m.After).Sub(o.clock.Now())
	}
	c := o.client(ctx)
	id := o.number()
	c.timers[id] = true
	o.timers[id] = o.clock.AfterFunc(max(wait, 0), func() { o.send(due{id: id, client: c.pid.Id, mail: m.Mail}) })
}

// ring delivers what a timer was for, to oneself or to a client that is there.
func (o *outside) ring(ctx actor.Context, m due) {
	if _, armed := o.timers[m.id]; !armed {
		return
	}
	delete(o.timers, m.id)
	if m.client == "" {
		o.receiveOwn(ctx, m.mail)
		return
	}
	if c := o.clients[m.client]; c != nil {
		delete(c.timers, m.id)
		o.tell(c.pid, m.mail)
	}
}
