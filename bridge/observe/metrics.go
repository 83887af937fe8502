package observe

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/troupe-actors/troupe/messages"
)

// states are the values of the label state.
var states = []messages.State{
	messages.Init, messages.ClaimingID, messages.Election, messages.WaitingAssignment, messages.Stable,
	messages.Scaling, messages.Rebalancing, messages.Emergency, messages.Degraded, messages.Shutdown,
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("troupe_"+name, help, labels, nil)
	gauges = append(gauges, d)
	return d
}

// gauges are all that follow.
var gauges []*prometheus.Desc

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
	membersDesc    = desc("members", "Workers of the group, as its leader knows them.")
	unownedDesc    = desc("unowned", "Partitions without an owner, as the leader knows them.")
	movesDesc      = desc("decision_moves", "Partitions that the leader's latest decision moves.")
	leastDesc      = desc("decision_moves_least", "Partitions that such a decision has to move at least.")
	peakDesc       = desc("decision_peak", "The fullest worker's load as a multiple of its fair share.", "when")
)

// counts are what is counted as it happens.
type counts struct {
	changes               *prometheus.CounterVec
	seconds               *prometheus.HistogramVec
	alerts                *prometheus.CounterVec
	gained, lost, letters prometheus.Counter
}

func newCounts() counts {
	named := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Name: "troupe_" + name, Help: help}
	}
	return counts{
		changes: prometheus.NewCounterVec(named("state_changes_total", "How often a public state was entered."), []string{"state"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "troupe_state_seconds", Help: "How long a public state lasted.",
			Buckets: []float64{.01, .05, .1, .5, 1, 2, 5, 10, 30, 60, 300, 3600},
		}, []string{"state"}),
		alerts:  prometheus.NewCounterVec(named("alerts_total", "Alerts of outages."), []string{"level"}),
		gained:  prometheus.NewCounter(named("gained_total", "Partitions that came.")),
		lost:    prometheus.NewCounter(named("lost_total", "Partitions that went.")),
		letters: prometheus.NewCounter(named("dead_letters_total", "Mail of the actor system that nobody took.")),
	}
}

func (c counts) each(do func(prometheus.Collector)) {
	for _, one := range []prometheus.Collector{c.changes, c.seconds, c.alerts, c.gained, c.lost, c.letters} {
		do(one)
	}
}

// entered counts a change of state. The first one of a subscription is none.
func (c counts) entered(was, now messages.StateChanged) {
	if now.From == now.To {
		return
	}
	c.changes.WithLabelValues(string(now.To)).Inc()
	if was.To == now.From {
		c.seconds.WithLabelValues(string(was.To)).Observe(now.At.Sub(was.At).Seconds())
	}
}
