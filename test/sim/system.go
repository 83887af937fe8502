package sim

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// System is an actor system that one world after the other uses: making one takes
// longer than many a world lives. It belongs to one goroutine.
type System struct {
	system *actor.ActorSystem
	hear   func(level slog.Level, text string)
}

// NewSystem makes an actor system that prints nothing and whose errors are a
// world's business.
func NewSystem() *System {
	s := &System{}
	logger := slog.New(&logs{say: func(level slog.Level, text string) {
		if s.hear != nil {
			s.hear(level, text)
		}
	}})
	s.system = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return logger }),
		func(c *actor.Config) {
			c.DeadLetterRequestLogging = false
			// The throttle of dead letters counts on a goroutine and a clock of its
			// own: it must never close, or what is told depends on real time.
			c.DeadLetterThrottleCount, c.DeadLetterThrottleInterval = math.MaxInt32, time.Nanosecond
		})
	return s
}

// letters tells of mail that found nobody.
func (s *System) letters(each func(*actor.DeadLetterEvent)) (deaf func()) {
	events := s.system.EventStream
	heard := events.Subscribe(func(m any) {
		if d, ok := m.(*actor.DeadLetterEvent); ok && !systemMail(d.Message) {
			each(d)
		}
	})
	return func() { events.Unsubscribe(heard) }
}

// systemMail is what the actor system says of actors that ended: it may reach
// nobody any more.
func systemMail(m any) bool {
	switch m.(type) {
	case *actor.Terminated, *actor.Watch, *actor.Unwatch, *actor.Stop:
		return true
	}
	return false
}

// clear forgets all actors, those of crashed processes too, as if they had never
// been. Nothing of them is told.
func (s *System) clear() {
	for _, name := range s.names("") {
		s.remove(name)
	}
	s.system.ProcessRegistry.SequenceID = 0
	s.hear = nil
}

// Stretch has the registry of actors take all the memory that it ever takes for few of them:
// it is 32,768 small maps, each of which keeps room for eight names from its first one on.
// Without that, what is in use grows for hours by up to 9 MiB, as names come and go.
func (s *System) Stretch() {
	shards, seen := s.system.ProcessRegistry.LocalPIDs.LocalPIDs, map[any]bool{}
	for i := 0; len(seen) < len(shards[0]); i++ {
		name := strconv.Itoa(i)
		if small := shards[0].GetShard(name); !seen[small] { // the name's place is the same in all
			seen[small] = true
			for _, shard := range shards {
				shard.Set(name, nil)
				shard.Remove(name)
			}
		}
	}
}

func (s *System) remove(name string) { s.system.ProcessRegistry.Remove(s.system.NewLocalPID(name)) }

// names lists the actors whose names begin so, besides those of the system.
func (s *System) names(prefix string) []string {
	var out []string
	for _, shard := range s.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		if shard.Count() == 0 {
			continue
		}
		for _, name := range shard.Keys() {
			if strings.HasPrefix(name, prefix) && name != "deadletter" && name != "eventstream" {
				out = append(out, name)
			}
		}
	}
	return out
}

// logs is a slog.Handler that makes one line of each record.
type logs struct {
	say   func(level slog.Level, text string)
	attrs string
}

// Enabled implements slog.Handler.
func (*logs) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle implements slog.Handler.
func (l *logs) Handle(_ context.Context, r slog.Record) error {
	text := r.Message + l.attrs
	r.Attrs(func(a slog.Attr) bool {
		text += " " + attr(a)
		return true
	})
	l.say(r.Level, text)
	return nil
}

// WithAttrs implements slog.Handler.
func (l *logs) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *l
	for _, a := range attrs {
		out.attrs += " " + attr(a)
	}
	return &out
}

// WithGroup implements slog.Handler; groups are left out.
func (l *logs) WithGroup(string) slog.Handler { return l }

func attr(a slog.Attr) string { return fmt.Sprintf("%s=%v", a.Key, a.Value) }
