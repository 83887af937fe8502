package bridge

import "time"

// Clock is the one place where time comes from. Now must be monotonic between
// two calls in one process; no relation to any other clock is assumed.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once, on its own goroutine, when d has passed. stop
	// prevents the call if it has not begun.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// RealClock is the clock of the operating system. time.Time carries a monotonic
// reading (CLOCK_MONOTONIC on Linux), which is what differences are made of.
type RealClock struct{}

// Now implements Clock.
func (RealClock) Now() time.Time { return time.Now() }

// AfterFunc implements Clock.
func (RealClock) AfterFunc(d time.Duration, f func()) (stop func()) {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}
