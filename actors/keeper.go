package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
)

// keeper stands for an actor of the user's, a strategy or a source, under a name
// that stays when that actor fails. It owns the actor, hears the questions for
// it and passes them on, and passes what it notices to the parent. While there is
// none, a question is answered with that; one that the actor had when it failed
// gets no answer, and whoever asked has a deadline.
type keeper struct {
	state   keeperState
	outside *actor.PID
	props   *actor.Props
	child   *actor.PID
	born    int
}

type keeperState string

const (
	served keeperState = "served" // waiting for questions
	vacant keeperState = "vacant" // waiting until the actor may be spawned again
)

// refillDue is a reminder of a keeper to itself.
type refillDue struct{}

// notThere is the answer while the user's actor has failed.
const notThere = "the actor has failed, and is about to be started again"

var keeperTable = fsm.New(
	fsm.On(vacant, (*keeper).begin, served, vacant), // Started
	fsm.On(vacant, (*keeper).refill, served, vacant),
	fsm.Stay((*keeper).refusePlan, vacant),   // MakePlan
	fsm.Stay((*keeper).refuseList, vacant),   // ListPartitions
	fsm.Stay((*keeper).refuseUpdate, vacant), // UpdatePartitions

	fsm.Stay((*keeper).plan, served),   // MakePlan
	fsm.Stay((*keeper).list, served),   // ListPartitions
	fsm.Stay((*keeper).update, served), // UpdatePartitions
	fsm.Stay((*keeper).noticed, served, vacant),
	fsm.On(served, (*keeper).ended, served, vacant), // Terminated
	fsm.Late[*keeper, keeperState](refillDue{}),
)

func keeperProps(outside *actor.PID, props *actor.Props) *actor.Props {
	return stage.Props(func() actor.Actor { return &keeper{state: vacant, outside: outside, props: props} })
}

// Receive implements actor.Actor.
func (k *keeper) Receive(ctx actor.Context) { keeperTable.Receive(ctx, k, &k.state, nil) }

func (k *keeper) begin(ctx actor.Context, _ *actor.Started) keeperState {
	return k.refill(ctx, refillDue{})
}

// refill spawns the user's actor. What makes it is code of the user's too, which
// may panic.
func (k *keeper) refill(ctx actor.Context, _ refillDue) (next keeperState) {
	defer func() {
		if r := recover(); r != nil {
			ctx.Logger().Error("an actor of the user's could not be made", "actor", ctx.Self().Id, "reason", r)
			next = k.refillLater(ctx)
		}
	}()
	k.born++
	k.child = stage.Spawn(ctx, k.props, fmt.Sprintf("user-%d", k.born))
	return served
}

func (k *keeper) refillLater(ctx actor.Context) keeperState {
	k.child = nil
	ctx.Request(k.outside, messages.Remind{After: respawnDelay, Mail: refillDue{}})
	return vacant
}

func (k *keeper) refusePlan(ctx actor.Context, m messages.MakePlan) {
	k.answer(ctx, messages.PlanFailed{Round: m.Round, Reason: notThere})
}

func (k *keeper) refuseList(ctx actor.Context, m messages.ListPartitions) {
	k.answer(ctx, messages.ListingFailed{Round: m.Round, Reason: notThere})
}

func (k *keeper) refuseUpdate(ctx actor.Context, _ messages.UpdatePartitions) {
	k.answer(ctx, messages.UpdateRefused{Reason: notThere})
}

func (k *keeper) answer(ctx actor.Context, mail any) {
	if ctx.Sender() != nil {
		ctx.Respond(mail)
	}
}

func (k *keeper) plan(ctx actor.Context, _ messages.MakePlan) { k.pass(ctx) }

func (k *keeper) list(ctx actor.Context, _ messages.ListPartitions) { k.pass(ctx) }

func (k *keeper) update(ctx actor.Context, _ messages.UpdatePartitions) { k.pass(ctx) }

// pass gives the question to the actor, which answers whoever asked.
func (k *keeper) pass(ctx actor.Context) {
	ctx.RequestWithCustomSender(k.child, ctx.Message(), ctx.Sender())
}

func (k *keeper) noticed(ctx actor.Context, m messages.PartitionsListed) { ctx.Send(ctx.Parent(), m) }

func (k *keeper) ended(ctx actor.Context, m *actor.Terminated) keeperState {
	if !m.Who.Equal(k.child) {
		return served
	}
	return k.refillLater(ctx)
}
