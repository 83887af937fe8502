package live

import (
	"time"

	"github.com/troupe-actors/troupe/partition"
)

// patience is how long a test waits for mail that normally comes within seconds, and
// on a busy machine after the longest pause between two looks at a lost store, 30 s.
const patience = 90 * time.Second

// swift are settings for tests in which leases end: as short as a busy machine bears,
// with many heartbeats in each. Without windows a group is at rest as soon as it can be.
func swift() partition.Settings {
	s := calm(partition.Fast())
	s.Lease, s.LeaderLease, s.StoreTimeout = 4*time.Second, 4*time.Second, time.Second
	return s
}

// patient are settings for tests in which nobody may be taken for dead, and no leader
// resigns, however busy the machine is. Nothing in them may wait for a lease's end.
func patient() partition.Settings {
	s := calm(partition.Default())
	s.Lease, s.LeaderLease, s.StoreTimeout, s.ShutdownTimeout = 20*time.Second, 20*time.Second, 4*time.Second, time.Minute
	return s
}

// sturdy are patient settings for groups in which each step takes long on a busy machine: no
// operation is tried again because it took long.
func sturdy() partition.Settings {
	s := patient()
	s.Lease, s.LeaderLease, s.StoreTimeout, s.StartTimeout = 2*time.Minute, time.Minute, 10*time.Second, 4*time.Minute
	return s
}

// mortal are settings for tests in which one is taken for dead, and no other, however busy.
func mortal() partition.Settings {
	s := calm(partition.Default())
	s.Lease, s.LeaderLease, s.StoreTimeout = 7*time.Second, 7*time.Second, 2*time.Second
	return s
}

func calm(s partition.Settings) partition.Settings {
	s.ColdStartWindow, s.PlannedScaleWindow, s.SettleTime = partition.Off, partition.Off, partition.Off
	s.MinRebalanceInterval, s.MinRebalanceThreshold = partition.Off, partition.Off
	return s
}

// promising are settings whose bounds a busy machine can keep: they allow for a window,
// which SettleTime ends early.
func promising(s partition.Settings) partition.Settings {
	s.ColdStartWindow, s.SettleTime = 15*time.Second, 300*time.Millisecond
	return s
}
