package sim

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/bridge"
)

// T is what a rehearsal needs of a test. *testing.T has it, and *testing.B and F.
type T interface {
	// Helper and the others are as in package testing.
	Helper()
	// Cleanup is where a failed test shows what was said.
	Cleanup(f func())
	// Failed is asked at the end.
	Failed() bool
	// Logf shows seed and trace.
	Logf(format string, args ...any)
	// Errorf is for what is found when the test is over.
	Errorf(format string, args ...any)
	// Fatalf ends the test, and does not return.
	Fatalf(format string, args ...any)
}

// Rehearsal is an actor system for a test of your own actors. Nothing happens in it
// by itself: the test runs mail and lets time pass. It belongs to the goroutine of
// the test: mail from another one goes nowhere and fails the test, which names who sent it.
type Rehearsal struct {
	// System is a usual actor system but for this: every actor that is spawned in it,
	// through System.Root or by another actor, has a mailbox that the test steps.
	System *actor.ActorSystem
	// Store and Net are what Outside reaches, with the faults that the test wants.
	Store *Store
	Net   *Net

	t         T
	random    *rand.Rand
	line      *Timeline
	scheduler *Scheduler
	clock     *Clock
	trace     *Trace
	senders   map[*actor.MessageEnvelope]string // of what is under way
	said      []Mail
	read      int // how much of it was expected
}

const (
	// rehearsed is how many lines of the trace a failed test shows.
	rehearsed = 60
	// mostSaid is how many messages may be delivered at one instant: more is mail that
	// goes round for ever.
	mostSaid = 20_000
)

// New returns a rehearsal for a test. The order in which mail of different senders
// is delivered depends on the seed, and on nothing else: try many. A test that fails
// shows its seed and what was said.
func New(t T, seed uint64) *Rehearsal {
	system := NewSystem()
	r := &Rehearsal{
		System: system.system, t: t, random: rand.New(rand.NewPCG(seed, 0x74726f757065)),
		line: &Timeline{}, senders: map[*actor.MessageEnvelope]string{},
	}
	r.scheduler = NewScheduler(r.random)
	home := r.scheduler.Home()
	r.clock = NewClock(r.line, home, Epoch, TrueRate)
	r.trace = NewTrace(r.line, r.scheduler.Steps)
	r.Store = NewStore(r.line)
	r.Net = NewNet(r.line, home, r.Store, r.random)
	r.Net.Note = r.trace.Say
	system.hear = func(level slog.Level, text string) {
		if level >= slog.LevelError {
			first, _, _ := strings.Cut(text, "\n")
			r.trace.Say("system", first)
		}
	}
	system.letters(func(d *actor.DeadLetterEvent) {
		if r.scheduler.admits(d.Sender.GetId(), d.PID, d.Message) {
			r.trace.Say("post", fmt.Sprintf("a dead letter to %s: %s", d.PID.GetId(), text(d.Message)))
		}
	})
	r.System.Root.WithSenderMiddleware(r.says).WithSpawnMiddleware(r.under(true))
	t.Cleanup(func() { r.end(seed) })
	return r
}

// end fails the test for mail that came from elsewhere since the last step.
func (r *Rehearsal) end(seed uint64) {
	if who := r.scheduler.foreign.Load(); who != nil && !r.t.Failed() {
		r.t.Errorf("sim: %s", *who)
	}
	if r.t.Failed() {
		r.t.Logf("seed %d: sim.New(t, %d) repeats it. What was said, in the end:\n%s", seed, seed, r.trace.End(rehearsed))
	}
}

// under spawns actors under the scheduler, and notes what they say and hear. What
// comes from the root needs all of it; the stage takes care of the mailboxes below.
func (r *Rehearsal) under(root bool) actor.SpawnMiddleware {
	return func(next actor.SpawnFunc) actor.SpawnFunc {
		return func(system *actor.ActorSystem, id string, props *actor.Props, parent actor.SpawnerContext) (*actor.PID, error) {
			if root {
				props = stage.Under(props, r.scheduler.Dispatcher())
			}
			return next(system, id, props.Clone(
				actor.WithSenderMiddleware(r.says), actor.WithReceiverMiddleware(r.hears), actor.WithSpawnMiddleware(r.under(false))), parent)
		}
	}
}

// says notes who sends, which nobody knows any more when mail is in a mailbox.
func (r *Rehearsal) says(next actor.SenderFunc) actor.SenderFunc {
	return func(c actor.SenderContext, to *actor.PID, e *actor.MessageEnvelope) {
		from := c.Self().GetId()
		if from == "" {
			from = e.Sender.GetId()
		}
		if from == "" {
			from = "root"
		}
		if r.scheduler.admits(from, to, e.Message) {
			r.senders[e] = from
			next(c, to, e)
		}
	}
}

// hears notes what is delivered.
func (r *Rehearsal) hears(next actor.ReceiverFunc) actor.ReceiverFunc {
	return func(c actor.ReceiverContext, e *actor.MessageEnvelope) {
		name := c.Self().GetId()
		switch e.Message.(type) {
		case *actor.Started:
			r.trace.Say(name, "starts")
		case *actor.Stopped:
			r.trace.Say(name, "has stopped")
		case *actor.Stopping, *actor.Restarting:
		default:
			m := Mail{From: r.senders[e], To: name, Message: e.Message}
			if m.From == "" {
				m.From = e.Sender.GetId()
			}
			delete(r.senders, e)
			r.said = append(r.said, m)
			r.trace.Say(name, m.heard())
		}
		next(c, e)
	}
}

// Spawn starts an actor under a name, as System.Root.SpawnNamed does.
func (r *Rehearsal) Spawn(name string, props *actor.Props) *actor.PID {
	r.t.Helper()
	pid, err := r.System.Root.SpawnNamed(props, name)
	if err != nil {
		r.t.Fatalf("sim: %s: %v", name, err)
	}
	return pid
}

// Outside returns the Props of an outside for a PartitionManager, or for an actor
// that asks for reminders: the bridge of production over Store, Net and Clock.
func (r *Rehearsal) Outside(cfg bridge.Config) *actor.Props {
	if cfg.Entropy == nil {
		cfg.Entropy = func() [16]byte { return entropy(r.random) }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(&logs{say: func(_ slog.Level, text string) { r.trace.Say("outside", text) }})
	}
	return bridge.Over(r.Net.Port(r.scheduler.Home(), "KV_"+cfg.Group), r.clock, cfg)
}

// Clock is the virtual clock, for actors that are given one. What is planned on it
// happens on the goroutine of the test.
func (r *Rehearsal) Clock() bridge.Clock { return r.clock }

// Now is how much time has passed.
func (r *Rehearsal) Now() time.Duration { return r.line.Now() }

// Step delivers one message, of a mailbox that the seed picks. It returns false if
// there is none. Time stands still.
func (r *Rehearsal) Step() bool {
	r.t.Helper()
	if who := r.scheduler.foreign.Load(); who != nil {
		r.t.Fatalf("sim: %s", *who)
	}
	return r.scheduler.Step()
}

// Run delivers mail until all is quiet. Time stands still.
func (r *Rehearsal) Run() {
	r.t.Helper()
	for n := 0; r.Step(); n++ {
		if n == mostSaid {
			r.t.Fatalf("sim: mail goes round: %d messages at one instant", n)
		}
	}
}

// Advance runs all mail and then moves time to the next reminder, or to whatever
// else is planned, such as an answer of the store. What comes then is in the
// mailboxes, and is delivered by Step or Run. It returns false if nothing is planned.
func (r *Rehearsal) Advance() bool {
	r.t.Helper()
	r.Run()
	return r.line.next()
}

// RunFor lets time pass, with all that happens meanwhile.
func (r *Rehearsal) RunFor(d time.Duration) {
	r.t.Helper()
	r.RunUntil(d, func() bool { return false })
}

// RunUntil lets time pass until all is quiet and done is true, for d at most. It
// reports whether that came about.
func (r *Rehearsal) RunUntil(d time.Duration, done func() bool) bool {
	r.t.Helper()
	limit := r.line.Now() + d
	for r.Run(); !done(); r.Run() {
		if !r.line.Advance(limit) {
			return false
		}
	}
	return true
}
