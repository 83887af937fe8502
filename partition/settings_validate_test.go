package partition

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fieldFaults returns the faults that an error joins.
func fieldFaults(t *testing.T, err error) []FieldError {
	t.Helper()
	if err == nil {
		return nil
	}
	var out []FieldError
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var f FieldError
		require.ErrorAs(t, e, &f)
		out = append(out, f)
	}
	return out
}

// hazard 72
func TestSettings_EveryRuleBrokenOnce(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, c := range []struct {
		spoil func(*Settings)
		want  string
	}{
		{func(x *Settings) { x.WorkerIDPrefix = "a.b" }, `WorkerIDPrefix is "a.b"; must be 1 to 48 characters out of A-Z, a-z, 0-9 and _-`},
		{func(x *Settings) { x.WorkerIDPrefix = "a*" }, `WorkerIDPrefix is "a*"; must be 1 to 48 characters out of A-Z, a-z, 0-9 and _-`},
		{func(x *Settings) { x.WorkerIDPrefix = "\xff" }, `WorkerIDPrefix is "\xff"; must be 1 to 48 characters out of A-Z, a-z, 0-9 and _-`},
		{func(x *Settings) { x.Capacity = 0.0001 }, `Capacity is 0.0001; must be 0.001 ≤ Capacity ≤ 1e+06`},
		{func(x *Settings) { x.Zone = "a b" }, `Zone is "a b"; must be 1 to 64 characters out of A-Z, a-z, 0-9 and _.-`},
		{func(x *Settings) { x.Labels = []string{"gpu", ""} }, `Labels[1] is ""; must be 1 to 64 characters out of A-Z, a-z, 0-9 and _.-`},
		{func(x *Settings) { x.Labels = strings.Split(strings.Repeat("a", 17), "") }, `Labels is 17; must be at most 16`},
		{func(x *Settings) { x.InstanceKey = "pod 1" }, `InstanceKey is "pod 1"; must be 1 to 128 characters out of A-Z, a-z, 0-9 and _.-`},
		{func(x *Settings) { x.InstanceKey = "pöd" }, `InstanceKey is "pöd"; must be 1 to 128 characters out of A-Z, a-z, 0-9 and _.-`},
		{func(x *Settings) { x.OnStop = 2 }, `OnStop is 2; must be Leave (0) or Restart (1)`},
		{func(x *Settings) { x.OnStop = -1 }, `OnStop is -1; must be Leave (0) or Restart (1)`},
		{func(x *Settings) { x.Ownership = 2 }, `Ownership is 2; must be Exclusive (0) or Available (1)`},
		{func(x *Settings) { x.WorkerIDs.From = -2 }, `WorkerIDs.From is -2; must be 0 ≤ WorkerIDs.From ≤ 1000000000`},
		{func(x *Settings) { x.WorkerIDs.Count = -5 }, `WorkerIDs.Count is -5; must be 1 ≤ WorkerIDs.Count ≤ 100000`},
		{func(x *Settings) { x.Candidates = -1 }, `Candidates is -1; must be 1 ≤ Candidates ≤ 100000; it cannot be Off`},
		{func(x *Settings) { x.MoveLimit = -2 }, `MoveLimit is -2; must be 1 ≤ MoveLimit ≤ 1000000000, or Off (-1)`},
		{func(x *Settings) { x.EmptyConfirmations = -2 }, `EmptyConfirmations is -2; must be 1 ≤ EmptyConfirmations ≤ 1000000000, or Off (-1)`},
		{func(x *Settings) { x.KVErrorThreshold = Off }, `KVErrorThreshold is -1; must be 1 ≤ KVErrorThreshold ≤ 1000000000; it cannot be Off`},
		{func(x *Settings) { x.ClockDrift = 0.08 }, `ClockDrift is 0.08; must be 0.085 ≤ ClockDrift ≤ 1`},
		{func(x *Settings) { x.ClockDrift = math.NaN() }, `ClockDrift is NaN; must be 0.085 ≤ ClockDrift ≤ 1`},
		{func(x *Settings) { x.ClockDrift = math.Inf(1) }, `ClockDrift is +Inf; must be 0.085 ≤ ClockDrift ≤ 1`},
		{func(x *Settings) { x.MinRebalanceThreshold = math.NaN() }, `MinRebalanceThreshold is NaN; must be 1e-09 ≤ MinRebalanceThreshold ≤ 1e+09, or Off (-1)`},
		{func(x *Settings) { x.MinRebalanceThreshold = math.Inf(1) }, `MinRebalanceThreshold is +Inf; must be 1e-09 ≤ MinRebalanceThreshold ≤ 1e+09, or Off (-1)`},
		{func(x *Settings) { x.RestartDetectionRatio = 1.1 }, `RestartDetectionRatio is 1.1; must be 1e-09 ≤ RestartDetectionRatio ≤ 1, or Off (-1)`},
		{func(x *Settings) { x.StoreTimeout = 1 }, `StoreTimeout is 1ns; must be 1ms ≤ StoreTimeout ≤ 8760h0m0s`},
		{func(x *Settings) { x.SettleTime = -5 * s }, `SettleTime is -5s; must be 1ms ≤ SettleTime ≤ 8760h0m0s, or Off (-1)`},
		{func(x *Settings) { x.Lease = 3 * s; x.DrainTimeout = 900 * ms }, `Lease is 3s; must be Lease ≥ 3·HeartbeatInterval + StoreTimeout = 3·1s + 1s = 4s`},
		{func(x *Settings) { x.LeaderLease = s }, `LeaderLease is 1s; must be LeaderLease > LeaderLease/4 + StoreTimeout = 250ms + 1s = 1.25s`},
		{func(x *Settings) { x.DrainTimeout = 2 * s; x.StoreTimeout = 100 * ms }, `DrainTimeout is 2s; must be DrainTimeout < Lease/2 = 4s/2 = 2s`},
		{func(x *Settings) {
			x.Lease = 10 * s
			x.HeartbeatInterval = 2 * s
			x.StoreTimeout = 4 * s
			x.LeaderLease = 10 * s
			x.DrainTimeout = 4500 * ms
		}, `DrainTimeout is 4.5s; must be DrainTimeout + HeartbeatInterval + StoreTimeout < Lease: 4.5s + 2s + 4s = 10.5s < 10s`},
		{func(x *Settings) { x.RevokeTimeout = s }, `RevokeTimeout is 1s; must be RevokeTimeout ≥ DrainTimeout = 1.5s`},
		{func(x *Settings) { x.PollInterval = 900 * ms }, `PollInterval is 900ms; must be PollInterval ≥ HeartbeatInterval = 1s`},
		{func(x *Settings) { x.Debounce = 2 * s }, `Debounce is 2s; must be Debounce ≤ DebounceCap = 1s`},
		{func(x *Settings) { x.ColdStartWindow = 9 * s }, `ColdStartWindow is 9s; must be ColdStartWindow ≥ PlannedScaleWindow = 10s`},
		{func(x *Settings) { x.StartTimeout = 5 * s }, `StartTimeout is 5s; must be StartTimeout > Lease·(1 + ClockDrift) + StoreTimeout = 4s·1.1 + 1s = 5.4s`},
		{func(x *Settings) { x.ShutdownTimeout = 3 * s }, `ShutdownTimeout is 3s; must be ShutdownTimeout > DrainTimeout + 2·StoreTimeout = 1.5s + 2·1s = 3.5s`},
		{func(x *Settings) { x.Alerts.Warn = 30 * s }, `Alerts.Warn is 30s; must be Alerts.Warn > Alerts.Info = 30s`},
		{func(x *Settings) { x.Alerts.Error = 100 * s }, `Alerts.Error is 1m40s; must be Alerts.Error > Alerts.Warn = 2m0s`},
		{func(x *Settings) { x.Alerts.Critical = s; x.Alerts.Error = Off }, `Alerts.Critical is 1s; must be Alerts.Critical > Alerts.Warn = 2m0s`},
	} {
		x := Default()
		c.spoil(&x)
		require.EqualError(t, x.Validate(), c.want)
		f := fieldFaults(t, x.Validate())
		require.Len(t, f, 1)
		require.Equal(t, c.want[:strings.Index(c.want, " is ")], f[0].Field)
	}
}

func TestSettings_RecordIsTheNameOfAFolder(t *testing.T) {
	for _, name := range []string{"", "recordings", "/var/lib/übung 1", `C:\temp`} {
		require.NoError(t, Settings{Record: name}.Validate())
	}
	for _, name := range []string{"/tmp/\x1b[2J", "/tmp/\xff", "a\x00b", "a\nb"} {
		require.EqualError(t, Settings{Record: name}.Validate(),
			"Record is "+strconv.Quote(name)+"; must be a folder of at most 1024 characters of UTF-8, none of which controls a screen")
	}
}

// What becomes part of a subject, or of a record, has no form that means something
// else there.
func TestSettings_WordsHaveNoOtherForm(t *testing.T) {
	fields := map[string]func(x *Settings, word string){
		"WorkerIDPrefix": func(x *Settings, word string) { x.WorkerIDPrefix = word },
		"InstanceKey":    func(x *Settings, word string) { x.InstanceKey = word },
		"Zone":           func(x *Settings, word string) { x.Zone = word },
		"Labels[0]":      func(x *Settings, word string) { x.Labels = []string{word} },
	}
	for name, set := range fields {
		for _, word := range []string{"a b", "a*", "a>", ">", "a/b", "a\\b", "a\tb", "a\nb", "a\x00", "a\u0085", "ä", "a\xff", "$a", "a%2E", `"a"`} {
			x := Default()
			set(&x, word)
			f := fieldFaults(t, x.Validate())
			require.Len(t, f, 1, "%s %q", name, word)
			require.Equal(t, name, f[0].Field)
			require.Equal(t, strconv.Quote(word), f[0].Value)
			require.Contains(t, f[0].Rule, "characters out of A-Z, a-z, 0-9 and _")
		}
	}
}

// Every number has a range, and what lies just outside of it on either side is told with
// the field, the value and the range.
func TestSettings_EveryNumberHasARange(t *testing.T) {
	var x Settings
	beyond(t, x.counts(), (*Settings).counts, func(n, d int) int { return n + d })
	beyond(t, x.shares(), (*Settings).shares, func(n float64, d int) float64 { return math.Nextafter(n, math.Inf(d)) })
	beyond(t, x.spans(), (*Settings).spans, func(n time.Duration, d int) time.Duration { return n + time.Duration(d) })
}

func beyond[T int | float64 | time.Duration](t *testing.T, list []field[T], of func(*Settings) []field[T], step func(T, int) T) {
	t.Helper()
	for i, f := range list {
		for _, v := range []T{step(f.least, -1), step(f.most, 1)} {
			if v == 0 { // the default
				v = 2 * Off
			}
			x := Default()
			*of(&x)[i].at = v
			faults := fieldFaults(t, x.Validate())
			require.Len(t, faults, 1, "%s %v", f.name, v)
			require.Equal(t, f.name, faults[0].Field)
			require.Equal(t, fmt.Sprint(v), faults[0].Value)
			require.True(t, strings.HasPrefix(faults[0].Rule, fmt.Sprintf("%v ≤ %s ≤ %v", f.least, f.name, f.most)), faults[0].Rule)
		}
	}
}

func TestSettings_AllFaultsAtOnce(t *testing.T) {
	x := Default()
	x.WorkerIDPrefix, x.InstanceKey, x.OnStop, x.Ownership = "a b", "a/b", 7, 8
	x.WorkerIDs = IDRange{-1, -1}
	x.ClockDrift, x.SettleTime = 0.01, -7
	x.RevokeTimeout, x.Debounce, x.ColdStartWindow = time.Second, 2*time.Second, time.Second
	x.Alerts.Info = time.Hour
	var names []string
	for _, f := range fieldFaults(t, x.Validate()) {
		names = append(names, f.Field)
	}
	require.Equal(t, []string{
		"WorkerIDPrefix", "InstanceKey", "OnStop", "Ownership", "WorkerIDs.From", "WorkerIDs.Count", "ClockDrift",
		"SettleTime", "RevokeTimeout", "Debounce", "ColdStartWindow", "Alerts.Warn",
	}, names)
}

func TestSettings_AFaultHidesRulesThatRestOnIt(t *testing.T) {
	x := Default()
	x.Lease = math.MaxInt64 // 3·H and L(1+δ) would overflow
	require.EqualError(t, x.Validate(), "Lease is 2562047h47m16.854775807s; must be 1ms ≤ Lease ≤ 8760h0m0s")
	for _, lease := range []time.Duration{4, -5 * time.Second, math.MaxInt64} { // of 4 the unit is missing
		x = Settings{Lease: lease} // PollInterval follows it
		faults := fieldFaults(t, x.Validate())
		require.Len(t, faults, 1)
		require.Equal(t, "Lease", faults[0].Field)
	}
}

func TestSettings_Off(t *testing.T) {
	mayBeOff := []string{
		"ColdStartWindow", "PlannedScaleWindow", "SettleTime", "MinRebalanceInterval", "MinRebalanceThreshold",
		"MoveLimit", "DrainRound", "PoisonBudget", "QuarantineFor", "RestartDetectionRatio", "RestartHoldDown", "SourcePollInterval", "EmptyConfirmations",
		"RecoveryGracePeriod", "Alerts.Info", "Alerts.Warn", "Alerts.Error", "Alerts.Critical", "Alerts.Repeat",
	}
	var all Settings
	try := func(name string, off func(*Settings)) {
		x := Default()
		off(&x)
		off(&all)
		f := fieldFaults(t, x.Validate())
		for _, may := range mayBeOff {
			if may == name {
				require.Empty(t, f, name)
				return
			}
		}
		require.NotEmpty(t, f, name)
		require.Equal(t, name, f[0].Field)
	}
	for i, f := range all.spans() {
		try(f.name, func(x *Settings) { *x.spans()[i].at = Off })
	}
	for i, f := range all.counts() {
		try(f.name, func(x *Settings) { *x.counts()[i].at = Off })
	}
	for i, f := range all.shares() {
		try(f.name, func(x *Settings) { *x.shares()[i].at = Off })
	}
	count := len(all.spans()) + len(all.counts()) + len(all.shares()) - len(mayBeOff)
	require.Len(t, fieldFaults(t, all.Validate()), count, "one for each that cannot be off, none between fields")
}

func TestSettings_Bounds(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		rule string
		// at sets the settings to the bound plus d.
		at func(x *Settings, d time.Duration)
		// good and bad are the nearest values on both sides.
		good, bad time.Duration
	}{
		{"Lease", func(x *Settings, d time.Duration) { x.Lease = 4*s + d }, 0, -1},
		{"LeaderLease", func(x *Settings, d time.Duration) { x.LeaderLease = 4 * s; x.StoreTimeout = 3*s + d; x.Lease = 10 * s }, -1, 0},
		{"DrainTimeout", func(x *Settings, d time.Duration) { x.DrainTimeout = 5*s + d; x.Lease = 10 * s }, -1, 0},
		{"DrainTimeout", func(x *Settings, d time.Duration) {
			x.DrainTimeout = 2*s + d
			x.HeartbeatInterval, x.StoreTimeout, x.Lease = s, 4*s, 7*s
			x.LeaderLease = 7 * s
		}, -1, 0},
		{"RevokeTimeout", func(x *Settings, d time.Duration) { x.RevokeTimeout = x.DrainTimeout + d }, 0, -1},
		{"PollInterval", func(x *Settings, d time.Duration) { x.PollInterval = s + d }, 0, -1},
		{"Debounce", func(x *Settings, d time.Duration) { x.Debounce = s + d }, 0, 1},
		{"ColdStartWindow", func(x *Settings, d time.Duration) { x.ColdStartWindow = 10*s + d }, 0, -1},
		{"StartTimeout", func(x *Settings, d time.Duration) { x.StartTimeout = x.Wait(4*s) + s + d }, 1, 0},
		{"ShutdownTimeout", func(x *Settings, d time.Duration) { x.ShutdownTimeout = 3500*time.Millisecond + d }, 1, 0},
		{"Alerts.Warn", func(x *Settings, d time.Duration) { x.Alerts.Warn = x.Alerts.Info + d }, 1, 0},
		{"SettleTime", func(x *Settings, d time.Duration) { x.SettleTime = MinDuration + d }, 0, -1},
		{"Alerts.Repeat", func(x *Settings, d time.Duration) { x.Alerts.Repeat = MaxDuration + d }, 0, 1},
		{"WorkerIDs.From", func(x *Settings, d time.Duration) { x.WorkerIDs.From = int(d) }, 0, -1},
		{"WorkerIDs.From", func(x *Settings, d time.Duration) { x.WorkerIDs.From = MaxWorkerNumber + int(d) }, 0, 1},
		{"WorkerIDs.Count", func(x *Settings, d time.Duration) { x.WorkerIDs.Count = MaxWorkerIDs + int(d) }, 0, 1},
		{"WorkerIDPrefix", func(x *Settings, d time.Duration) { x.WorkerIDPrefix = strings.Repeat("a", 48+int(d)) }, 0, 1},
		{"InstanceKey", func(x *Settings, d time.Duration) { x.InstanceKey = strings.Repeat(".", 128+int(d)) }, 0, 1},
		{"Record", func(x *Settings, d time.Duration) { x.Record = strings.Repeat("/", 1024+int(d)) }, 0, 1},
		{"Candidates", func(x *Settings, d time.Duration) { x.Candidates = 1 + 2*int(d) }, 0, -1},
		{"ClockDrift", func(x *Settings, d time.Duration) { x.ClockDrift = math.Nextafter(0.085, 0.085+float64(d)) }, 1, -1},
		{"ClockDrift", func(x *Settings, d time.Duration) { x.ClockDrift = 1 + float64(d)*1e-9 }, 0, 1},
		{"RestartDetectionRatio", func(x *Settings, d time.Duration) { x.RestartDetectionRatio = 1 + float64(d)*1e-9 }, 0, 1},
		{"MinRebalanceThreshold", func(x *Settings, d time.Duration) { x.MinRebalanceThreshold = MinShare + float64(d)*1e-10 }, 0, -1},
	} {
		x := Default()
		c.at(&x, c.good)
		require.NoError(t, x.Validate(), "%s, good side", c.rule)
		x = Default()
		c.at(&x, c.bad)
		f := fieldFaults(t, x.Validate())
		require.Len(t, f, 1, "%s, bad side: %v", c.rule, f)
		require.Equal(t, c.rule, f[0].Field)
	}
}

func TestSettings_ValidateFillsDefaultsIn(t *testing.T) {
	err := Settings{DrainTimeout: 3 * time.Second}.Validate()
	require.True(t, errors.As(err, new(FieldError)))
	require.Contains(t, err.Error(), "DrainTimeout < Lease/2 = 4s/2 = 2s")
	require.Contains(t, err.Error(), "3s + 1s + 1s = 5s < 4s")
}
