package sim

import (
	"strings"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// Administrator is in the place of a process's name where somebody saved a record as
// it was.
const Administrator = "admin"

// Rewrite writes what a subject has once more, without a condition.
func (s *Store) Rewrite(subject string) {
	versions := s.find(subject).subjects[subject]
	s.Publish(Administrator, s.line.Now(), []bridge.Message{{Subject: subject, Data: versions[len(versions)-1].Data}})
}

// rewritten tells that a record is there at another revision. Whatever counts from when
// it was written goes on; a term has the revision of its record.
func (c *Checker) rewritten(w Written) {
	a := &c.archive
	switch w.Record.(type) {
	case partition.Live:
		id := partition.WorkerID(strings.TrimPrefix(string(w.Key), "live."))
		s := a.latest[id]
		s.revision = w.Revision
		a.shown[w.Revision], a.latest[id] = s, s
	case partition.Term:
		a.termAt = w.Revision
	}
}
