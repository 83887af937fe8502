package partition

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSettings_PresetsAreCompleteAndValid(t *testing.T) {
	for name, s := range map[string]Settings{"Default": Default(), "Fast": Fast(), "Conservative": Conservative()} {
		require.NoError(t, s.Validate(), name)
		require.Equal(t, s, s.WithDefaults(), "%s leaves a field to the defaults", name)
	}
	require.NoError(t, Settings{}.Validate())
}

// The presets repeat the published table; a change of one shows here.
func TestSettings_Presets(t *testing.T) {
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	type row struct {
		name                    string
		standard, fast, careful float64
		of                      func(Settings) time.Duration
	}
	d, f, c := Default(), Fast(), Conservative()
	for _, r := range []row{
		{"HeartbeatInterval", 1, 0.4, 3, func(s Settings) time.Duration { return s.HeartbeatInterval }},
		{"Lease", 4, 1.5, 15, func(s Settings) time.Duration { return s.Lease }},
		{"LeaderLease", 4, 1.5, 15, func(s Settings) time.Duration { return s.LeaderLease }},
		{"StoreTimeout", 1, 0.3, 3, func(s Settings) time.Duration { return s.StoreTimeout }},
		{"DrainTimeout", 1.5, 0.5, 5, func(s Settings) time.Duration { return s.DrainTimeout }},
		{"RevokeTimeout", 30, 10, 60, func(s Settings) time.Duration { return s.RevokeTimeout }},
		{"PollInterval", 2, 0.75, 7.5, func(s Settings) time.Duration { return s.PollInterval }},
		{"Debounce", 0.1, 0.05, 0.5, func(s Settings) time.Duration { return s.Debounce }},
		{"DebounceCap", 1, 0.5, 5, func(s Settings) time.Duration { return s.DebounceCap }},
		{"ColdStartWindow", 30, 2, 60, func(s Settings) time.Duration { return s.ColdStartWindow }},
		{"PlannedScaleWindow", 10, 1, 30, func(s Settings) time.Duration { return s.PlannedScaleWindow }},
		{"SettleTime", 2, 0.3, 10, func(s Settings) time.Duration { return s.SettleTime }},
		{"MinRebalanceInterval", 10, 1, 30, func(s Settings) time.Duration { return s.MinRebalanceInterval }},
		{"RestartHoldDown", 10, 5, 60, func(s Settings) time.Duration { return s.RestartHoldDown }},
		{"SourcePollInterval", 30, 5, 60, func(s Settings) time.Duration { return s.SourcePollInterval }},
		{"StrategyTimeout", 5, 2, 15, func(s Settings) time.Duration { return s.StrategyTimeout }},
		{"SourceTimeout", 10, 3, 30, func(s Settings) time.Duration { return s.SourceTimeout }},
		{"StartTimeout", 30, 10, 90, func(s Settings) time.Duration { return s.StartTimeout }},
		{"ShutdownTimeout", 15, 5, 60, func(s Settings) time.Duration { return s.ShutdownTimeout }},
		{"EnterThreshold", 10, 2, 30, func(s Settings) time.Duration { return s.EnterThreshold }},
		{"ExitThreshold", 5, 1, 10, func(s Settings) time.Duration { return s.ExitThreshold }},
		{"QuarantineFor", 600, 600, 600, func(s Settings) time.Duration { return s.QuarantineFor }},
		{"KVErrorWindow", 30, 30, 30, func(s Settings) time.Duration { return s.KVErrorWindow }},
		{"RecoveryGracePeriod", 15, 3, 30, func(s Settings) time.Duration { return s.RecoveryGracePeriod }},
		{"Alerts.Info", 30, 30, 30, func(s Settings) time.Duration { return s.Alerts.Info }},
		{"Alerts.Warn", 120, 120, 120, func(s Settings) time.Duration { return s.Alerts.Warn }},
		{"Alerts.Error", 300, 300, 300, func(s Settings) time.Duration { return s.Alerts.Error }},
		{"Alerts.Critical", 600, 600, 600, func(s Settings) time.Duration { return s.Alerts.Critical }},
		{"Alerts.Repeat", 60, 60, 60, func(s Settings) time.Duration { return s.Alerts.Repeat }},
	} {
		require.Equal(t, [3]time.Duration{seconds(r.standard), seconds(r.fast), seconds(r.careful)},
			[3]time.Duration{r.of(d), r.of(f), r.of(c)}, r.name)
	}
	for _, s := range []Settings{d, f, c} {
		require.Equal(t, "worker", s.WorkerIDPrefix)
		require.Equal(t, IDRange{0, 1000}, s.WorkerIDs)
		require.Equal(t, []int{3, Off, 100, 3, 3, 5}, []int{s.Candidates, s.MoveLimit, s.DrainRound, s.PoisonBudget, s.EmptyConfirmations, s.KVErrorThreshold})
		require.Equal(t, []float64{0.10, 0.15, 0.5}, []float64{s.ClockDrift, s.MinRebalanceThreshold, s.RestartDetectionRatio})
		require.Empty(t, s.InstanceKey)
		require.Empty(t, s.Record)
		require.False(t, s.NeverLead)
		require.Equal(t, Leave, s.OnStop)
		require.Equal(t, Exclusive, s.Ownership)
	}
}

// Every number of the settings must stand in one of the lists by which defaults
// are filled in and ranges checked.
func TestSettings_EveryNumberIsListed(t *testing.T) {
	var s Settings
	listed := map[string]uintptr{}
	for _, f := range s.spans() {
		listed[f.name] = reflect.ValueOf(f.at).Pointer()
	}
	for _, f := range s.counts() {
		listed[f.name] = reflect.ValueOf(f.at).Pointer()
	}
	for _, f := range s.shares() {
		listed[f.name] = reflect.ValueOf(f.at).Pointer()
	}
	found := 0
	var visit func(prefix string, v reflect.Value)
	visit = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue // where values came from
			}
			name, f := prefix+v.Type().Field(i).Name, v.Field(i)
			switch f.Interface().(type) {
			case time.Duration, int, float64:
				found++
				require.Equal(t, f.Addr().Pointer(), listed[name], name)
			case string, bool, []string, StopPolicy, Ownership:
			default:
				visit(name+".", f)
			}
		}
	}
	visit("", reflect.ValueOf(&s).Elem())
	require.Len(t, listed, found)
}

func TestSettings_WithDefaults(t *testing.T) {
	require.Equal(t, Default(), Settings{}.WithDefaults())

	// What is computed follows the lease that results, unless it is set.
	require.Equal(t, 5*time.Second, Settings{Lease: 10 * time.Second}.WithDefaults().PollInterval)
	require.Equal(t, 3*time.Second, Settings{Lease: 10 * time.Second, PollInterval: 3 * time.Second}.WithDefaults().PollInterval)

	// What is set stays, whatever it is.
	s := Settings{
		WorkerIDs: IDRange{From: 7}, InstanceKey: "pod-1", NeverLead: true, OnStop: Restart, Ownership: Available,
		Capacity: 2, Zone: "eu", Labels: []string{"gpu"},
		ColdStartWindow: Off, MoveLimit: 5, ClockDrift: 0.2, MinRebalanceThreshold: Off, StoreTimeout: -3,
	}
	w := s.WithDefaults()
	want := Default()
	want.WorkerIDs.From, want.InstanceKey, want.NeverLead, want.OnStop, want.Ownership = 7, "pod-1", true, Restart, Available
	want.ColdStartWindow, want.MoveLimit, want.ClockDrift, want.MinRebalanceThreshold, want.StoreTimeout = Off, 5, 0.2, Off, -3
	want.Capacity, want.Zone, want.Labels = 2, "eu", []string{"gpu"}
	require.Equal(t, want, w)
	require.Zero(t, s.Lease, "the receiver is left alone")
}

func TestSettings_Waits(t *testing.T) {
	s := Default()
	require.Equal(t, 2500*time.Millisecond, s.Suspect())
	require.Equal(t, time.Second, s.LeadRenewal())
	require.Equal(t, s.Wait(4*time.Second), s.LeadWait())
	require.Equal(t, Rules{Drift: 0.10}.Wait(4*time.Second), s.Wait(4*time.Second))
	for _, lease := range []time.Duration{1, 3, 7, 1499999999, 4 * time.Second} {
		require.GreaterOrEqual(t, float64(s.Wait(lease)), float64(lease)*1.10, "rounded up")
		require.Less(t, float64(s.Wait(lease)), float64(lease)*1.10+2)
	}
}

func TestSettings_RecoveryBound(t *testing.T) {
	s := Default()
	s.PollInterval = 2 * time.Second
	wait := s.Wait(4 * time.Second) // both leases
	// 2·TL + jitter + TL(1+δ) + L(1+δ) + PollInterval + round trips
	b := (8+1+2+4)*time.Second + 2*wait
	for _, c := range []struct {
		name string
		with Setbacks
		want time.Duration
	}{
		{"none", Setbacks{}, b},
		{"a window", Setbacks{Window: 20 * time.Second}, b + 20*time.Second},
		{"a window that is off", Setbacks{Window: Off}, b},
		{"an announced restart", Setbacks{Restart: true}, b + 10*time.Second},
		{"a stuck handler", Setbacks{Stuck: true}, b + 30*time.Second + wait},
		{"a new store", Setbacks{Recreated: true}, b + RecreateDelay + wait},
		{"a resignation", Setbacks{Resigned: true}, b + 4*time.Second},
		{"all", Setbacks{time.Second, true, true, true, true}, b + 45*time.Second + RecreateDelay + 2*wait},
	} {
		require.Equal(t, c.want, s.RecoveryBound(c.with), c.name)
	}
	s.RestartHoldDown = Off
	require.Equal(t, b, s.RecoveryBound(Setbacks{Restart: true}), "nothing is kept")
}

func TestSettings_Words(t *testing.T) {
	require.Equal(t, []string{"leave", "restart", "unknown", "unknown"},
		[]string{Leave.String(), Restart.String(), StopPolicy(2).String(), StopPolicy(-1).String()})
	require.Equal(t, []string{"exclusive", "available", "unknown", "unknown"},
		[]string{Exclusive.String(), Available.String(), Ownership(2).String(), Ownership(-1).String()})
}

func TestSettings_StableBound(t *testing.T) {
	s := Default()
	bound := s.RecoveryBound(Setbacks{})
	require.Equal(t, bound+5*time.Second+1500*time.Millisecond+60*time.Second+10*time.Second, s.StableBound(Setbacks{}))
	s.Ownership, s.ColdStartWindow, s.PlannedScaleWindow, s.MinRebalanceInterval = Available, Off, Off, Off
	require.Equal(t, bound+5*time.Second+1500*time.Millisecond+15*time.Second, s.StableBound(Setbacks{}))
	s.RecoveryGracePeriod = Off
	require.Equal(t, bound+5*time.Second+1500*time.Millisecond, s.StableBound(Setbacks{}))
}
