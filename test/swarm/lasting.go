package swarm

import (
	"slices"
	"time"

	"github.com/troupe-actors/troupe/test/sim"
)

// lasts is how long a fault does.
func (l *life) lasts() time.Duration {
	n := l.world.Net
	if n.Hits(sim.Lasting) {
		return n.Lengths.Last(l.world.Random)
	}
	return l.exactly(n.Lengths.Pick(l.world.Random))
}

// exactly is so long, or until the very instant at which some timer is due.
func (l *life) exactly(long time.Duration) time.Duration {
	n := l.world.Net
	if n.Faults[sim.Coincidence] == 0 {
		return long
	}
	if d := l.world.Timeline.Until(l.world.Random, 2*slices.Max(n.Lengths)); d > 0 && n.Hits(sim.Coincidence) {
		return d
	}
	return long
}

// around is how long a pause lasts: this long, or until about when the lease ends, or
// others take it for over.
func (l *life) around(p *sim.Process, long time.Duration) time.Duration {
	left, s := l.world.Check.LeaseLeft(p.Name), l.settings
	switch l.world.Random.IntN(4) {
	case 0:
		long = left
	case 1:
		long = left + s.Wait(s.Lease) - s.Lease
	default:
		return long
	}
	return max(time.Millisecond, long+l.world.Soon(2*edge)-edge)
}

// edge is how close to the end of a lease the end of a pause is.
const edge = 10 * time.Millisecond
