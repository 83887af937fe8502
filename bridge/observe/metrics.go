package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// states are the values of the label state.
var states = []messages.State{
	messages.Init, messages.ClaimingID, messages.Election, messages.WaitingAssignment, messages.Stable,
	messages.Scaling, messages.Rebalancing, messages.Emergency, messages.Degraded, messages.Shutdown,
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("troupe_"+name, help, labels, nil)
	asked = append(asked, d)
	return d
}

// asked are all that follow: what is asked at a scrape.
var asked []*prometheus.Desc

var (
	upDesc         = desc("up", "Whether the manager answered the scrape.")
	healthyDesc    = desc("healthy", "Whether the worker can do its duty.")
	finalDesc      = desc("health_final", "Whether what is wrong does not go away by itself.")
	stateDesc      = desc("state", "1 for the present public state.", "state")
	leadingDesc    = desc("leading", "Whether this worker leads.")
	termDesc       = desc("term", "The term of this leader.")
	versionDesc    = desc("version", "The decision that was applied last.")
	stepDesc       = desc("step", "The publish that was applied last.")
	marginDesc     = desc("lease_margin_seconds", "How long the lease lasts without another heartbeat.")
	partitionsDesc = desc("partitions", "Partitions of this worker.", "kind")
	abandonedDesc  = desc("handlers_abandoned_total", "Partitions that were written off, as a handler did not stop in time.")
	membersDesc    = desc("members", "Workers with a seat in the leader's table.")
	unownedDesc    = desc("unowned", "Partitions that nobody works on, as the leader knows them.")
	awaitedDesc    = desc("awaited", "Partitions that are kept for workers that announced to come back.")
	lackingDesc    = desc("unowned_seconds", "For how long the first of them has been so.")
	movesDesc      = desc("decision_moves", "Partitions that the leader's latest decision moves.")
	leastDesc      = desc("decision_moves_least", "Partitions that such a decision has to move at least.")
	peakDesc       = desc("decision_peak", "The fullest worker's load as a multiple of its fair share.", "when")

	detectionDesc = desc("detection_seconds", "From the first sign of its cause to a leader's decision.", "cause")
	decisionDesc  = desc("decision_seconds", "From a leader's decision to the last publish of it.", "cause")
	plannedDesc   = desc("decided_moves_total", "Partitions that decisions were to move.", "cause")
	neededDesc    = desc("decided_moves_least_total", "Partitions that they had to move at least.", "cause")

	operationsDesc = desc("store_operations_total", "Operations of the store by what became of them.", "kind", "outcome")
	rewatchesDesc  = desc("watch_restarts_total", "Watches that were begun again.")
	reconnectsDesc = desc("reconnects_total", "Servers that were left because they did not answer.")
	publishesDesc  = desc("publishes_total", "Steps that this worker published as a leader.")
	grantsDesc     = desc("moves_total", "Partitions that got an owner by them.")
	revokesDesc    = desc("revokes_total", "Partitions that an owner was told to let go by them.")
	fencesDesc     = desc("fences_total", "Sessions of others that this worker ended as a leader.")
	stallsDesc     = desc("stalls_total", "How often this worker's hand-over as a leader was stuck.")

	mailboxDesc = desc("mailbox_length", "Mail that waits for the actor of this kind that has most.", "actor")
)

// Describe implements prometheus.Collector.
func (o *Observer) Describe(to chan<- *prometheus.Desc) {
	for _, d := range asked {
		to <- d
	}
	o.heard.each(func(c prometheus.Collector) { c.Describe(to) })
}

// setter hands one value to a registry.
type setter func(d *prometheus.Desc, v float64, labels ...string)

// Collect implements prometheus.Collector.
func (o *Observer) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	s, health, up := o.snapshot()
	o.heard.each(func(c prometheus.Collector) { c.Collect(to) })
	gauge(upDesc, flag(up))
	if !up {
		return
	}
	gauge(healthyDesc, flag(s.Healthy))
	gauge(finalDesc, flag(health.Final))
	worker(s, gauge)
	counter(abandonedDesc, float64(s.Abandoned))
	if s.Leading {
		leader(s, gauge)
	}
	for _, d := range s.Decided {
		to <- histogram(detectionDesc, d.Detected, d.Cause)
		to <- histogram(decisionDesc, d.Took, d.Cause)
		counter(plannedDesc, float64(d.Moves), d.Cause)
		counter(neededDesc, float64(d.Least), d.Cause)
	}
	if c, there := o.count(); there {
		store(c, counter)
	}
	longest := map[string]int{}
	stage.Waiting(o.system, o.manager, func(id string, waiting int) {
		kind := kindOf(id[len(o.manager.Id):])
		longest[kind] = max(longest[kind], waiting)
	})
	for kind, waiting := range longest {
		gauge(mailboxDesc, float64(waiting), kind)
	}
}

func worker(s messages.Snapshot, set setter) {
	for _, state := range states {
		set(stateDesc, flag(s.State == state), string(state))
	}
	set(leadingDesc, flag(s.Leading))
	set(versionDesc, float64(s.Version))
	set(stepDesc, float64(s.Step))
	set(partitionsDesc, float64(len(s.Owned)), "owned")
	set(partitionsDesc, float64(s.Draining), "draining")
	set(partitionsDesc, float64(len(s.Pending)), "pending")
	set(partitionsDesc, float64(len(s.Quarantined)), "quarantined")
	if !s.LeaseEnd.IsZero() {
		set(marginDesc, time.Until(s.LeaseEnd).Seconds())
	}
}

func leader(s messages.Snapshot, set setter) {
	set(termDesc, float64(s.Term))
	if s.CoverageKnown {
		set(membersDesc, float64(len(s.Members)))
		set(unownedDesc, float64(s.Unowned))
		set(awaitedDesc, float64(s.Awaited))
		lacking := 0.0
		if !s.UnownedSince.IsZero() {
			lacking = time.Since(s.UnownedSince).Seconds()
		}
		set(lackingDesc, lacking)
	}
	set(movesDesc, float64(s.Decision.Moves))
	set(leastDesc, float64(s.Decision.Least))
	set(peakDesc, s.Decision.Before, "before")
	set(peakDesc, s.Decision.After, "after")
}

func store(c messages.Counts, count setter) {
	for _, k := range c.Operations {
		for outcome, n := range map[string]int{
			"accepted": k.Accepted, "conflicted": k.Conflicted, "refused": k.Refused, "denied": k.Denied,
			"unknown": k.Unknown, "unsent": k.Unsent,
		} {
			count(operationsDesc, float64(n), k.Kind, outcome)
		}
	}
	count(rewatchesDesc, float64(c.Rewatches))
	count(reconnectsDesc, float64(c.Reconnects))
	count(publishesDesc, float64(c.Publishes))
	count(grantsDesc, float64(c.Moves))
	count(revokesDesc, float64(c.Revokes))
	count(fencesDesc, float64(c.Fences))
	count(stallsDesc, float64(c.Stalls))
}

func histogram(d *prometheus.Desc, of partition.Durations, cause string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(of.Within))
	for i, n := range of.Within {
		buckets[partition.DurationBounds[i].Seconds()] = n
	}
	return prometheus.MustNewConstHistogram(d, of.Count, of.Sum.Seconds(), buckets, cause)
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
