package bridge

import (
	"errors"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// watches are all watches of the process, in the order they began.
type watches struct {
	list []*watching
	byID map[uint64]*watching
}

// watching is one Watch of one client.
type watching struct {
	id     uint64
	client *client
	ask    messages.Watch
	// entries are those of the present pass, known what was told in any pass.
	entries *entries
	known   map[messages.Key]bool
	seen    map[messages.Key]bool
	synced  bool
	port    Watching // nil while it waits to be begun again
	tries   uint64
	life    uint64 // counts beginnings
	probing func() // ends the probe under way
	probe   uint64 // its number: the answer to an older one may still be in the mail
	begun   time.Time
	behind  bool   // the latest probe found more than the watch had told
	stored  uint64 // the newest that it found
}

var errGone = errors.New("the watch ended")

type (
	watchSights struct {
		id, life uint64
		sights   Sights
	}
	watchGone struct {
		id, life uint64
		err      error
	}
	watchAgain struct{ id, life uint64 }
	probeDue   struct{}
	probed     struct {
		id, life, probe uint64
		result          Result
	}
)

func (o *outside) watch(ctx actor.Context, m messages.Watch) {
	c := o.client(ctx)
	o.watches.drop(func(w *watching) bool { return w.client == c && w.ask.Key == m.Key })
	c.asked = true
	if o.stream.phase != open {
		return // whoever asks now learns that the store is lost, and asks again
	}
	w := &watching{id: o.number(), client: c, ask: m, known: map[messages.Key]bool{}}
	o.watches.list = append(o.watches.list, w)
	o.watches.byID[w.id] = w
	o.begin(w)
}

func (o *outside) unwatch(ctx actor.Context, m messages.Unwatch) {
	c := o.client(ctx)
	o.watches.drop(func(w *watching) bool { return w.client == c && w.ask.Key == m.Key })
}

// drop ends the watches that are not wanted any more.
func (s *watches) drop(unwanted func(*watching) bool) {
	s.list = slices.DeleteFunc(s.list, func(w *watching) bool {
		if !unwanted(w) {
			return false
		}
		w.end()
		delete(s.byID, w.id)
		return true
	})
}

// restartAll begins every watch again, each a little later than now: all workers
// of a group do so after a restart of their server.
func (s *watches) restartAll(o *outside) {
	for _, w := range s.list {
		o.rolls++
		w.tries = 0 // those were the former server's
		o.after(o.dice.Jitter("rewatch", o.rolls, leastBackoff), watchAgain{w.id, w.life})
	}
}

func (w *watching) unprobe() {
	if w.probing != nil {
		w.probing()
		w.probing = nil
	}
}

func (w *watching) end() {
	w.unprobe()
	if w.port != nil {
		w.port.Stop()
		w.port = nil
	}
}

// begin starts a pass: all that exists is told anew, then what changes.
func (o *outside) begin(w *watching) {
	w.life++
	w.entries, w.seen = newEntries(o.stream.prefix), map[messages.Key]bool{}
	w.synced, w.behind, w.begun = false, false, o.clock.Now()
	if w.life > 1 {
		o.counts.Rewatches++
	}
	id, life := w.id, w.life
	w.port = o.port.Watch(o.stream.prefix+filterName(w.ask.Key), o.times.StoreTimeout,
		func(s Sights) { o.send(watchSights{id, life, s}) },
		func(err error) { o.send(watchGone{id, life, err}) })
}

func (o *outside) saw(ctx actor.Context, m watchSights) {
	w := o.watches.byID[m.id]
	if w == nil || w.life != m.life || w.port == nil {
		return
	}
	now := o.clock.Now()
	for _, s := range m.sights.Messages {
		o.sighted(s.Sequence)
		if e, complete := w.entries.add(s); complete {
			w.seen[e.Key], w.known[e.Key] = true, true
			o.faults.note(o.log, e)
			if o.disproved(ctx, e.Record) {
				return // all watches have ended
			}
			o.answer(w.client, messages.Seen{Round: w.ask.Round, Entry: e, At: now})
		}
	}
	if m.sights.Synced && !w.synced {
		w.synced, w.tries = true, 0
		o.counts.ended(watchingIt, Result{})
		var missing []messages.Key
		for key := range w.known {
			if !w.seen[key] {
				missing = append(missing, key)
				delete(w.known, key)
			}
		}
		slices.Sort(missing)
		o.answer(w.client, messages.WatchSynced{Round: w.ask.Round, Missing: missing, At: now})
	}
	w.port.Next()
}

// watchEnded: a watch that is gone says nothing about what exists. It is begun
// again after a while, or when its record can be read.
func (o *outside) watchEnded(ctx actor.Context, m watchGone) {
	w := o.watches.byID[m.id]
	if w == nil || w.life != m.life {
		return
	}
	w.end()
	o.counts.ended(watchingIt, failure(m.err))
	w.tries++
	o.after(o.backoff(w.tries), watchAgain{w.id, w.life})
	o.watchFailed(ctx, m.err)
}

// failure is why a watch ended, as a result.
func failure(err error) Result {
	if errors.Is(err, ErrDenied) {
		return Result{Outcome: Denied, Err: err}
	}
	return Result{Outcome: Unknown, Err: err}
}

// watchFailed: the stream may be gone, or watching it not permitted.
func (o *outside) watchFailed(ctx actor.Context, err error) {
	if errors.Is(err, ErrDenied) {
		o.deny(ctx, "watching is not permitted", err)
		return
	}
	o.check()
}

// rewatch begins a watch again, unless it was begun since that was planned.
func (o *outside) rewatch(m watchAgain) {
	if w := o.watches.byID[m.id]; w != nil && w.life == m.life {
		w.end()
		o.begin(w)
	}
}

// probe looks for watches that fell silent without saying so, as they do after a
// restart of the server: the newest message of the record is got, which may overtake
// what is on its way, and must have been told when the next one is got. A watch that
// waits to be begun again waits no longer if the record can be got. One that may have missed
// a part of its record is begun again each second time, until that can be read. Watches of
// filters have no such check: who uses them lists, too.
func (o *outside) probe() {
	o.after(o.times.PollInterval, probeDue{})
	if o.stream.phase != open {
		return
	}
	for _, w := range o.watches.list {
		if wild(w.ask.Key) {
			continue
		}
		w.unprobe()
		w.probe = o.number()
		id, life, probe := w.id, w.life, w.probe
		w.probing = o.port.Submit(Op{Get: o.stream.prefix + partName(w.ask.Key, 0)}, o.times.StoreTimeout,
			func(r Result) { o.send(probed{id, life, probe, r}) })
	}
}

func (o *outside) probeEnded(m probed) {
	w := o.watches.byID[m.id]
	if w == nil || w.life != m.life || w.probe != m.probe {
		return
	}
	w.probing = nil
	o.counts.ended(probing, m.result)
	if m.result.Outcome != Accepted {
		return
	}
	if w.port == nil { // the store answers: nothing is gained by waiting longer
		o.begin(w)
		return
	}
	told, missed := w.entries.revisions[w.ask.Key], w.entries.missed(w.ask.Key)
	switch {
	case m.result.Sequence <= told && !missed && (w.synced || m.result.Sequence != 0):
		w.behind = false
		return
	case !w.synced && o.clock.Now().Sub(w.begun) < o.times.StoreTimeout:
		return // it has so long to begin; on a busy machine it would never get there
	}
	overdue := w.behind && (told < w.stored || missed || !w.synced)
	w.behind, w.stored = true, m.result.Sequence
	if !overdue {
		return
	}
	if !missed { // else the fault was logged
		o.log.Warn("a watch fell silent and is begun again", "key", w.ask.Key,
			"told", partition.Revision(told), "stored", partition.Revision(m.result.Sequence))
	}
	w.end()
	o.begin(w)
}
