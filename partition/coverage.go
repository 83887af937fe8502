package partition

import "time"

// Uncovered counts the partitions of the source that nobody works on, whatever is to
// become of them: those without an owner, and those of a session that has ended, was
// followed by another, is silent or has let go. since is when the first of those owners
// stopped, or the zero time if none of that is known. It decides nothing: so, unlike a
// wait, it also goes by the server's clock, by which a leader of one moment knows who was
// silent before it led. now is the instant of the roster.
func Uncovered(t Table, roster Roster, set Set, now time.Time, rules Rules) (count int, since time.Time) {
	seats := make([]occupancy, len(t.Seats))
	newest := roster.newest()
	for i, s := range t.Seats {
		seats[i] = occupied(s, roster[s.Worker], newest, now, rules)
	}
	rows := 0
	for _, id := range set.IDs {
		for rows < len(t.Rows) && t.Rows[rows].Partition < id {
			rows++
		}
		if rows == len(t.Rows) || t.Rows[rows].Partition != id || t.Rows[rows].Seat == None {
			count++
			continue
		}
		r := t.Rows[rows]
		owner := seats[r.Seat]
		if owner.works && !owner.letGo(r) {
			continue
		}
		count++
		if at := owner.end; !at.IsZero() && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	return count, since
}

// occupancy is what a seat is worth to the partitions in it.
type occupancy struct {
	works bool
	// end is since when it does not, if that is known.
	end     time.Time
	applied Step
	held    map[PartitionID]bool
}

func occupied(s Seat, w Witness, newest, now time.Time, rules Rules) occupancy {
	lease := max(s.Lease, w.Live.Lease)
	wrote := w.At // on the own clock
	if ago := newest.Sub(w.Stamp); !w.Stamp.IsZero() && now.Add(-ago).Before(wrote) {
		wrote = now.Add(-ago)
	}
	switch {
	case w.Revision == 0:
		return occupancy{}
	case w.Live.Session != s.Session:
		return occupancy{end: w.SessionAt}
	case w.Live.Ended():
		return occupancy{end: wrote}
	case !now.Before(rules.silentAt(wrote, lease)):
		return occupancy{end: wrote.Add(lease)}
	}
	o := occupancy{works: true, applied: w.Live.Applied, held: make(map[PartitionID]bool, len(w.Live.Held)+len(w.Live.Abandoned))}
	for _, id := range w.Live.Held {
		o.held[id] = true
	}
	for _, a := range w.Live.Abandoned {
		o.held[a.Partition] = true
	}
	return o
}

// letGo reports whether the owner was told to let go, and did.
func (o occupancy) letGo(r Row) bool {
	return r.Revoking != 0 && o.applied >= r.Revoking && !o.held[r.Partition]
}

// newest is the latest instant of the server's clock that a record shows.
func (r Roster) newest() (at time.Time) {
	for _, w := range r {
		if w.Stamp.After(at) {
			at = w.Stamp
		}
	}
	return at
}
