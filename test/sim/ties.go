package sim

import (
	"math/rand/v2"
	"time"
)

// tie is which of several events of one instant happens first. What travels between two stays
// in its order, and so do the plans of a test; timers have none.
func (t *Timeline) tie(e *event) uint64 {
	if t.Ties == 0 {
		return 0
	}
	x := t.Ties ^ uint64(e.at)
	for _, c := range []byte(e.lane.Name) {
		x = stirred(x, uint64(c))
	}
	if x = stirred(x, uint64(e.kind)); e.kind == Timers {
		x = stirred(x, e.order)
	}
	return x
}

// stirred is a number that has little to do with these.
func stirred(x, y uint64) uint64 {
	x = (x ^ y) * 0x9e3779b97f4a7c15
	return x ^ x>>29
}

// Until is how long it is until some timer is due that some process has set, but not longer
// than most; 0 if there is none.
func (t *Timeline) Until(rng *rand.Rand, most time.Duration) time.Duration {
	var all []time.Duration
	for _, e := range t.events {
		if d := e.at - t.now; e.kind == Timers && !e.lane.ended && d > 0 && d <= most {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return 0
	}
	return all[rng.IntN(len(all))]
}
