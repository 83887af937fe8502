// Command quickstart is one worker of a group: it prints what it owns, and stops.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

func main() {
	quiet := slog.New(slog.DiscardHandler)
	server := must(embedded.Start(embedded.Config{Memory: true})) // yours: nats.Connect(url, nats.MaxReconnects(-1))
	defer server.Stop()
	nc := must(server.Connect())
	defer nc.Close()

	// Each worker of a group spawns one PartitionManager. One of them leads.
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	manager := system.Root.Spawn(must(actors.PartitionManager(
		actors.Config{Source: actors.StaticSource([]partition.Partition{
			partition.Of("orders", "eu"), partition.Of("orders", "us"), partition.Of("returns"),
		})},
		bridge.NATS(nc, bridge.Config{Group: "quickstart", Fresh: server.Fresh(), Logger: quiet}))))

	changes, hangUp := bridge.Listen(system, manager) // an actor sends messages.Subscribe
	defer hangUp()
	for change := range changes { // until the manager has ended
		for _, p := range change.Lost {
			fmt.Println(change.Worker, "lets go of", p.ID)
		}
		for _, p := range change.Gained {
			fmt.Println(change.Worker, "owns", p.ID)
		}
		change.Done() // from here on another worker may own what was lost
		if len(change.All) > 0 {
			go stop(system, manager) // a real worker stops on a signal
		}
	}
	fmt.Println("stopped")
}

func stop(system *actor.ActorSystem, manager *actor.PID) {
	must(0, bridge.Stop(context.Background(), system, manager))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
