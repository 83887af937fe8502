package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func TestMain(m *testing.M) {
	if !isChild() {
		goleak.VerifyTestMain(m, ofServers)
	}
}

// ofServers is what a server may leave behind that is stopped while it writes for others
// of its cluster: it closes the blocks of a file and only then refuses to write, so that
// a write in between begins a block which nobody closes (nats-server 2.15.2, fileStore.stop).
var ofServers = goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*msgBlock).flushLoop")

// childOrders makes the test program a worker that follows them, instead of a test.
const childOrders = "TROUPE_LIVE_WORKER"

// childPartitions is how many partitions the workers in processes share.
const childPartitions = 24

// orders are what a worker in a process is told.
type orders struct {
	URL  string
	Name string
	// Key and IDs are InstanceKey and WorkerIDs.Count of its settings.
	Key string
	IDs int
	// Patient workers are not taken for dead, however busy the machine is. Their
	// leases are long, so that those that are Fresh need not wait for one of before.
	Patient, Fresh bool
	// Returns: it announces, when it is told to end, that it comes back.
	Returns bool
	// Waits: it begins with the first line of its input.
	Waits bool
	// Consumes: it handles the messages of a flow.
	Consumes bool
}

// childSettings are for workers in processes that share a busy machine: it may take
// a while until one says that its lease has ended, and nobody may own by then.
func childSettings() partition.Settings {
	s := swift()
	s.ClockDrift = 0.3
	return s
}

func token(text string) partition.Token {
	n, _ := strconv.ParseUint(text, 10, 64)
	return partition.Token(n)
}

// child is one worker, until the process is told to end.
func child(told orders) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	nc, err := nats.Connect(told.URL, nats.MaxReconnects(-1), nats.Timeout(patience))
	if err != nil {
		return err
	}
	defer nc.Close()
	settings := childSettings()
	if told.Patient {
		settings = patient()
	}
	if told.Returns {
		settings.OnStop, settings.RestartHoldDown = partition.Restart, patience
	}
	settings.InstanceKey, settings.WorkerIDs.Count = told.Key, told.IDs
	cfg := actors.Config{Settings: settings, Source: actors.StaticSource(partitions(childPartitions))}
	if told.Consumes {
		work, err := bridge.Consume(nc, flowConfig(comesSoon, toSink(nc)))
		if err != nil {
			return err
		}
		cfg.Partition = work.Props
	}
	props, err := actors.PartitionManager(cfg, bridge.NATS(nc, bridge.Config{Group: "live", Fresh: told.Patient && told.Fresh, Logger: silent}))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	if told.Waits {
		lines.Scan()
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	manager := system.Root.Spawn(props)
	says := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &speaker{name: told.Name, manager: manager} }))
	go func() {
		for lines.Scan() {
			system.Root.Send(says, question(lines.Text()))
		}
	}()
	<-ctx.Done()
	return bridge.Stop(context.Background(), system, manager)
}

// speaker is a subscriber that says on the output what it hears. One line is one
// write: processes that share an output do not mix theirs.
type speaker struct {
	name    string
	manager *actor.PID
	asked   []question // in the order in which the manager answers
}

// question numbers what the test asks.
type question string

// Receive implements actor.Actor.
func (s *speaker) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(s.manager, messages.Subscribe{PID: ctx.Self(), Confirm: true})
	case question:
		s.ask(ctx, m)
	case messages.Snapshot:
		now := time.Now()
		s.say("is", s.asked[0], m.Leading, uint64(m.Term), len(m.Owned), now.UnixNano(), now.Before(m.LeaseEnd), m.Session, m.Worker)
		s.asked = s.asked[1:]
	case messages.StateChanged:
		s.say("state", m.To, m.Reason)
		s.ask(ctx, "0")
	case messages.HealthChanged:
		s.say("health", m.Healthy, m.Reason)
	case messages.AssignmentChanged:
		var line strings.Builder
		for _, o := range m.All {
			fmt.Fprintf(&line, " %s %d", o.ID, o.Token)
		}
		s.say("owns", strconv.FormatInt(m.At.UnixNano(), 10)+line.String())
		if len(m.Lost) > 0 {
			ctx.Send(s.manager, messages.LetGo{PID: ctx.Self(), Step: m.Step})
		}
	}
}

func (s *speaker) ask(ctx actor.Context, q question) {
	s.asked = append(s.asked, q)
	ctx.Request(s.manager, messages.GetSnapshot{})
}

func (s *speaker) say(words ...any) { fmt.Println(append([]any{s.name}, words...)...) }

// isChild runs a worker if this process is to be one.
func isChild() bool {
	text := os.Getenv(childOrders)
	if text == "" {
		return false
	}
	var told orders
	err := json.Unmarshal([]byte(text), &told)
	if err == nil {
		err = child(told)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}
