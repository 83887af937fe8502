package partition

import "time"

// DurationBounds are the bounds between which Durations counts.
var DurationBounds = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute,
}

// Durations is a histogram of how long something took. It is a value: a copy stays as
// it is.
type Durations struct {
	Count uint64
	Sum   time.Duration
	// Within counts those that were not longer than each of DurationBounds.
	Within [len(DurationBounds)]uint64
}

// Add counts one more. What has a negative length, by instants of different origin, took
// no time.
func (d *Durations) Add(took time.Duration) {
	took = max(took, 0)
	d.Count++
	d.Sum += took
	for i, bound := range DurationBounds {
		if took <= bound {
			d.Within[i]++
		}
	}
}

// Evidence returns when the first sign was seen of what makes this change necessary: the
// last heartbeat of who crashed, the end of who left, the beginning of who came. It is the
// zero time if workers are not the cause.
func (c Change) Evidence(roster Roster) time.Time {
	var first time.Time
	see := func(workers []WorkerID, at func(Witness) time.Time) {
		for _, w := range workers {
			if t := at(roster[w]); first.IsZero() || !t.IsZero() && t.Before(first) {
				first = t
			}
		}
	}
	switch {
	case len(c.Crashed) > 0:
		see(c.Crashed, func(w Witness) time.Time { return w.At })
	case len(c.Left) > 0:
		see(c.Left, func(w Witness) time.Time { return w.EndedAt })
	case len(c.Returned) > 0:
		see(c.Returned, func(w Witness) time.Time { return w.SessionAt })
	case len(c.Refreshing) > 0, c.Drains > 0, c.Removed > 0, c.Orphans > 0, c.Unfinished > 0:
	default:
		see(c.Joined, func(w Witness) time.Time { return w.SessionAt })
	}
	return first
}
