package partition

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"
)

// Row is the state of one partition in a table.
type Row struct {
	Partition PartitionID
	// Entered is the step at which the partition entered the source.
	Entered Step
	// Token is the step that granted it; 0 without an owner.
	Token Token
	// Revoking is the step that told the owner to let it go; 0 if none did.
	Revoking Step
	// Seat is the owner's index in Table.Seats, Pending that of the worker which
	// was told that it will get the partition; None if there is none.
	Seat, Pending int32
}

// Table is the whole state of a group's ownership as one publish left it: the
// head and every assignment that it names. It is a value that nobody changes
// once it is made. The zero table is that of a group without a head.
type Table struct {
	Version Version
	Step    Step
	Term    Revision
	Nonce   string
	Source  uint64
	// Seats are in the order of CompareWorkers, one per worker.
	Seats []Seat
	// Rows are in canonical order; those without an owner included.
	Rows []Row
	// Poison lists what is quarantined, in canonical order, under the tokens of Rows.
	Poison []Poison
	// Kept is what the head's record has beyond what this build knows.
	Kept Kept
}

// SeatOf returns the index of a worker's seat, or None.
func (t Table) SeatOf(w WorkerID) int32 { return seatOf(t.Seats, w) }

func seatOf(seats []Seat, w WorkerID) int32 {
	i, ok := slices.BinarySearchFunc(seats, w, func(s Seat, w WorkerID) int { return CompareWorkers(s.Worker, w) })
	if !ok {
		return None
	}
	return int32(i)
}

// Row returns the row of a partition.
func (t Table) Row(id PartitionID) (Row, bool) {
	i, ok := slices.BinarySearchFunc(t.Rows, id, func(r Row, id PartitionID) int { return cmp.Compare(r.Partition, id) })
	if !ok {
		return Row{}, false
	}
	return t.Rows[i], true
}

// Owner returns who owns a partition, under which token; ok is false if nobody
// does or the partition is not known.
func (t Table) Owner(id PartitionID) (w WorkerID, token Token, ok bool) {
	r, found := t.Row(id)
	if !found || r.Seat == None {
		return "", 0, false
	}
	return t.Seats[r.Seat].Worker, r.Token, true
}

// Set returns the partitions that the table knows, each with the default weight:
// what to go on with while the source cannot be heard.
func (t Table) Set() Set {
	s := Set{IDs: make([]PartitionID, len(t.Rows)), Weights: make([]int64, len(t.Rows))}
	for i, r := range t.Rows {
		s.IDs[i], s.Weights[i] = r.Partition, DefaultWeight
	}
	s.sign()
	return s
}

// Head returns the table's head record; freed is the evidence of this publish.
func (t Table) Head(freed []Freed) Head {
	h := Head{
		Version: t.Version, Step: t.Step, Term: t.Term, Nonce: t.Nonce, Source: t.Source,
		Seats: t.Seats, Freed: freed, Poison: t.Poison, Kept: t.Kept,
	}
	for _, r := range t.Rows {
		if r.Seat == None {
			h.Unowned = append(h.Unowned, Unowned{r.Partition, r.Entered})
		}
	}
	return h
}

// Assignments returns the assignment of every seat whose Step is this table's,
// which are those that its publish changed, by seat index.
func (t Table) Assignments() map[int32]Assignment {
	out := t.assignments()
	for i := range t.Seats {
		if t.Seats[i].Step != t.Step {
			delete(out, int32(i))
		}
	}
	return out
}

func (t Table) assignments() map[int32]Assignment {
	out := make(map[int32]Assignment, len(t.Seats))
	for i, s := range t.Seats {
		out[int32(i)] = Assignment{Version: t.Version, Step: s.Step, Session: s.Session, Kept: s.AssignmentKept}
	}
	edit := func(seat int32, f func(*Assignment)) {
		a := out[seat]
		f(&a)
		out[seat] = a
	}
	for _, r := range t.Rows {
		switch {
		case r.Seat == None:
		case r.Revoking != 0:
			edit(r.Seat, func(a *Assignment) {
				a.Revoking = append(a.Revoking, Revoke{r.Partition, r.Token, r.Revoking, r.Entered})
			})
		default:
			edit(r.Seat, func(a *Assignment) { a.Owned = append(a.Owned, Grant{r.Partition, r.Token, r.Entered}) })
		}
		if r.Pending != None {
			edit(r.Pending, func(a *Assignment) { a.Pending = append(a.Pending, r.Partition) })
		}
	}
	for _, p := range t.Poison {
		if r, known := t.Row(p.Partition); known && r.Seat != None && r.Revoking == 0 {
			edit(r.Seat, func(a *Assignment) { a.Poison = append(a.Poison, p) })
		}
	}
	return out
}

// Digest identifies the content of an assignment, its version apart. What a newer
// build adds is not part of it: all builds have to come to the same one.
func (a Assignment) Digest() uint64 {
	h := xxh3.New()
	num := func(n uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], n)
		_, _ = h.Write(b[:])
	}
	text := func(s string) { num(uint64(len(s))); _, _ = h.WriteString(s) }
	text(string(a.Session))
	for _, g := range a.Owned {
		text(string(g.Partition))
		num(uint64(g.Token))
		num(uint64(g.Entered))
	}
	num(uint64(len(a.Owned)))
	for _, r := range a.Revoking {
		text(string(r.Partition))
		num(uint64(r.Token))
		num(uint64(r.Step))
		num(uint64(r.Entered))
	}
	num(uint64(len(a.Revoking)))
	for _, p := range a.Pending {
		text(string(p))
	}
	return h.Sum64()
}

// TableOf joins a head with the assignments that it names. It fails, naming the
// worker, if one is missing or is not the one that the head means: then it was
// read too early or too late, and has to be read again. A head that names nobody
// was not written by a leader.
func TableOf(h Head, asg map[WorkerID]Assignment) (Table, error) {
	t := Table{Version: h.Version, Step: h.Step, Term: h.Term, Nonce: h.Nonce, Source: h.Source, Seats: slices.Clone(h.Seats), Kept: h.Kept}
	for _, p := range h.Poison {
		t.Poison = append(t.Poison, Poison{Partition: p.Partition, Token: p.Token, Left: p.Left, Kept: p.Kept})
	}
	if len(t.Seats) == 0 {
		return Table{}, fmt.Errorf("the head of step %d names no session: it is foreign", h.Step)
	}
	slices.SortFunc(t.Seats, func(a, b Seat) int { return CompareWorkers(a.Worker, b.Worker) })
	for i := range t.Seats {
		s := &t.Seats[i]
		a, ok := asg[s.Worker]
		if !ok || a.Step != s.Step || a.Session != s.Session || a.Digest() != s.Digest {
			return Table{}, fmt.Errorf("assignment of %s: step %d was read, the head of step %d names step %d", s.Worker, a.Step, h.Step, s.Step)
		}
		s.AssignmentKept = a.Kept
		for _, g := range a.Owned {
			t.Rows = append(t.Rows, Row{g.Partition, g.Entered, g.Token, 0, int32(i), None})
		}
		for _, r := range a.Revoking {
			t.Rows = append(t.Rows, Row{r.Partition, r.Entered, r.Token, r.Step, int32(i), None})
		}
	}
	for _, u := range h.Unowned {
		t.Rows = append(t.Rows, Row{Partition: u.Partition, Entered: u.Entered, Seat: None, Pending: None})
	}
	slices.SortFunc(t.Rows, func(a, b Row) int { return cmp.Compare(a.Partition, b.Partition) })
	for i := 1; i < len(t.Rows); i++ {
		if t.Rows[i].Partition == t.Rows[i-1].Partition {
			return Table{}, fmt.Errorf("partition %q: stands twice in the records of step %d", t.Rows[i].Partition, h.Step)
		}
	}
	t.joinPending(asg)
	return t, nil
}

func (t Table) joinPending(asg map[WorkerID]Assignment) {
	for i := range t.Seats {
		for _, id := range asg[t.Seats[i].Worker].Pending {
			at, ok := slices.BinarySearchFunc(t.Rows, id, func(r Row, id PartitionID) int { return cmp.Compare(r.Partition, id) })
			if ok {
				t.Rows[at].Pending = int32(i)
			}
		}
	}
}

// reseat returns the table with other seats; the rows follow their workers.
// Rows of workers without a seat have no owner afterwards.
func (t Table) reseat(seats []Seat) Table {
	to := make([]int32, len(t.Seats))
	for i, s := range t.Seats {
		to[i] = seatOf(seats, s.Worker)
	}
	rows := slices.Clone(t.Rows)
	for i := range rows {
		if rows[i].Seat != None {
			rows[i].Seat = to[rows[i].Seat]
		}
		if rows[i].Pending != None {
			rows[i].Pending = to[rows[i].Pending]
		}
	}
	t.Seats, t.Rows = seats, rows
	return t
}
