package bridge

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// entries joins messages of a filter into records.
type entries struct {
	prefix string
	// partial has the parts of records that go in parts, times the newest part's.
	partial map[messages.Key]*pieces
	times   map[messages.Key]time.Time
	// revisions are those of the records that were told; never an older one after.
	revisions map[messages.Key]uint64
	faulty    map[messages.Key]bool // what was told last is a fault, which a part may mend
}

func newEntries(prefix string) *entries {
	return &entries{
		prefix: prefix, partial: map[messages.Key]*pieces{}, times: map[messages.Key]time.Time{},
		revisions: map[messages.Key]uint64{}, faulty: map[messages.Key]bool{},
	}
}

// add takes one message, and returns a record if it completes a newer one. What
// cannot be understood is a record with a fault, never nothing.
func (e *entries) add(s Sight) (messages.Entry, bool) {
	name, ours := strings.CutPrefix(s.Subject, e.prefix)
	if !ours {
		return messages.Entry{}, false
	}
	key, part, ok := keyOf(name)
	if !ok {
		return messages.Entry{}, false
	}
	if !parted(key) {
		return e.newer(key, s.Sequence, s.Time, s.Data)
	}
	p := e.partial[key]
	if p == nil {
		p = newPieces()
		e.partial[key] = p
	}
	if s.Time.After(e.times[key]) {
		e.times[key] = s.Time
	}
	p.add(part, s.Sequence, s.Data)
	data, err := p.join()
	switch {
	case errors.Is(err, errIncomplete):
		return messages.Entry{}, false
	case err != nil:
		return e.fault(key, err)
	}
	return e.newer(key, p.revision(), e.times[key], data)
}

func (e *entries) newer(key messages.Key, revision uint64, at time.Time, data []byte) (messages.Entry, bool) {
	if known := e.revisions[key]; revision < known || revision == known && !e.faulty[key] {
		return messages.Entry{}, false
	}
	e.revisions[key] = revision
	delete(e.faulty, key)
	return entry(key, revision, at, data), true
}

// fault is the entry of a record in parts that cannot be joined.
func (e *entries) fault(key messages.Key, err error) (messages.Entry, bool) {
	revision := e.partial[key].revision()
	e.revisions[key], e.faulty[key] = revision, true
	return faulty(messages.Entry{Key: key, Revision: partition.Revision(revision), Time: e.times[key]}, err), true
}

// missed reports whether what was told last of a record is the fault of another part than
// the first: the watch may have left out one that came in its place.
func (e *entries) missed(key messages.Key) bool {
	return e.faulty[key] && e.partial[key].faults[0] == nil
}

// torn are records of which some parts were seen and others not. If nothing else is
// stored they are a fault; if the record is on its way, the rest comes soon. Without its
// first part a record is not there.
func (e *entries) torn(found map[messages.Key]messages.Entry) {
	for key, p := range e.partial {
		if _, told := found[key]; !told && p.revision() != 0 {
			found[key], _ = e.fault(key, errIncomplete)
		}
	}
}

var errDeleted = errors.New("it was deleted by somebody")

// entry decodes a record.
func entry(key messages.Key, revision uint64, at time.Time, data []byte) messages.Entry {
	out := messages.Entry{Key: key, Revision: partition.Revision(revision), Time: at}
	if data == nil {
		return faulty(out, errDeleted)
	}
	record, err := decode(key, data)
	if err == nil {
		err = timely(record, at)
	}
	if err == nil {
		err = earlier(record, out.Revision)
	}
	if err != nil {
		return faulty(out, err)
	}
	out.Record = record
	return out
}

// faulty is the entry of a record that cannot be read.
func faulty(e messages.Entry, err error) messages.Entry {
	e.Fault = fmt.Sprintf("record %s at revision %d: %s", printable(string(e.Key)), e.Revision, shortened(err.Error(), 600))
	e.Newer = errors.As(err, new(tooNew))
	return e
}

// faults are the latest faults that were logged, by key: each is logged once.
type faults map[messages.Key]string

// maxFaults is how many keys with a logged fault are remembered.
const maxFaults = 1000

func (f *faults) note(log *slog.Logger, e messages.Entry) {
	if e.Fault == "" || (*f)[e.Key] == e.Fault {
		return
	}
	if *f == nil || len(*f) >= maxFaults {
		*f = faults{}
	}
	(*f)[e.Key] = e.Fault
	log.Warn("a record cannot be understood", "fault", e.Fault)
}
