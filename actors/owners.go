package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// owners answers who owns a partition, on every worker. It owns a copy of the
// group's table, and reads it anew when the head has changed. If it fails, the
// next one reads again.
type owners struct {
	state   ownersState
	outside *actor.PID
	round   partition.Round
	tries   int
	head    partition.Revision // of the copy
	table   partition.Table
	asked   []question
}

// question is one that waits for an answer.
type question struct {
	messages.GetOwner
	from *actor.PID
}

type ownersState string

const (
	atRest   ownersState = "at-rest"  // waiting for a question
	reheads  ownersState = "reheads"  // waiting for the head
	retables ownersState = "retables" // waiting for head and assignments
)

const (
	// maxAsked is how many questions may wait; more are answered with a reason.
	maxAsked = 10_000
	// maxTableReads is how often head and assignments are read until they match.
	maxTableReads = 10
)

// ownersDue is a reminder of owners to itself.
type ownersDue struct{ Round partition.Round }

// forgetTable is the manager's word that the stream is another one: equal
// revisions may mean other records there.
type forgetTable struct{}

var ownersTable = fsm.New(
	fsm.On(atRest, (*owners).ask, reheads),
	fsm.On(atRest, (*owners).forget, atRest),
	fsm.On(reheads, (*owners).queue, reheads),
	fsm.On(reheads, (*owners).forget, reheads),
	fsm.On(reheads, (*owners).headRead, reheads, retables, atRest), // ReadDone
	fsm.On(reheads, (*owners).readFailed, reheads, atRest),
	fsm.On(retables, (*owners).queue, retables),
	fsm.On(retables, (*owners).tableRead, retables, atRest),
	fsm.On(retables, (*owners).forget, reheads),
	fsm.On(retables, (*owners).readFailed, retables, atRest),
	fsm.On(retables, (*owners).again, retables),
	fsm.Late[*owners, ownersState](messages.ReadDone{}, messages.ReadFailed{}, ownersDue{}),
)

func ownersProps(outside *actor.PID) *actor.Props {
	return stage.Props(func() actor.Actor { return &owners{state: atRest, outside: outside} })
}

// Receive implements actor.Actor.
func (o *owners) Receive(ctx actor.Context) { ownersTable.Receive(ctx, o, &o.state, nil) }

func (o *owners) ask(ctx actor.Context, m messages.GetOwner) ownersState {
	o.queue(ctx, m)
	return o.readHead(ctx)
}

func (o *owners) readHead(ctx actor.Context) ownersState {
	o.round++
	ctx.Request(o.outside, messages.Read{Round: o.round, Keys: []messages.Key{messages.KeyHead}})
	return reheads
}

func (o *owners) forget(ctx actor.Context, _ forgetTable) ownersState {
	o.head, o.table = 0, partition.Table{}
	if o.state == atRest {
		return atRest
	}
	return o.readHead(ctx)
}

func (o *owners) queue(ctx actor.Context, m messages.GetOwner) ownersState {
	if len(o.asked) >= maxAsked {
		ctx.Respond(messages.Owner{Partition: m.Partition, Reason: "too many questions are waiting"})
		return o.state
	}
	o.asked = append(o.asked, question{m, ctx.Sender()})
	return o.state
}

func (o *owners) headRead(ctx actor.Context, m messages.ReadDone) ownersState {
	if m.Round != o.round {
		return reheads
	}
	if e := m.Entries[0]; e.Revision == o.head && o.head != 0 {
		return o.answer(ctx, "")
	}
	o.tries = 0
	return o.readTable(ctx)
}

func (o *owners) readTable(ctx actor.Context) ownersState {
	o.round++
	ctx.Request(o.outside, messages.Read{Round: o.round, Keys: []messages.Key{messages.KeyHead, messages.AllAssignments}})
	return retables
}

func (o *owners) tableRead(ctx actor.Context, m messages.ReadDone) ownersState {
	if m.Round != o.round {
		return retables
	}
	head, ok := m.Entries[0].Record.(partition.Head)
	switch {
	case !ok && m.Entries[0].Fault != "":
		return o.retry(ctx, m.Entries[0].Fault)
	case !ok:
		return o.answer(ctx, "nothing is assigned yet")
	}
	asg := map[partition.WorkerID]partition.Assignment{}
	for _, e := range m.Entries[1:] {
		if e.Newer {
			return o.answer(ctx, e.Fault)
		}
		if a, ok := e.Record.(partition.Assignment); ok {
			asg[partition.WorkerID(e.Key[len("asg."):])] = a
		}
	}
	table, err := partition.TableOf(head, asg)
	if err != nil {
		return o.retry(ctx, err.Error())
	}
	o.table, o.head = table, m.Entries[0].Revision
	return o.answer(ctx, "")
}

func (o *owners) retry(ctx actor.Context, reason string) ownersState {
	if o.tries++; o.tries >= maxTableReads {
		return o.answer(ctx, reason)
	}
	ctx.Request(o.outside, messages.Remind{After: retryDelay, Mail: ownersDue{o.round}})
	return retables
}

func (o *owners) again(ctx actor.Context, m ownersDue) ownersState {
	if m.Round != o.round {
		return retables
	}
	return o.readTable(ctx)
}

func (o *owners) readFailed(ctx actor.Context, m messages.ReadFailed) ownersState {
	if m.Round != o.round {
		return o.state
	}
	return o.answer(ctx, m.Reason)
}

// answer answers everybody who waits, from the copy unless there is a reason.
func (o *owners) answer(ctx actor.Context, reason string) ownersState {
	tell := stage.Post(ctx.ActorSystem())
	for _, q := range o.asked {
		a := messages.Owner{Partition: q.Partition, Reason: reason}
		if reason == "" {
			o.look(&a)
		}
		tell(q.from, a)
	}
	o.asked = nil
	return atRest
}

// look answers from the copy.
func (o *owners) look(a *messages.Owner) {
	row, listed := o.table.Row(a.Partition)
	var owned bool
	a.Entered, a.Gone = row.Entered, !listed
	if a.Worker, a.Token, owned = o.table.Owner(a.Partition); !owned {
		a.Reason = "nobody owns it"
	}
}
