//go:build linux

package main

import (
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// event is something that a worker's process said, or that was done to it. At is
// the machine's monotonic clock.
type event struct {
	At   time.Duration `json:"at"`
	Who  string        `json:"who"` // one life of a process; empty for marks of the run
	What what          `json:"what"`

	Partition partition.PartitionID `json:"partition,omitempty"`
	Token     partition.Token       `json:"token,omitempty"`
	// Session and Until are what the worker believes of its lease.
	Session partition.SessionID `json:"session,omitempty"`
	Until   time.Duration       `json:"until,omitempty"`
	Leads   bool                `json:"leads,omitempty"`
}

type what string

// What a worker's process says.
const (
	hold  what = "hold"  // its handler begins to work on a partition
	act   what = "act"   // the handler has an effect
	drop  what = "drop"  // the handler has ended
	lease what = "lease" // until when it believes that its session may act
	pulse what = "pulse" // it runs
)

// What is done to it.
const (
	born    what = "born"
	stopped what = "stopped" // by SIGSTOP: it does not run any more
	woken   what = "woken"   // by SIGCONT: from here on it may run
	died    what = "died"
	calm    what = "calm" // all faults are over, and the store is whole
)

const (
	// beat lies between two pulses, and between two looks at the lease.
	beat = 100 * time.Millisecond
	// effects lies between two effects of a handler.
	effects = 200 * time.Millisecond
)
