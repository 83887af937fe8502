// Command consumer is a group of workers that handle the messages of a JetStream stream.
// One joins and one stops: each message is handled once, and those of a partition in order.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

const rounds, each = 3, 100 // messages of each partition
var (
	cities = []partition.Partition{partition.Of("oslo"), partition.Of("rome"), partition.Of("lima"), partition.Of("cairo")}
	quiet  = slog.New(slog.DiscardHandler)
	wait   sync.WaitGroup // for all messages of a round
	next   sync.Map       // of each city the number of its next message
)

// handle works on one message; the next one of its city comes when it has returned.
func handle(_ context.Context, o partition.Owned, m *nats.Msg) error {
	n, err := strconv.Atoi(string(m.Data))
	if err != nil {
		return err // it comes again
	}
	if expected, _ := next.LoadOrStore(o.ID, 0); n != expected {
		log.Fatalf("%s: message %d came instead of %d", o.ID, n, expected)
	}
	next.Store(o.ID, n+1)
	wait.Done()
	return nil // it is acknowledged
}

// worker joins the group; stop lets it leave.
func worker(nc *nats.Conn, fresh bool) (stop func()) {
	work := must(bridge.Consume(nc, bridge.ConsumerConfig{Stream: "ORDERS", Name: "example", Subjects: "orders.{partition}", Handle: handle}))
	settings := partition.Default()
	settings.ColdStartWindow, settings.PlannedScaleWindow = partition.Off, partition.Off // a newcomer gets its share at once
	settings.Lease, settings.DrainTimeout = 20*time.Second, 5*time.Second
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	manager := system.Root.Spawn(must(actors.PartitionManager(
		actors.Config{Settings: settings, Source: actors.StaticSource(cities), Partition: work.Props},
		bridge.NATS(nc, bridge.Config{Group: "example", Fresh: fresh, Logger: quiet}))))
	changes, hangUp := bridge.Listen(system, manager)
	for change := range changes { // until it has a share
		change.Done()
		if len(change.All) > 0 {
			break
		}
	}
	hangUp()
	return func() { must(0, bridge.Stop(context.Background(), system, manager)) }
}

func main() {
	server := must(embedded.Start(embedded.Config{Memory: true}))
	defer server.Stop()
	fresh := server.Fresh()      // until somebody stores something
	nc := must(server.Connect()) // yours: a connection for each worker, in its own process
	defer nc.Close()
	js := must(jetstream.New(nc))
	must(js.CreateStream(context.Background(), jetstream.StreamConfig{
		Name: "ORDERS", Subjects: []string{"orders.>"}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.MemoryStorage,
	}))
	leave := worker(nc, fresh)
	for round := range rounds {
		switch round {
		case 1:
			defer worker(nc, false)()
		case 2:
			leave()
		}
		wait.Add(each * len(cities))
		for n := range each * len(cities) {
			city := cities[n%len(cities)]
			must(js.Publish(context.Background(), "orders."+string(city.ID()), strconv.AppendInt(nil, int64(round*each+n/len(cities)), 10)))
		}
		wait.Wait()
		fmt.Println("round", round+1, "is done:", each*len(cities), "messages, each once and in order")
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
