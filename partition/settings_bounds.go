package partition

import "time"

// Setbacks are what may lengthen a recovery.
type Setbacks struct {
	// Window is a window that may have to close first; one that is Off adds
	// nothing. Partitions without an owner wait for none.
	Window time.Duration
	// Restart: a restart was announced, and its worker did not come back.
	Restart bool
	// Stuck: a handler does not stop when its partition is revoked.
	Stuck bool
	// Recreated: the store was lost and made anew.
	Recreated bool
	// Resigned: a leader resigned and sits one lease out.
	Resigned bool
}

// RecreateDelay is for how long a stream that was open has to be gone before its workers make
// it anew. A server forgets a stream before it moves its files away: of one that is made in
// between it moves the files too, and then answers everything but writes, for good (seen with
// nats-server 2.15.2). It promises no time for that, and takes milliseconds if there is
// little else to do. A worker that only starts does not know that there was one.
const RecreateDelay = time.Second

// RecoveryBound is B, the time after the last fault within which every partition
// has an owner. In the worst case the candidates died too: then another worker
// looks for the lead only every 2·LeaderLease plus jitter of at most LeadRenewal,
// waits for the leader's lease, then for a worker's, and misses the watch for one
// PollInterval; takeover, reading, publish and application take a StoreTimeout
// each. A caller that allows for several setbacks of a kind adds them up.
func (s Settings) RecoveryBound(with Setbacks) time.Duration {
	b := 2*s.LeaderLease + s.LeadRenewal() + s.LeadWait() + s.Wait(s.Lease) + s.PollInterval + 4*s.StoreTimeout
	b += max(with.Window, 0)
	if with.Restart {
		b += max(s.RestartHoldDown, 0)
	}
	if with.Stuck {
		b += s.RevokeTimeout + s.Wait(s.Lease)
	}
	if with.Recreated {
		b += RecreateDelay + s.Wait(s.Lease)
	}
	if with.Resigned {
		b += s.LeaderLease
	}
	return b
}

// StableBound is the time after the last fault within which every worker is Stable:
// all that RecoveryBound allows for, the grace of an Available group, the windows
// that may follow, with a pause and a drain, and the time for which the store has
// to be healthy. It counts from when the connections stand again.
func (s Settings) StableBound(with Setbacks) time.Duration {
	b := s.RecoveryBound(with) + s.ExitThreshold + s.DrainTimeout
	if s.Ownership == Available {
		b += max(s.RecoveryGracePeriod, 0)
	}
	return b + 2*max(s.ColdStartWindow, s.PlannedScaleWindow, 0) + max(s.MinRebalanceInterval, 0)
}

// HandOverBound is how long a decision that is handed over may give nobody anything, if
// every wait of it takes its whole time: an owner that renews and does not let go is
// fenced after 2·RevokeTimeout, and then waited for, as one that abandons or falls silent
// is; a step, a reading and each of two publishes takes a StoreTimeout, and one that is
// missed is seen by the next list. Not in it is what readings of the table take that come to
// nothing. lease is the longest one of anybody's.
func (s Settings) HandOverBound(lease time.Duration) time.Duration {
	b := 2*s.RevokeTimeout + s.Wait(lease) + s.PollInterval + 4*s.StoreTimeout
	if s.Ownership == Available {
		b += max(s.RecoveryGracePeriod, 0)
	}
	return b
}
