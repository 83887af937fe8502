// Package observe tells monitoring how one worker is: an Observer is a collector for a
// Prometheus registry of yours, and answers probes.
//
//	o := observe.New(system, manager)
//	defer o.Stop()
//	registry.MustRegister(o)
//	http.Handle("/healthz", o.Healthz()) // restart the process if this fails
//	http.Handle("/readyz", o.Readyz())   // it can own partitions and work on them
//
// # What is measured
//
// All names begin with troupe_. Labels have few values, which are known before: states,
// levels, kinds. There is none for a partition, a worker or a session; put the name of
// the instance onto your registry, or let Prometheus add it.
//
//	up                          1 if the manager answered the scrape
//	healthy, health_final       what messages.HealthChanged says
//	state{state}                1 for the present public state, 0 for the others
//	state_changes_total{state}  how often a state was entered
//	state_seconds{state}        a histogram of how long one lasted: Scaling is a window,
//	                            Rebalancing and Emergency are decisions, Degraded an outage
//	leading, term               the leadership of this worker
//	version, step               what it applied last
//	lease_margin_seconds        how long the lease still lasts without a heartbeat
//	partitions{kind}            owned, draining, pending, quarantined
//	gained_total, lost_total    partitions that came and went
//	members, unowned            of the group; only where the leader is
//	decision_moves              what the leader's latest decision moves,
//	decision_moves_least        what such a decision moves at least, and the load of the
//	decision_peak{when}         fullest worker, max / mean: before and after
//	alerts_total{level}         alerts of an outage
//	dead_letters_total          mail of the whole actor system that nobody took
//
// # Ordering
//
// Counters count what the observer has heard, from its beginning on. Gauges are those of
// one snapshot, taken at the scrape.
//
// # Failure
//
// A manager that does not answer within a second is not up, and fails both probes; its
// counters stay.
//
// # Limits
//
// Questions of several scrapes and probes at a time share one answer.
package observe
