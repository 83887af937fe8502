package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/troupe-actors/troupe/partition"
)

// ConsumerConfig says which messages a worker handles, and how. Stream, Name, Subjects
// and Handle are needed.
type ConsumerConfig struct {
	// Stream has the messages. It must exist.
	Stream string
	// Name begins the names of the consumers, and tells applications apart that read
	// one stream: 1 to 32 of A-Z, a-z, 0-9, '_' and '-'.
	Name string
	// Group, if not empty, is the name of the workers' group (Config.Group), for groups that
	// read one stream under one Name: each has consumers of its own then, and Tidy leaves
	// those of the others alone. Set later, it means other consumers, as another Name does.
	Group string
	// Subjects is the template of what each consumer filters for.
	Subjects partition.Subjects
	// Handle works on one message; those of a partition are handled one after the
	// other. If it returns nil, the message is acknowledged, unless Handle has done so
	// in its own way; if it fails or panics, the message comes again, later, while
	// others go on. The context ends when the partition was taken away and the time to
	// finish is over: what is returned then counts for nothing, and the message comes
	// to the next owner.
	Handle func(ctx context.Context, o partition.Owned, m *nats.Msg) error
	// Pull is how many messages of a partition are here at most; 0 means 100. It is never
	// more than the consumer's MaxAckPending.
	Pull int
	// MaxDeliver, if not 0, is after how many deliveries a message that fails again, or from
	// which two handlers in a row did not return, goes to DeadLetter, a subject that a stream
	// must keep. Otherwise it comes for ever.
	MaxDeliver int
	DeadLetter string
	// Consumer has the settings of each consumer, as far as they are not made here: from
	// where a new one begins (DeliverPolicy), its MaxAckPending, replicas and storage.
	// AckWait, by default 10 s, is how long the messages of a worker that crashed are
	// waited for; a long Handle needs no longer one.
	Consumer jetstream.ConsumerConfig
	// Logger hears of what fails; slog.Default if nil.
	Logger *slog.Logger
}

func (c ConsumerConfig) withDefaults() ConsumerConfig {
	if c.Pull == 0 {
		c.Pull = 100
	}
	if most := c.Consumer.MaxAckPending; most > 0 {
		c.Pull = min(c.Pull, most)
	}
	if c.Consumer.AckWait == 0 {
		c.Consumer.AckWait = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// whose begins the names of the consumers: of this application, in this group if it is named.
func (c ConsumerConfig) whose() string {
	if c.Group == "" {
		return c.Name
	}
	return c.Name + "+" + c.Group
}

// Validate reports every rule that the configuration breaks, or nil.
func (c ConsumerConfig) Validate() error {
	strange := func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}
	own := c.Consumer
	var faults []error
	for _, rule := range []struct {
		broken      bool
		field, rule string
	}{
		{c.Stream == "", "Stream", "the name of a stream"},
		{c.Name == "" || len(c.Name) > 32 || strings.ContainsFunc(c.Name, strange), "Name", "1 to 32 characters out of A-Z, a-z, 0-9, _ and -"},
		{len(c.Group) > maxGroup || strings.ContainsFunc(c.Group, strange), "Group", fmt.Sprintf("empty, or 1 to %d characters out of A-Z, a-z, 0-9, _ and -", maxGroup)},
		{c.Handle == nil, "Handle", "a function"},
		{c.Pull < 0, "Pull", "0 or more"},
		{c.MaxDeliver < 0, "MaxDeliver", "0 or more"},
		{(c.MaxDeliver > 0) != (c.DeadLetter != ""), "DeadLetter", "set if, and only if, MaxDeliver is"},
		{strings.ContainsAny(c.DeadLetter, "*> "), "DeadLetter", "a subject without wildcards"},
		{own.Name != "" || own.Durable != "", "Consumer.Durable", "empty: each partition's consumer has its own name"},
		{own.FilterSubject != "" || len(own.FilterSubjects) > 0, "Consumer.FilterSubject", "empty: Subjects says it"},
		{own.AckPolicy != jetstream.AckExplicitPolicy, "Consumer.AckPolicy", "AckExplicitPolicy"},
		{own.MaxDeliver != 0 || len(own.BackOff) > 0, "Consumer.MaxDeliver", "0: the server drops what is above it, MaxDeliver with DeadLetter does not"},
		{own.PriorityPolicy != 0 || len(own.PriorityGroups) > 0, "Consumer.PriorityPolicy", "0: the consumers are pinned to their owner"},
		{own.DeliverSubject != "" || own.HeadersOnly, "Consumer.DeliverSubject", "empty: messages are pulled, whole"},
	} {
		if rule.broken {
			faults = append(faults, fmt.Errorf("%s must be %s", rule.field, rule.rule))
		}
	}
	if err := errors.Join(append(faults, c.Subjects.Validate())...); err != nil {
		return fmt.Errorf("bridge.ConsumerConfig: %w", err)
	}
	return nil
}

// Consumers are JetStream consumers, one for each partition, over a connection that the
// caller owns: their Props are for actors.Config.Partition.
//
// Whoever owns a partition first makes its consumer, which is durable and stays; only
// its owner pulls, and the server delivers to one who pulls at a time. When the
// partition is taken away pulling stops, the message in work is finished, all others
// that are here are given back, and then another worker may own the partition. Nothing
// is lost, and what a handler finishes in time is neither handled twice nor out of order;
// docs/consuming.md names the exceptions. When a worker crashes, what it had here comes
// to the next owner after AckWait.
//
// Messages go from the pull to the handler: no mailbox is between them.
type Consumers struct {
	cfg      ConsumerConfig
	port     *natsPort
	js       jetstream.JetStream
	within   time.Duration // what a question to the server may take
	props    func(partition.Owned) *actor.Props
	troubles troubles
	gate     gate
	slots    chan struct{} // one for each that the server may be asked about at a time
}

// maxAsking bounds the questions to the server when many partitions begin at once.
const maxAsking = 16

// Consume returns the consumers of a worker. The server is not asked for anything yet.
func Consume(nc *nats.Conn, cfg ConsumerConfig) (*Consumers, error) {
	if nc == nil {
		return nil, errNoConnection
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	within := partition.Default().StoreTimeout
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(within))
	if err != nil {
		return nil, fmt.Errorf("bridge.Consume: %w", err)
	}
	c := &Consumers{cfg: cfg.withDefaults(), port: newNATSPort(nc, ""), js: js, within: within, slots: make(chan struct{}, maxAsking)}
	c.props = handlerFunc(c.work)
	return c, nil
}

// Props makes the actor of one partition, for actors.Config.Partition.
func (c *Consumers) Props(o partition.Owned) *actor.Props { return c.props(o) }

// Err joins the reasons why partitions that are owned are not pulled now, though they
// should be. It is nil if all are.
func (c *Consumers) Err() error { return c.troubles.join() }

// Pause stops pulling on this worker, which owns what it owned. The messages in work
// are finished, all others that are here are given back.
func (c *Consumers) Pause() { c.gate.close() }

// Resume ends a Pause.
func (c *Consumers) Resume() { c.gate.open() }

// work keeps one partition pulled until it is taken away. Whatever goes wrong, all is
// begun again.
func (c *Consumers) work(ctx, last context.Context, o partition.Owned) error {
	defer c.troubles.clear(o.ID)
	for failures := uint64(0); ; {
		open, leave, ok := c.gate.pass(ctx)
		if !ok {
			return context.Cause(ctx)
		}
		began, err := c.serve(open, last, o)
		paused := open.Err() != nil
		leave()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case paused, errors.Is(err, errUnknown):
			failures = 0
			continue
		case began:
			failures = 0
		}
		failures++
		c.troubles.set(o.ID, err)
		c.cfg.Logger.Warn("a partition is not pulled", slog.String("partition", string(o.ID)), slog.Any("reason", err))
		select {
		case <-time.After(backoff(failures)):
		case <-ctx.Done():
		}
	}
}

// serve pulls one partition until the context ends or something goes wrong.
func (c *Consumers) serve(ctx, last context.Context, o partition.Owned) (began bool, err error) {
	name, err := c.ready(ctx, o)
	if err != nil {
		return false, err
	}
	p := &pull{c: c, owned: o, name: name, last: last}
	p.ctx, p.fail = context.WithCancelCause(ctx)
	defer p.fail(nil)
	if err := p.begin(); err != nil {
		return false, err
	}
	c.troubles.clear(o.ID)
	p.run()
	return true, context.Cause(p.ctx)
}

// ready returns the name of a partition's consumer, which is there, when it is its turn
// to ask.
func (c *Consumers) ready(ctx context.Context, o partition.Owned) (name string, err error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
		return c.Durable(o), c.ensure(ctx, o)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
