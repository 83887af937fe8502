package bridge

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
)

// whole is a record in parts that is got. Its parts are asked for in rounds, the first
// of which learns how many they are. When they are of different records, as somebody
// wrote in between, another round asks for all of them anew, unless the last one brought
// nothing newer: then the record is torn in the store, too. So it is after mostRounds, as
// somebody writes faster than it can be read.
type whole struct {
	entries *entries
	latest  map[messages.Key]messages.Entry
	rounds  int
	asked   int  // how many parts of this round were asked for
	open    int  // and how many have no answer
	newer   bool // one of them was newer than what was known
}

// mostRounds is how often the parts of a record are asked for in one reading.
const mostRounds = 8

func newWhole(prefix string) *whole {
	return &whole{entries: newEntries(prefix), latest: map[messages.Key]messages.Entry{}, rounds: 1}
}

// getParts asks for the parts of a record that the round needs and lacks.
func (o *outside) getParts(id uint64, at int) {
	r := o.reads[id]
	w := r.wholes[at]
	for needs := w.entries.partial[r.ask.Keys[at]].needs(); w.asked < needs; w.asked++ {
		w.open++
		o.get(id, at, w.asked)
	}
}

func (o *outside) gottenPart(ctx actor.Context, m readDone) {
	r := o.reads[m.id]
	w, key := r.wholes[m.at], r.ask.Keys[m.at]
	if x := m.result; x.Sequence != 0 {
		known := w.known(key, m.part)
		e, complete := w.entries.add(Sight{Subject: r.prefix + partName(key, m.part), Sequence: x.Sequence, Data: x.Data, Time: x.Time})
		if complete {
			w.latest[key] = e
		}
		w.newer = w.newer || w.known(key, m.part) > known
	}
	w.open--
	o.getParts(m.id, m.at)
	if w.open > 0 {
		return
	}
	if _, told := w.latest[key]; !told && w.newer && w.rounds < mostRounds {
		w.rounds, w.asked, w.newer = w.rounds+1, 0, false
		o.getParts(m.id, m.at)
		return
	}
	delete(r.wholes, m.at)
	w.entries.torn(w.latest)
	found, there := w.latest[key]
	if !there {
		found = messages.Entry{Key: key}
	}
	o.readPart(ctx, m.id, m.at, []messages.Entry{found})
}

// known is the revision of a part that was read; 0 if there is none, or its key is not one
// of ours.
func (w *whole) known(key messages.Key, part int) uint64 {
	if p := w.entries.partial[key]; p != nil {
		return p.seqs[part]
	}
	return 0
}
