// Command partition-actors is a group of workers with an actor for each partition, which
// keeps a balance in NATS KV. One joins and one stops: each balance goes on.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

var (
	cities = []partition.Partition{partition.Of("oslo"), partition.Of("rome"), partition.Of("lima"), partition.Of("cairo")}
	quiet  = slog.New(slog.DiscardHandler)
	news   = make(chan string, len(cities)) // that an account has been opened
)

// account works on one partition as long as this worker owns it.
type account struct {
	owned   partition.Owned
	store   bridge.FencedKV
	balance int
}

// Receive implements actor.Actor.
func (a *account) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started:
		value, _, err := a.store.Get(context.Background(), string(a.owned.ID))
		if !errors.Is(err, jetstream.ErrKeyNotFound) {
			a.balance = must(strconv.Atoi(string(must(value, err))))
		}
		a.add(100) // under our token: no owner of the past writes it any more
		news <- fmt.Sprint(a.owned.ID, " is opened with ", a.balance)
	case messages.Revoke: // it is taken away; an actor without actors.Drains is poisoned
		a.add(5)
		ctx.Stop(ctx.Self()) // from here on another worker may own it
	}
}

func (a *account) add(n int) {
	a.balance += n
	must(a.store.Put(context.Background(), a.owned, string(a.owned.ID), strconv.AppendInt(nil, int64(a.balance), 10)))
}

// worker joins the group; stop lets it leave.
func worker(nc *nats.Conn, fresh bool, store bridge.FencedKV) (stop func()) {
	settings := partition.Default()
	settings.ColdStartWindow, settings.PlannedScaleWindow = partition.Off, partition.Off // a newcomer gets its share at once
	settings.Lease, settings.DrainTimeout = 20*time.Second, 5*time.Second
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	open := func(o partition.Owned) *actor.Props {
		return actors.Drains(actor.PropsFromProducer(func() actor.Actor { return &account{owned: o, store: store} }))
	}
	manager := system.Root.Spawn(must(actors.PartitionManager(
		actors.Config{Settings: settings, Source: actors.StaticSource(cities), Partition: open},
		bridge.NATS(nc, bridge.Config{Group: "example", Fresh: fresh, Logger: quiet}))))
	return func() { must(0, bridge.Stop(context.Background(), system, manager)) }
}

func opened(n int, why string) {
	for range n {
		fmt.Println(why+":", <-news)
	}
}

func main() {
	server := must(embedded.Start(embedded.Config{Memory: true}))
	defer server.Stop()
	fresh := server.Fresh()      // until somebody stores something
	nc := must(server.Connect()) // yours: a connection for each worker, in its own process
	defer nc.Close()
	store := bridge.FencedKV{Bucket: must(must(jetstream.New(nc)).CreateKeyValue(context.Background(), jetstream.KeyValueConfig{Bucket: "accounts"}))}
	leave := worker(nc, fresh, store)
	opened(len(cities), "a worker begins")
	defer worker(nc, false, store)()
	opened(len(cities)/2, "another one takes its share")
	leave()
	opened(len(cities)/2, "the first one has stopped")
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
