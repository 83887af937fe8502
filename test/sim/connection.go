package sim

import (
	"slices"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// Times of a connection.
const (
	// reconnecting is how long a client needs for another server.
	reconnecting = 50 * time.Millisecond
	// deafFor is how long a watch stays deaf after a plain restart, at most.
	deafFor = 20 * time.Second
)

// Listen implements bridge.Port.
func (p *Port) Listen(each func(bridge.Signal)) (stop func()) {
	l := &listener{each}
	p.listeners = append(p.listeners, l)
	return func() { p.listeners = slices.DeleteFunc(p.listeners, func(x *listener) bool { return x == l }) }
}

func (p *Port) signal(s bridge.Signal) {
	p.net.line.After(0, p.lane, Network, func() {
		for _, l := range slices.Clone(p.listeners) {
			l.each(s)
		}
	})
}

// Reconnect implements bridge.Port: the isolated server, if it was one, is left.
func (p *Port) Reconnect() {
	p.isolated = nil
	p.Disconnect(reconnecting)
}

// Disconnect breaks the connection for a while. Answers that are under way are
// lost, half of what is sent meanwhile leaves later, and watches come back deaf.
func (p *Port) Disconnect(down time.Duration) {
	if p.broken || p.lane.Ended() {
		return
	}
	p.net.note(p.lane.Name, "is disconnected for "+down.String())
	p.broken = true
	p.life++
	life := p.life
	for _, w := range p.watches {
		w.deaf = true
	}
	p.signal(bridge.Disconnected)
	p.net.line.After(down, p.net.home, Network, func() {
		if p.life == life {
			p.connected()
		}
	})
}

func (p *Port) connected() {
	p.broken = false
	p.signal(bridge.Reconnected)
	if !p.cut {
		p.release()
		p.hearAgain()
	}
}

func (p *Port) release() {
	held := p.held
	p.held = nil
	for _, leave := range held {
		leave()
	}
}

// hearAgain lets watches that went deaf with the connection go on after a while,
// from what is there by then. Those of a stream that is gone stay deaf.
func (p *Port) hearAgain() {
	for _, w := range slices.Clone(p.watches) {
		if w.deaf {
			p.net.line.After(time.Duration(p.net.rng.Int64N(int64(deafFor))), p.net.home, Network, w.catchUp)
		}
	}
}

// Cut stops everything between the process and the store, in both directions,
// until Heal. Nobody is told.
func (p *Port) Cut() {
	p.net.note(p.lane.Name, "is cut off from the store")
	p.cut = true
	for _, w := range p.watches {
		w.deaf = true
	}
}

// Heal ends Cut and Isolate.
func (p *Port) Heal() {
	if !p.cut && p.isolated == nil {
		return
	}
	p.net.note(p.lane.Name, "reaches the store again")
	p.cut, p.isolated = false, nil
	if !p.broken {
		p.release()
		p.hearAgain()
	}
}

// gone ends what a process left behind in the server.
func (p *Port) gone() {
	for _, w := range slices.Clone(p.watches) {
		w.Stop()
	}
	p.net.ports = slices.DeleteFunc(p.net.ports, func(x *Port) bool { return x == p })
}
