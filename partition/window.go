package partition

import "time"

// Window is how long a leader lets the membership settle before it moves
// partitions that have an owner.
type Window struct {
	// Opened is the first change, Changed the latest one.
	Opened, Changed time.Time
	// Length is counted from the latest change, and is at most doubled by later
	// ones. Settle ends the window early after so long without a change; Off
	// waits it out.
	Length, Settle time.Duration
}

// End returns when the window closes if nothing else changes.
func (w Window) End() time.Time {
	length := max(w.Length, 0)
	end := w.Changed.Add(length)
	if w.Settle >= 0 && w.Settle < length {
		end = w.Changed.Add(w.Settle)
	}
	if last := w.Opened.Add(2 * length); last.Before(end) {
		return last
	}
	return end
}
