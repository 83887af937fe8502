package sim

import (
	"errors"
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

// Reconnect implements bridge.Port: the isolated server, if it was one, is left, or the one
// that finds nobody.
func (p *Port) Reconnect() {
	p.isolated, p.alone = nil, false
	p.Disconnect(reconnecting)
}

// Close closes the connection for good, as the client does when the server does not
// accept its credentials any more. All that is under way is lost.
func (p *Port) Close() {
	p.net.note(p.lane.Name, "has no connection any more")
	p.broken, p.ended = true, true
	p.life++
	p.signal(bridge.Closed)
}

var errEnded = errors.New("the connection is closed")

// Ended implements bridge.Port.
func (p *Port) Ended() error {
	if p.ended {
		return errEnded
	}
	return nil
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
	p.flow()
}

// flow lets what was held back go on, as far as it may.
func (p *Port) flow() {
	if !p.broken && !p.mute {
		p.release()
	}
	if !p.broken && !p.deaf {
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
	p.mute = true
	p.hush()
}

// Mute stops what the process sends, until Heal, Deafen what is sent to it.
func (p *Port) Mute() {
	p.net.note(p.lane.Name, "is not heard by the store")
	p.mute = true
}

// Deafen is the other direction of Mute.
func (p *Port) Deafen() {
	p.net.note(p.lane.Name, "hears nothing of the store")
	p.hush()
}

func (p *Port) hush() {
	p.deaf = true
	for _, w := range p.watches {
		w.deaf = true
	}
}

// Desert leaves the connection, until Heal or Reconnect, at a server that knows no way to the stream:
// whoever asks is told at once that nobody answers, and what is watched says nothing more.
func (p *Port) Desert() {
	p.net.note(p.lane.Name, "finds nobody who answers")
	p.alone = true
	for _, w := range p.watches {
		w.deaf = true
	}
}

// deserted reports whether nobody answers.
func (p *Port) deserted() bool { return p.alone || p.net.line.Now() < p.net.alone }

// Slow makes everything take so much longer, each way, until Heal.
func (p *Port) Slow(lag time.Duration) {
	p.net.note(p.lane.Name, "has a connection that is slower by "+lag.String())
	p.lag = lag
}

// delay is how long a message to or from the process is under way.
func (p *Port) delay() time.Duration { return p.net.delay() + p.lag }

// Heal ends Cut, Mute, Deafen, Desert, Slow, Isolate and Deny.
func (p *Port) Heal() {
	p.lag = 0
	p.Allow()
	if !p.mute && !p.deaf && !p.alone && p.isolated == nil {
		return
	}
	p.net.note(p.lane.Name, "reaches the store again")
	p.mute, p.deaf, p.alone, p.isolated = false, false, false, nil
	p.flow()
}

// gone ends what a process left behind in the server.
func (p *Port) gone() {
	for _, w := range slices.Clone(p.watches) {
		w.Stop()
	}
	p.net.ports = slices.DeleteFunc(p.net.ports, func(x *Port) bool { return x == p })
}
