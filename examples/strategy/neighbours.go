package main

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// neighbours is the strategy: a plain actor, spawned as a child of the
// PartitionManager, that answers each MakePlan. The manager checks every plan, so
// a wrong one is refused and never published; an actor that panics or is silent
// costs a round, and the present assignment stays.
//
// A strategy that is a function needs no actor: implement partition.Strategy and
// pass actors.StrategyFrom.
type neighbours struct{}

// Receive implements actor.Actor.
func (neighbours) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(messages.MakePlan); ok {
		ctx.Respond(messages.PlanMade{Round: m.Round, Plan: runs(m.Input)})
	}
}

// runs cuts the partitions, which come in canonical order, into one run for each
// member that may own some. It is pure: every leader makes the same plan.
func runs(in partition.Input) partition.Plan {
	var members []int32 // by their index in the input
	for i, m := range in.Members {
		if !m.Draining {
			members = append(members, int32(i))
		}
	}
	plan := make(partition.Plan, in.Partitions.Len())
	for i := range plan {
		plan[i] = members[i*len(members)/len(plan)]
	}
	return plan
}
