package bridge

import (
	"context"
	"errors"
	"time"
)

// leave gives back what is here. When it returns, the server has it all, and sends us
// nothing more. If it does not answer within AckWait, or the time is over, nothing is given
// back: it comes again by itself.
func (p *pull) leave() {
	defer p.deaf()
	within, cancel := context.WithTimeout(p.last, p.c.cfg.Consumer.AckWait)
	defer cancel()
	_, away := p.c.port.away(Unknown)
	var err error
	if !away {
		err = p.end(within)
	}
	_ = p.sub.Unsubscribe() // it fails only if there is none
	p.mu.Lock()
	defer p.mu.Unlock()
	p.collect()
	p.over = true
	p.timer.Stop()
	if !away && p.last.Err() == nil {
		err = errors.Join(err, p.giveBack(within))
	}
	if err != nil {
		p.warn("what is here was perhaps not given back", err)
	}
	p.held = nil
}

// end has the server answer our questions no more, and waits for what it has answered: a
// message that it sends when nobody listens comes again only after AckWait.
func (p *pull) end(ctx context.Context) error {
	err := p.hearOut(ctx)
	_ = p.sub.Drain() // it fails only if there is none
	return errors.Join(err, p.c.port.nc.FlushWithContext(ctx), p.forgotten(ctx))
}

// hearOut waits for the answers to what was asked. If pulling ends because something went
// wrong, or the connection breaks meanwhile, they may be lost, and are not waited for.
//
// The first question ends by itself, those with a pin when it is taken. One without ends
// when nobody listens any more; a message that comes in this very moment is lost until
// AckWait is over.
func (p *pull) hearOut(ctx context.Context) error {
	if why := context.Cause(p.ctx); !errors.Is(why, errRevoked) && !errors.Is(why, errPaused) {
		return nil
	}
	deadline, _ := ctx.Deadline()
	ctx, cancel := context.WithDeadline(p.line, deadline)
	defer cancel()
	if err := p.until(ctx, func() bool { return p.begun || p.pin != "" }); err != nil {
		return err
	}
	// All that we have asked is read when it has refused a question of nobody's.
	_, err := p.c.port.nc.RequestWithContext(ctx, p.next(), []byte(`{"group":"nobody"}`))
	if err == nil && p.known() {
		err = errors.Join(p.c.unpin(ctx, p.name), p.caughtUp(ctx))
	}
	return err
}

// known tells whether the server knows us by a pin.
func (p *pull) known() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.collect()
	return p.pin != ""
}

// caughtUp waits for all that the server has sent. With replicas it sends a message, and
// counts it, only when they have it, as it does with acknowledgements. To one of before,
// sent once more, it may answer when the former one has arrived; to a third one, when at
// least the second one has, and with it all that the server had begun to send.
func (p *pull) caughtUp(ctx context.Context) error {
	for range 2 {
		if p.acked == "" {
			break
		}
		if _, err := p.c.port.nc.RequestWithContext(ctx, p.acked, []byte("+ACK")); err != nil {
			return err
		}
	}
	info, err := p.c.info(ctx, p.name)
	if err != nil {
		return err
	}
	return p.until(ctx, func() bool { return sequenceOf(p.latest).Consumer >= info.Delivered.Consumer })
}

// forgotten waits until the server has forgotten our questions, to which nobody listens
// any more. To be asked about the consumer makes it look. As long as it has not, it
// takes a message that is given back for an answer, sees that nobody is there, and puts
// it behind the others.
func (p *pull) forgotten(ctx context.Context) error {
	for {
		info, err := p.c.info(ctx, p.name)
		if err != nil || info.NumWaiting == 0 {
			return err
		}
		select {
		case <-time.After(leastBackoff / 10):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// until waits for what comes until that is enough.
func (p *pull) until(ctx context.Context, enough func() bool) error {
	for {
		p.mu.Lock()
		p.collect()
		over := enough()
		p.mu.Unlock()
		if over || ctx.Err() != nil {
			return ctx.Err()
		}
		p.hear(ctx)
	}
}

// hear waits until something comes.
func (p *pull) hear(ctx context.Context) {
	select {
	case m := <-p.inbox:
		p.mu.Lock()
		p.note(m)
		p.mu.Unlock()
	case <-p.late:
		p.mu.Lock()
		p.settle()
		p.mu.Unlock()
	case <-ctx.Done():
	}
}

// giveBack returns what is here.
func (p *pull) giveBack(ctx context.Context) (err error) {
	n := len(p.held)
	if n == 0 {
		return nil
	}
	for _, m := range p.held[:n-1] {
		err = errors.Join(err, p.c.port.nc.Publish(m.Reply, []byte("-NAK")))
	}
	_, answer := p.c.port.nc.RequestWithContext(ctx, p.held[n-1].Reply, []byte("-NAK"))
	return errors.Join(err, answer)
}
