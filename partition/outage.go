package partition

import "time"

// Outage is what a worker concludes from how its store behaves: whether it is
// degraded, since when, and when to say so again. It is told facts with their
// instants, and knows when it has to be asked again; it has no clock.
//
// An Exclusive worker is degraded as soon as its lease is in doubt; while it has no
// lease, when the store has failed for as long as a lease stays beyond doubt. An
// Available one is degraded when the store has failed for EnterThreshold, or
// KVErrorThreshold times within KVErrorWindow. Both stay so until the store has
// been healthy for ExitThreshold: one that answers now and then ends no outage.
type Outage struct {
	settings Settings
	entered  bool
	since    time.Time // the outage began; it may go on after the worker resumed
	failing  time.Time // the first failure after which nothing was answered
	well     time.Time // the first answer after which nothing failed, in an outage
	failures []time.Time
	doubted  bool          // the lease was in doubt, and nothing was answered since
	alerted  time.Duration // how long after since the latest alert was due
}

// NewOutage returns the outage of a worker with these settings that has not heard
// of its store yet.
func NewOutage(s Settings) Outage { return Outage{settings: s} }

// Degraded reports whether the worker is.
func (o *Outage) Degraded() bool { return o.entered }

// Since returns when the outage began, or the zero time. The worker may have resumed
// shortly in between.
func (o *Outage) Since() time.Time { return o.since }

// Well reports whether the store does what it is asked, but not for long enough to
// end the outage.
func (o *Outage) Well() bool { return !o.well.IsZero() }

// Failed notes an operation that the store did not do, or not in time.
func (o *Outage) Failed(at time.Time) {
	o.well = time.Time{}
	if o.failing.IsZero() {
		o.failing = at
	}
	if o.settings.Ownership != Available {
		return
	}
	o.failures = append(o.failures, at)
	for o.failures[0].Before(at.Add(-o.settings.KVErrorWindow)) || len(o.failures) > o.settings.KVErrorThreshold {
		o.failures = o.failures[1:]
	}
	if len(o.failures) == o.settings.KVErrorThreshold {
		o.enter(at)
	}
}

// Doubted notes that the lease is in doubt.
func (o *Outage) Doubted(at time.Time) {
	o.doubted, o.well = true, time.Time{}
	if o.settings.Ownership == Exclusive {
		o.enter(at)
	}
}

// Answered notes an operation that the store did. It reports whether the store was
// away for so long that others may not have been heard of.
func (o *Outage) Answered(at time.Time) (recovered bool) {
	recovered = o.doubted || o.entered && o.well.IsZero()
	o.doubted, o.failing = false, time.Time{}
	if !o.since.IsZero() && o.well.IsZero() {
		o.well = at
	}
	return recovered
}

// Resume notes that the worker begins anew: it is not degraded any more. If the
// store fails again before it was healthy for long enough, it is the same outage.
func (o *Outage) Resume() { o.entered = false }

func (o *Outage) enter(at time.Time) {
	o.entered = true
	if o.since.IsZero() {
		o.since, o.alerted = at, 0
	}
}

// patience is how long the store may fail.
func (o *Outage) patience() time.Duration {
	if o.settings.Ownership == Available {
		return o.settings.EnterThreshold
	}
	return o.settings.Suspect()
}

// Next returns when something is due by itself, or the zero time.
func (o *Outage) Next() (next time.Time) {
	soonest := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if !o.entered && !o.failing.IsZero() {
		soonest(o.failing.Add(o.patience()))
	}
	if !o.well.IsZero() {
		soonest(o.well.Add(o.settings.ExitThreshold))
	}
	if after, _, more := o.settings.Alerts.next(o.alerted); more && o.entered {
		soonest(o.since.Add(after))
	}
	return next
}

// Elapse does what is due at this instant. It returns the level of an alert to
// raise, or Silence.
func (o *Outage) Elapse(now time.Time) AlertLevel {
	if !o.well.IsZero() && !now.Before(o.well.Add(o.settings.ExitThreshold)) {
		*o = NewOutage(o.settings)
		return Silence
	}
	if !o.entered && !o.failing.IsZero() && !now.Before(o.failing.Add(o.patience())) {
		o.enter(now)
	}
	after, level, more := o.settings.Alerts.next(o.alerted)
	if !o.entered || !more || now.Before(o.since.Add(after)) {
		return Silence
	}
	o.alerted = now.Sub(o.since) // those that were missed are not caught up with
	return max(level, o.settings.Alerts.level(o.alerted))
}

// AlertLevel is how loud an alert is.
type AlertLevel int

// The levels rise with the length of an outage. Silence is no alert.
const (
	Silence AlertLevel = iota
	AlertInfo
	AlertWarn
	AlertError
	AlertCritical
)

// String returns the level's name.
func (l AlertLevel) String() string {
	return choice(int(l), "silence", "info", "warn", "error", "critical")
}

// levels are those that are on, in their order, with when they begin.
func (a AlertTimes) levels(each func(AlertLevel, time.Duration)) {
	for i, at := range []time.Duration{a.Info, a.Warn, a.Error, a.Critical} {
		if at != Off {
			each(AlertInfo+AlertLevel(i), at)
		}
	}
}

// level is that of an outage which has lasted so long.
func (a AlertTimes) level(lasts time.Duration) (level AlertLevel) {
	a.levels(func(l AlertLevel, at time.Duration) {
		if at <= lasts {
			level = l
		}
	})
	return level
}

// next returns the alert that follows the one after last, which is 0 before the
// first: the next level, or the same one again, whichever is first.
func (a AlertTimes) next(last time.Duration) (after time.Duration, level AlertLevel, more bool) {
	a.levels(func(l AlertLevel, at time.Duration) {
		if at > last && !more {
			after, level, more = at, l, true
		}
	})
	if now := a.level(last); now != Silence && a.Repeat != Off && (!more || last+a.Repeat < after) {
		return last + a.Repeat, now, true
	}
	return after, level, more
}
