package partition

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Change is how the members and the partitions of a group differ from its table,
// and what to do about it. Coverage comes at once, balance later: Urgent changes
// leave a partition without an owner or an owner without a right; the others
// wait for a window.
type Change struct {
	// Members are the sessions that count from now on: those that renew and those
	// that announced their return.
	Members []Witness
	// Joined have no seat yet, Returned have the seat of a former session,
	// Left were released, Crashed went silent or were fenced.
	Joined, Returned, Left, Crashed []WorkerID
	// Silent are those who do not count though their session has not ended, as far as is
	// known: they are silent, or nothing is known of it.
	Silent []Unheard
	// Orphans counts partitions that nobody who counts owns, Removed rows that
	// the source does not list any more, Drains those of members that give
	// everything up, Unfinished those that a hand-over left on their way.
	Orphans, Removed, Drains, Unfinished int
	// Misplaced counts partitions whose owner lacks one of their labels, or that are
	// pinned to another member; Strays those whose owner is in another zone and that are
	// not pinned to it.
	Misplaced, Strays int
	// Imbalance is (max − min load) / mean of the members that renew and do not
	// drain, as the function of that name has it.
	Imbalance float64
	// Refreshing are the members that ask for a refresh which was not served.
	Refreshing []Witness
	// Cold: there is no table, or most of its members are gone.
	Cold bool
	// Awaited: somebody with a seat announced its return.
	Awaited bool
	// Turns is when a standing changes without any news; zero if never.
	Turns time.Time
}

// Unheard is what takes a session for over that has not ended: its record is still the one
// of this revision.
type Unheard struct {
	Worker WorkerID
	// Revision is 0 if there was no record: a watch may begin without one that changes then.
	Revision Revision
}

// Urgent reports whether to decide at once. A refresh is not: first the source
// is to be listed.
func (c Change) Urgent() bool {
	return c.Cold || c.Orphans+c.Removed+c.Drains+c.Unfinished > 0 || len(c.Returned)+len(c.Left)+len(c.Crashed) > 0
}

// Cause returns what to call the decision.
func (c Change) Cause() string {
	switch {
	case c.Cold:
		return "cold start"
	case len(c.Crashed) > 0:
		return "crash"
	case len(c.Left) > 0:
		return "leave"
	case len(c.Returned) > 0:
		return "restart"
	case len(c.Refreshing) > 0:
		return "refresh"
	case c.Drains > 0:
		return "drain"
	case c.Removed > 0:
		return "partitions removed"
	case c.Orphans > 0:
		return "partitions added"
	case c.Unfinished > 0:
		return "unfinished hand-over"
	case len(c.Joined) > 0:
		return "join"
	}
	return "balance"
}

// Classify compares the table, the roster and the source. restartRatio is
// Settings.RestartDetectionRatio; 0 or less never finds a cold start in a group
// that has a table. now is the instant of the roster: a later one would take for
// silent whoever was not heard of since. Sets are compared, not counts: one
// worker that dies while another joins are two changes.
func Classify(t Table, roster Roster, set Set, now time.Time, rules Rules, restartRatio float64) Change {
	var c Change
	gone := 0
	for id, w := range roster {
		standing := w.Standing(now, rules)
		if turns := w.Turns(now, rules); !turns.IsZero() && (c.Turns.IsZero() || turns.Before(c.Turns)) {
			c.Turns = turns
		}
		seat := t.SeatOf(id)
		counts := standing == Renewing || standing == Returning
		c.Awaited = c.Awaited || standing == Returning && seat != None
		if counts {
			c.Members = append(c.Members, w)
			if asks(t, seat, w) {
				c.Refreshing = append(c.Refreshing, w)
			}
		}
		switch {
		case counts && seat == None:
			if standing == Renewing {
				c.Joined = append(c.Joined, id)
			}
		case counts && t.Seats[seat].Session != w.Live.Session:
			c.Returned = append(c.Returned, id)
		case counts:
		case standing == Silent, seat != None && w.Live.Fence != nil:
			c.Crashed = append(c.Crashed, id)
		case seat != None:
			c.Left = append(c.Left, id)
		}
		if !counts && seat != None {
			gone++
		}
		if standing == Silent || !counts && seat != None && w.Revision < t.Seats[seat].Live {
			c.Silent = append(c.Silent, Unheard{id, w.Revision})
		}
	}
	for _, s := range t.Seats {
		if roster[s.Worker].Revision == 0 {
			c.Crashed, c.Silent = append(c.Crashed, s.Worker), append(c.Silent, Unheard{Worker: s.Worker})
			gone++
		}
	}
	for _, ids := range []*[]WorkerID{&c.Joined, &c.Returned, &c.Left, &c.Crashed} {
		slices.SortFunc(*ids, CompareWorkers)
	}
	for _, list := range [][]Witness{c.Members, c.Refreshing} {
		slices.SortFunc(list, func(a, b Witness) int { return CompareWorkers(a.Worker, b.Worker) })
	}
	slices.SortFunc(c.Silent, func(a, b Unheard) int { return CompareWorkers(a.Worker, b.Worker) })
	c.Cold = t.Step == 0 || restartRatio > 0 && float64(gone) > float64(restartRatio*float64(len(t.Seats)))
	c.cover(t, set, now, rules)
	return c
}

// asks reports whether the session wants a refresh that its seat does not show as
// served. One without a seat has been served nothing.
func asks(t Table, seat int32, w Witness) bool {
	if seat == None || t.Seats[seat].Session != w.Live.Session {
		return w.Live.Refresh > 0
	}
	return w.Live.Refresh > t.Seats[seat].Refresh
}

// cover counts what has no owner, what is on its way, and how the load is spread.
func (c *Change) cover(t Table, set Set, now time.Time, rules Rules) {
	members := make(map[WorkerID]bool, len(c.Members)) // true: it drains
	share := burden{seat: make([]int32, len(t.Seats)), set: set, index: map[WorkerID]int32{}}
	for i := range share.seat {
		share.seat[i] = None
	}
	for _, w := range c.Members {
		renews := w.Standing(now, rules) == Renewing
		members[w.Worker] = renews && w.Live.Draining
		if renews && !w.Live.Draining {
			share.add(t.SeatOf(w.Worker), w.Member())
		}
	}
	rows := 0
	for k, id := range set.IDs {
		for rows < len(t.Rows) && t.Rows[rows].Partition < id {
			rows++
			c.Removed++
		}
		if rows == len(t.Rows) || t.Rows[rows].Partition != id {
			c.Orphans++
			continue
		}
		r := t.Rows[rows]
		rows++
		if r.Seat == None {
			c.Orphans++
			continue
		}
		owner := t.Seats[r.Seat].Worker
		switch drains, counts := members[owner]; {
		case !counts:
			c.Orphans++
			continue
		case drains:
			c.Drains++
		case r.Revoking != 0:
			c.Unfinished++
		}
		share.own(k, r.Seat)
	}
	c.Removed += len(t.Rows) - rows
	c.Imbalance, c.Misplaced, c.Strays = imbalance(share.members, share.load), share.misplaced, share.strays
}

// burden is what those who share the load have of it.
type burden struct {
	set     Set
	members []Member
	load    []float64
	// seat is the member in a seat, or None; index that with an ID.
	seat              []int32
	index             map[WorkerID]int32
	misplaced, strays int
}

func (b *burden) add(seat int32, m Member) {
	i := int32(len(b.members))
	b.members, b.load, b.index[m.ID] = append(b.members, m), append(b.load, 0), i
	if seat != None {
		b.seat[seat] = i
	}
}

// own notes that a partition is owned in a seat.
func (b *burden) own(k int, seat int32) {
	m := b.seat[seat]
	if m == None {
		return
	}
	b.load[m] += float64(b.set.Weights[k])
	pin, there := None, false
	if b.set.Pins != nil {
		pin, there = b.index[b.set.Pins[k]]
	}
	if there && pin != m || !there && !carries(b.members[m], b.set.labels(int32(k))) {
		b.misplaced++
	}
	if zone := b.set.zone(int32(k)); !there && zone != "" && b.members[m].Zone != zone {
		b.strays++
	}
}

// Fingerprint identifies everything that a decision rests on, so that one which
// changed nothing is not taken again and again.
func (c Change) Fingerprint(set Set) uint64 {
	d := set.Digest ^ set.PinDigest
	add := func(s string) { d = d*1099511628211 ^ hashText(s) }
	for _, w := range c.Members {
		add(string(w.Worker) + "/" + string(w.Live.Session) + "/" +
			strconv.FormatBool(w.Live.Draining) + strconv.FormatBool(w.Live.Restarting))
		for _, a := range w.Live.Abandoned {
			add(string(a.Partition) + "/" + strconv.FormatUint(uint64(a.Token), 10))
		}
	}
	for i, ids := range [][]WorkerID{c.Joined, c.Returned, c.Left, c.Crashed} {
		for _, id := range ids {
			add(strconv.Itoa(i) + string(id))
		}
	}
	for _, w := range c.Refreshing {
		add(string(w.Live.Session) + "/" + strconv.FormatUint(w.Live.Refresh, 10))
	}
	for _, n := range []int{c.Orphans, c.Removed, c.Drains, c.Unfinished, c.Misplaced, c.Strays} {
		add(strconv.Itoa(n))
	}
	return cmp.Or(d, 1)
}
