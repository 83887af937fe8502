//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/umpire"
)

const (
	group = "chaos"
	// parts is how many partitions the workers share.
	parts = 20
)

// settings are short leases, and no windows: whatever happens is answered at once,
// so that much happens.
func settings(ownership partition.Ownership) partition.Settings {
	s := partition.Fast()
	s.Ownership = ownership
	s.ColdStartWindow, s.PlannedScaleWindow, s.SettleTime = partition.Off, partition.Off, partition.Off
	s.MinRebalanceInterval, s.MinRebalanceThreshold = partition.Off, partition.Off
	return s
}

func partitions() (list []partition.Partition) {
	for i := range parts {
		list = append(list, partition.Of(fmt.Sprintf("p%02d", i)))
	}
	return list
}

// workerOrders are what a worker's process is told at its start.
type workerOrders struct {
	URLs      []string
	Key       string
	Ownership partition.Ownership
}

// What a process is told later, in one line of its input. At the end of its input
// it ends without a word.
const (
	leave  = "leave"  // stop cleanly
	comeup = "return" // stop cleanly, and announce to come back
)

var silent = slog.New(slog.DiscardHandler)

func runWorker(o workerOrders) error {
	nc, err := nats.Connect(strings.Join(o.URLs, ","), nats.IgnoreDiscoveredServers(), nats.MaxReconnects(-1),
		nats.ReconnectWait(umpire.Beat), nats.RetryOnFailedConnect(true), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return err
	}
	defer nc.Close()
	out := json.NewEncoder(os.Stdout)
	clerk := umpire.NewClerk(now, func(e umpire.Event) {
		if out.Encode(e) != nil {
			os.Exit(1) // nobody listens any more
		}
	})
	s := settings(o.Ownership)
	s.InstanceKey = o.Key
	props, err := actors.PartitionManager(
		actors.Config{Settings: s, Source: actors.StaticSource(partitions()), Partition: bridge.HandlerFunc(clerk.Work)},
		bridge.NATS(nc, bridge.Config{Group: group, Replicas: nodes, Logger: silent}))
	if err != nil {
		return err
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	manager := system.Root.Spawn(props)
	clerk.Begin(system, manager) // until the process ends
	lines := bufio.NewScanner(os.Stdin)
	if !lines.Scan() {
		os.Exit(1)
	}
	if lines.Text() == comeup {
		system.Root.Send(manager, messages.Stop{Restarting: true})
	}
	_ = bridge.Stop(context.Background(), system, manager) // without a store it cannot be clean
	return nil
}
