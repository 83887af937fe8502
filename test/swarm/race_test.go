//go:build race

package swarm

// fixed is less where everything takes five times as long: a life has one
// goroutine, and the same seeds run without the detector, too.
const fixed = 50
