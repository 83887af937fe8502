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
// The table of all metrics is in docs/operations.md, beside rules for alerts and a
// dashboard. All names begin with troupe_. Labels have few values, which are known before:
// states, levels, kinds, causes, outcomes, roles of actors. There is none for a partition, a
// worker or a session; put the name of the instance onto your registry, or let Prometheus
// add it.
//
// # Ordering
//
// What the observer hears is counted from its beginning on; what worker and store count,
// from the beginning of the manager on. Gauges are those of one snapshot, taken at the scrape.
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
