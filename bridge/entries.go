package bridge

import (
	"errors"
	"fmt"
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
}

func newEntries(prefix string) *entries {
	return &entries{
		prefix: prefix, partial: map[messages.Key]*pieces{}, times: map[messages.Key]time.Time{},
		revisions: map[messages.Key]uint64{},
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
	if err := p.add(part, s.Sequence, s.Data); err != nil {
		return faulty(messages.Entry{Key: key, Revision: partition.Revision(s.Sequence), Time: s.Time}, err), true
	}
	data, revision, err := p.join()
	if errors.Is(err, errIncomplete) {
		return messages.Entry{}, false
	}
	return e.newer(key, revision, e.times[key], data)
}

func (e *entries) newer(key messages.Key, revision uint64, at time.Time, data []byte) (messages.Entry, bool) {
	if revision <= e.revisions[key] {
		return messages.Entry{}, false
	}
	e.revisions[key] = revision
	return entry(key, revision, at, data), true
}

// entry decodes a record.
func entry(key messages.Key, revision uint64, at time.Time, data []byte) messages.Entry {
	out := messages.Entry{Key: key, Revision: partition.Revision(revision), Time: at}
	if data == nil {
		out.Fault = "the record was deleted by somebody"
		return out
	}
	record, err := decode(key, data)
	if err != nil {
		return faulty(out, err)
	}
	out.Record = record
	return out
}

// faulty is the entry of a record that cannot be read.
func faulty(e messages.Entry, err error) messages.Entry {
	e.Fault = fmt.Sprintf("record %s at revision %d: %v", printable(string(e.Key)), e.Revision, err)
	e.Newer = errors.As(err, new(tooNew))
	return e
}
