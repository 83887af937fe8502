package partition

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of single settings. Rules between settings stand at the fields.
const (
	// MinDuration catches a number that was given without its unit.
	MinDuration = time.Millisecond
	// MaxDuration keeps sums of durations far from overflow.
	MaxDuration = 365 * 24 * time.Hour
	// MaxWorkerNumber is the largest first number of a range of worker IDs.
	MaxWorkerNumber = 1_000_000_000
	// MaxWorkerIDs is the size of such a range.
	MaxWorkerIDs = 100_000
	// MaxCount is the most that a setting which counts something can say.
	MaxCount = 1_000_000_000
	// MinClockDrift is the margin for clock rates within 4 %: one waits on a
	// clock that is 4 % fast for a lease on a clock that is 4 % slow,
	// 1.04 / 0.96 = 1.0833 of its length.
	MinClockDrift = 0.085
	// MinCapacity and MaxCapacity bound what a worker can carry, relative to others.
	MinCapacity = 0.001
	MaxCapacity = 1_000_000
	// MaxLabels is how many labels a worker has.
	MaxLabels = 16
	// maxTag is how long a zone or a label is, and tagMarks is what it has besides
	// letters and digits.
	maxTag   = 64
	tagMarks = "_.-"
	// maxPath is how long the name of a folder is.
	maxPath = 1024
	// MinShare is the least fraction that is told from none.
	MinShare = 1e-9
)

// FieldError is one setting that breaks a rule.
type FieldError struct {
	// Field is the name in Settings, such as Lease or WorkerIDs.Count.
	Field string
	// Value is what it is, with defaults filled in.
	Value string
	// Rule is what it must be, with the numbers filled in.
	Rule string
	// From is where the value was read, or where one was read that the rule needs.
	// Empty if it was set in the program.
	From string
}

// Error returns place, field, value and rule in a sentence.
func (e FieldError) Error() string {
	text := fmt.Sprintf("%s is %s; must be %s", e.Field, e.Value, e.Rule)
	if e.From != "" {
		return e.From + ": " + text
	}
	return text
}

// Validate reports every rule that the settings break, defaults filled in, or
// nil. The error joins a FieldError for each: first those of single fields, then
// those between fields. A rule between fields is not looked at while one of the
// fields breaks its own.
func (s Settings) Validate() error {
	s = s.WithDefaults()
	c := check{Settings: s}
	c.words()
	ranged(&c, s.counts())
	ranged(&c, s.shares())
	ranged(&c, s.spans())
	c.leases()
	c.intervals()
	c.timeouts()
	c.alerts()
	return errors.Join(c.faults...)
}

// check collects the faults of settings whose defaults are filled in.
type check struct {
	Settings
	faults []error
	// faulty has the fields that break a rule of their own.
	faulty []string
}

// fault reports a broken rule. It says where the field's value was read, or else that
// of another field that the rule needs.
func (c *check) fault(name string, value any, rule string, others ...string) {
	from, _, _ := strings.Cut(name, "[")
	from = c.Origin(from)
	for i := 0; from == "" && i < len(others); i++ {
		from = c.Origin(others[i])
	}
	c.faults = append(c.faults, FieldError{name, fmt.Sprint(value), rule, from})
}

func (c *check) words() {
	word := func(name, value string, most int, marks string) {
		if strange(value, most, marks) {
			c.fault(name, strconv.Quote(value), fmt.Sprintf("1 to %d characters out of A-Z, a-z, 0-9 and %s", most, marks))
		}
	}
	word("WorkerIDPrefix", c.WorkerIDPrefix, 48, "_-")
	word("InstanceKey", c.InstanceKey, 128, "_.-")
	word("Zone", c.Zone, maxTag, tagMarks)
	for i, label := range c.Labels {
		name := fmt.Sprintf("Labels[%d]", i)
		if word(name, label, maxTag, tagMarks); label == "" {
			c.fault(name, `""`, "1 to 64 characters out of A-Z, a-z, 0-9 and _.-")
		}
	}
	if len(c.Labels) > MaxLabels {
		c.fault("Labels", len(c.Labels), fmt.Sprintf("at most %d", MaxLabels))
	}
	if len(c.Record) > maxPath || !utf8.ValidString(c.Record) || strings.ContainsFunc(c.Record, unicode.IsControl) {
		c.fault("Record", strconv.Quote(c.Record), fmt.Sprintf("a folder of at most %d characters of UTF-8, none of which controls a screen", maxPath))
	}
	if c.OnStop != Leave && c.OnStop != Restart {
		c.fault("OnStop", int(c.OnStop), fmt.Sprintf("Leave (%d) or Restart (%d)", Leave, Restart))
	}
	if c.Ownership != Exclusive && c.Ownership != Available {
		c.fault("Ownership", int(c.Ownership), fmt.Sprintf("Exclusive (%d) or Available (%d)", Exclusive, Available))
	}
}

// strange reports whether a word is too long, or of other characters than letters of
// ASCII, digits and marks.
func strange(word string, most int, marks string) bool {
	return len(word) > most || strings.ContainsFunc(word, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(marks, r)
	})
}

// ranged checks the rules that fields have of their own.
func ranged[T int | float64 | time.Duration](c *check, fields []field[T]) {
	for _, f := range fields {
		v := *f.at
		if v >= f.least && v <= f.most || f.off && v == Off { // false for NaN
			continue
		}
		rule := fmt.Sprintf("%v ≤ %s ≤ %v", f.least, f.name, f.most)
		switch {
		case f.off:
			rule += fmt.Sprintf(", or Off (%d)", Off)
		case v == Off:
			rule += "; it cannot be Off"
		}
		c.fault(f.name, v, rule)
		c.faulty = append(c.faulty, f.name)
	}
}

// between reports a rule between fields, of which the first one is blamed.
func (c *check) between(value time.Duration, holds bool, rule string, fields ...string) {
	if !holds && !slices.ContainsFunc(fields, func(name string) bool { return slices.Contains(c.faulty, name) }) {
		c.fault(fields[0], value, rule, fields[1:]...)
	}
}

func (c *check) leases() {
	least := 3*c.HeartbeatInterval + c.StoreTimeout
	c.between(c.Lease, c.Lease >= least,
		fmt.Sprintf("Lease ≥ 3·HeartbeatInterval + StoreTimeout = 3·%v + %v = %v", c.HeartbeatInterval, c.StoreTimeout, least),
		"Lease", "HeartbeatInterval", "StoreTimeout")
	renewed := c.LeadRenewal() + c.StoreTimeout
	c.between(c.LeaderLease, c.LeaderLease > renewed,
		fmt.Sprintf("LeaderLease > LeaderLease/4 + StoreTimeout = %v + %v = %v", c.LeadRenewal(), c.StoreTimeout, renewed),
		"LeaderLease", "StoreTimeout")
	c.between(c.DrainTimeout, 2*c.DrainTimeout < c.Lease,
		fmt.Sprintf("DrainTimeout < Lease/2 = %v/2 = %v", c.Lease, c.Lease/2),
		"DrainTimeout", "Lease")
	late := c.DrainTimeout + c.HeartbeatInterval + c.StoreTimeout
	c.between(c.DrainTimeout, late < c.Lease,
		fmt.Sprintf("DrainTimeout + HeartbeatInterval + StoreTimeout < Lease: %v + %v + %v = %v < %v",
			c.DrainTimeout, c.HeartbeatInterval, c.StoreTimeout, late, c.Lease),
		"DrainTimeout", "HeartbeatInterval", "StoreTimeout", "Lease")
	c.between(c.RevokeTimeout, c.RevokeTimeout >= c.DrainTimeout,
		fmt.Sprintf("RevokeTimeout ≥ DrainTimeout = %v", c.DrainTimeout),
		"RevokeTimeout", "DrainTimeout")
}

func (c *check) intervals() {
	c.between(c.PollInterval, c.PollInterval >= c.HeartbeatInterval,
		fmt.Sprintf("PollInterval ≥ HeartbeatInterval = %v", c.HeartbeatInterval),
		"PollInterval", "HeartbeatInterval", "Lease") // it may follow the lease
	c.between(c.Debounce, c.Debounce <= c.DebounceCap,
		fmt.Sprintf("Debounce ≤ DebounceCap = %v", c.DebounceCap),
		"Debounce", "DebounceCap")
	off := c.ColdStartWindow == Off || c.PlannedScaleWindow == Off
	c.between(c.ColdStartWindow, off || c.ColdStartWindow >= c.PlannedScaleWindow,
		fmt.Sprintf("ColdStartWindow ≥ PlannedScaleWindow = %v", c.PlannedScaleWindow),
		"ColdStartWindow", "PlannedScaleWindow")
}

func (c *check) timeouts() {
	start := c.Wait(c.Lease) + c.StoreTimeout
	c.between(c.StartTimeout, c.StartTimeout > start,
		fmt.Sprintf("StartTimeout > Lease·(1 + ClockDrift) + StoreTimeout = %v·%v + %v = %v",
			c.Lease, 1+c.ClockDrift, c.StoreTimeout, start.Round(time.Microsecond)),
		"StartTimeout", "Lease", "ClockDrift", "StoreTimeout")
	stop := c.DrainTimeout + 2*c.StoreTimeout
	c.between(c.ShutdownTimeout, c.ShutdownTimeout > stop,
		fmt.Sprintf("ShutdownTimeout > DrainTimeout + 2·StoreTimeout = %v + 2·%v = %v", c.DrainTimeout, c.StoreTimeout, stop),
		"ShutdownTimeout", "DrainTimeout", "StoreTimeout")
}

func (c *check) alerts() {
	levels := []struct {
		name string
		at   time.Duration
	}{
		{"Alerts.Info", c.Alerts.Info},
		{"Alerts.Warn", c.Alerts.Warn},
		{"Alerts.Error", c.Alerts.Error},
		{"Alerts.Critical", c.Alerts.Critical},
	}
	last := -1 // the level below that is on
	for i, l := range levels {
		if l.at == Off {
			continue
		}
		if last >= 0 {
			c.between(l.at, l.at > levels[last].at,
				fmt.Sprintf("%s > %s = %v", l.name, levels[last].name, levels[last].at), l.name, levels[last].name)
		}
		last = i
	}
}
