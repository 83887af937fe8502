package bench

import (
	"testing"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// windowless is the name of Default settings without windows: they show what is left
// when nothing is waited for.
const windowless = "DefaultWithoutWindows"

// presets are the settings that are measured.
func presets() map[string]partition.Settings {
	w := partition.Default()
	w.ColdStartWindow, w.PlannedScaleWindow = partition.Off, partition.Off
	w.SettleTime, w.MinRebalanceInterval = partition.Off, partition.Off
	// Nobody is taken for dead while a processor is busy, and who starts together is
	// gathered before anything moves.
	large := w
	large.Lease, large.LeaderLease, large.StoreTimeout = 20*time.Second, 20*time.Second, 5*time.Second
	large.ColdStartWindow, large.StrategyTimeout = 3*time.Second, 30*time.Second
	return map[string]partition.Settings{
		"Default": partition.Default(), "Fast": partition.Fast(), "Conservative": partition.Conservative(), windowless: w, "Large": large,
	}
}

// each measures one event in a group at rest, once an iteration, for some of the
// presets. happen makes it happen and returns when it is answered. each-p50 and
// each-p99 are over the pauses of all partitions that moved.
func each(b *testing.B, names []string, happen func(g *group) map[string]time.Duration) {
	for _, name := range names {
		b.Run(name, func(b *testing.B) { measure(b, newGroup(b, presets()[name]), happen) })
	}
}

// guarded are the presets as they are.
var guarded = []string{"Default", "Fast"}

func measure(b *testing.B, g *group, happen func(g *group) map[string]time.Duration) {
	defer g.close()
	samples := map[string][]time.Duration{}
	for b.Loop() {
		g.fill()
		for what, took := range happen(g) {
			samples[what] = append(samples[what], took)
		}
		samples["each"] = append(samples["each"], g.pauses()...)
	}
	for what, all := range samples {
		report(b, what, all)
	}
}

// fill lets workers join until all are there, and waits until they are at rest.
func (g *group) fill() {
	g.b.Helper()
	for len(g.workers()) > workers {
		_, other := g.leader()
		g.stop(other)
	}
	for len(g.workers()) < workers {
		g.join()
	}
	g.rest()
}

// BenchmarkColdStart: ten workers start at once on an empty store. covered is until
// every partition has an owner, balanced until each worker has its share.
func BenchmarkColdStart(b *testing.B) {
	for _, name := range guarded {
		settings := presets()[name]
		b.Run(name, func(b *testing.B) {
			var covered, balanced []time.Duration
			for b.Loop() {
				g := newGroup(b, settings)
				began := g.begin()
				for range workers {
					g.join()
				}
				g.covered()
				covered = append(covered, time.Since(began))
				g.balanced()
				balanced = append(balanced, time.Since(began))
				g.rest()
				g.close()
			}
			report(b, "covered", covered)
			report(b, "balanced", balanced)
		})
	}
}

// BenchmarkJoin: an eleventh worker joins a group in which nothing has moved for
// MinRebalanceInterval; until each has its share, and the longest pause of a partition
// that moved.
func BenchmarkJoin(b *testing.B) {
	each(b, []string{"Default", "Fast", windowless}, func(g *group) map[string]time.Duration {
		g.rested()
		return joined(g)
	})
}

// BenchmarkJoinMany: the same for many samples, TIMES=200. There is no
// MinRebalanceInterval, so that nothing has to be waited for between two of them.
func BenchmarkJoinMany(b *testing.B) {
	for _, name := range guarded {
		b.Run(name, func(b *testing.B) {
			set := presets()[name]
			set.MinRebalanceInterval = partition.Off
			measure(b, newGroup(b, set), joined)
		})
	}
}

func joined(g *group) map[string]time.Duration {
	began := g.begin()
	g.join()
	g.balanced()
	return map[string]time.Duration{"share": time.Since(began), "pause": g.longestGap()}
}

// BenchmarkLeave: a worker that does not lead stops; the longest time that a
// partition was without an owner.
func BenchmarkLeave(b *testing.B) {
	each(b, guarded, func(g *group) map[string]time.Duration {
		_, other := g.leader()
		g.begin()
		g.stop(other)
		g.covered()
		return map[string]time.Duration{"gap": g.longestGap()}
	})
}

// BenchmarkLeaderLeave: the leader stops.
func BenchmarkLeaderLeave(b *testing.B) {
	each(b, guarded, func(g *group) map[string]time.Duration {
		leads, _ := g.leader()
		g.begin()
		g.stop(leads)
		g.covered()
		return map[string]time.Duration{"gap": g.longestGap()}
	})
}

// BenchmarkCrash: a worker that does not lead crashes; until its partitions have
// other owners.
func BenchmarkCrash(b *testing.B) {
	each(b, guarded, func(g *group) map[string]time.Duration {
		_, other := g.leader()
		g.begin()
		g.crash(other)
		g.covered()
		return map[string]time.Duration{"gap": g.longestGap()}
	})
}

// BenchmarkLeaderCrash: the leader crashes; until the first publish of the next one
// reaches a worker, and until its partitions have other owners.
func BenchmarkLeaderCrash(b *testing.B) {
	each(b, guarded, func(g *group) map[string]time.Duration {
		leads, _ := g.leader()
		began := g.begin()
		g.crash(leads)
		g.covered()
		return map[string]time.Duration{"first": g.sinceFirst(began), "gap": g.longestGap()}
	})
}

// BenchmarkLeaderAndWorkerCrash: the leader and another worker crash together.
func BenchmarkLeaderAndWorkerCrash(b *testing.B) {
	each(b, guarded, func(g *group) map[string]time.Duration {
		leads, other := g.leader()
		began := g.begin()
		g.crash(leads, other)
		g.covered()
		return map[string]time.Duration{"first": g.sinceFirst(began), "gap": g.longestGap()}
	})
}
