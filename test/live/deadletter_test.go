package live

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// letters are the dead letters of a system.
type letters struct {
	mu  sync.Mutex
	all []string
}

func (l *letters) of(system *actor.ActorSystem) {
	system.EventStream.Subscribe(func(m any) {
		if d, dead := m.(*actor.DeadLetterEvent); dead {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.all = append(l.all, fmt.Sprintf("%T %+v to %v from %v", d.Message, d.Message, d.PID, d.Sender))
		}
	})
}

func (l *letters) none(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(t, l.all)
}

// Whoever logs dead letters, as is the default, would look for what is wrong.
func TestStop_LeavesNoDeadLetter(t *testing.T) {
	g := newGroup(t, patient(), 12)
	nc, dead := g.connect(), &letters{}
	system := actor.NewActorSystem(actor.WithDeadLetterThrottleInterval(time.Millisecond),
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	t.Cleanup(system.Shutdown)
	dead.of(system)
	props, err := actors.PartitionManager(
		actors.Config{
			Settings: g.settings, Source: actors.StaticSource(g.list),
			Partition: func(partition.Owned) *actor.Props {
				return actor.PropsFromProducer(func() actor.Actor { return idle{} })
			},
		},
		bridge.NATS(nc, bridge.Config{Group: "live", Fresh: true, Logger: silent}))
	require.NoError(t, err)
	manager := system.Root.Spawn(props)
	changes, hangUp := bridge.Listen(system, manager)
	defer hangUp()
	states, noStates := bridge.ListenState(system, manager)
	health, noHealth := bridge.ListenHealth(system, manager)
	<-states // the last of them is subscribed before anything ends
	<-health
	stopped := make(chan error, 1)
	for c := range changes {
		c.Done()
		if len(c.All) == len(g.list) {
			go func() { stopped <- bridge.Stop(t.Context(), system, manager) }()
		}
	}
	require.NoError(t, <-stopped)
	for range states {
		continue
	}
	for range health {
		continue
	}
	noStates()
	noHealth()
	dead.none(t)
}

// idle is a partition actor that does nothing.
type idle struct{}

func (idle) Receive(actor.Context) {}
