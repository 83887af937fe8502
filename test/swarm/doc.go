// Package swarm lives random lives of a group, each from a seed: production actors
// over the production bridge in a simulated world, under a random set of faults.
// Invariants are checked all the time; then the faults end, and within the bound
// that the settings promise every partition must have an owner again, a join must
// be answered, quiet must be quiet, and a stop must leave nothing behind.
//
// # Ordering
//
// A seed is a life: the same one gives the same trace, to the instant.
//
// # Failure
//
// A life that breaks something is reported with the command that repeats it and
// the end of its trace.
//
// # Limits
//
// A life has 3 to 9 processes and 16 to 40 partitions, and lasts some minutes of
// its own time, which are a fraction of a second of ours. Some have one process, two, or
// 10 to 50.
package swarm
