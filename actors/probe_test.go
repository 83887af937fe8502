package actors

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
)

// play runs one actor among probes, one message at a time, on the goroutine of
// the test.
type play struct {
	t        *testing.T
	system   *actor.ActorSystem
	steps    *steps
	parent   *probe
	now      time.Time
	warnings strings.Builder // what was logged
}

// steps is a dispatcher that runs nothing by itself.
type steps struct{ ready []func() }

func (*steps) Throughput() int { return 1 }

func (s *steps) Schedule(run func()) { s.ready = append(s.ready, run) }

// probe is an actor that only notes its mail: all of it, or only that of the
// actor with this name.
type probe struct {
	pid  *actor.PID
	mail []any
	only string
	kept [][]byte // what a recorder asked to keep, a file each
}

// spawning asks a probe for a child.
type spawning struct {
	props *actor.Props
	name  string
	pid   **actor.PID
}

func (p *probe) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started, *actor.Stopping, *actor.Stopped:
	case spawning:
		*m.pid = stage.Spawn(ctx, m.props, m.name)
	case messages.KeepMail:
		if m.Begins {
			p.kept = append(p.kept, nil)
		}
		p.kept[len(p.kept)-1] = append(p.kept[len(p.kept)-1], m.Lines...)
	default:
		if p.only == "" || ctx.Sender() != nil && strings.HasSuffix(ctx.Sender().Id, "/"+p.only) {
			p.mail = append(p.mail, m)
		}
	}
}

func newPlay(t *testing.T) *play {
	p := &play{t: t, steps: &steps{}, now: time.Unix(10_000, 0)}
	logger := slog.New(slog.NewTextHandler(&p.warnings, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return logger }))
	p.parent = p.probe("parent")
	return p
}

func (p *play) probe(name string) *probe {
	b := &probe{}
	props := stage.Under(actor.PropsFromProducer(func() actor.Actor { return b }), p.steps)
	pid, err := p.system.Root.SpawnNamed(props, name)
	if err != nil {
		p.t.Fatal(err)
	}
	b.pid = pid
	p.drain()
	return b
}

// child spawns the actor under test below the parent.
func (p *play) child(props *actor.Props, name string) *actor.PID {
	var pid *actor.PID
	p.tell(p.parent.pid, spawning{props, name, &pid})
	return pid
}

func (p *play) tell(to *actor.PID, mail any) {
	p.system.Root.Send(to, mail)
	p.drain()
}

// drain runs until all mail has been read.
func (p *play) drain() {
	for n := 0; len(p.steps.ready) > 0; n++ {
		run := p.steps.ready[0]
		p.steps.ready = p.steps.ready[1:]
		run()
		if n > 100_000 {
			p.t.Fatal("the actors never stop talking")
		}
	}
}

// after lets time pass.
func (p *play) after(d time.Duration) time.Time {
	p.now = p.now.Add(d)
	return p.now
}

// heard takes the first message of a type out of the probe's mail.
func heard[M any](t *testing.T, b *probe) M {
	t.Helper()
	i := slices.IndexFunc(b.mail, func(m any) bool { _, ok := m.(M); return ok })
	if i < 0 {
		var none M
		t.Fatalf("%s did not hear %T; it heard %s", b.pid.Id, none, b.kinds())
	}
	m := b.mail[i].(M)
	b.mail = slices.Delete(b.mail, i, i+1)
	return m
}

// unheard fails if the probe heard a message of the type.
func unheard[M any](t *testing.T, b *probe) {
	t.Helper()
	for _, m := range b.mail {
		if _, ok := m.(M); ok {
			t.Fatalf("%s heard %+v", b.pid.Id, m)
		}
	}
}

func (b *probe) kinds() (kinds []string) {
	for _, m := range b.mail {
		kinds = append(kinds, fmt.Sprintf("%T", m))
	}
	return kinds
}

// forget drops what was heard so far.
func (b *probe) forget() { b.mail = nil }
