package messages

import "github.com/troupe-actors/troupe/partition"

// For authors of strategies and sources:
//
//	calculator ── MakePlan ──► strategy ── PlanMade | PlanFailed ──► calculator
//	calculator ── ListPartitions ──► source ── PartitionsListed | ListingFailed ──►
//	parent ◄── PartitionsListed{Round: 0} ── source that noticed a change
//
// Answers go to the sender of the question (actor.Context.Respond).

// MakePlan asks a strategy who gets what.
type MakePlan struct {
	Round partition.Round
	Input partition.Input
}

// PlanMade answers MakePlan. Zones is what zones mean to the strategy: what strays is
// moved at once if that is RequireZone.
type PlanMade struct {
	Round partition.Round
	Plan  partition.Plan
	Zones partition.ZoneRule
}

// PlanFailed answers MakePlan when there is no plan.
type PlanFailed struct {
	Round  partition.Round
	Reason string
}

// ListPartitions asks a source for the present partitions.
type ListPartitions struct {
	Round partition.Round
}

// PartitionsListed answers ListPartitions. Sent to the parent with Round 0, it
// reports that the list has changed.
type PartitionsListed struct {
	Round      partition.Round
	Partitions []partition.Partition
}

// ListingFailed answers ListPartitions when the list cannot be had.
type ListingFailed struct {
	Round  partition.Round
	Reason string
}

// UpdatePartitions asks a static source to list these partitions from now on. A
// list that breaks a rule is refused with UpdateRefused.
type UpdatePartitions struct {
	Partitions []partition.Partition
}

// PartitionsUpdated answers UpdatePartitions.
type PartitionsUpdated struct{}

// UpdateRefused answers UpdatePartitions whose list breaks a rule; the former
// list stays.
type UpdateRefused struct {
	Reason string
}
