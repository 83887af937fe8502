package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// StrategyFrom makes a strategy actor of a pure function: it answers each
// messages.MakePlan with what the function returns. An error or a panic of it is
// messages.PlanFailed, and the last assignment stays. It computes on the actor's
// own thread, so that a slow one delays nobody but its leader's decision.
func StrategyFrom(s partition.Strategy) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor { return &strategist{s} })
}

// strategist owns nothing: it may fail or be spawned anew between two questions.
type strategist struct{ strategy partition.Strategy }

// Receive implements actor.Actor.
func (s *strategist) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(messages.MakePlan)
	if !ok || ctx.Sender() == nil {
		return
	}
	ctx.Respond(s.answer(m))
}

func (s *strategist) answer(m messages.MakePlan) any {
	plan, err := s.plan(m.Input)
	if err != nil {
		return messages.PlanFailed{Round: m.Round, Reason: err.Error()}
	}
	answer := messages.PlanMade{Round: m.Round, Plan: plan}
	if zoned, ok := s.strategy.(partition.Zoned); ok {
		answer.Zones = zoned.ZoneRule()
	}
	return answer
}

func (s *strategist) plan(in partition.Input) (plan partition.Plan, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the strategy panicked: %v", r)
		}
	}()
	if s.strategy == nil {
		return nil, fmt.Errorf("the strategy is nil")
	}
	return s.strategy.Plan(in)
}
