package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/troupe-actors/troupe/partition"
)

// pull is one life of a partition's pulling: messages come into the inbox, from there
// the partition's goroutine takes and handles them, one after the other.
type pull struct {
	c         *Consumers
	owned     partition.Owned
	name      string                  // of the consumer
	ctx, last context.Context         // ask for no more; be done
	fail      context.CancelCauseFunc // of the former
	inbox     chan *nats.Msg
	sub       *nats.Subscription
	line      context.Context  // ends with last, and when the connection is another
	deaf      func()           // ends listening to that
	late      <-chan time.Time // the first question takes too long
	acked     string           // where the last message was acknowledged
	mute      bool             // the server could not be told of a message in work

	mu     sync.Mutex
	timer  *time.Timer
	held   []*nats.Msg // what is here, in order
	busy   bool        // the first of them is in work
	first  int         // how many the server may still send for the first question
	begun  bool        // that one is over: what was given back before is here
	asked  int         // how many more the server may send, for all questions
	pin    string      // by which it knows us
	latest *nats.Msg   // the one that came last
	sign   time.Time   // when it said something last
	over   bool
}

var errReconnected = errors.New("reconnected: the server has forgotten what was asked")

// begin asks for messages.
func (p *pull) begin() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const statuses = 64 // besides the messages
	p.inbox = make(chan *nats.Msg, p.c.cfg.Pull+statuses)
	if p.sub, err = p.c.port.nc.ChanSubscribe(p.c.port.nc.NewInbox(), p.inbox); err != nil {
		return err
	}
	line, cut := context.WithCancel(p.last)
	deaf := p.c.port.Listen(func(s Signal) {
		if s == Reconnected {
			p.fail(errReconnected)
			cut()
		}
	})
	p.line, p.deaf = line, func() { deaf(); cut() }
	p.late = time.After(firstWithin)
	p.askFirst()
	p.timer = time.AfterFunc(p.c.tick(), p.watch)
	return nil
}

// tick is how often is looked after what is here.
func (c *Consumers) tick() time.Duration { return min(c.cfg.Consumer.AckWait/3, pullHeartbeat) }

// run handles messages until the context has ended, and then gives back what is here.
func (p *pull) run() {
	for p.ctx.Err() == nil {
		if m := p.take(); m != nil {
			p.handle(m)
			p.drop()
			continue
		}
		p.hear(p.ctx)
	}
	p.leave()
}

// take is the message to handle next, nil if there is none.
func (p *pull) take() *nats.Msg {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.collect()
	if p.busy = p.begun && len(p.held) > 0; !p.busy {
		return nil
	}
	return p.held[0]
}

func (p *pull) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[0] = nil
	p.held, p.busy = p.held[1:], false
}

// watch tells the server that what is here is not lost: the message in work, and those
// that wait for it. It finds out whether the server is there.
func (p *pull) watch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.last.Err() != nil {
		return
	}
	if p.busy { // else the partition's goroutine is at the inbox
		p.collect()
	}
	for _, m := range p.held {
		_ = m.InProgress() // if it is not sent, the connection breaks
	}
	if p.asked > 0 && time.Since(p.sign) > 3*pullHeartbeat {
		p.fail(errSilent)
	}
	p.timer.Reset(p.c.tick())
}

// handle lets the user's function work on a message, and tells the server how it went.
// What ends after the time is over counts for nothing: another owner may work on it.
func (p *pull) handle(m *nats.Msg) {
	mark, err := p.mark(m)
	if err == nil {
		err = p.work(m)
	}
	if done := p.last.Err() == nil && p.answer(m, err); !done && mark != "" {
		p.unmark(m, mark)
	}
}

// answer tells the server how it went, and reports whether the message is done with.
func (p *pull) answer(m *nats.Msg, reason error) bool {
	done, err := reason == nil, error(nil)
	if done {
		if err = m.Ack(); err == nil {
			p.acked = m.Reply
		}
	} else {
		done, err = p.failed(m, reason)
	}
	if err != nil && !errors.Is(err, nats.ErrMsgAlreadyAckd) {
		p.warn("an acknowledgement was not sent: the message comes again", err, slog.String("subject", m.Subject))
	}
	return done && err == nil
}

func (p *pull) work(m *nats.Msg) (err error) {
	defer caught(&err)
	return p.c.cfg.Handle(p.last, p.owned, m)
}

func (p *pull) spent(meta *nats.MsgMetadata) bool {
	most := p.c.cfg.MaxDeliver
	return most > 0 && meta.NumDelivered >= uint64(most)
}

// failed has a message delivered again, later, or puts it aside, which it reports.
func (p *pull) failed(m *nats.Msg, reason error) (aside bool, err error) {
	p.warn("a message was not handled", reason, slog.String("subject", m.Subject))
	meta, err := m.Metadata()
	if err != nil {
		return false, err
	}
	if p.spent(meta) {
		if err = p.putAside(m, meta, reason); err == nil {
			return true, m.Term()
		}
		p.warn("a message was not put aside", err, slog.String("subject", m.Subject))
	}
	return false, m.NakWithDelay(backoff(meta.NumDelivered))
}

// Headers of a message that was put aside, besides its own and those of SetToken.
const (
	HeaderReason   = "Troupe-Reason"
	HeaderSubject  = "Troupe-Subject"
	HeaderSequence = "Troupe-Sequence"
)

// putAside publishes a copy to the dead-letter subject: one, however often it is tried
// within the time in which its stream looks for duplicates. Its time is part of what tells
// it from others: a stream that is made anew counts from the beginning.
func (p *pull) putAside(m *nats.Msg, meta *nats.MsgMetadata, reason error) error {
	out := &nats.Msg{Subject: p.c.cfg.DeadLetter, Data: m.Data, Header: nats.Header{}}
	for key, values := range m.Header {
		out.Header[key] = values
	}
	out.Header.Del(pinHeader)
	SetToken(out, p.owned)
	sequence := strconv.FormatUint(meta.Sequence.Stream, 10)
	out.Header.Set(HeaderReason, reason.Error())
	out.Header.Set(HeaderSubject, m.Subject)
	out.Header.Set(HeaderSequence, sequence)
	within, cancel := context.WithTimeout(p.last, p.c.within)
	defer cancel()
	id := fmt.Sprintf("%s/%s/%s/%d", p.c.cfg.whose(), p.c.cfg.Stream, sequence, meta.Timestamp.UnixNano())
	_, err := p.c.js.PublishMsg(within, out, jetstream.WithMsgID(id))
	return err
}

func (p *pull) warn(what string, reason error, more ...any) {
	p.c.cfg.Logger.With(more...).Warn(what, slog.String("partition", string(p.owned.ID)), slog.Any("reason", reason))
}
