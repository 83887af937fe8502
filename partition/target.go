package partition

import "slices"

// Target is where a decision wants every partition to be.
type Target struct {
	// Seats are the sessions that count, in the order of CompareWorkers.
	Seats []TargetSeat
	Set   Set
	// Owner has, for each partition of the set, the index of its owner in Seats,
	// or None.
	Owner []int32
	// Why has the reason of each, or is nil; Measure is what the decision does.
	Why     []Reason
	Measure Measure
	// Silent are those left out for their silence, or because nothing was known of their
	// session. Whoever was heard since is judged anew.
	Silent []Unheard
	// Saw is the step of the table that the decision saw, if there is a limit to what it moves of
	// what has an owner: so whatever an earlier one has granted since stays where it is. It is 0
	// if there is none.
	Saw Step
}

// seatOf returns the index of the worker's seat, or None.
func (t Target) seatOf(w WorkerID) int32 {
	i, ok := slices.BinarySearchFunc(t.Seats, w, func(s TargetSeat, w WorkerID) int { return CompareWorkers(s.Worker, w) })
	if !ok {
		return None
	}
	return int32(i)
}

// silentAt returns the latest record of a worker that is left out for its silence, 0 if it had
// none.
func (t Target) silentAt(w WorkerID) (at Revision, silent bool) {
	i, silent := slices.BinarySearchFunc(t.Silent, w, func(s Unheard, w WorkerID) int { return CompareWorkers(s.Worker, w) })
	if !silent {
		return 0, false
	}
	return t.Silent[i].Revision, true
}

// leaves returns the seat in the target of a row's owner if the row is left there because it
// was granted since the table that the decision saw, or None. Who gives everything up gives
// that up, too.
func (t Target) leaves(table Table, r Row) int32 {
	if t.Saw == 0 || r.Seat == None || r.Token <= Token(t.Saw) {
		return None
	}
	to := t.seatOf(table.Seats[r.Seat].Worker)
	if to == None || t.Seats[to].Drains {
		return None
	}
	return to
}

// Leaves reports whether something is left with its owner in the table that was to go elsewhere,
// as it was granted since the table that the decision saw.
func (t Target) Leaves(table Table) bool {
	return slices.ContainsFunc(table.Rows, func(r Row) bool {
		k, listed := t.Set.Index(r.Partition)
		to := t.leaves(table, r)
		return listed && to != None && to != t.Owner[k]
	})
}

// resumes reports whether a worker may own partitions that a former target took from it.
func (t Target) resumes(w WorkerID, former Target) bool {
	now, was := t.seatOf(w), former.seatOf(w)
	return now != None && !t.Seats[now].Drains && (was == None || former.Seats[was].Drains)
}

// Unplaced returns the first partitions that the target gives to nobody.
func (t Target) Unplaced(most int) (ids []PartitionID) {
	for i, owner := range t.Owner {
		if owner == None && len(ids) < most {
			ids = append(ids, t.Set.IDs[i])
		}
	}
	return ids
}

// Planned returns the table as the target wants it, to tell what is news while
// it is handed over.
func (t Target) Planned() Table {
	out := Table{Step: 1, Source: t.Set.Digest, Rows: make([]Row, len(t.Set.IDs))}
	for _, s := range t.Seats {
		out.Seats = append(out.Seats, Seat{Worker: s.Worker, Session: s.Session, Refresh: s.Refresh})
	}
	for i, id := range t.Set.IDs {
		out.Rows[i] = Row{Partition: id, Seat: t.Owner[i], Pending: None}
	}
	return out
}

// TargetSeat is a session that a decision counts on.
type TargetSeat struct {
	Worker  WorkerID
	Session SessionID
	// Refresh is the highest refresh request of the session that the decision
	// serves.
	Refresh uint64
	// Drains: it gives everything up, in rounds.
	Drains bool
}
