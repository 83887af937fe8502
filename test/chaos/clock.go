//go:build linux

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// now is the machine's monotonic clock. All processes read the same one, also after
// they were stopped.
func now() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // there is no Linux without it
	}
	return time.Duration(t.Nano())
}
