package bridge

import (
	"context"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Journal asks a manager what the leaders of its group published last, and why: see
// messages.GetJournal.
func Journal(ctx context.Context, system *actor.ActorSystem, manager *actor.PID, last int) ([]partition.Journal, error) {
	j, err := answerOf[messages.Journal](ctx, system, manager, messages.GetJournal{Last: last})
	switch {
	case err != nil:
		return nil, err
	case j.Reason != "":
		return nil, fmt.Errorf("bridge: the journal cannot be told: %s", j.Reason)
	}
	return j.Records, nil
}

// Why asks a manager why a partition is where it is, and what it waits for: see
// messages.Why. The account prints as sentences.
func Why(ctx context.Context, system *actor.ActorSystem, manager *actor.PID, id partition.PartitionID) (messages.Because, error) {
	b, err := answerOf[messages.Because](ctx, system, manager, messages.Why{Partition: id})
	if err == nil && b.Reason != "" {
		err = fmt.Errorf("bridge: nothing can be told of %s: %s", id, b.Reason)
	}
	return b, err
}
