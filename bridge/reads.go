package bridge

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

// reading is one Read on its way. A record that is named is got, which the stream's
// leader answers, message by message. Filters are watched until the first pass is over:
// a watch lists all of them in one go, at the cost of one, where getting them takes a
// question each; but a replica that lags tells for all what it has.
type reading struct {
	client *client
	ask    messages.Read
	prefix string
	found  [][]messages.Entry // by key of the question
	open   int                // parts of the question without an answer
	ends   []func()
	timer  func()
	watchs map[int]*short
	wholes map[int]*whole
}

// short is a watch that ends with its first pass.
type short struct {
	entries *entries
	latest  map[messages.Key]messages.Entry
	watch   Watching
}

type (
	readDone struct {
		id     uint64
		at     int
		part   int
		result Result
	}
	readSights struct {
		id     uint64
		at     int
		sights Sights
		err    error
	}
	readLate struct{ id uint64 }
)

func (o *outside) read(ctx actor.Context, m messages.Read) {
	r := &reading{
		client: o.client(ctx), ask: m, prefix: o.stream.prefix, found: make([][]messages.Entry, len(m.Keys)),
		watchs: map[int]*short{}, wholes: map[int]*whole{},
	}
	r.client.asked = true
	why := ""
	switch {
	case o.stream.phase != open:
		why = "the store is not open"
	case len(o.reads) >= MaxInFlight:
		why = "too many reads are under way"
	}
	if why != "" {
		o.counts.unsent(readingOne)
		o.answer(r.client, messages.ReadFailed{Round: m.Round, Reason: why, At: o.clock.Now()})
		return
	}
	id := o.number()
	o.reads[id] = r
	r.timer = o.after(o.times.StoreTimeout, readLate{id})
	r.open = len(m.Keys)
	for at, key := range m.Keys {
		switch {
		case wild(key):
			s := &short{entries: newEntries(r.prefix), latest: map[messages.Key]messages.Entry{}}
			r.watchs[at] = s
			s.watch = o.port.Watch(r.prefix+filterName(key), o.times.StoreTimeout,
				func(x Sights) { o.send(readSights{id: id, at: at, sights: x}) },
				func(err error) { o.send(readSights{id: id, at: at, err: cmp.Or(err, errGone)}) })
			r.ends = append(r.ends, s.watch.Stop)
		case parted(key):
			r.wholes[at] = newWhole(r.prefix)
			o.getParts(id, at)
		default:
			o.get(id, at, 0)
		}
	}
}

// get asks for one message of a key of the question.
func (o *outside) get(id uint64, at, part int) {
	r := o.reads[id]
	r.ends = append(r.ends, o.port.Submit(Op{Get: r.prefix + partName(r.ask.Keys[at], part)}, o.times.StoreTimeout,
		func(x Result) { o.send(readDone{id, at, part, x}) }))
}

// end frees what the reading holds.
func (r *reading) end() {
	for _, end := range r.ends {
		end()
	}
	r.ends = nil
}

func (o *outside) gotten(ctx actor.Context, m readDone) {
	r := o.reads[m.id]
	if r == nil {
		return
	}
	o.lateHere(m.id, m.result)
	if m.result.Outcome != Accepted {
		o.readFailed(m.id, m.result)
		if m.result.Outcome == Denied {
			o.deny(ctx, "reading is not permitted", m.result.Err)
		} else {
			o.check()
		}
		return
	}
	key := r.ask.Keys[m.at]
	found := messages.Entry{Key: key}
	if m.result.Sequence != 0 {
		o.sightedIn(r.prefix, m.result.Sequence)
	}
	if r.wholes[m.at] != nil {
		o.gottenPart(ctx, m)
		return
	}
	if m.result.Sequence != 0 {
		found = entry(key, m.result.Sequence, m.result.Time, m.result.Data)
	}
	o.readPart(ctx, m.id, m.at, []messages.Entry{found})
}

// sighted notes a revision of this incarnation.
func (o *outside) sighted(seq uint64) { o.stream.newest = max(o.stream.newest, seq) }

// sightedIn notes a revision if it is of the present incarnation.
func (o *outside) sightedIn(prefix string, seq uint64) {
	if prefix == o.stream.prefix {
		o.sighted(seq)
	}
}

func (o *outside) readSaw(ctx actor.Context, m readSights) {
	r := o.reads[m.id]
	if r == nil || r.watchs[m.at] == nil {
		return
	}
	if m.err != nil {
		if !errors.Is(m.err, ErrDenied) {
			why := Result{Outcome: Unknown, Err: m.err}
			o.lateHere(m.id, why) // whoever has no ID yet asks for nothing else
			o.readFailed(m.id, why)
			o.watchFailed(ctx, m.err)
			return
		}
		if key := r.ask.Keys[m.at]; !o.denied[key] { // a worker need not be allowed to read what is not its own
			o.denied[key] = true
			o.log.Warn("reading is not permitted", "key", key, "reason", m.err)
		}
		o.readFailed(m.id, Result{Outcome: Denied, Err: m.err})
		return
	}
	s := r.watchs[m.at]
	for _, x := range m.sights.Messages {
		o.sightedIn(r.prefix, x.Sequence)
		if e, complete := s.entries.add(x); complete {
			s.latest[e.Key] = e
		}
	}
	if !m.sights.Synced {
		s.watch.Next()
		return
	}
	s.watch.Stop()
	delete(r.watchs, m.at)
	s.entries.torn(s.latest)
	found := make([]messages.Entry, 0, len(s.latest))
	for _, k := range slices.Sorted(maps.Keys(s.latest)) {
		found = append(found, s.latest[k])
	}
	o.readPart(ctx, m.id, m.at, found)
}

func (o *outside) readPart(ctx actor.Context, id uint64, at int, found []messages.Entry) {
	r := o.reads[id]
	for _, e := range found {
		o.faults.note(o.log, e)
		if r.prefix == o.stream.prefix && o.disproved(ctx, e.Record) {
			return // all reads have ended
		}
	}
	r.found[at] = found
	if r.open--; r.open > 0 {
		return
	}
	o.finishRead(id)
	o.counts.ended(readingOne, Result{})
	o.answer(r.client, messages.ReadDone{Round: r.ask.Round, Entries: slices.Concat(r.found...), At: o.clock.Now()})
}

func (o *outside) finishRead(id uint64) {
	r := o.reads[id]
	delete(o.reads, id)
	r.timer()
	r.end()
}

func (o *outside) readTimedOut(_ actor.Context, id uint64) {
	if o.reads[id] == nil {
		return
	}
	o.lateHere(id, Result{Outcome: Unknown, Err: errLate})
	o.readFailed(id, Result{Outcome: Unknown, Err: errLate})
	o.check()
}

func (o *outside) readFailed(id uint64, why Result) {
	r := o.reads[id]
	o.finishRead(id)
	o.counts.ended(readingOne, why)
	o.answer(r.client, messages.ReadFailed{Round: r.ask.Round, Reason: reason(why), Denied: why.Outcome == Denied, At: o.clock.Now()})
}
