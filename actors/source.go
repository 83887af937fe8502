package actors

import (
	"fmt"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// SourceFrom makes a source actor of a function: it answers each
// messages.ListPartitions with what the function lists. An error or a panic of it
// is messages.ListingFailed, and the last list stays.
func SourceFrom(s partition.Source) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor { return &lister{s} })
}

// lister owns nothing: it may fail or be spawned anew between two questions.
type lister struct{ source partition.Source }

// Receive implements actor.Actor.
func (l *lister) Receive(ctx actor.Context) {
	if ctx.Sender() == nil {
		return
	}
	switch m := ctx.Message().(type) {
	case messages.UpdatePartitions:
		ctx.Respond(messages.UpdateRefused{Reason: "this source lists what a function says and cannot be updated"})
	case messages.ListPartitions:
		list, err := l.list()
		if err != nil {
			ctx.Respond(messages.ListingFailed{Round: m.Round, Reason: err.Error()})
			return
		}
		ctx.Respond(messages.PartitionsListed{Round: m.Round, Partitions: list})
	}
}

func (l *lister) list() (list []partition.Partition, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the source panicked: %v", r)
		}
	}()
	if l.source == nil {
		return nil, fmt.Errorf("the source is nil")
	}
	return l.source.ListPartitions()
}

// StaticSource lists these partitions until messages.UpdatePartitions, sent to
// the manager, brings others; send it to that of every worker, as the leader's list
// counts. One that breaks a rule is refused: the leader would refuse it too, but later.
func StaticSource(list []partition.Partition) *actor.Props {
	list = slices.Clone(list)
	return actor.PropsFromProducer(func() actor.Actor { return &static{list: list} })
}

// static owns the list. Spawned anew, it begins with the first one again, and the
// manager's user updates it again if need be.
type static struct{ list []partition.Partition }

// Receive implements actor.Actor.
func (s *static) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.ListPartitions:
		if ctx.Sender() != nil {
			ctx.Respond(messages.PartitionsListed{Round: m.Round, Partitions: s.list})
		}
	case messages.UpdatePartitions:
		s.update(ctx, m)
	}
}

func (s *static) update(ctx actor.Context, m messages.UpdatePartitions) {
	if _, err := partition.NewSet(m.Partitions); err != nil {
		if ctx.Sender() != nil {
			ctx.Respond(messages.UpdateRefused{Reason: err.Error()})
		}
		return
	}
	s.list = slices.Clone(m.Partitions)
	ctx.Send(ctx.Parent(), messages.PartitionsListed{Partitions: s.list})
	if ctx.Sender() != nil {
		ctx.Respond(messages.PartitionsUpdated{})
	}
}
