package bench

import (
	"testing"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// presets are the settings that are measured; those without windows show what is
// left when nothing is waited for.
func presets() map[string]partition.Settings {
	windowless := partition.Default()
	windowless.ColdStartWindow, windowless.PlannedScaleWindow = partition.Off, partition.Off
	windowless.SettleTime, windowless.MinRebalanceInterval = partition.Off, partition.Off
	return map[string]partition.Settings{
		"Default": partition.Default(), "Fast": partition.Fast(), "DefaultWithoutWindows": windowless,
	}
}

// each measures one event in a group at rest, once an iteration, for each preset.
// happen makes it happen and returns when it is answered; afterwards the group is
// made whole again, which is not measured. each-p50 and each-p99 are over the pauses of
// all partitions that moved.
func each(b *testing.B, happen func(g *group) map[string]time.Duration) {
	for name, settings := range presets() {
		b.Run(name, func(b *testing.B) {
			g := newGroup(b, settings)
			defer g.close()
			g.fill()
			samples := map[string][]time.Duration{}
			for b.Loop() {
				for what, took := range happen(g) {
					samples[what] = append(samples[what], took)
				}
				samples["each"] = append(samples["each"], g.pauses()...)
				b.StopTimer()
				g.fill()
				b.StartTimer()
			}
			for what, all := range samples {
				report(b, what, all)
			}
			b.ReportMetric(0, "ns/op") // the metrics say more
		})
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
	for name, settings := range presets() {
		b.Run(name, func(b *testing.B) {
			var covered, balanced []time.Duration
			for b.Loop() {
				b.StopTimer()
				g := newGroup(b, settings)
				b.StartTimer()
				began := g.begin()
				for range workers {
					g.join()
				}
				g.covered()
				covered = append(covered, time.Since(began))
				g.balanced()
				balanced = append(balanced, time.Since(began))
				b.StopTimer()
				g.rest()
				g.close()
				b.StartTimer()
			}
			report(b, "covered", covered)
			report(b, "balanced", balanced)
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkJoin: an eleventh worker joins; until each has its share, and the
// longest pause of a partition that moved.
func BenchmarkJoin(b *testing.B) {
	each(b, func(g *group) map[string]time.Duration {
		began := g.begin()
		g.join()
		g.balanced()
		return map[string]time.Duration{"share": time.Since(began), "pause": g.longestGap()}
	})
}

// BenchmarkLeave: a worker that does not lead stops; the longest time that a
// partition was without an owner.
func BenchmarkLeave(b *testing.B) {
	each(b, func(g *group) map[string]time.Duration {
		_, other := g.leader()
		g.begin()
		g.stop(other)
		g.covered()
		return map[string]time.Duration{"gap": g.longestGap()}
	})
}

// BenchmarkLeaderLeave: the leader stops.
func BenchmarkLeaderLeave(b *testing.B) {
	each(b, func(g *group) map[string]time.Duration {
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
	each(b, func(g *group) map[string]time.Duration {
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
	each(b, func(g *group) map[string]time.Duration {
		leads, _ := g.leader()
		began := g.begin()
		g.crash(leads)
		g.covered()
		return map[string]time.Duration{"first": g.sinceFirst(began), "gap": g.longestGap()}
	})
}

// BenchmarkLeaderAndWorkerCrash: the leader and another worker crash together.
func BenchmarkLeaderAndWorkerCrash(b *testing.B) {
	each(b, func(g *group) map[string]time.Duration {
		leads, other := g.leader()
		began := g.begin()
		g.crash(leads, other)
		g.covered()
		return map[string]time.Duration{"first": g.sinceFirst(began), "gap": g.longestGap()}
	})
}
