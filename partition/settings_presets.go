package partition

import (
	"cmp"
	"time"
)

// Default returns settings for a group on one network with a store nearby: a
// crash is answered within 5 s.
func Default() Settings {
	return Settings{
		WorkerIDPrefix:        "worker",
		WorkerIDs:             IDRange{From: 0, Count: 1000},
		Capacity:              1,
		OnStop:                Leave,
		Ownership:             Exclusive,
		HeartbeatInterval:     time.Second,
		Lease:                 4 * time.Second,
		LeaderLease:           4 * time.Second,
		StoreTimeout:          time.Second,
		DrainTimeout:          1500 * time.Millisecond,
		RevokeTimeout:         30 * time.Second,
		ClockDrift:            0.10,
		Candidates:            3,
		PollInterval:          2 * time.Second,
		Debounce:              100 * time.Millisecond,
		DebounceCap:           time.Second,
		ColdStartWindow:       30 * time.Second,
		PlannedScaleWindow:    10 * time.Second,
		SettleTime:            2 * time.Second,
		MinRebalanceInterval:  10 * time.Second,
		MinRebalanceThreshold: 0.15,
		MoveLimit:             Off,
		DrainRound:            100,
		PoisonBudget:          3,
		QuarantineFor:         10 * time.Minute,
		RestartDetectionRatio: 0.5,
		RestartHoldDown:       10 * time.Second,
		SourcePollInterval:    30 * time.Second,
		EmptyConfirmations:    3,
		StrategyTimeout:       5 * time.Second,
		SourceTimeout:         10 * time.Second,
		StartTimeout:          30 * time.Second,
		ShutdownTimeout:       15 * time.Second,
		EnterThreshold:        10 * time.Second,
		ExitThreshold:         5 * time.Second,
		KVErrorThreshold:      5,
		KVErrorWindow:         30 * time.Second,
		RecoveryGracePeriod:   15 * time.Second,
		Alerts: AlertTimes{
			Info: 30 * time.Second, Warn: 2 * time.Minute, Error: 5 * time.Minute, Critical: 10 * time.Minute,
			Repeat: time.Minute,
		},
	}
}

// Fast returns settings for tests, demonstrations and quiet machines: a crash is
// answered within 2 s, but a busy processor may be taken for one.
func Fast() Settings {
	s := Default()
	s.HeartbeatInterval, s.Lease, s.LeaderLease = 400*time.Millisecond, 1500*time.Millisecond, 1500*time.Millisecond
	s.StoreTimeout = 300 * time.Millisecond
	s.DrainTimeout, s.RevokeTimeout = 500*time.Millisecond, 10*time.Second
	s.PollInterval = 750 * time.Millisecond
	s.Debounce, s.DebounceCap = 50*time.Millisecond, 500*time.Millisecond
	s.ColdStartWindow, s.PlannedScaleWindow = 2*time.Second, time.Second
	s.SettleTime, s.MinRebalanceInterval = 300*time.Millisecond, time.Second
	s.RestartHoldDown = 5 * time.Second
	s.SourcePollInterval = 5 * time.Second
	s.StrategyTimeout, s.SourceTimeout = 2*time.Second, 3*time.Second
	s.StartTimeout, s.ShutdownTimeout = 10*time.Second, 5*time.Second
	s.EnterThreshold, s.ExitThreshold = 2*time.Second, time.Second
	s.RecoveryGracePeriod = 3 * time.Second
	return s
}

// Conservative returns settings that ride out the fail-over of a replicated
// store, 4.6 to 7.5 s, without dropping partitions: a crash is answered within
// 20 s.
func Conservative() Settings {
	s := Default()
	s.HeartbeatInterval, s.Lease, s.LeaderLease = 3*time.Second, 15*time.Second, 15*time.Second
	s.StoreTimeout = 3 * time.Second
	s.DrainTimeout, s.RevokeTimeout = 5*time.Second, 60*time.Second
	s.PollInterval = 7500 * time.Millisecond
	s.Debounce, s.DebounceCap = 500*time.Millisecond, 5*time.Second
	s.ColdStartWindow, s.PlannedScaleWindow = 60*time.Second, 30*time.Second
	s.SettleTime, s.MinRebalanceInterval = 10*time.Second, 30*time.Second
	s.RestartHoldDown = 60 * time.Second
	s.SourcePollInterval = 60 * time.Second
	s.StrategyTimeout, s.SourceTimeout = 15*time.Second, 30*time.Second
	s.StartTimeout, s.ShutdownTimeout = 90*time.Second, 60*time.Second
	s.EnterThreshold, s.ExitThreshold = 30*time.Second, 10*time.Second
	s.RecoveryGracePeriod = 30 * time.Second
	return s
}

// WithDefaults returns the settings with every zero field replaced by that of
// Default. PollInterval, which follows another field, becomes half of the Lease
// that results, if it may be that: a Lease that breaks its rule is one fault, not two.
// Values that break a rule stay as they are: Validate names them.
func (s Settings) WithDefaults() Settings {
	d := Default()
	if s.WorkerIDPrefix == "" {
		s.WorkerIDPrefix = d.WorkerIDPrefix
	}
	fill(s.counts(), d.counts())
	fill(s.shares(), d.shares())
	if half := cmp.Or(s.Lease, d.Lease) / 2; half >= time.Millisecond && half <= MaxDuration {
		d.PollInterval = half
	}
	fill(s.spans(), d.spans())
	return s
}

func fill[T int | float64 | time.Duration](to, from []field[T]) {
	for i := range to {
		if *to[i].at == 0 {
			*to[i].at = *from[i].at
		}
	}
}

// field is one number of the settings with its own rule; rules between fields
// stand in settings_validate.go.
type field[T int | float64 | time.Duration] struct {
	name        string
	at          *T
	least, most T
	// off says that the field may be Off.
	off bool
}

// spans are all fields that are durations.
func (s *Settings) spans() []field[time.Duration] {
	span := func(name string, at *time.Duration, off bool) field[time.Duration] {
		return field[time.Duration]{name, at, MinDuration, MaxDuration, off}
	}
	const can, never = true, false
	return []field[time.Duration]{
		span("HeartbeatInterval", &s.HeartbeatInterval, never),
		span("Lease", &s.Lease, never),
		span("LeaderLease", &s.LeaderLease, never),
		span("StoreTimeout", &s.StoreTimeout, never),
		span("DrainTimeout", &s.DrainTimeout, never),
		span("RevokeTimeout", &s.RevokeTimeout, never),
		span("PollInterval", &s.PollInterval, never),
		span("Debounce", &s.Debounce, never),
		span("DebounceCap", &s.DebounceCap, never),
		span("ColdStartWindow", &s.ColdStartWindow, can),
		span("PlannedScaleWindow", &s.PlannedScaleWindow, can),
		span("SettleTime", &s.SettleTime, can),
		span("MinRebalanceInterval", &s.MinRebalanceInterval, can),
		span("QuarantineFor", &s.QuarantineFor, can),
		span("RestartHoldDown", &s.RestartHoldDown, can),
		span("SourcePollInterval", &s.SourcePollInterval, can),
		span("StrategyTimeout", &s.StrategyTimeout, never),
		span("SourceTimeout", &s.SourceTimeout, never),
		span("StartTimeout", &s.StartTimeout, never),
		span("ShutdownTimeout", &s.ShutdownTimeout, never),
		span("EnterThreshold", &s.EnterThreshold, never),
		span("ExitThreshold", &s.ExitThreshold, never),
		span("KVErrorWindow", &s.KVErrorWindow, never),
		span("RecoveryGracePeriod", &s.RecoveryGracePeriod, can),
		span("Alerts.Info", &s.Alerts.Info, can),
		span("Alerts.Warn", &s.Alerts.Warn, can),
		span("Alerts.Error", &s.Alerts.Error, can),
		span("Alerts.Critical", &s.Alerts.Critical, can),
		span("Alerts.Repeat", &s.Alerts.Repeat, can),
	}
}

// counts are all fields that are whole numbers.
func (s *Settings) counts() []field[int] {
	return []field[int]{
		{"WorkerIDs.From", &s.WorkerIDs.From, 0, MaxWorkerNumber, false},
		{"WorkerIDs.Count", &s.WorkerIDs.Count, 1, MaxWorkerIDs, false},
		{"Candidates", &s.Candidates, 1, MaxWorkerIDs, false},
		{"MoveLimit", &s.MoveLimit, 1, MaxCount, true},
		{"DrainRound", &s.DrainRound, 1, MaxCount, true},
		{"PoisonBudget", &s.PoisonBudget, 1, MaxCount, true},
		{"EmptyConfirmations", &s.EmptyConfirmations, 1, MaxCount, true},
		{"KVErrorThreshold", &s.KVErrorThreshold, 1, MaxCount, false},
	}
}

// shares are all fields that are fractions.
func (s *Settings) shares() []field[float64] {
	return []field[float64]{
		{"Capacity", &s.Capacity, MinCapacity, MaxCapacity, false},
		{"ClockDrift", &s.ClockDrift, MinClockDrift, 1, false},
		{"MinRebalanceThreshold", &s.MinRebalanceThreshold, MinShare, MaxCount, true},
		{"RestartDetectionRatio", &s.RestartDetectionRatio, MinShare, 1, true},
	}
}
