package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// Lengths are the times that decide something in the group under test: delays
// and pauses hit them more often than chance would.
type Lengths []time.Duration

const (
	// tail is the least that a time with a heavy tail takes. Its exponent is 1: half as many
	// take twice as long, so that a mean would be that of the longest.
	tail = 20 * time.Millisecond
	// Longest is how many times the longest length anything lasts at most.
	Longest = 4
	// timed is above which no time of the settings is a length: nobody lives so long.
	timed = 30 * time.Second
)

// lengths are the times of the settings that decide about leases.
func lengths(s partition.Settings) Lengths {
	return Lengths{
		s.HeartbeatInterval, s.StoreTimeout, s.DrainTimeout, s.Suspect(), s.Lease, s.Wait(s.Lease),
		s.LeadRenewal(), s.LeaderLease, s.LeadWait(), s.PollInterval,
	}
}

// AllLengths are all times of the settings after which something happens, but for the longest.
func AllLengths(s partition.Settings) Lengths {
	all := append(lengths(s),
		s.RevokeTimeout, 2*s.RevokeTimeout, s.Debounce, s.DebounceCap, s.ColdStartWindow, s.PlannedScaleWindow, s.SettleTime,
		s.MinRebalanceInterval, s.RestartHoldDown, 2*s.RestartHoldDown, s.SourcePollInterval, s.SourceTimeout, s.StrategyTimeout,
		s.StartTimeout, s.ShutdownTimeout, s.EnterThreshold, s.ExitThreshold, s.KVErrorWindow, s.RecoveryGracePeriod, s.Quarantine(),
	)
	return slices.DeleteFunc(all, func(d time.Duration) bool { return d <= 0 || d > timed })
}

// Pick returns a time: close to one of the lengths or to a sum of two, or
// anything from a millisecond to twice the longest.
func (l Lengths) Pick(rng *rand.Rand) time.Duration {
	if len(l) == 0 {
		return time.Millisecond
	}
	d := l[rng.IntN(len(l))]
	switch rng.IntN(4) {
	case 0:
		return time.Millisecond + time.Duration(rng.Int64N(int64(2*l.longest())))
	case 1:
		d += l[rng.IntN(len(l))]
	case 2:
		return max(time.Millisecond, d+time.Duration(rng.IntN(21)-10)*time.Millisecond)
	}
	return max(time.Millisecond, d*time.Duration(90+rng.IntN(21))/100)
}

// Tail returns a time with a heavy tail, up to Longest times the longest length.
func (l Lengths) Tail(rng *rand.Rand) time.Duration {
	most := Longest * l.longest()
	return min(time.Duration(min(float64(tail)/(1-rng.Float64()), float64(most))), most)
}

// Last returns a time that is longer than any that Pick returns.
func (l Lengths) Last(rng *rand.Rand) time.Duration {
	longest := l.longest()
	return 2*longest + time.Duration(rng.Int64N(int64((Longest-2)*longest)))
}

func (l Lengths) longest() time.Duration {
	longest := time.Millisecond
	for _, d := range l {
		longest = max(longest, d)
	}
	return longest
}
