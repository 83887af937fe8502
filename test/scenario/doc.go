// Package scenario plays short scenes of a group and compares what everybody said
// with what is written down. A play is a file in testdata: a command, a dashed
// line, what was said then, an empty line. `go test ./test/scenario -rewrite`
// writes down anew what is said; the facts in the file beside it, which a play
// ends with, are for people to change.
//
// # Ordering
//
// A play is a world of test/sim with one seed: it is the same every time.
//
// # Failure
//
// A difference is shown with its place. A broken invariant ends the play.
//
// # Limits
//
// Renewals without news, reads and what handlers do are left out of what is said.
package scenario
