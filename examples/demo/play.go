package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// play runs the group and shows it. All of it happens on one goroutine, which
// reads the workers' events whenever it waits.
type play struct {
	cfg    config
	board  *board
	view   view
	events chan event
	tick   *time.Ticker
	began  time.Time
	pause  time.Duration // for the reader, between two acts
	// abroad: workers of other processes may be in the group.
	abroad bool
	looks  int
	over   bool // the workers stop: what is shown stays
}

func newPlay(cfg config, v view, pause time.Duration, abroad bool) *play {
	p := &play{
		cfg: cfg, view: v, events: make(chan event, 4096), tick: time.NewTicker(100 * time.Millisecond),
		began: time.Now(), pause: pause, abroad: abroad,
	}
	ids := make([]partition.PartitionID, 0, len(cfg.partitions))
	for _, one := range cfg.partitions {
		ids = append(ids, one.ID())
	}
	p.board = newBoard(ids, func(text string) { v.say(time.Since(p.began), text) })
	return p
}

// perform shows everything once.
func (p *play) perform(ctx context.Context) error {
	p.begin(fmt.Sprintf("Three workers start, with %d partitions to share", len(p.cfg.partitions)))
	for range 3 {
		if err := p.hire(ctx); err != nil {
			return err
		}
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	return p.round(ctx)
}

// round is what can be repeated: one joins, one crashes, the leader stops.
func (p *play) round(ctx context.Context) error {
	p.begin("A fourth worker joins")
	for missing := 4 - len(p.ours()); missing > 0; missing-- {
		if err := p.hire(ctx); err != nil {
			return err
		}
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	if i := slices.IndexFunc(p.ours(), func(r *row) bool { return !r.leads }); i >= 0 {
		r := p.ours()[i]
		p.begin(fmt.Sprintf("%s crashes", r))
		r.ours.crash()
		if err := p.gone(ctx, r); err != nil {
			return err
		}
	}
	if r := p.leader(); r != nil {
		p.begin(fmt.Sprintf("%s, the leader, stops", r))
		r.ours.leave(ctx)
		if err := p.gone(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// gone waits until a worker has ended and the others have settled.
func (p *play) gone(ctx context.Context, r *row) error {
	if err := p.until(ctx, fmt.Sprintf("%s has ended", r), func() bool { return r.fate != "" }); err != nil {
		return err
	}
	return p.settle(ctx)
}

// work is one worker that shows the group until the context ends.
func (p *play) work(ctx context.Context) error {
	p.begin("One worker, until Ctrl-C")
	if err := p.hire(ctx); err != nil {
		return err
	}
	return p.until(ctx, "", func() bool { return false })
}

func (p *play) begin(title string) {
	p.view.act(title)
	p.board.begin(title)
}

// hire adds a worker, and waits until it has claimed its ID.
func (p *play) hire(ctx context.Context) error {
	w, err := hire(p.cfg, p.events)
	if err != nil {
		return fmt.Errorf("no connection to %s: %w", p.cfg.url, err)
	}
	r := p.board.rowOf(w)
	return p.until(ctx, "a worker claims an ID", func() bool { return r.id != "" })
}

// settle waits until the group is at rest, and then for the reader.
func (p *play) settle(ctx context.Context) error {
	atRest := func() bool { return p.board.settled() && (p.abroad || p.leader() != nil) }
	if err := p.until(ctx, "every worker has its share", atRest); err != nil {
		return err
	}
	p.view.draw(p.board, true)
	deadline := time.Now().Add(p.pause)
	return p.until(ctx, "", func() bool { return time.Now().After(deadline) })
}

// until reads events until something is so.
func (p *play) until(ctx context.Context, what string, so func() bool) error {
	for !so() {
		select {
		case e := <-p.events:
			p.board.take(e)
		case now := <-p.tick.C:
			p.look(now)
		case <-ctx.Done():
			if what == "" {
				return ctx.Err()
			}
			return fmt.Errorf("gave up waiting until %s: %w", what, context.Cause(ctx))
		}
	}
	return nil
}

// look asks what nobody says by itself, and draws.
func (p *play) look(now time.Time) {
	p.looks++
	for i, r := range p.ours() {
		r.ours.ask(messages.GetSnapshot{})
		if !p.abroad || i > 0 || p.looks%5 != 0 {
			continue
		}
		for _, id := range p.board.ids {
			r.ours.ask(messages.GetOwner{Partition: id})
		}
	}
	if p.abroad {
		p.board.forget(now)
	}
	if !p.over {
		p.view.draw(p.board, false)
	}
}

func (p *play) ours() []*row {
	return slices.DeleteFunc(p.board.there(), func(r *row) bool { return r.ours == nil })
}

// leader is the one of our workers that leads, nil if none does.
func (p *play) leader() *row {
	for _, r := range p.ours() {
		if r.leads {
			return r
		}
	}
	return nil
}

// close stops all workers that are left.
func (p *play) close(ctx context.Context) error {
	switch len(p.ours()) {
	case 0:
		return nil
	case 1:
		p.begin("The worker stops")
	default:
		p.begin("The others stop")
	}
	p.over = true
	for _, r := range p.ours() {
		r.ours.leave(ctx)
	}
	err := p.until(ctx, "all workers have stopped", func() bool { return len(p.ours()) == 0 })
	p.board.acts = p.board.acts[:len(p.board.acts)-1]
	return err
}
