package sim

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Group is the name of the group in every world.
const Group = "sim"

// mostSteps is how many messages may run at one instant: more is mail that goes
// round for ever.
const mostSteps = 200_000

// Config describes a world.
type Config struct {
	Seed     uint64
	Settings partition.Settings
	// Partitions are what every process's source lists at first.
	Partitions []partition.Partition
	// Fresh and Replicas are those of bridge.Config: Fresh of the processes that are
	// there when time begins, Replicas of every process.
	Fresh    bool
	Replicas int
	// Delays: Process.Delay may be used, for which each message costs a little more.
	Delays bool
	// System to run in; a new one if nil.
	System *System
}

// World is a group of processes over one store.
type World struct {
	// Timeline, Store, Net, Check and Trace are there to be used.
	Timeline *Timeline
	Store    *Store
	Net      *Net
	Check    *Checker
	Trace    *Trace
	// Random is the world's source of randomness.
	Random *rand.Rand
	// Died, if set, is told of processes whose manager died of a panic.
	Died func(*Process)
	// Final, if set, is told of processes that say that only a restart helps them.
	Final func(*Process)

	cfg        Config
	reader     Reader
	settings   partition.Settings
	system     *System
	scheduler  *Scheduler
	names      names
	partitions []partition.Partition
	processes  []*Process
	looked     []*Process
	ever       int // is how many partitions were listed at most
	patience   int // is how many messages may run at one instant
	lead       partition.Lead
	dead       int // letters
	deaf       func()
	encounters encounters
	losing     *losing
	loses      bool // the store may lose something
}

// NewWorld returns a world without processes. It belongs to the calling
// goroutine; Close it before the next one in the same system.
func NewWorld(cfg Config) *World {
	if cfg.System == nil {
		cfg.System = NewSystem()
	}
	w := &World{
		Timeline: &Timeline{}, Random: rand.New(rand.NewPCG(cfg.Seed, 0x74726f757065)),
		cfg: cfg, settings: cfg.Settings.WithDefaults(), system: cfg.System, patience: mostSteps,
	}
	w.scheduler = NewScheduler(w.Random)
	w.scheduler.trusts = true
	w.Trace = NewTrace(w.Timeline, w.scheduler.Steps)
	w.Store = NewStore(w.Timeline)
	w.Net = NewNet(w.Timeline, w.scheduler.Home(), w.Store, w.Random)
	w.Net.Lengths = lengths(w.settings)
	w.Net.Note = w.Trace.Hum
	w.Check = NewChecker(w.Timeline)
	w.Check.available = w.settings.Ownership == partition.Available
	w.Check.rest.hold = w.settings.RestartHoldDown
	w.Check.lapse.notice = w.settings.PollInterval + w.settings.StoreTimeout + w.settings.LeaderLease
	w.Store.Observe(w.committed)
	w.encounters = encounters{world: w, published: map[string]partition.Step{}, heard: map[string]partition.Step{}, leaving: map[string]bool{}}
	w.Net.Refused, w.Net.Heard = w.encounters.refused, w.encounters.hears
	w.system.hear = w.logged
	w.deaf = w.system.letters(func(d *actor.DeadLetterEvent) {
		w.dead++
		w.Trace.Hum("post", fmt.Sprintf("a dead letter %T to %s", d.Message, d.PID.GetId()))
	})
	w.list(cfg.Partitions)
	return w
}

// Close ends the world with all that is in it.
func (w *World) Close() {
	w.deaf()
	for _, p := range w.processes {
		p.lane.End()
	}
	w.system.clear()
}

// committed is told of every publish that the store accepts.
func (w *World) committed(c Commit) {
	writes := w.reader.Read(c)
	w.encounters.committed(c, writes)
	for _, x := range writes {
		if r, ok := x.Record.(partition.Lead); ok {
			w.lead = r
		}
		text, hum := w.names.say(x)
		w.Trace.add(Line{w.Timeline.Now(), c.By, text, hum})
	}
	w.Check.Committed(c, writes)
}

// logged is what the actor system says: an error is a panic of an actor, which
// must not happen, unless it is a habit. The rest depends on its own clock.
func (w *World) logged(level slog.Level, text string) {
	if level >= slog.LevelError && !strings.HasSuffix(text, Habitual) && !w.meant(text) {
		w.Trace.Hum("system", text)
		w.Check.violate("Panic", "%s", text)
	}
}

// Run lets time go on for d, or until an invariant is broken. It reports whether
// all is well.
func (w *World) Run(d time.Duration) bool {
	limit := w.Timeline.Now() + d
	for w.drain() && w.Timeline.Advance(limit) {
	}
	return len(w.Check.broken) == 0
}

// RunUntil lets time go on until done is true, for d at most. It reports whether
// that came about.
func (w *World) RunUntil(d time.Duration, done func() bool) bool {
	limit := w.Timeline.Now() + d
	for w.drain() && !done() {
		if !w.Timeline.Advance(limit) {
			return w.drain() && done()
		}
	}
	return len(w.Check.broken) == 0
}

// drain runs all mail of this instant.
func (w *World) drain() bool {
	for n := 0; len(w.Check.broken) == 0 && w.scheduler.Step(); n++ {
		if n == w.patience {
			w.Check.violate("I9", "mail goes round: %d messages at one instant", n)
		}
	}
	if w.Timeline.Due() {
		return len(w.Check.broken) == 0
	}
	w.looked = append(w.looked[:0], w.processes...)
	for _, p := range w.looked {
		w.bounded(p)
		if p.stopped != nil || p.died {
			p.bury()
		}
	}
	w.Check.Instant()
	return len(w.Check.broken) == 0
}

// Broken returns the first violation as text, with the end of the trace; empty if
// there is none.
func (w *World) Broken(lines int) string {
	if len(w.Check.broken) == 0 {
		return ""
	}
	return w.Check.broken[0].String() + "\n\n" + w.Trace.End(lines)
}

// final: a process has said that only a restart helps.
func (w *World) final(p *Process) {
	p.meets(final)
	if w.Final != nil {
		w.Final(p)
	}
}

// Processes returns those that run or are paused, in the order they started.
func (w *World) Processes() []*Process { return slices.Clone(w.processes) }

// Leader returns the process that leads, as the store says; nil if none does or
// it is gone.
func (w *World) Leader() *Process {
	s := w.Check.sessions[w.lead.Session]
	if s == nil || w.lead.Released {
		return nil
	}
	return w.find(s.process)
}

func (w *World) find(name string) *Process {
	for _, p := range w.processes {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// List changes what the source of every process lists.
func (w *World) List(list []partition.Partition) {
	w.list(list)
	w.encounters.handsOver(sourceInHandOver)
	w.Trace.Say("world", fmt.Sprintf("the source lists %d partitions", len(list)))
	for _, p := range w.processes {
		p.send(messages.UpdatePartitions{Partitions: list})
	}
}

func (w *World) list(list []partition.Partition) {
	w.partitions, w.ever = list, max(w.ever, len(list))
	ids := make([]partition.PartitionID, len(list))
	for i, p := range list {
		ids[i] = p.ID()
		w.Check.rest.other = w.Check.rest.other || p.Weight != 0 || p.Zone != "" || p.Pinned != "" || p.Labels != nil
	}
	w.Check.Listed(ids)
}

// Partitions are what the sources list now.
func (w *World) Partitions() []partition.Partition { return slices.Clone(w.partitions) }

// Settings are those of the group, defaults filled in.
func (w *World) Settings() partition.Settings { return w.settings }

// Steps counts the messages that were delivered.
func (w *World) Steps() uint64 { return w.scheduler.Steps() }

// DeadLetters counts mail that found nobody.
func (w *World) DeadLetters() int { return w.dead }

// Plan lets something happen when d has passed.
func (w *World) Plan(d time.Duration, do func()) { w.Timeline.After(d, w.scheduler.Home(), Plans, do) }

// deletion is how long the server takes to delete a stream.
const deletion = 100 * time.Millisecond

// Recreate deletes the stream, if there is one; the processes make a new one.
func (w *World) Recreate() {
	if !w.Store.Delete("KV_"+Group, deletion) {
		return
	}
	w.encounters.handsOver(recreatedInHandOver)
	w.Trace.Say("world", "the stream is deleted")
}

func (w *World) bridge(p *Process) bridge.Config {
	return bridge.Config{
		Group: Group, Fresh: p.Habits.Fresh || w.cfg.Fresh && w.Timeline.Now() == 0, Replicas: w.cfg.Replicas,
		Entropy: func() [16]byte { return entropy(w.Random) },
		Logger:  slog.New(&logs{say: func(_ slog.Level, text string) { w.Trace.Hum(p.Name, text) }}),
	}
}

// entropy is what nonces are made of.
func entropy(rng *rand.Rand) (e [16]byte) {
	for i := range e {
		e[i] = byte(rng.UintN(256))
	}
	return e
}
