package examples_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/observe"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// What documents show of Go is compiled here: test/shape compares.
var _ = []any{configured, operated, explained, replayed, subjects, subscribed, consumed, laned}

// configured is of docs/configuration.md.
func configured() {
	settings, err := bridge.LoadSettings("troupe.yaml", os.Environ())
	if err != nil {
		log.Fatal(err) // all faults, one a line
	}
	fmt.Print(settings.Explain())
}

// operated is of docs/operations.md.
func operated(url, file string, cfg actors.Config, registry *prometheus.Registry) error {
	nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.UserCredentials(file))
	if err != nil {
		return err
	}
	props, err := actors.PartitionManager(cfg, bridge.NATS(nc, bridge.Config{Group: "orders"}))
	if err != nil {
		return err
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.Default() }))
	manager := system.Root.Spawn(props)
	watch := observe.New(system, manager)
	registry.MustRegister(watch)
	http.Handle("/healthz", watch.Healthz())
	http.Handle("/readyz", watch.Readyz())

	asked, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	<-asked.Done()
	forget() // who asks again ends the process at once
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = bridge.Stop(ctx, system, manager) // at most ShutdownTimeout
	watch.Stop()
	nc.Close()
	return err
}

// explained is of docs/operations.md, too.
func explained(ctx context.Context, system *actor.ActorSystem, manager *actor.PID) error {
	because, err := bridge.Why(ctx, system, manager, "orders/eu")
	if err != nil {
		return err
	}
	fmt.Println(because)                                     // one partition, in sentences
	journal, err := bridge.Journal(ctx, system, manager, 20) // the latest 20 steps
	fmt.Println(journal)
	return err
}

// replayed is so, too; sim has an example that runs.
func replayed(t *testing.T) {
	for _, r := range sim.Replay(t, "testdata/incident", partition.Sticky{}) {
		fmt.Println(r.Actor, r.Term, r.Mail, r.Decisions, r.Publishes)
	}
}

// subjects and what follows are of docs/consuming.md.
func subjects() (string, error) {
	subject, err := partition.Subjects("orders.{partition}").Of(partition.Of("eu", "a b").ID()) // orders.eu.a%20b
	return subject, err
}

func subscribed(nc *nats.Conn, cfg *actors.Config) error {
	work, err := bridge.Subscribe(nc, "orders.{partition}.>",
		func(ctx context.Context, o partition.Owned, m *nats.Msg) { fmt.Println(ctx, o.ID, m.Subject) })
	cfg.Partition = work.Props
	return err
}

func consumed(nc *nats.Conn, cfg *actors.Config, book func(context.Context, *nats.Msg, partition.Token) error) error {
	work, err := bridge.Consume(nc, bridge.ConsumerConfig{
		Stream: "ORDERS", Name: "billing", Subjects: "orders.{partition}",
		Handle: func(ctx context.Context, o partition.Owned, m *nats.Msg) error { return book(ctx, m, o.Token) },
	})
	cfg.Partition = work.Props
	return err
}

func laned() (jetstream.StreamConfig, *actor.Props) {
	stream := jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.*"}, SubjectTransform: &jetstream.SubjectTransformConfig{
		Source: "orders.*", Destination: "orders.{{partition(256,1)}}.{{wildcard(1)}}",
	}}
	source := actors.StaticSource(partition.Lanes(256)) // and Subjects: "orders.{partition}.>"
	return stream, source
}

// shown is a block of a document, in this language.
func shown(t *testing.T, document, language string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", document))
	require.NoError(t, err)
	block := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$").FindSubmatch(text)
	require.NotNil(t, block, document)
	return string(block[1])
}

// What documents show of a configuration is read by whom it is for.
func TestDocs_Configurations(t *testing.T) {
	subject, err := subjects()
	require.NoError(t, err)
	require.Equal(t, "orders.eu.a%20b", subject)

	dir := t.TempDir()
	file := filepath.Join(dir, "troupe.yaml")
	require.NoError(t, os.WriteFile(file, []byte(shown(t, "configuration.md", "yaml")), 0o600))
	settings, err := bridge.LoadSettings(file, nil)
	require.NoError(t, err)
	require.Equal(t, 20*time.Second, settings.Lease)
	require.Equal(t, []string{"gpu", "ssd"}, settings.Labels)

	rights, err := os.ReadFile(filepath.Join("..", "docs", "permissions", "worker.conf"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "worker-7.conf"), rights, 0o600))
	file = filepath.Join(dir, "server.conf")
	require.NoError(t, os.WriteFile(file, []byte(shown(t, "permissions/README.md", "")), 0o600))
	options, err := server.ProcessConfigFile(file)
	require.NoError(t, err)
	require.Len(t, options.Users, 1)
	require.Equal(t, "worker-7", options.Users[0].Username)
	require.NotEmpty(t, options.Users[0].Permissions.Publish.Allow)
}
