//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/troupe-actors/troupe/test/links"
	"github.com/troupe-actors/troupe/test/umpire"
)

// strike begins a fault. mend ends it.
func (f *fleet) strike(x fault) (mend func() error, err error) {
	switch places[x.Kind] {
	case process:
		return f.strikeWorker(x)
	case link:
		return f.strikeLinks(x)
	case route:
		return f.set(routeStates[x.Kind], f.routes[x.Who][x.Other], f.routes[x.Other][x.Who]), nil
	case node:
		return f.strikeNode(x)
	default:
		return f.strikeAll(x)
	}
}

// none is the end of a fault that struck nobody.
func none() error { return nil }

// aim returns the worker that a fault strikes.
func (f *fleet) aim(x fault) *berth {
	if x.Leader {
		for _, b := range f.workers {
			if b.proc != nil && f.leads(b.proc.name) {
				return b
			}
		}
	}
	return f.workers[x.Who]
}

func (f *fleet) leads(name string) (leads bool) {
	f.log.Ask(func(u *umpire.Umpire) { leads = u.Leads(name) })
	return leads
}

func (f *fleet) strikeWorker(x fault) (func() error, error) {
	b := f.aim(x)
	if b.struck {
		b = f.workers[x.Who]
	}
	if b.struck {
		return none, nil // by one that was aimed at the leader
	}
	b.struck = true
	p := b.proc
	again := func() error {
		b.struck = false
		return f.launch(b)
	}
	switch x.Kind {
	case paused, twinned:
		return f.pause(b, x.Kind == twinned)
	case killed, replaced:
		p.kill()
	default:
		p.tell(map[kind]string{left: leave, returned: comeup, late: comeup}[x.Kind])
	}
	if x.Kind == replaced || x.Kind == left {
		b.key = fmt.Sprintf("%s-%d", b.name, b.lives)
	}
	return func() error {
		if x.Kind != killed && x.Kind != replaced {
			f.stops(p)
		}
		return again()
	}, nil
}

// pause stops a worker's process. A twin is another one with the same InstanceKey,
// which comes meanwhile, and stays; the old one is told to stop when it goes on.
func (f *fleet) pause(b *berth, twin bool) (func() error, error) {
	p := b.proc
	if err := p.pause(); err != nil {
		return nil, err
	}
	f.log.Add(umpire.Event{At: now(), Who: p.name, What: umpire.Stopped})
	if twin {
		if err := f.launch(b); err != nil {
			return nil, err
		}
	}
	return func() error {
		b.struck = false
		f.log.Add(umpire.Event{At: now(), Who: p.name, What: umpire.Woken})
		p.resume()
		if twin {
			p.tell(leave)
			f.stops(p)
		}
		return nil
	}, nil
}

// stops waits until a process that was told to stop has ended.
func (f *fleet) stops(p *proc) {
	if err := p.ended(patience); err != nil {
		f.log.Blame(fmt.Sprintf("%s was told to stop: %v", p.name, err))
	}
}

var (
	linkStates = map[kind]links.State{
		linkClosed: links.Closed, linkSilent: links.Silent, linkDeaf: links.Deaf, linkMute: links.Mute, linkSlow: links.Slow,
	}
	routeStates = map[kind]links.State{
		routeClosed: links.Closed, routeSilent: links.Silent, routeDeaf: links.Deaf, routeSlow: links.Slow,
	}
)

// set brings links into a state, until it is mended.
func (f *fleet) set(s links.State, all ...*links.Link) (mend func() error) {
	for _, l := range all {
		l.Set(s)
	}
	return func() error {
		for _, l := range all {
			l.Set(links.Whole)
		}
		return nil
	}
}

// flapping is how long a link that flaps stays as it is.
const flapping = 300 * time.Millisecond

func (f *fleet) strikeLinks(x fault) (func() error, error) {
	b := f.aim(x)
	if x.Kind != linkFlaps {
		return f.set(linkStates[x.Kind], b.links...), nil
	}
	stop, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			mend := f.set(links.Closed, b.links...)
			if !sleep(flapping, stop) {
				return
			}
			_ = mend()
			if !sleep(flapping, stop) {
				return
			}
		}
	}()
	return func() error {
		close(stop)
		<-over
		return f.set(links.Whole, b.links...)()
	}, nil
}

func (f *fleet) strikeNode(x fault) (func() error, error) {
	b := f.nodes[x.Who]
	switch x.Kind {
	case nodeAlone:
		var all []*links.Link
		for other := range nodes {
			if other != x.Who {
				all = append(all, f.routes[x.Who][other], f.routes[other][x.Who])
			}
		}
		return f.set(links.Silent, all...), nil
	case nodePaused:
		p := b.proc
		if err := p.pause(); err != nil {
			return nil, err
		}
		return func() error { p.resume(); return nil }, nil
	default:
		return f.restart(x.Kind == nodeKilled, b)
	}
}

func (f *fleet) strikeAll(x fault) (func() error, error) {
	if x.Kind == full {
		return func() error { return f.limit(-1) }, f.limit(1)
	}
	return f.restart(x.Kind == allKilled, f.nodes[:]...)
}

// restart ends nodes, and starts them again when it is mended.
func (f *fleet) restart(hard bool, all ...*berth) (func() error, error) {
	for _, b := range all {
		if hard {
			b.proc.kill()
		} else {
			b.proc.tell(leave)
		}
	}
	return func() error {
		for _, b := range all {
			if !hard {
				f.stops(b.proc)
			}
		}
		for _, b := range all {
			if err := f.launch(b); err != nil {
				return err
			}
		}
		return nil
	}, nil
}
