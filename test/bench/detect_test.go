package bench

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// BenchmarkDetect: an eleventh worker joins, many times, TIMES=200. detect is from when
// its claim reaches the server until the leader's calculator hears WorkersChanged,
// share from its start until everybody has its share. The windows are off. Of the
// two eyes of a leader one is killed as soon as it opens, whenever it opens.
func BenchmarkDetect(b *testing.B) {
	for _, c := range []struct{ name, killed string }{
		{"Hybrid", ""}, {"WatcherOnly", "poller"}, {"PollerOnly", "watcher"},
	} {
		b.Run(c.name, func(b *testing.B) {
			g := newGroup(b, presets()[windowless])
			l := newLookout(g, c.killed)
			defer l.nc.Close()
			measure(b, g, func(g *group) map[string]time.Duration {
				if c.killed == "watcher" { // joins shall not keep step with the polls
					pass(rand.N(g.settings.PollInterval))
				}
				began := g.begin()
				w := g.join()
				g.balanced()
				return map[string]time.Duration{"share": time.Since(began), "detect": l.took(w.snapshot().Session)}
			})
		})
	}
}

// lookout notes when sessions are claimed, and when leaders know of them.
type lookout struct {
	b      *testing.B
	nc     *nats.Conn
	killed string // the role of the actors that are killed

	mu      sync.Mutex
	claimed map[partition.SessionID]time.Time
	known   map[partition.SessionID]time.Time
}

func newLookout(g *group, killed string) *lookout {
	l := &lookout{b: g.b, killed: killed, claimed: map[partition.SessionID]time.Time{}, known: map[partition.SessionID]time.Time{}}
	var err error
	l.nc, err = g.server.Connect()
	require.NoError(g.b, err)
	_, err = l.nc.Subscribe("$KV.bench.*.live.*", func(m *nats.Msg) {
		_, record, _ := bridge.Inspect(m.Subject, m.Data)
		if live, ok := record.(partition.Live); ok {
			l.note(l.claimed, live.Session)
		}
	})
	require.NoError(g.b, err)
	require.NoError(g.b, l.nc.Flush())
	g.outfit = l.below
	return l
}

func (l *lookout) note(in map[partition.SessionID]time.Time, s partition.SessionID) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, noted := in[s]; !noted {
		in[s] = now
	}
}

func (l *lookout) took(s partition.SessionID) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Contains(l.b, l.claimed, s)
	require.Contains(l.b, l.known, s)
	return l.known[s].Sub(l.claimed[s])
}

// below makes Props of which all descendants are looked at when they are spawned.
func (l *lookout) below(props *actor.Props) *actor.Props {
	return props.Clone(actor.WithSpawnMiddleware(func(next actor.SpawnFunc) actor.SpawnFunc {
		return func(system *actor.ActorSystem, id string, child *actor.Props, parent actor.SpawnerContext) (*actor.PID, error) {
			name := id[strings.LastIndex(id, "/")+1:]
			child = l.below(child)
			if name == "calculator" {
				child = l.heard(child)
			}
			pid, err := next(system, id, child, parent)
			if err == nil && l.killed != "" && strings.HasPrefix(name, l.killed+"-") {
				system.Root.Stop(pid) // before it hears of anything
			}
			return pid, err
		}
	}))
}

// heard notes whom a calculator is told of.
func (l *lookout) heard(calculator *actor.Props) *actor.Props {
	return calculator.Clone(actor.WithReceiverMiddleware(func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(ctx actor.ReceiverContext, e *actor.MessageEnvelope) {
			if m, ok := e.Message.(messages.WorkersChanged); ok {
				for _, w := range m.Roster {
					l.note(l.known, w.Live.Session)
				}
			}
			next(ctx, e)
		}
	}))
}
