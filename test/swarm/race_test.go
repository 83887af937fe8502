//go:build race

package swarm

import "time"

// These are less where everything takes fifteen times as long. A life has one goroutine: what
// can race is what lives share that go on at one time, and each kind of fault strikes in those
// of TestEachFault. The same seeds run without the detector, too.
const (
	fixed      = 20
	everything = false
	few        = 1
	takeovers  = 20
	restarts   = 10
	repeated   = 1
	begun      = 20
	childhood  = 4 * time.Second
	large      = 1
	sizes      = 2
	kindsApart = 2
)
