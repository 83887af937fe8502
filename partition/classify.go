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
	// the source does not list any more.
	Orphans, Removed int
	// Imbalance is (max − min load) / mean of the members that renew.
	Imbalance float64
	// Refresh: a session asks for a refresh that was not served.
	Refresh bool
	// Cold: there is no table, or most of its members are gone.
	Cold bool
	// Turns is when a standing changes without any news; zero if never.
	Turns time.Time
}

// Urgent reports whether to decide at once.
func (c Change) Urgent() bool {
	return c.Cold || c.Orphans > 0 || c.Removed > 0 || len(c.Returned)+len(c.Left)+len(c.Crashed) > 0 || c.Refresh
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
	case c.Refresh:
		return "refresh"
	case c.Removed > 0:
		return "partitions removed"
	case c.Orphans > 0:
		return "partitions added"
	case len(c.Joined) > 0:
		return "join"
	}
	return "balance"
}

// Classify compares the table, the roster and the source. restartRatio is
// Settings.RestartDetectionRatio; 0 or less never finds a cold start in a group
// that has a table. Sets are compared, not counts: one worker that dies while
// another joins are two changes.
func Classify(t Table, roster Roster, set Set, now time.Time, rules Rules, restartRatio float64) Change {
	var c Change
	for id, w := range roster {
		standing := w.Standing(now, rules)
		if turns := w.Turns(now, rules); !turns.IsZero() && (c.Turns.IsZero() || turns.Before(c.Turns)) {
			c.Turns = turns
		}
		seat := t.SeatOf(id)
		counts := standing == Renewing || standing == Returning
		if counts {
			c.Members = append(c.Members, w)
		}
		switch {
		case counts && seat == None:
			if standing == Renewing {
				c.Joined = append(c.Joined, id)
			}
		case counts && t.Seats[seat].Session != w.Live.Session:
			c.Returned = append(c.Returned, id)
		case counts:
			c.Refresh = c.Refresh || w.Live.Refresh > t.Seats[seat].Refresh
		case standing == Silent, seat != None && standing == Over && w.Live.Fence != nil:
			c.Crashed = append(c.Crashed, id)
		case seat != None:
			c.Left = append(c.Left, id)
		}
	}
	for _, s := range t.Seats {
		if _, known := roster[s.Worker]; !known {
			c.Crashed = append(c.Crashed, s.Worker)
		}
	}
	for _, ids := range []*[]WorkerID{&c.Joined, &c.Returned, &c.Left, &c.Crashed} {
		slices.SortFunc(*ids, CompareWorkers)
	}
	slices.SortFunc(c.Members, func(a, b Witness) int { return CompareWorkers(a.Worker, b.Worker) })
	c.Cold = t.Step == 0 || restartRatio > 0 && len(t.Seats) > 1 &&
		float64(len(c.Crashed)+len(c.Left)) > restartRatio*float64(len(t.Seats))
	c.cover(t, set)
	return c
}

// cover counts what has no owner and how the load is spread.
func (c *Change) cover(t Table, set Set) {
	load := make(map[WorkerID]int64, len(c.Members))
	for _, w := range c.Members {
		load[w.Worker] = 0
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
		if _, counts := load[t.Seats[r.Seat].Worker]; !counts {
			c.Orphans++
			continue
		}
		load[t.Seats[r.Seat].Worker] += set.Weights[k]
	}
	c.Removed += len(t.Rows) - rows
	if len(c.Members) == 0 {
		return
	}
	least, most, sum := int64(-1), int64(0), int64(0)
	for _, l := range load {
		if least < 0 || l < least {
			least = l
		}
		most = max(most, l)
		sum += l
	}
	if sum > 0 {
		c.Imbalance = float64(most-least) * float64(len(load)) / float64(sum)
	}
}

// Fingerprint identifies everything that a decision rests on, so that one which
// changed nothing is not taken again and again.
func (c Change) Fingerprint(set Set) uint64 {
	d := set.Digest
	add := func(s string) { d = d*1099511628211 ^ hashText(s) }
	for _, w := range c.Members {
		add(string(w.Worker) + "/" + string(w.Live.Session) + "/" + strconv.FormatBool(w.Live.Draining))
	}
	for i, ids := range [][]WorkerID{c.Joined, c.Returned, c.Left, c.Crashed} {
		for _, id := range ids {
			add(strconv.Itoa(i) + string(id))
		}
	}
	add(strconv.Itoa(c.Orphans) + "/" + strconv.Itoa(c.Removed) + "/" + strconv.FormatBool(c.Refresh))
	return cmp.Or(d, 1)
}
