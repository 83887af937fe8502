package partition

import "time"

// Gap is a partition that nobody works on.
type Gap struct {
	Partition PartitionID
	// Since is when its owner stopped, or the zero time if that is not known.
	Since time.Time
}

// Gaps are in the order of the source.
type Gaps []Gap

// Uncovered returns the partitions of the source that nobody works on, whatever is to
// become of them: those without an owner, and those of a session that has ended, was
// followed by another, is silent or has let go. Those that are kept on purpose, for one
// that announced to come back, are counted apart: awaited. It decides nothing: so, unlike
// a wait, it also goes by the server's clock, by which a leader of one moment knows who
// was silent before it led. It takes that clock to run on between the records that were
// there before. now is the instant of the roster.
func Uncovered(t Table, roster Roster, set Set, now time.Time, rules Rules) (gaps Gaps, awaited int) {
	seats := make([]occupancy, len(t.Seats))
	clock := roster.clock()
	for i, s := range t.Seats {
		seats[i] = occupied(s, roster[s.Worker], clock, now, rules)
	}
	rows := 0
	for _, id := range set.IDs {
		for rows < len(t.Rows) && t.Rows[rows].Partition < id {
			rows++
		}
		if rows == len(t.Rows) || t.Rows[rows].Partition != id || t.Rows[rows].Seat == None {
			gaps = append(gaps, Gap{Partition: id})
			continue
		}
		r := t.Rows[rows]
		switch owner := seats[r.Seat]; {
		case owner.returns:
			awaited++
		case !owner.works || owner.letGo(r):
			gaps = append(gaps, Gap{id, owner.end})
		}
	}
	return gaps, awaited
}

// Date completes what is not known by what was before: a gap lasts since it was seen
// first, now if that was not before, unless its owner stopped still earlier. It returns
// the first instant of all, or the zero time if there is no gap.
func (g Gaps) Date(before Gaps, now time.Time) (first time.Time) {
	for i := range g {
		for len(before) > 0 && before[0].Partition < g[i].Partition {
			before = before[1:]
		}
		at := &g[i].Since
		if len(before) > 0 && before[0].Partition == g[i].Partition {
			*at = sooner(*at, before[0].Since)
		}
		if at.IsZero() {
			*at = now
		}
		first = sooner(first, *at)
	}
	return first
}

// sooner returns the earlier one of those that are known.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// occupancy is what a seat is worth to the partitions in it.
type occupancy struct {
	works, returns bool
	// end is since when it does not work, if that is known.
	end     time.Time
	applied Step
	held    map[PartitionID]bool
}

func occupied(s Seat, w Witness, clock, now time.Time, rules Rules) occupancy {
	lease := max(s.Lease, w.Live.Lease)
	wrote := w.written(clock, now)
	silent := !now.Before(rules.silentAt(wrote, lease))
	switch {
	case w.Revision == 0:
		return occupancy{}
	case w.Live.Session != s.Session:
		return occupancy{end: w.SessionAt}
	case (silent || w.Live.Ended()) && w.Standing(now, rules) == Returning:
		return occupancy{returns: true}
	case w.Live.Ended():
		return occupancy{end: wrote}
	case silent:
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

// written is when the record was written, on the own clock. Whoever renewed since the
// first look is known by that alone; the stamps are for what was there before.
func (w Witness) written(clock, now time.Time) time.Time {
	if w.Stamp.IsZero() || w.At.After(w.SessionAt) {
		return w.At
	}
	if at := now.Add(-clock.Sub(w.Stamp)); at.Before(w.At) {
		return at
	}
	return w.At
}

// clock is the server's at the latest write. Others may have later stamps, of a clock
// that was set back: revisions tell which one is the latest.
func (r Roster) clock() (at time.Time) {
	latest := Revision(0)
	for _, w := range r {
		if w.Revision > latest {
			latest, at = w.Revision, w.Stamp
		}
	}
	return at
}
