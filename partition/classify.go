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
	// Members are the sessions that count from now on: those that renew and
	// those that announced to come back.
	Members []Witness
	// Joined have no seat yet, Returned have the seat of a former session,
	// Left were released, Crashed went silent or were fenced.
	Joined, Returned, Left, Crashed []WorkerID
	// Orphans counts partitions that nobody who counts owns, Removed rows that
	// the source does not list any more, Drains those of members that give
	// everything up, Unfinished those that a hand-over left on their way.
	Orphans, Removed, Drains, Unfinished int
	// Imbalance is (max − min load) / mean of the members that renew and do not
	// drain.
	Imbalance float64
	// Refreshing are the members that ask for a refresh which was not served.
	Refreshing []Witness
	// Cold: there is no table, or most of its members are gone.
	Cold bool
	// Turns is when a standing changes without any news; zero if never.
	Turns time.Time
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
	}
	for _, s := range t.Seats {
		if roster[s.Worker].Revision == 0 {
			c.Crashed = append(c.Crashed, s.Worker)
			gone++
		}
	}
	for _, ids := range []*[]WorkerID{&c.Joined, &c.Returned, &c.Left, &c.Crashed} {
		slices.SortFunc(*ids, CompareWorkers)
	}
	for _, list := range [][]Witness{c.Members, c.Refreshing} {
		slices.SortFunc(list, func(a, b Witness) int { return CompareWorkers(a.Worker, b.Worker) })
	}
	c.Cold = t.Step == 0 || restartRatio > 0 && float64(gone) > restartRatio*float64(len(t.Seats))
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
	load := make(map[WorkerID]int64, len(c.Members))
	for _, w := range c.Members {
		renews := w.Standing(now, rules) == Renewing
		members[w.Worker] = renews && w.Live.Draining
		if renews && !w.Live.Draining {
			load[w.Worker] = 0
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
		if _, shares := load[owner]; shares {
			load[owner] += set.Weights[k]
		}
	}
	c.Removed += len(t.Rows) - rows
	c.Imbalance = unevenness(load)
}

// unevenness returns (max − min) / mean.
func unevenness(load map[WorkerID]int64) float64 {
	least, most, sum := int64(-1), int64(0), int64(0)
	for _, l := range load {
		if least < 0 || l < least {
			least = l
		}
		most = max(most, l)
		sum += l
	}
	if sum == 0 {
		return 0
	}
	return float64(most-least) * float64(len(load)) / float64(sum)
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
	for _, n := range []int{c.Orphans, c.Removed, c.Drains, c.Unfinished} {
		add(strconv.Itoa(n))
	}
	return cmp.Or(d, 1)
}
