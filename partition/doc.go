// Package partition holds the words of Troupe and its arithmetic.
//
// Words: workers, sessions, partitions, revisions, steps, the records that the
// members of a group share, and the settings. Arithmetic: who gets what
// (Strategy), what a plan must satisfy (ValidatePlan), what a change of
// the membership means (Classify), how long to wait, and which hand-over step
// comes next (Next). Everything here is a value or a pure function: no input or
// output, no clock, no lock, no goroutine. Callers pass the instants they heard
// of; the same arguments give the same answer in every process.
//
// # Ordering
//
// Slices of partitions are in canonical order, which is the byte order of
// PartitionID; slices of workers are in the order of CompareWorkers. Functions
// that need an order say so and check it.
//
// # Failure
//
// Bad input is an error that names the field, the value and the rule. A broken
// invariant of a caller inside Troupe panics.
//
// # Limits
//
// Keys, worker IDs and labels have the lengths that their types name. There is
// no limit on the number of partitions; Sticky is measured with a million.
package partition
