package sim

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Balk is what a process's strategy does instead of what it is asked for.
type Balk int

// Ways to balk.
const (
	// Obliges is to plan, as all strategies do at first.
	Obliges Balk = iota
	// Refuses: it answers that it cannot.
	Refuses
	// Panics: its actor does, and is started anew.
	Panics
	// Nonsense: it answers with a plan that breaks a rule.
	Nonsense
	// Dawdles: it answers about when nobody waits any more, or later.
	Dawdles
	balks
)

// Balks are how many ways there are to balk.
const Balks = int(balks) - 1

// Balk changes what the strategy does of a process whose habit is to be Moody, from the
// next question on.
func (p *Process) Balk(b Balk) {
	if p.balk == b {
		return
	}
	p.balk = b
	p.say([...]string{"its strategy plans", "its strategy refuses", "its strategy panics", "its strategy plans nonsense", "its strategy dawdles"}[b])
}

// overdue is a question that is answered at last.
type overdue struct{ messages.MakePlan }

// moody are Props of a strategy that may balk.
func (p *Process) moody(props *actor.Props) *actor.Props {
	return props.Clone(actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
			switch m := e.Message.(type) {
			case overdue:
				next(c, &actor.MessageEnvelope{Header: e.Header, Message: m.MakePlan, Sender: e.Sender})
			case messages.MakePlan:
				if !p.balks(c.Self(), e.Sender, m) {
					next(c, e)
				}
			default:
				next(c, e)
			}
		}
	}))
}

// balks does something else than to plan, if the strategy is to.
func (p *Process) balks(self, asks *actor.PID, m messages.MakePlan) bool {
	root := p.world.system.system.Root
	switch p.balk {
	case Refuses:
		p.meets(planRefused)
		root.Send(asks, messages.PlanFailed{Round: m.Round, Reason: "it does not want to"})
	case Panics:
		p.meets(planPanics)
		p.say("the strategy panics")
		panic(Habitual)
	case Nonsense:
		p.meets(planNonsense)
		root.Send(asks, messages.PlanMade{Round: m.Round, Plan: p.nonsense(m.Input)})
	case Dawdles:
		p.meets(planLate)
		limit := p.world.settings.StrategyTimeout
		p.world.Timeline.After(limit-nearly+p.world.Soon(limit), p.lane, Plans, func() {
			root.RequestWithCustomSender(self, overdue{m}, asks)
		})
	default:
		return false
	}
	return true
}

// nonsense is a plan of another length, or with somebody who is not there.
func (p *Process) nonsense(in partition.Input) partition.Plan {
	rng := p.world.Random
	plan := make(partition.Plan, in.Partitions.Len()+rng.IntN(2))
	if len(plan) > in.Partitions.Len() || len(plan) == 0 {
		return append(plan, 0)
	}
	for i := range plan {
		plan[i] = int32(rng.IntN(max(len(in.Members), 1)))
	}
	plan[rng.IntN(len(plan))] = int32(len(in.Members) + rng.IntN(3))
	return plan
}

func (p *Process) meets(s Situation) { p.world.encounters.meets(s, true) }
