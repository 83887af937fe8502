package bridge

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Limits of the outside.
const (
	// MaxInFlight is how many writes are under way at a time. As many reads may be
	// under way too; one more fails.
	MaxInFlight = 128
	// MaxQueued is how many wait for their turn; what comes on top is rejected.
	MaxQueued = 4096
	// MaxBatch is how many messages one atomic batch may have: the server's limit.
	MaxBatch = 1000
	// timeoutsToMove is after how many StoreTimeouts in a row without an answer the
	// connection moves to another server: it may be on an isolated one. Each move in
	// vain doubles it, doublingsToMove times at most.
	timeoutsToMove, doublingsToMove = 3, 4
)

// Over returns the Props of the outside over this port and clock. A configuration
// that breaks a rule is reported as messages.StoreFailed, and is final.
func Over(port Port, clock Clock, cfg Config) *actor.Props {
	return stage.Props(func() actor.Actor {
		return &outside{port: port, clock: clock, cfg: cfg.withDefaults()}
	})
}

// outside owns the connection to the store and all timers. It hears whoever asks
// it, and answers them; its parent learns what becomes of the stream. If it
// stops, nothing of it stays behind.
type outside struct {
	port  Port
	clock Clock
	cfg   Config
	times messages.OpenStore
	log   *slog.Logger        // knows the present session
	base  *slog.Logger        // knows the group
	own   partition.SessionID // which log knows
	id    partition.WorkerID  // of the latest session

	send    func(any) // mail to oneself, from any goroutine
	tell    func(to *actor.PID, mail any)
	parent  *actor.PID
	dice    partition.Dice
	rolls   uint64
	stopped func() // ends listening to the connection

	stream  stream
	ops     ops
	reads   map[uint64]*reading
	denied  map[messages.Key]bool // what may not be read, as was logged
	watches watches
	clients map[string]*client
	former  former
	faults  faults
	counts  counts
	count   uint64 // of everything that is numbered here
	timers  map[uint64]func()

	recorder *recorder // nil if nothing is to be kept
}

// client is an actor that asked for something; what is kept for it ends with it.
type client struct {
	pid    *actor.PID
	timers map[uint64]bool
	// asked and wrote: it dealt with records of the present incarnation.
	asked, wrote bool
	bases        bases
}

// Receive implements actor.Actor.
func (o *outside) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		o.start(ctx)
	case *actor.Stopping:
		o.stop()
	case *actor.Terminated:
		o.forget(m.Who)
	case messages.OpenStore:
		o.begins(ctx, m)
	case messages.Remind:
		o.remind(ctx, m)
	case messages.GetTime:
		o.answer(o.client(ctx), messages.Time{At: o.clock.Now()})
	case due:
		o.ring(ctx, m)
	case messages.Store:
		o.store(ctx, m)
	case messages.Read:
		o.read(ctx, m)
	case messages.Watch:
		o.watch(ctx, m)
	case messages.Unwatch:
		o.unwatch(ctx, m)
	case messages.AlertRaised:
		o.alert(m)
	case messages.HandOverStalled:
		o.stalled(m)
	case messages.KeepMail:
		o.record(ctx, m)
	case messages.GetCounts:
		o.tell(ctx.Sender(), o.counts.told())
	default:
		o.receiveOwn(ctx, m)
	}
}

// receiveOwn handles what the port and the clock reported.
func (o *outside) receiveOwn(ctx actor.Context, mail any) {
	switch m := mail.(type) {
	case opDone:
		o.opEnded(ctx, m.id, m.result)
	case opLate:
		o.opTimedOut(ctx, m.id)
	case proveAgain:
		o.submit(m.x)
	case readDone:
		o.gotten(ctx, m)
	case readSights:
		o.readSaw(ctx, m)
	case readLate:
		o.readTimedOut(ctx, m.id)
	case watchSights:
		o.saw(ctx, m)
	case watchGone:
		o.watchEnded(ctx, m)
	case watchAgain:
		o.rewatch(m)
	case probeDue:
		o.probe()
	case probed:
		o.probeEnded(m)
	case infoDone:
		o.informed(ctx, m)
	case infoLate:
		o.infoTimedOut(ctx, m)
	case markDone:
		o.marked(m)
	case markLate:
		o.markTimedOut(m)
	case createDone:
		o.created(ctx, m)
	case openAgain:
		o.look(m.try)
	case signalled:
		o.signal(ctx, m.signal)
	case formerGone:
		delete(o.former, m.name)
	}
}

func (o *outside) start(ctx actor.Context) {
	self := ctx.Self()
	o.tell = stage.Post(ctx.ActorSystem())
	o.send = func(m any) { o.tell(self, m) }
	o.parent = ctx.Parent()
	o.base = o.cfg.Logger.With("group", o.cfg.Group)
	o.log = o.base
	o.counts = newCounts()
	o.ops.pending, o.reads, o.denied = map[uint64]*op{}, map[uint64]*reading{}, map[messages.Key]bool{}
	o.clients, o.timers = map[string]*client{}, map[uint64]func(){}
	o.watches.byID, o.former = map[uint64]*watching{}, former{}
	o.stream.phase = closed
}

// begins opens the store. Until then nothing is asked of the port.
func (o *outside) begins(ctx actor.Context, m messages.OpenStore) {
	o.times = m
	err := o.cfg.Validate()
	if o.port == nil {
		err = errors.Join(err, errNoConnection)
	}
	if err == nil && m.Record != "" {
		o.recorder, err = newRecorder(m.Record, o.cfg.Group)
	}
	if err != nil {
		o.fail(ctx, err.Error(), true)
		return
	}
	o.dice = partition.Dice{Entropy: o.cfg.Entropy()}
	o.stopped = o.port.Listen(func(s Signal) { o.send(signalled{s}) })
	o.after(o.times.PollInterval, probeDue{})
	o.look(o.stream.try)
}

// stop ends everything that would outlive the actor.
func (o *outside) stop() {
	if o.stopped != nil {
		o.stopped()
	}
	for _, id := range slices.Sorted(maps.Keys(o.timers)) {
		o.timers[id]()
	}
	for _, id := range slices.Sorted(maps.Keys(o.ops.pending)) {
		o.ops.pending[id].cancel()
	}
	for _, id := range slices.Sorted(maps.Keys(o.reads)) {
		o.reads[id].end()
	}
	for _, w := range o.watches.list {
		w.end()
	}
	if o.stream.cancel != nil {
		o.stream.cancel()
	}
	o.endMark()
	if o.recorder != nil {
		o.gap(o.recorder.stop())
	}
}

// number returns a number that nothing else here has.
func (o *outside) number() uint64 {
	o.count++
	return o.count
}

// client returns the entry of whoever sent the present message.
func (o *outside) client(ctx actor.Context) *client {
	pid := ctx.Sender()
	if pid == nil {
		panic(fmt.Sprintf("bridge: %T without a sender: nobody could be answered", ctx.Message()))
	}
	c := o.clients[pid.Id]
	if c == nil {
		c = &client{pid: pid, timers: map[uint64]bool{}, bases: bases{}}
		o.clients[pid.Id] = c
		if !pid.Equal(o.parent) { // with which this ends, too
			ctx.Watch(pid)
		}
	}
	return c
}

// answer tells a client, unless it has ended since it asked.
func (o *outside) answer(c *client, mail any) {
	if o.clients[c.pid.Id] == c {
		o.tell(c.pid, mail)
	}
}

// forget ends what is kept for a client that has ended.
func (o *outside) forget(pid *actor.PID) {
	c := o.clients[pid.Id]
	if c == nil {
		return
	}
	delete(o.clients, pid.Id)
	o.ended(pid.Id)
	for _, id := range slices.Sorted(maps.Keys(c.timers)) {
		o.timers[id]()
		delete(o.timers, id)
	}
	o.watches.drop(func(w *watching) bool { return w.client == c })
}
