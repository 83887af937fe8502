package observe

import (
	"strings"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
)

// heard is what is counted as it happens.
type heard struct {
	changes               *prometheus.CounterVec
	seconds               *prometheus.HistogramVec
	alerts, failures      *prometheus.CounterVec
	gained, lost, letters prometheus.Counter
}

func newHeard() heard {
	named := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Name: "troupe_" + name, Help: help}
	}
	return heard{
		changes: prometheus.NewCounterVec(named("state_changes_total", "How often a public state was entered."), []string{"state"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "troupe_state_seconds", Help: "How long a public state lasted.",
			Buckets: []float64{.01, .05, .1, .5, 1, 2, 5, 10, 30, 60, 300, 3600},
		}, []string{"state"}),
		alerts:   prometheus.NewCounterVec(named("alerts_total", "Alerts of outages."), []string{"level"}),
		failures: prometheus.NewCounterVec(named("actor_restarts_total", "Actors that failed, and were stopped to be replaced."), []string{"actor"}),
		gained:   prometheus.NewCounter(named("gained_total", "Partitions that came.")),
		lost:     prometheus.NewCounter(named("lost_total", "Partitions that went.")),
		letters:  prometheus.NewCounter(named("dead_letters_total", "Mail of the actor system that nobody took.")),
	}
}

func (h heard) each(do func(prometheus.Collector)) {
	for _, one := range []prometheus.Collector{h.changes, h.seconds, h.alerts, h.failures, h.gained, h.lost, h.letters} {
		do(one)
	}
}

// entered counts a change of state. The first one of a subscription is none.
func (h heard) entered(was, now messages.StateChanged) {
	if now.From == now.To {
		return
	}
	h.changes.WithLabelValues(string(now.To)).Inc()
	if was.To == now.From {
		h.seconds.WithLabelValues(string(was.To)).Observe(now.At.Sub(was.At).Seconds())
	}
}

// event counts what the event stream said, on the goroutine of whoever said it.
func (h heard) event(event any, manager *actor.PID) {
	failed, is := event.(stage.Failed)
	if !is {
		h.letters.Inc()
		return
	}
	if below, ours := strings.CutPrefix(failed.Actor, manager.Id); ours && (below == "" || below[0] == '/') {
		h.failures.WithLabelValues(kindOf(below)).Inc()
	}
}

// roles are the values of the label actor, but for partition and user: the actors below
// a manager, by their names without numbers.
var roles = []string{
	"outside", "holder", "session", "election", "term", "watcher", "poller", "debouncer", "calculator", "publisher",
	"strategy", "source", "owners", "refresher", "historian",
}

// kindOf says what kind of actor has this name below the manager's. What a user's actor
// spawns counts as that actor.
func kindOf(below string) string {
	kind := "manager"
	for i, name := range strings.Split(below, "/") {
		switch {
		case i == 0: // before the first slash
		case kind == "holder":
			return "partition"
		case kind == "strategy", kind == "source":
			return "user"
		default:
			name, _, _ = strings.Cut(name, "-")
			if kind = other; known[name] {
				kind = name
			}
		}
	}
	return kind
}

// other is the kind of an actor that has none.
const other = "other"

var known = func() map[string]bool {
	all := map[string]bool{}
	for _, r := range roles {
		all[r] = true
	}
	return all
}()
