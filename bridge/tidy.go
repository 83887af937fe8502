package bridge

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Tidy deletes the consumers of partitions that have not been in the source for so long,
// until stop is called or the manager has ended. Every worker calls it; the one that leads
// does it. Groups that read one stream under one Name must each say so (ConsumerConfig.Group):
// otherwise one deletes what only the other has partitions for. On a stream with
// InterestPolicy nothing is deleted, as with a consumer its messages may go: the log says
// what is left there.
func (c *Consumers) Tidy(system *actor.ActorSystem, manager *actor.PID, grace time.Duration) (stop func()) {
	t := &tidier{c: c, manager: manager, grace: grace, since: map[string]time.Time{}}
	pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return t }))
	return func() { t.ending.Do(func() { system.Root.Stop(pid) }) }
}

// tidier owns since when a consumer has had no partition. It asks the manager whether
// this worker leads and which partitions there are, and the server which consumers.
type tidier struct {
	c       *Consumers
	manager *actor.PID
	grace   time.Duration
	since   map[string]time.Time
	told    bool // of what is left on a stream with InterestPolicy
	listed  consumerList
	timer   func()
	ops     []func() // end what is under way
	ending  sync.Once
	alone   bool // the manager has ended
}

// consumerList is what the server has of ours, by partition.
type consumerList struct {
	keep bool // nothing may be deleted
	of   map[partition.PartitionID][]durable
	err  error
}

type durable struct {
	name    string
	entered partition.Step
}

// lookDue is a reminder of a tidier to itself.
type lookDue struct{}

// Receive implements actor.Actor.
func (t *tidier) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Watch(t.manager)
		t.later(ctx)
	case lookDue:
		ctx.Request(t.manager, messages.GetSnapshot{})
	case messages.Snapshot:
		t.look(ctx, m.Leading)
	case consumerList:
		t.ask(ctx, m)
	case messages.Owner:
		t.judge(m)
	case *actor.Terminated:
		t.alone = true
		ctx.Send(ctx.Self(), over{}) // it overtakes mail
	case over:
		t.ending.Do(func() { ctx.Stop(ctx.Self()) })
	case *actor.Stopping:
		t.end(ctx)
	}
}

// later looks again when a quarter of the grace is over.
func (t *tidier) later(ctx actor.Context) {
	root, self := ctx.ActorSystem().Root, ctx.Self()
	t.timer = RealClock{}.AfterFunc(t.grace/4, func() { root.Send(self, lookDue{}) })
}

func (t *tidier) look(ctx actor.Context, leads bool) {
	if !leads {
		clear(t.since) // who leads counts for itself
		t.later(ctx)
		return
	}
	root, self := ctx.ActorSystem().Root, ctx.Self()
	t.ops = append(t.ops[:0], t.c.port.spawn(func(ctx context.Context) {
		if l := t.c.list(ctx); ctx.Err() == nil {
			root.Send(self, l)
		}
	}))
}

// list asks the server which consumers there are of this application.
func (c *Consumers) list(ctx context.Context) consumerList {
	stream, err := c.js.Stream(ctx, c.cfg.Stream)
	if err != nil {
		return consumerList{err: err}
	}
	l := consumerList{keep: stream.CachedInfo().Config.Retention == jetstream.InterestPolicy, of: map[partition.PartitionID][]durable{}}
	all := stream.ListConsumers(ctx)
	for info := range all.Info() {
		if id, entered, ours := c.ours(info); ours {
			l.of[id] = append(l.of[id], durable{info.Name, entered})
		}
	}
	l.err = all.Err()
	return l
}

// ask asks about each partition that has a consumer.
func (t *tidier) ask(ctx actor.Context, l consumerList) {
	t.later(ctx)
	if l.err != nil {
		t.c.cfg.Logger.Warn("consumers are not tidied", slog.Any("reason", l.err))
		return
	}
	t.take(l)
	for id := range l.of {
		ctx.Request(t.manager, messages.GetOwner{Partition: id})
	}
}

// take notes what there is. Of what somebody else has deleted nothing is kept.
func (t *tidier) take(l consumerList) {
	t.listed = l
	there := map[string]bool{}
	for _, all := range l.of {
		for _, d := range all {
			there[d.name] = true
		}
	}
	maps.DeleteFunc(t.since, func(name string, _ time.Time) bool { return !there[name] })
}

// judge deletes what has been without its partition for long enough. A partition that is
// there since a later step was removed in between.
func (t *tidier) judge(m messages.Owner) {
	for _, d := range t.listed.of[m.Partition] {
		if !m.Gone && m.Entered <= d.entered { // or it is not known
			delete(t.since, d.name)
			continue
		}
		since, known := t.since[d.name]
		switch {
		case !known:
			t.since[d.name] = time.Now()
		case time.Since(since) < t.grace:
		case t.listed.keep:
			t.tell(d.name)
		default:
			delete(t.since, d.name)
			t.ops = append(t.ops, t.c.port.spawn(func(ctx context.Context) { t.c.remove(ctx, d.name) }))
		}
	}
}

func (t *tidier) tell(name string) {
	if !t.told {
		t.told = true
		t.c.cfg.Logger.Warn("consumers of removed partitions are left: with them messages may go", slog.String("consumer", name))
	}
}

func (c *Consumers) remove(ctx context.Context, name string) {
	err := c.js.DeleteConsumer(ctx, c.cfg.Stream, name)
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		c.cfg.Logger.Warn("a consumer is not deleted", slog.String("consumer", name), slog.Any("reason", err))
		return
	}
	c.cfg.Logger.Info("the consumer of a removed partition is deleted", slog.String("consumer", name))
}

func (t *tidier) end(ctx actor.Context) {
	if t.timer != nil {
		t.timer()
	}
	for _, cancel := range t.ops {
		cancel()
	}
	if !t.alone {
		ctx.Unwatch(t.manager)
	}
}
