//go:build race

package swarm

import "time"

// These are less where everything takes ten times as long: a life has one
// goroutine, and the same seeds run without the detector, too.
const (
	fixed      = 60 // of fewer none has a record that expires
	few        = 1
	takeovers  = 20
	restarts   = 10
	repeated   = 1
	childhood  = 4 * time.Second
	large      = 1
	sizes      = 2
	kindsApart = 2
)
