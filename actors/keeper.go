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
// it and passes them on, and passes what it notices to the parent. A question to
// an actor that has just failed gets no answer: whoever asks has a deadline.
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

// respawn is a reminder of a keeper to itself.
type respawn struct{}

var keeperTable = fsm.New(
	fsm.On(vacant, (*keeper).begin, served), // Started
	fsm.On(vacant, (*keeper).again, served),
	fsm.On(served, (*keeper).plan, served),
	fsm.On(served, (*keeper).list, served),
	fsm.On(served, (*keeper).update, served),
	fsm.On(served, (*keeper).noticed, served),
	fsm.On(served, (*keeper).ended, served, vacant), // Terminated
	fsm.Ignore[*keeper](vacant, messages.MakePlan{}, messages.ListPartitions{}, messages.UpdatePartitions{}),
	fsm.Late[*keeper, keeperState](messages.PartitionsListed{}, respawn{}),
)

func keeperProps(outside *actor.PID, props *actor.Props) *actor.Props {
	return stage.Props(func() actor.Actor { return &keeper{state: vacant, outside: outside, props: props} })
}

// Receive implements actor.Actor.
func (k *keeper) Receive(ctx actor.Context) { keeperTable.Receive(ctx, k, &k.state, nil) }

func (k *keeper) begin(ctx actor.Context, _ *actor.Started) keeperState { return k.again(ctx, respawn{}) }

func (k *keeper) again(ctx actor.Context, _ respawn) keeperState {
	k.born++
	k.child = stage.Spawn(ctx, k.props, fmt.Sprintf("user-%d", k.born))
	return served
}

func (k *keeper) plan(ctx actor.Context, _ messages.MakePlan) keeperState { return k.pass(ctx) }

func (k *keeper) list(ctx actor.Context, _ messages.ListPartitions) keeperState { return k.pass(ctx) }

func (k *keeper) update(ctx actor.Context, _ messages.UpdatePartitions) keeperState {
	return k.pass(ctx)
}

// pass gives the question to the actor, which answers whoever asked.
func (k *keeper) pass(ctx actor.Context) keeperState {
	ctx.RequestWithCustomSender(k.child, ctx.Message(), ctx.Sender())
	return served
}

func (k *keeper) noticed(ctx actor.Context, m messages.PartitionsListed) keeperState {
	ctx.Send(ctx.Parent(), m)
	return served
}

func (k *keeper) ended(ctx actor.Context, m *actor.Terminated) keeperState {
	if !m.Who.Equal(k.child) {
		return served
	}
	ctx.Request(k.outside, messages.Remind{After: respawnDelay, Mail: respawn{}})
	return vacant
}
