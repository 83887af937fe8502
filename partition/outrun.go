package partition

// Outrun returns a worker that says it applied a step of which the table knows nothing, and
// the highest one that the table knows for its session; ok is false if there is none. Then the
// table is not the latest, or the store lost writes that it had accepted: nothing may be
// granted by it. Of several workers it is the first in the order of CompareWorkers. A table
// without a step, as there is none, is not outrun.
func (t Table) Outrun(roster Roster) (by Witness, known Step, ok bool) {
	if t.Step == 0 {
		return Witness{}, 0, false
	}
	for id, w := range roster {
		if k := t.knows(w); w.Live.Applied > k && (!ok || CompareWorkers(id, by.Worker) < 0) {
			by, known, ok = w, k, true
		}
	}
	return by, known, ok
}

// knows is the highest step that the session of a record can have applied by the table. Who
// has no seat any more applied nothing after it had lost that.
func (t Table) knows(w Witness) Step {
	if i := t.SeatOf(w.Worker); i != None && t.Seats[i].Session == w.Live.Session {
		return t.Seats[i].Step
	}
	return t.Step
}

// Newest is the highest revision of all records that were seen.
func (r Roster) Newest() Revision {
	newest := Revision(0)
	for _, w := range r {
		newest = max(newest, w.Revision)
	}
	return newest
}
