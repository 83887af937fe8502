package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/bridge"
)

// watch is a watch under way. It implements bridge.Watching.
type watch struct {
	port   *Port
	filter string
	each   func(bridge.Sights)
	gone   func(error)
	untap  func()

	pending []bridge.Sight // one a subject, in the order they came
	synced  bool           // the first pass is complete
	told    bool           // and that was reported
	begun   bool           // the server knows of it
	credit  bool
	stopped bool
	deaf    bool
	replica *replica      // where it is served, if that lags
	last    time.Duration // when the latest sight arrives
}

var errWatch = errors.New("the watch was closed")

// Watch implements bridge.Port.
func (p *Port) Watch(filter string, _ time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	w := &watch{port: p, filter: filter, each: each, gone: gone, credit: true, deaf: p.isolated != nil, untap: func() {}}
	p.asks()
	p.watches = append(p.watches, w)
	p.net.line.After(p.delay(), p.net.home, Network, w.begin)
	return w
}

// begin is what happens when the request reaches the server.
func (w *watch) begin() {
	n := w.port.net
	switch {
	case w.stopped || w.port.lane.Ended():
		return
	case w.port.broken || w.port.mute || w.port.deaf || w.port.isolated != nil || n.leaderless():
		w.close(errNoAnswer)
		return
	case w.port.deserted():
		w.close(errNobody)
		return
	case w.port.may != nil || w.port.lacks[ToWatch]:
		w.close(bridge.ErrDenied)
		return
	case n.hits(ClosedWatch):
		w.close(errWatch)
		return
	case n.hits(SilentWatch):
		n.note(w.port.lane.Name, "a watch is silent from the start")
		w.deaf = true
	}
	stop, ok := n.store.Tap(w.port.stream, w.filter, w.see, w.lost)
	if !ok {
		w.close(errors.New("stream not found"))
		return
	}
	w.untap, w.begun = stop, true
	if !w.deaf {
		w.pass()
	}
}

// pass sends all that is there, then says that it was all. A copy that lags leaves
// out what it does not know yet, or has something older, and tells it later.
func (w *watch) pass() {
	n := w.port.net
	w.replica = n.serves(w.port.stream)
	if w.replica != nil {
		n.note(w.port.lane.Name, "a watch begins at a replica that lags")
		w.travels(w.replica.has.present(w.filter))
		w.passed()
		return
	}
	for _, m := range n.store.Present(w.port.stream, w.filter) {
		if n.hits(StalePass) {
			n.line.After(n.Lengths.Pick(n.rng), n.home, Network, func() { w.travel(m, n.delay()) })
			r := n.store.Get(w.port.stream, m.Subject, 1+n.rng.IntN(3))
			if m = (bridge.Sight{Subject: m.Subject, Sequence: r.Sequence, Data: r.Data, Time: r.Time}); r.Sequence == 0 || n.rng.IntN(2) == 0 {
				continue
			}
		}
		w.travel(m, n.delay())
	}
	w.passed()
}

// passed says, when all has arrived, that it was all.
func (w *watch) passed() {
	w.last = max(w.last, w.port.net.line.Now())
	w.port.net.line.After(w.last-w.port.net.line.Now(), w.port.lane, Network, func() {
		if !w.deaf {
			w.synced = true
			w.flush()
		}
	})
}

// catchUp ends the deafness that came with a lost connection.
func (w *watch) catchUp() {
	if w.stopped || !w.deaf || w.port.broken || w.port.deaf || w.port.alone || w.port.isolated != nil {
		return
	}
	w.deaf = false
	w.untap()
	stop, ok := w.port.net.store.Tap(w.port.stream, w.filter, w.see, w.lost)
	if !ok {
		w.deaf = true
		return
	}
	w.untap = stop
	w.pass()
}

// see is a message that the store just accepted.
func (w *watch) see(m bridge.Sight) {
	n := w.port.net
	switch {
	case w.stopped || w.deaf || w.port.deaf || w.replica != nil:
		return
	case w.port.lane.Ended():
		w.untap()
		return
	case n.hits(DroppedSight):
		return
	case n.hits(EarlySight):
		n.line.After(n.delay(), w.port.lane, Network, func() { w.arrive(m) })
		return
	}
	w.travel(m, n.delay())
	if n.hits(DoubledSight) {
		n.line.After(n.Lengths.Pick(n.rng), w.port.lane, Network, func() { w.arrive(m) })
	}
	if n.hits(StaleSight) {
		if r := n.store.Get(w.port.stream, m.Subject, 1+n.rng.IntN(3)); r.Sequence != 0 {
			w.travel(bridge.Sight{Subject: m.Subject, Sequence: r.Sequence, Data: r.Data, Time: r.Time}, n.delay())
		}
	}
}

// travels brings sights that were there, one after the other.
func (w *watch) travels(all []bridge.Sight) {
	for _, m := range all {
		w.travel(m, w.port.net.delay())
	}
}

// travel brings a sight to the process, after those that were sent before.
func (w *watch) travel(m bridge.Sight, delay time.Duration) {
	line := w.port.net.line
	w.last = max(w.last, line.Now()+delay+w.port.lag)
	line.After(w.last-line.Now(), w.port.lane, Network, func() { w.arrive(m) })
}

func (w *watch) arrive(m bridge.Sight) {
	if w.stopped || w.deaf || w.port.deaf || w.port.broken {
		return
	}
	at := slices.IndexFunc(w.pending, func(p bridge.Sight) bool { return p.Subject == m.Subject })
	if at >= 0 {
		w.pending = slices.Delete(w.pending, at, at+1)
	}
	w.pending = append(w.pending, m)
	w.flush()
}

func (w *watch) flush() {
	if w.stopped || !w.credit || len(w.pending) == 0 && (!w.synced || w.told) {
		return
	}
	out := bridge.Sights{Messages: w.pending, Synced: w.synced}
	w.pending, w.credit, w.told = nil, false, w.synced
	w.each(out)
}

// lost is called when the stream or the server is gone: half of all watches
// notice.
func (w *watch) lost() {
	w.deaf = true
	if w.port.net.rng.IntN(2) == 0 {
		w.close(errWatch)
	}
}

// close ends the watch from the other side.
func (w *watch) close(reason error) {
	w.deaf = true
	w.untap()
	w.port.net.line.After(w.port.net.delay(), w.port.lane, Network, func() {
		if !w.stopped {
			w.port.net.note(w.port.lane.Name, "a watch closes")
			w.gone(reason)
		}
	})
}

// EndWatch ends one of the watches of the process that run, which says so.
func (p *Process) EndWatch() {
	if w := p.running(); w != nil {
		p.world.Trace.Hum(p.Name, "a watch that runs ends")
		p.world.encounters.handsOver(watchEnds)
		w.close(errWatch)
	}
}

// FadeWatch lets one of the watches of the process that run tell nothing any more, without a
// word, until it is begun again or the connection is another one.
func (p *Process) FadeWatch() {
	if w := p.running(); w != nil {
		p.world.Trace.Hum(p.Name, "a watch that runs falls silent")
		p.world.encounters.handsOver(watchFades)
		w.deaf = true
	}
}

// running is a watch of the process at random that tells what it sees, nil if none does.
func (p *Process) running() *watch {
	all := slices.DeleteFunc(slices.Clone(p.Port.watches), func(w *watch) bool { return !w.begun || w.deaf })
	if len(all) == 0 {
		return nil
	}
	return all[p.world.Random.IntN(len(all))]
}

// Next implements bridge.Watching.
func (w *watch) Next() {
	w.credit = true
	if len(w.pending) > 0 || w.synced && !w.told {
		w.port.net.line.After(0, w.port.lane, Network, w.flush)
	}
}

// Stop implements bridge.Watching.
func (w *watch) Stop() {
	if w.stopped {
		return
	}
	w.stopped = true
	w.untap()
	w.port.watches = slices.DeleteFunc(w.port.watches, func(x *watch) bool { return x == w })
}
