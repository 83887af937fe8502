package bridge

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

var errBad = errors.New("it failed")

// What is in work is finished, and what waits is given back: the next owner has it at
// once and in order.
//
// hazard 52
func TestConsumers_FinishAndGiveBack(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.Consumer.AckWait = 3 * time.Second
	acked, prolonged := m.acks("+ACK"), m.acks("+WPI")
	c, first := m.open(owner(1))
	m.send("one", "two", "three", "four")
	one := m.next("one")
	m.here(prolonged, 4)
	m.revoke(first)
	require.NoError(t, one.ctx.Err(), "there is time to finish")
	require.Empty(t, m.ended, "it is still in work")
	one.end <- nil
	m.gone(first)
	require.Empty(t, m.calls, "nothing more is begun")
	for _, group := range m.info(c.Durable(owner(1))).PriorityGroups {
		require.Empty(t, group.PinnedClientID, "the server knows nobody as the owner")
	}

	m.cfg.Pull = 2 // so that not all that was given back comes at once
	_, second := m.open(owner(2))
	for _, text := range []string{"two", "three", "four"} {
		d := m.next(text)
		require.Equal(t, partition.Token(2), d.owned.Token)
		d.end <- nil
	}
	m.revoke(second)
	m.gone(second)
	for range 4 {
		await(t, acked, "an acknowledgement of each")
	}
}

// What was given back comes in the order of the stream, in whatever order that was done.
//
// hazard 52
func TestConsumers_InTheOrderOfTheStream(t *testing.T) {
	m := openMill(t, jetstream.WorkQueuePolicy)
	c, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	require.NoError(t, c.ensure(t.Context(), owner(1)))
	texts := []string{"one", "two", "three"}
	m.send(texts...)
	inbox, err := m.nc.SubscribeSync(m.nc.NewInbox())
	require.NoError(t, err)
	require.NoError(t, m.nc.PublishRequest(apiPrefix+"CONSUMER.MSG.NEXT.WORK."+c.Durable(owner(1)), inbox.Subject, []byte(`{"batch":3,"group":"owner"}`)))
	var got []*nats.Msg
	for range texts {
		msg, err := inbox.NextMsg(patience)
		require.NoError(t, err)
		got = append(got, msg)
	}
	for _, msg := range slices.Backward(got) {
		_, err := m.nc.Request(msg.Reply, []byte("-NAK"), patience)
		require.NoError(t, err)
	}
	_, pid := m.open(owner(1))
	for _, text := range texts {
		m.next(text).end <- nil
	}
	m.revoke(pid)
	m.gone(pid)
}

// A partition changes hands again and again while messages stream in. Each is handled
// once, in order, though at each change many are on their way.
//
// hazard 52
func TestConsumers_ManyHandOvers(t *testing.T) {
	openMill(t, jetstream.WorkQueuePolicy).manyHandOvers(30)
}

// hazard 52
func TestConsumers_ManyHandOversOfReplicas(t *testing.T) {
	cluster, err := embedded.StartCluster(embedded.Config{Dir: t.TempDir(), ReadyWithin: patience}, 3)
	require.NoError(t, err)
	t.Cleanup(cluster.Stop)
	newMill(t, jetstream.WorkQueuePolicy, 3, cluster.URL(0)).manyHandOvers(10)
}

// manyHandOvers lets so many owners follow each other.
func (m *mill) manyHandOvers(most partition.Token) {
	t, messages := m.t, 4000
	var got []int // by one owner at a time
	for i := range messages {
		_, err := m.js.PublishAsync("work.p", []byte(strconv.Itoa(i)))
		require.NoError(t, err)
	}
	await(t, m.js.PublishAsyncComplete(), "all are in the stream")
	for token := range most {
		handled, revoked := make(chan int), make(chan bool)
		m.cfg.Handle = func(_ context.Context, _ partition.Owned, msg *nats.Msg) error {
			n, err := strconv.Atoi(string(msg.Data))
			got = append(got, n)
			select { // nobody handles more than its share, that there is one for the others
			case handled <- n:
			case <-revoked:
			}
			return err
		}
		_, pid := m.open(owner(token + 1))
		for range max(10*int(token%3), 1) { // some are revoked after the first
			await(t, handled, "a message")
		}
		if token == most-1 {
			for n := 0; n < messages-1; {
				n = await(t, handled, "the rest")
			}
		}
		m.revoke(pid)
		close(revoked)
		m.gone(pid)
	}
	require.Equal(t, messages, len(got)) //nolint:testifylint // all of them are too much to read
	for i, n := range got {
		require.Equal(t, i, n, "once and in order")
	}
}

// When the lease is over, what is returned then counts for nothing: the message comes to
// the next owner.
func TestConsumers_TooLateCountsForNothing(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.LimitsPolicy)
	m.cfg.Consumer.AckWait = 3 * time.Second
	acked := m.acks("+ACK")
	_, pid := m.open(owner(1))
	m.send("one")
	one := m.next("one")
	m.system.Root.Send(m.keeper, stopChild{pid}) // as when a lease ends
	await(t, one.ctx.Done(), "the end of the context")
	m.gone(pid)
	one.end <- nil
	_, pid = m.open(owner(2))
	again := m.next("one")
	require.Equal(t, partition.Token(2), again.owned.Token)
	require.Empty(t, acked)
	again.end <- nil
	await(t, acked, "an acknowledgement")
	m.revoke(pid)
	m.gone(pid)
}

// A message that fails comes again; after MaxDeliver it is put aside, with what is
// needed to know it. A panic is a failure, and stops nothing else.
//
// hazard 55
func TestConsumers_DeadLetter(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.MaxDeliver, m.cfg.DeadLetter = 2, "dead.work"
	_, pid := m.open(owner(7))
	m.send("bad")
	m.next("bad").end <- errPanic
	m.next("bad").end <- errBad
	m.send("good")
	m.next("good").end <- nil
	m.revoke(pid)
	m.gone(pid)
	info, err := m.stream.Info(t.Context())
	require.NoError(t, err)
	require.Zero(t, info.State.Msgs, "the queue is empty")
	dead, err := m.js.Stream(t.Context(), "DEAD")
	require.NoError(t, err)
	letter, err := dead.GetMsg(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "bad", string(letter.Data))
	for header, want := range map[string]string{
		HeaderReason: "it failed", HeaderSubject: "work.p", HeaderSequence: "1", HeaderPartition: "p", HeaderToken: "7",
	} {
		require.Equal(t, want, letter.Header.Get(header))
	}
}

// What is in work and what waits for it is not delivered again, however long it takes.
func TestConsumers_LongWork(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.LimitsPolicy)
	m.cfg.Consumer.AckWait = 3 * time.Second
	c, pid := m.open(owner(1))
	m.send("long", "waits")
	long := m.next("long")
	prolonged := m.acks("+WPI")
	for range 4 { // for longer than AckWait
		m.here(prolonged, 2)
	}
	require.Zero(t, m.info(c.Durable(owner(1))).NumRedelivered)
	long.end <- nil
	m.next("waits").end <- nil
	m.revoke(pid)
	m.gone(pid)
	require.Empty(t, m.calls)
}

func TestConsumers_Pause(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.LimitsPolicy)
	m.cfg.Consumer.AckWait = 3 * time.Second
	given, prolonged := m.acks("-NAK"), m.acks("+WPI")
	c, pid := m.open(owner(1))
	m.send("one", "two")
	one := m.next("one")
	m.here(prolonged, 2)
	c.Pause()
	c.Pause()
	one.end <- nil
	await(t, given, "what waits is given back")
	require.Empty(t, m.ended, "it is still owned")
	m.send("three")
	require.Zero(t, m.info(c.Durable(owner(1))).NumWaiting, "nobody pulls")
	c.Resume()
	c.Resume()
	for _, text := range []string{"two", "three"} {
		m.next(text).end <- nil
	}
	c.Pause()
	m.revoke(pid)
	m.gone(pid)
}

// hazard 51
func TestConsumers_Durable(t *testing.T) {
	keys := rapid.SliceOfN(rapid.OneOf(rapid.StringN(1, 40, 160), rapid.StringMatching(`[a-z=+.\-]{1,4}`)), 1, 3)
	names, groups := rapid.StringMatching(`[a-z\-_]{1,4}`), rapid.StringMatching(`[a-z\-_]{0,4}`)
	rapid.Check(t, func(r *rapid.T) {
		made := func(what string) (string, []any) {
			c := &Consumers{cfg: ConsumerConfig{Name: names.Draw(r, what), Group: groups.Draw(r, what)}}
			p := partition.Partition{Keys: keys.Draw(r, what)}
			o := partition.Owned{ID: p.ID(), Entered: partition.Step(rapid.IntRange(1, 20).Draw(r, what))}
			name := c.Durable(o)
			require.Less(r, len(name), 256)
			require.False(r, strings.ContainsAny(name, ".*>/\\ \t\r\n"), name)
			return name, []any{[2]string{c.cfg.Name, c.cfg.Group}, o}
		}
		one, a := made("one")
		two, b := made("two")
		require.Equal(r, one == two, a[0] == b[0] && a[1] == b[1])
	})
	c := &Consumers{cfg: ConsumerConfig{Name: "shop"}}
	require.Equal(t, "shop+orders=eu+12", c.Durable(partition.Owned{ID: "orders.eu", Entered: 12}), "people can read it")
	c.cfg.Group = "eu-west"
	require.Equal(t, "shop+eu-west+orders=eu+12", c.Durable(partition.Owned{ID: "orders.eu", Entered: 12}))
}

func TestConsumerConfig_Validate(t *testing.T) {
	_, err := Consume(nil, ConsumerConfig{})
	require.ErrorIs(t, err, errNoConnection)
	require.NoError(t, (&mill{}).valid().Validate())
	for rule, change := range map[string]func(*ConsumerConfig){
		"Stream must be the name":                   func(c *ConsumerConfig) { c.Stream = "" },
		"Name must be 1 to 32":                      func(c *ConsumerConfig) { c.Name = "a.b" },
		"Group must be empty, or 1 to 64":           func(c *ConsumerConfig) { c.Group = "a.b" },
		"Handle must be a function":                 func(c *ConsumerConfig) { c.Handle = nil },
		"Pull must be":                              func(c *ConsumerConfig) { c.Pull = -1 },
		"MaxDeliver must be":                        func(c *ConsumerConfig) { c.MaxDeliver = -1 },
		"DeadLetter must be set if":                 func(c *ConsumerConfig) { c.MaxDeliver = 3 },
		"DeadLetter must be a subject":              func(c *ConsumerConfig) { c.MaxDeliver, c.DeadLetter = 3, "dead.>" },
		"Consumer.Durable must be empty":            func(c *ConsumerConfig) { c.Consumer.Durable = "x" },
		"Consumer.FilterSubject must be empty":      func(c *ConsumerConfig) { c.Consumer.FilterSubjects = []string{"x"} },
		"Consumer.AckPolicy must be":                func(c *ConsumerConfig) { c.Consumer.AckPolicy = jetstream.AckAllPolicy },
		"Consumer.MaxDeliver must be":               func(c *ConsumerConfig) { c.Consumer.MaxDeliver = 3 },
		"Consumer.PriorityPolicy must be":           func(c *ConsumerConfig) { c.Consumer.PriorityGroups = []string{"x"} },
		"Consumer.DeliverSubject must be":           func(c *ConsumerConfig) { c.Consumer.DeliverSubject = "x" },
		"must have {partition} once, as a token of": func(c *ConsumerConfig) { c.Subjects = "work.>" },
	} {
		c := (&mill{}).valid()
		change(&c)
		require.ErrorContains(t, c.Validate(), rule)
	}
}

func (m *mill) valid() ConsumerConfig {
	return ConsumerConfig{Stream: "WORK", Name: "mill", Subjects: "work.{partition}", Handle: m.handle}
}
