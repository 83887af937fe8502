package live

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// childURL makes the test program a worker on that server, instead of a test.
const childURL = "TROUPE_LIVE_WORKER"

// childKey gives that worker an instance key, and patience.
const childKey = "TROUPE_LIVE_KEY"

// childPartitions is how many partitions the workers in processes share.
const childPartitions = 24

func token(text string) partition.Token {
	n, _ := strconv.ParseUint(text, 10, 64)
	return partition.Token(n)
}

// child is one worker, until the process is told to end.
func child(url string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	nc, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer nc.Close()
	settings := swift()
	if key := os.Getenv(childKey); key != "" {
		settings = patient()
		settings.InstanceKey, settings.OnStop, settings.RestartHoldDown = key, partition.Restart, patience
	}
	props, err := actors.PartitionManager(
		actors.Config{Settings: settings, Source: actors.StaticSource(partitions(childPartitions))},
		bridge.NATS(nc, bridge.Config{Group: "live", StoreTimeout: settings.StoreTimeout, ProbeInterval: settings.PollInterval, Logger: silent}))
	if err != nil {
		return err
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	manager := system.Root.Spawn(props)
	system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return speaker{manager} }))
	<-ctx.Done()
	return bridge.Stop(context.Background(), system, manager)
}

// speaker is a subscriber that says on the output what it hears.
type speaker struct{ manager *actor.PID }

// Receive implements actor.Actor.
func (s speaker) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(s.manager, messages.Subscribe{PID: ctx.Self(), Confirm: true})
	case messages.StateChanged:
		fmt.Println("state", m.To)
	case messages.AssignmentChanged:
		var line strings.Builder
		fmt.Fprintf(&line, "owns %d", len(m.All))
		for _, o := range m.All {
			fmt.Fprintf(&line, " %s %d", o.ID, o.Token)
		}
		fmt.Println(line.String())
		if len(m.Lost) > 0 {
			ctx.Send(s.manager, messages.LetGo{PID: ctx.Self(), Step: m.Step})
		}
	}
}

// isChild runs a worker if this process is to be one.
func isChild() bool {
	url := os.Getenv(childURL)
	if url == "" {
		return false
	}
	if err := child(url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}
