package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// Port is the connection of one process to the store. It implements bridge.Port
// over the simulated net; callbacks run in the process's lane, as events.
type Port struct {
	net    *Net
	lane   *Lane
	stream string

	listeners []*listener
	watches   []*watch
	open      []*bridge.Op              // neither answered nor cancelled; an empty one asks what the stream is
	may       func(subject string) bool // what it may write, and then nothing else; nil is everything
	lacks     [Rights]bool              // besides
	broken    bool
	ended     bool // for good
	wrote     bool // it had a stream
	mute      bool // what it sends does not arrive
	deaf      bool // nothing is heard
	alone     bool // nobody is there who would answer
	lag       time.Duration
	isolated  *island  // the server that it has, if that is cut off from the others
	held      []func() // leaves when the connection is back
	life      uint64   // counts connections
	asked     int      // counts questions and watches, and written the writes among them
	written   int
}

var _ bridge.Port = (*Port)(nil)

type listener struct{ each func(bridge.Signal) }

// Port returns the connection of a process to a stream of this name.
func (n *Net) Port(lane *Lane, stream string) *Port {
	p := &Port{net: n, lane: lane, stream: stream}
	n.ports = append(n.ports, p)
	return p
}

// Operations counts what was submitted and is neither answered nor cancelled,
// Watches and Listeners what was begun and is not stopped.
func (p *Port) Operations() int { return len(p.open) }

// said describes an operation.
func said(op *bridge.Op) string {
	switch {
	case op.Publish != nil:
		return "a publish of " + op.Publish[0].Subject
	case op.Create != nil:
		return "a creation"
	case op.Get != "":
		return "a read of " + op.Get
	}
	return "a question about the stream"
}

// Watches counts watches that were not stopped.
func (p *Port) Watches() int { return len(p.watches) }

// Listeners counts those who hear of the connection.
func (p *Port) Listeners() int { return len(p.listeners) }

// Submit implements bridge.Port.
func (p *Port) Submit(op bridge.Op, _ time.Duration, done func(bridge.Result)) (cancel func()) {
	sent := p.net.line.Now()
	perform := func() bridge.Result { return p.perform(op, sent) }
	if op.Publish != nil {
		p.written++
	}
	if op.Publish != nil && p.net.Lose != nil && p.net.Lose(p.lane.Name, op.Publish) {
		p.net.note(p.lane.Name, "an answer is lost")
		done = func(bridge.Result) {}
	}
	passes := p.net.heard()
	if p.isolated != nil {
		answer := p.isolated.answer(op)
		if passes = answer != nil; passes {
			perform = answer // else it leaves when the connection is another one
		}
	}
	return roundTrip(p, &op, perform, done, lost, passes)
}

// Info implements bridge.Port.
func (p *Port) Info(_ time.Duration, done func(bridge.StreamInfo)) (cancel func()) {
	ask, passes := p.look, p.net.heard()
	if p.isolated != nil {
		answer := p.isolated.ask()
		if passes = answer != nil; passes {
			ask = answer
		}
	}
	return roundTrip(p, &bridge.Op{}, ask, done, func(err error) bridge.StreamInfo { return bridge.StreamInfo{Result: lost(err)} }, passes)
}

func lost(err error) bridge.Result { return bridge.Result{Outcome: bridge.Unknown, Err: err} }

var (
	errNoAnswer = errors.New("no answer")
	errInFlight = errors.New("another write with the same condition is under way")
)

// perform is what happens at the server.
func (p *Port) perform(op bridge.Op, sent time.Duration) bridge.Result {
	n := p.net
	switch {
	case p.denied(op):
		return denied()
	case p.lacking(op):
		n.refused(p, op.Publish, denied())
		return denied()
	case p.deserted():
		n.refused(p, op.Publish, nobody())
		return nobody()
	case op.Create != nil && p.wrote:
		return n.store.CreateAnew(*op.Create)
	case op.Create != nil:
		return n.store.Create(*op.Create)
	case op.Publish != nil:
		r := n.publish(p, op.Publish, sent)
		p.wrote = p.wrote || r.Outcome == bridge.Accepted
		return r
	case n.leaderless():
		return noQuorum()
	case n.hits(StaleGet):
		return n.store.Get(p.stream, op.Get, 1+n.rng.IntN(remembered))
	}
	return n.store.Get(p.stream, op.Get, 0)
}

// denied reports whether the connection may not have something done. Who may write only
// something may neither read nor create.
func (p *Port) denied(op bridge.Op) bool {
	return p.may != nil && (op.Publish == nil || slices.ContainsFunc(op.Publish, func(m bridge.Message) bool { return !p.may(m.Subject) }))
}

// trip is a request on its way, and its answer.
type trip[R any] struct {
	port    *Port
	op      *bridge.Op
	life    uint64
	over    bool
	refused *R // what was said of a write that was not done
	perform func() R
	done    func(R)
	unknown func(error) R
}

// roundTrip sends a request and brings the answer back, through all that may
// happen to either. passes is false if the server that it reaches says nothing.
func roundTrip[R any](p *Port, op *bridge.Op, perform func() R, done func(R), unknown func(error) R, passes bool) (cancel func()) {
	p.asks()
	t := &trip[R]{port: p, op: op, life: p.life, perform: perform, done: done, unknown: unknown}
	n := p.net
	p.open = append(p.open, op)
	switch {
	case n.hits(LostRequest):
		n.note(p.lane.Name, "a request is lost")
		t.giveUp()
	case p.broken || p.mute:
		if n.rng.IntN(2) == 0 {
			p.held = append(p.held, func() {
				t.life = p.life
				t.send(p.delay())
			})
		}
	case !passes:
		t.giveUp()
	default:
		t.send(p.delay())
		if n.hits(Duplicate) {
			n.note(p.lane.Name, "a request arrives twice")
			t.send(n.Lengths.Pick(n.rng))
		}
	}
	return t.end
}

// end makes the answer, if it still comes, be nobody's.
func (t *trip[R]) end() {
	if !t.over {
		t.over = true
		t.port.open = slices.DeleteFunc(t.port.open, func(x *bridge.Op) bool { return x == t.op })
	}
}

func (t *trip[R]) finish(r R) {
	if !t.over {
		t.end()
		t.heard(r)
		t.done(r)
	}
}

func (t *trip[R]) send(after time.Duration) {
	n := t.port.net
	n.line.After(after, n.home, Network, func() {
		if !t.port.mute {
			t.back(t.arrive())
		}
	})
}

// arrive is what the server says. A write that it has refused is refused as often as it comes:
// nothing of it was proposed, and nobody keeps it.
func (t *trip[R]) arrive() R {
	if t.refused != nil {
		return *t.refused
	}
	r := t.perform()
	if x, ok := any(r).(bridge.Result); ok && t.op.Publish != nil && (x.Outcome == bridge.Refused || x.Outcome == bridge.Denied) {
		t.refused = &r
	}
	return r
}

func (t *trip[R]) back(r R) {
	p, n := t.port, t.port.net
	if n.hits(LostAnswer) {
		n.note(p.lane.Name, "an answer is lost")
		t.giveUp()
		return
	}
	n.line.After(p.delay(), p.lane, Network, func() {
		if !p.broken && !p.deaf && t.life == p.life {
			t.finish(r)
		}
	})
}

// heard tells of a write that was accepted, and whose answer has come.
func (t *trip[R]) heard(r R) {
	x, ok := any(r).(bridge.Result)
	if ok && x.Outcome == bridge.Accepted && t.op.Publish != nil && t.port.net.Heard != nil {
		t.port.net.Heard(t.port.lane.Name, t.op.Publish)
	}
}

// giveUp says, sometimes, after a while that nothing was heard.
func (t *trip[R]) giveUp() {
	n := t.port.net
	if n.rng.IntN(2) == 0 {
		n.line.After(n.Lengths.Pick(n.rng), t.port.lane, Network, func() { t.finish(t.unknown(errNoAnswer)) })
	}
}
