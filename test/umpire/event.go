package umpire

import (
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// Event is something that a worker said, or that was done to it. At is a monotonic
// clock that all of them share.
type Event struct {
	At   time.Duration `json:"at"`
	Who  string        `json:"who"` // one life of a worker; empty for marks of the run
	What What          `json:"what"`

	Partition partition.PartitionID `json:"partition,omitempty"`
	Token     partition.Token       `json:"token,omitempty"`
	// Session and Until are what the worker believes of its lease.
	Session partition.SessionID `json:"session,omitempty"`
	Until   time.Duration       `json:"until,omitempty"`
	Leads   bool                `json:"leads,omitempty"`
	// Owns is how many partitions it said that it owns, and Asked when it was asked.
	Owns  int           `json:"owns,omitempty"`
	Asked time.Duration `json:"asked,omitempty"`
	// Is says how the worker is, for whoever reads why something took long.
	Is string `json:"is,omitempty"`
}

// What tells kinds of events apart, by their names in a process's output.
type What string

// What a worker says.
const (
	Hold  What = "hold"  // its handler begins to work on a partition
	Act   What = "act"   // the handler has an effect
	Drop  What = "drop"  // the handler has ended
	Lease What = "lease" // until when it believes that its session may act, and how it is
	Pulse What = "pulse" // it gets time from the machine
)

// What is done to it.
const (
	Born    What = "born"
	Stopped What = "stopped" // by SIGSTOP: it does not run any more
	Woken   What = "woken"   // by SIGCONT: from here on it may run
	Died    What = "died"
	Calm    What = "calm" // all faults are over, and the store is whole
)

const (
	// Beat lies between two pulses, and between two looks at the lease.
	Beat = 100 * time.Millisecond
	// Effects lies between two effects of a handler.
	Effects = 200 * time.Millisecond
)
