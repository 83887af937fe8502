package swarm

import (
	"errors"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// zoned lets every process be in one of two zones, and so every partition, most of which
// have labels that only those in one of three places carry. When faults end, somebody is in
// each.
func (l *life) zoned(rule partition.ZoneRule, weigh func() int64) {
	zones, labels := []string{"east", "west"}, []string{"disk", "fast", "new"}
	l.dress = func(p *partition.Partition) {
		p.Zone, p.Weight = zones[l.world.Random.IntN(2)], weigh()
		switch l.world.Random.IntN(6) {
		case 0:
			p.Zone = ""
		case 1:
			p.Labels = labels[:1]
		case 2:
			p.Labels = labels[:1+l.world.Random.IntN(2)]
		case 3:
			p.Pinned = partition.WorkerIDAt("worker", l.world.Random.IntN(mostWorkers))
		}
	}
	const places, limited = 4, 5
	l.rounds = limited
	l.habits = func(h *sim.Habits) {
		place := l.born % places
		h.Differ = func(s *partition.Settings) {
			s.Zone, s.Labels = zones[place%2], labels[:1+place/2]
			s.MoveLimit = dressed / limited
		}
		h.Strategy = partition.Sticky{Zones: rule}
	}
	l.mend = func() {
		for range places {
			l.join("")
		}
	}
}

// skews gives processes capacities, and skewed weights to what they have.
func (l *life) skews() {
	l.dress = func(p *partition.Partition) { p.Weight = l.skewed() }
	l.habits = func(h *sim.Habits) {
		capacity := float64(1 + l.world.Random.IntN(5))
		h.Differ = func(s *partition.Settings) { s.Capacity = capacity }
	}
}

// skewed are weights of which a few make most of all.
func (l *life) skewed() int64 {
	x := l.world.Random.Float64()
	return 1 + int64(1000*float64(x*x*x*x))
}

// guests lets further subscribers come and go, and forget what they were told. Workers leave
// and are asked meanwhile.
func (l *life) guests() {
	l.faults[sim.Leave] = 4
	l.asks()
	var all []*sim.Guest
	l.often(2*time.Second, func(p *sim.Process) {
		if len(all) == 0 || l.world.Random.IntN(3) == 0 {
			all = append(all, p.Invite(time.Millisecond+l.world.Soon(l.settings.DrainTimeout)))
			return
		}
		switch g := all[l.world.Random.IntN(len(all))]; l.world.Random.IntN(5) {
		case 0, 1:
			g.Unsubscribe()
		case 2, 3:
			g.Subscribe()
		default:
			g.End()
		}
	})
}

// often lets something happen to somebody now and then, while faults last.
func (l *life) often(within time.Duration, do func(p *sim.Process)) {
	l.later(l.world.Soon(2*within), func() {
		if p := l.somebody(); p != nil {
			do(p)
		}
		l.often(within, do)
	})
}

// unsteady is a source that fails, panics, lists what is no list, until faults
// end.
type unsteady struct{ life *life }

// ListPartitions implements partition.Source.
func (u unsteady) ListPartitions() ([]partition.Partition, error) {
	list := u.life.world.Partitions()
	if !u.life.ill {
		return list, nil
	}
	switch u.life.world.Random.IntN(8) {
	case 0:
		return nil, errors.New("no database")
	case 1:
		panic(sim.Habitual)
	case 2:
		return append(list, list[0]), nil
	case 3:
		return append(list, partition.Of("no name\n")), nil
	case 4:
		slices.Reverse(list)
	}
	return list, nil
}

// unsteadily lets every source be unsteady, and everybody be asked to list it now and then.
func (l *life) unsteadily() {
	l.habits = func(h *sim.Habits) {
		h.Wire = func(c *actors.Config) { c.Source = actors.SourceFrom(unsteady{l}) }
	}
	l.asks()
}
