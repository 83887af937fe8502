package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// Vandal is in the place of a process's name where somebody wrote who is none.
const Vandal = "vandal"

// more is a part that a short record does not have, and the base of others.
const more = ".1"

// Spoil writes what is no record over one of the group's, without a condition, or
// where a record may come to be, as a broken or hostile member does. It reports
// whether there was one.
func (w *World) Spoil() bool {
	all := w.Store.Present("KV_"+Group, ">")
	if len(all) == 0 {
		return false
	}
	kinds := map[string][]bridge.Sight{}
	var names []string
	for _, m := range all {
		kind := strings.Split(m.Subject, ".")[3]
		if kinds[kind] == nil {
			names = append(names, kind)
		}
		kinds[kind] = append(kinds[kind], m)
	}
	slices.Sort(names)
	of := kinds[names[w.Random.IntN(len(names))]]
	m := bridge.Message{Subject: of[w.Random.IntN(len(of))].Subject}
	if whole, parted := strings.CutSuffix(m.Subject, ".0"); parted && w.Random.IntN(4) == 0 {
		m.Subject = whole + more
	}
	m.Data = w.nonsense(m.Subject, all)
	w.Store.Publish(Vandal, w.Timeline.Now(), []bridge.Message{m})
	return true
}

// nonsense is something that cannot be understood there: a deletion, nothing, half a
// record, one of another kind, as many bytes as there can be, or some.
func (w *World) nonsense(subject string, all []bridge.Sight) (data []byte) {
	other := all[w.Random.IntN(len(all))].Data
	switch w.Random.IntN(6) {
	case 0:
		return nil
	case 1:
		return []byte{}
	case 2:
		data = other[:len(other)/2]
	case 3:
		data = other
	case 4:
		data = make([]byte, maxPayload)
	}
	if _, _, err := bridge.Inspect(subject, data); len(data) == 0 || err == nil {
		data = []byte("\xff is no record")
	}
	return data
}

// spoils are the records of the present incarnation that were written over or have
// expired, and of which a reader knows nothing.
type spoils struct {
	head bool
	asg  map[partition.WorkerID]bool
}

// spoilt tells that somebody has written nonsense over a record. What it said of a
// session has ended; of a term, that nobody writes under it any more; and who reads
// head and assignments from now on does not know who had what.
func (c *Checker) spoilt(w Written) {
	c.rest.forget()
	a := &c.archive
	switch kind, id, _ := strings.Cut(string(w.Key), "."); kind {
	case "live":
		now := c.line.Now()
		s := shown{worker: partition.WorkerID(id), revision: w.Revision, live: partition.Live{Fence: &partition.Fence{}}, at: now, began: now}
		a.shown[w.Revision], a.latest[s.worker] = s, s
		if cl := c.claims[s.worker]; cl != nil {
			cl.former[cl.session] = true
			cl.session, cl.ended = "", true
		}
	case "head":
		a.spoils.head = true
	case "asg":
		a.spoils.asg[partition.WorkerID(id)] = true
	case "term":
		a.term, a.termAt = partition.Term{}, w.Revision
	}
}

// reads tells what who writes this head can know of the table: not who had what, if
// it was read when the head was spoilt, or an assignment that it names. That is so at the
// beginning of a term, and when the head is not the one that the leader knows.
func (c *Checker) reads(h partition.Head) {
	s := &c.archive.spoils
	named := func(seat partition.Seat) bool { return s.asg[seat.Worker] }
	if s.head || h.Term != c.book.head.Term && slices.ContainsFunc(c.book.head.Seats, named) {
		c.archive.has = map[partition.PartitionID]holding{}
		c.rest.forget()
	}
	if s.head {
		c.book.head.Version = 0
	}
	s.head = false
}

// whole tells that a head and these assignments were written. Those that it does not
// name are nobody's.
func (s *spoils) whole(h partition.Head, written []Written) {
	left := map[partition.WorkerID]bool{}
	for _, seat := range h.Seats {
		if s.asg[seat.Worker] && !slices.ContainsFunc(written, func(w Written) bool { return string(w.Key) == fmt.Sprintf("asg.%s", seat.Worker) }) {
			left[seat.Worker] = true
		}
	}
	s.asg = left
}

// before tells that the store went back to this head, and has these assignments: another one
// that the head names was written over, or had expired, before that.
func (s *spoils) before(h partition.Head, left map[partition.WorkerID]partition.Assignment) {
	for _, seat := range h.Seats {
		if _, is := left[seat.Worker]; !is {
			s.asg[seat.Worker] = true
		}
	}
}
