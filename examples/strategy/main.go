// Command strategy plugs a strategy of its own into a group of three workers: an
// actor that gives each worker a run of neighbouring shelves.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

const workers, shelves = 3, 12

func main() {
	server := must(embedded.Start(embedded.Config{Memory: true}))
	defer server.Stop()

	news := make(chan messages.AssignmentChanged)
	var stops []func()
	for range workers {
		nc := must(server.Connect())
		defer nc.Close()
		stops = append(stops, start(nc, server.Fresh(), news))
	}

	owned := map[partition.WorkerID][]partition.Owned{}
	for !shared(owned) {
		change := <-news
		owned[change.Worker] = change.All
	}
	for _, worker := range slices.Sorted(maps.Keys(owned)) {
		run := owned[worker]
		fmt.Printf("%s owns %s to %s\n", worker, run[0].ID, run[len(run)-1].ID)
	}

	go func() {
		for range news { // what the workers say until they have ended
		}
	}()
	for _, stop := range stops {
		stop()
	}
}

// start spawns one worker, which tells news what it owns.
func start(nc *nats.Conn, fresh bool, news chan<- messages.AssignmentChanged) (stop func()) {
	quiet := slog.New(slog.DiscardHandler)
	settings := partition.Fast()
	settings.MinRebalanceInterval = partition.Off
	config := actors.Config{
		Settings: settings,
		Strategy: actor.PropsFromProducer(func() actor.Actor { return neighbours{} }),
		Source:   actors.StaticSource(list()),
	}
	outside := bridge.NATS(nc, bridge.Config{Group: "shelves", Fresh: fresh, Logger: quiet})

	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	manager := system.Root.Spawn(must(actors.PartitionManager(config, outside)))
	system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &reader{manager, news} }))
	return func() { must(0, bridge.Stop(context.Background(), system, manager)) }
}

func list() []partition.Partition {
	var list []partition.Partition
	for i := range shelves {
		list = append(list, partition.Of("shelf", fmt.Sprintf("%02d", i+1)))
	}
	return list
}

// shared reports whether every worker has its share.
func shared(owned map[partition.WorkerID][]partition.Owned) bool {
	full := 0
	for _, list := range owned {
		if len(list) == shelves/workers {
			full++
		}
	}
	return full == workers
}

// reader is a subscriber: an actor that hears of every change of what its worker
// owns, and answers when it has let go of what was taken away.
type reader struct {
	manager *actor.PID
	news    chan<- messages.AssignmentChanged
}

// Receive implements actor.Actor.
func (r *reader) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(r.manager, messages.Subscribe{PID: ctx.Self(), Confirm: true})
	case messages.AssignmentChanged:
		if len(m.Lost) > 0 {
			ctx.Send(r.manager, messages.LetGo{PID: ctx.Self(), Step: m.Step})
		}
		r.news <- m
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
