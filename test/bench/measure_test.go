package bench

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
)

// note writes down what a worker says, if it is there.
func (g *group) note(w *worker, what func()) {
	g.mu.Lock()
	if slices.Contains(g.there, w) {
		what()
	}
	g.mu.Unlock()
	select {
	case g.news <- struct{}{}:
	default:
	}
}

func (g *group) assigned(w *worker, m messages.AssignmentChanged) {
	now := time.Now()
	w.owned = len(m.All)
	for _, o := range m.Lost {
		if g.owner[o.ID] == w {
			g.owner[o.ID], g.free[o.ID] = nil, now
		}
	}
	for _, o := range m.Gained {
		if since, free := g.free[o.ID]; free {
			g.gaps = append(g.gaps, now.Sub(since))
			delete(g.free, o.ID)
		}
		g.owner[o.ID] = w
		g.last = now
		if g.first.IsZero() {
			g.first = now
		}
	}
}

// forget says that a worker has ended: what it had is free from now on.
func (g *group) forget(w *worker) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.there = slices.DeleteFunc(g.there, func(other *worker) bool { return other == w })
	now := time.Now()
	for id, owner := range g.owner {
		if owner == w {
			g.owner[id], g.free[id] = nil, now
		}
	}
}

func (g *group) workers() []*worker {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.there)
}

// begin forgets what was measured.
func (g *group) begin() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gaps, g.first, g.last = nil, time.Time{}, time.Time{}
	return time.Now()
}

// until waits for mail until something is so.
func (g *group) until(what string, so func() bool) {
	g.b.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		g.mu.Lock()
		met := so()
		g.mu.Unlock()
		if met {
			return
		}
		select {
		case <-g.news:
		case <-late.C:
			require.Fail(g.b, "no mail for too long", "waiting until %s", what)
		}
	}
}

// covered waits until everything has an owner.
func (g *group) covered() {
	g.b.Helper()
	g.until("everything has an owner", func() bool {
		sum := 0
		for _, w := range g.there {
			sum += w.owned
		}
		return sum == partitions
	})
}

// balanced waits until everybody has its share.
func (g *group) balanced() {
	g.b.Helper()
	g.until("everybody has its share", func() bool {
		sum, least, most := 0, partitions, 0
		for _, w := range g.there {
			sum, least, most = sum+w.owned, min(least, w.owned), max(most, w.owned)
		}
		return sum == partitions && most-least <= 1
	})
	g.fresh = false
}

// rest waits until nobody is busy.
func (g *group) rest() {
	g.b.Helper()
	g.balanced()
	g.until("everybody is stable", func() bool {
		return !slices.ContainsFunc(g.there, func(w *worker) bool { return w.state != messages.Stable })
	})
}

// longestGap is the longest time that a partition was without an owner.
func (g *group) longestGap() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.gaps) == 0 {
		return 0
	}
	return slices.Max(g.gaps)
}

// pauses are the times that partitions were without an owner.
func (g *group) pauses() []time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.gaps)
}

// sinceFirst is how long after the beginning the first partition was gained.
func (g *group) sinceFirst(began time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.first.Sub(began)
}

// rested waits until nothing keeps the group from moving partitions again.
func (g *group) rested() {
	g.mu.Lock()
	again := g.last.Add(max(g.settings.MinRebalanceInterval, 0))
	g.mu.Unlock()
	pass(time.Until(again))
}
