package sim

import (
	"errors"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// answersFor is how long a server that led the stream answers questions after it
// was cut off, at most.
const answersFor = 12 * time.Second

var (
	errNobody   = errors.New("nobody answered")
	errNoQuorum = errors.New("too few servers")
)

// island is a server that was cut off from the others. One that led the stream goes
// on answering what it knew, for a while; writes wait for the others, and those with
// a condition on the same subject are in doubt at once. Any other one knows nothing.
type island struct {
	port    *Port
	led     bool
	quick   bool                     // it says at once that nobody leads the stream
	until   time.Duration            // it answers questions
	known   map[string]bridge.Result // since it was cut off
	info    bridge.StreamInfo
	waiting map[string]bool // subjects of conditions
}

// Isolate leaves the process connected to a server that is cut off from the rest:
// writes are never accepted, reads are old or not answered, watches are deaf.
func (p *Port) Isolate() { p.isolate(p.net.rng.IntN(2) == 0) }

func (p *Port) isolate(led bool) {
	n := p.net
	n.note(p.lane.Name, "is on an isolated server")
	i := &island{
		port: p, led: led, quick: n.rng.IntN(2) == 0, info: n.store.Info(p.stream),
		known: map[string]bridge.Result{}, waiting: map[string]bool{},
	}
	if led {
		i.until = n.line.Now() + time.Duration(n.rng.Int64N(int64(answersFor)))
	}
	for _, m := range n.store.Present(p.stream, ">") {
		i.known[m.Subject] = bridge.Result{Sequence: m.Sequence, Data: m.Data, Time: m.Time}
	}
	p.isolated = i
	for _, w := range p.watches {
		w.deaf = true
	}
}

// answer is what the server says to an operation, nil if it says nothing.
func (i *island) answer(op bridge.Op) func() bridge.Result {
	switch {
	case op.Create != nil:
		return nil
	case op.Get != "":
		return i.read(op.Get)
	}
	return i.write(op)
}

func (i *island) read(subject string) func() bridge.Result {
	switch {
	case i.port.net.line.Now() < i.until:
		return func() bridge.Result { return i.known[subject] }
	case i.led || i.port.net.rng.IntN(2) == 0:
		return noQuorum
	}
	return nil
}

func noQuorum() bridge.Result {
	return bridge.Result{Outcome: bridge.Unknown, Code: bridge.CodeNoQuorum, Err: errNoQuorum}
}

// write never has an effect here. What waits in a former leader may have one later,
// like any request that is late.
func (i *island) write(op bridge.Op) func() bridge.Result {
	if !i.led {
		if i.quick {
			return nobody
		}
		return nil
	}
	for _, m := range op.Publish {
		if m.Expect != nil && i.waiting[m.Expect.Subject] {
			return inFlight
		}
	}
	for _, m := range op.Publish {
		if m.Expect != nil {
			i.waiting[m.Expect.Subject] = true
		}
	}
	n := i.port.net
	if sent := n.line.Now(); n.rng.IntN(2) == 0 {
		n.line.After(n.Lengths.Pick(n.rng), n.home, Network, func() { n.store.Publish(i.port.lane.Name, sent, op.Publish) })
	}
	return nil
}

func nobody() bridge.Result { return bridge.Result{Outcome: bridge.Unknown, Err: errNobody} }

func inFlight() bridge.Result {
	return bridge.Result{Outcome: bridge.Unknown, Code: bridge.CodeFenceInFlight, Err: errInFlight}
}

// ask is what the server says about the stream, nil if it says nothing. A stream with
// one replica lies elsewhere.
func (i *island) ask() func() bridge.StreamInfo {
	if !i.led && i.port.net.rng.IntN(2) == 0 || i.info.Config.Replicas == 1 {
		return nil
	}
	return func() bridge.StreamInfo { return i.info }
}
