package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A message from which no handler returns uses its deliveries, and when that was seen twice
// it is put aside by who owns the partition then, without being tried once more. Others of
// the partition go on, though they came as often while they waited behind it.
//
// hazard 55
func TestConsumers_DeadLetterOfWhatNeverReturns(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*mill, *Consumers, *actor.PID){
		"the process dies": func(m *mill, c *Consumers, pid *actor.PID) {
			c.port.nc.Close()
			m.system.Root.Send(m.keeper, stopChild{pid})
		},
		"it hangs past the session": func(m *mill, _ *Consumers, pid *actor.PID) {
			m.system.Root.Send(m.keeper, stopChild{pid})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := openMill(t, jetstream.WorkQueuePolicy)
			m.cfg.MaxDeliver, m.cfg.DeadLetter, m.cfg.Consumer.AckWait = 2, "dead.work", time.Second
			tried, fine, never := make(chan bool, 10), make(chan bool, 10), make(chan bool)
			t.Cleanup(func() { close(never) })
			m.cfg.Handle = func(_ context.Context, _ partition.Owned, msg *nats.Msg) error {
				if string(msg.Data) == "fine" {
					fine <- true
					return nil
				}
				tried <- true
				<-never
				return nil
			}
			letters := make(chan *nats.Msg, 10)
			_, err := m.nc.ChanSubscribe("dead.work", letters)
			require.NoError(t, err)
			m.send("deadly", "fine")
			var letter *nats.Msg
			tries, token := 0, partition.Token(1)
			for ; letter == nil; token++ {
				c, pid := m.open(owner(token))
				select {
				case <-tried:
					tries++
					end(m, c, pid)
				case letter = <-letters:
					m.send("fine") // who lets go has seen that this is off the queue, and what was before
					await(t, fine, "the other message")
					await(t, fine, "the last one")
					m.revoke(pid)
				case <-time.After(patience):
					require.FailNow(t, "nobody has it", "%d tries", tries)
				}
				m.gone(pid)
			}
			require.GreaterOrEqual(t, tries, neverBack)
			require.Less(t, tries, marksFrom+2*neverBack, "the other message, if it comes first once, takes the mark")
			requireLetter(t, letter, "deadly", map[string]string{
				HeaderReason:  "2 handlers in a row did not return from it, or took their process with them",
				HeaderSubject: "work.p", HeaderSequence: "1", HeaderPartition: "p", HeaderToken: fmt.Sprint(token - 1),
			})
			m.requireEmpty()
			require.Empty(t, letters, "nothing else is put aside")
		})
	}
}

func (m *mill) requireEmpty() {
	m.t.Helper()
	info, err := m.stream.Info(m.t.Context())
	require.NoError(m.t, err)
	require.Zero(m.t, info.State.Msgs, "all is off the queue")
}

func requireLetter(t *testing.T, m *nats.Msg, text string, headers map[string]string) {
	t.Helper()
	require.Equal(t, text, string(m.Data))
	for header, want := range headers {
		require.Equal(t, want, m.Header.Get(header))
	}
}

// A handler that returns has come back, however often its message was delivered, and a
// message that came seldom, or is done with, costs no question.
func TestConsumers_WhoReturnsIsNotMarked(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.MaxDeliver, m.cfg.DeadLetter = 1, "dead.work"
	marks := make(chan string, 10)
	m.cfg.Handle = func(_ context.Context, o partition.Owned, msg *nats.Msg) error {
		marks <- m.mark()
		meta, err := msg.Metadata()
		if err != nil || meta.NumDelivered == 4 {
			return err
		}
		return msg.Nak() // in its own way, again and again
	}
	asked := m.hear(apiPrefix+"CONSUMER.CREATE.>", "")
	_, first := m.open(owner(1))
	await(t, asked, "it is made")
	m.send("one")
	require.Empty(t, await(t, marks, "the first delivery"))
	require.Empty(t, await(t, marks, "the second delivery"))
	require.Equal(t, "1 1", await(t, marks, "the third delivery"))
	require.Equal(t, "1 1", await(t, marks, "the last delivery"))
	m.revoke(first)
	m.gone(first)
	require.Len(t, asked, 3, "it is set twice, and taken back once: what is acknowledged never comes again")
	m.requireEmpty()
}

func (m *mill) mark() string { return m.info("mill+p+0").Config.Metadata[metaWork] }

// A handler that returns when its time is over, as it should, has come back, however often
// that happens to one message.
func TestConsumers_WhoIsInterruptedIsNotMarked(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.MaxDeliver, m.cfg.DeadLetter, m.cfg.Consumer.AckWait = 1, "dead.work", time.Second
	m.send("one")
	for n := range marksFrom + neverBack {
		_, pid := m.open(owner(partition.Token(n + 1)))
		d := m.next("one")
		require.Equal(t, n+1 >= marksFrom, m.mark() != "", "as %d. delivery", n+1)
		m.system.Root.Send(pid, messages.Revoke{}) // at once
		await(t, d.ctx.Done(), "the end of its time")
		d.end <- d.ctx.Err()
		m.gone(pid)
		require.Empty(t, m.mark())
	}
}

// What was handled is acknowledged before anything else is asked of a server that may take
// its time.
func TestConsumers_WhatIsHandledIsAcknowledgedFirst(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.MaxDeliver, m.cfg.DeadLetter = 1, "dead.work"
	deaf, err := m.nc.SubscribeSync("deaf.>") // an API that never answers
	require.NoError(t, err)
	handle := m.cfg.Handle
	m.cfg.Handle = func(ctx context.Context, o partition.Owned, msg *nats.Msg) error {
		if meta, err := msg.Metadata(); err != nil || meta.NumDelivered < marksFrom {
			return errors.Join(err, msg.Nak())
		}
		return handle(ctx, o, msg)
	}
	c, pid := m.open(owner(1))
	m.send("one")
	d := m.next("one")
	require.NotEmpty(t, m.mark())
	acks, js := m.acks("+ACK"), c.js
	c.js, err = jetstream.NewWithAPIPrefix(c.port.nc, "deaf")
	require.NoError(t, err)
	d.end <- nil
	await(t, acks, "its acknowledgement")
	asked, _, err := deaf.Pending()
	require.NoError(t, err)
	require.Zero(t, asked)
	c.js = js
	m.revoke(pid)
	m.gone(pid)
}

// Who may not change a consumer works all the same.
func TestConsumers_WorksWithoutAMark(t *testing.T) {
	t.Parallel()
	log := make(lines, 100)
	m := openMillOn(t, embedded.Config{Options: func(o *server.Options) {
		o.Users = []*server.User{{Username: "all", Password: "all"}, {Username: "few", Password: "few", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"$JS.API.CONSUMER.CREATE.>"}},
		}}}
		o.NoAuthUser = "few"
	}}, jetstream.WorkQueuePolicy)
	m.cfg.MaxDeliver, m.cfg.DeadLetter = marksFrom, "dead.work"
	before, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	require.NoError(t, before.ensure(t.Context(), owner(1)))
	m.cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	c, err := Consume(m.dial(), m.cfg)
	require.NoError(t, err)
	pid := m.own(c, owner(1))
	m.send("one")
	js := c.js
	for n := range marksFrom - 1 {
		d := m.next("one")
		if n == marksFrom-2 { // what follows is the mark: that it is not answered is its refusal
			c.js, err = jetstream.New(c.port.nc, jetstream.WithDefaultTimeout(200*time.Millisecond))
			require.NoError(t, err)
		}
		d.end <- errBad
		require.Contains(t, await(t, log, "the failure"), "a message was not handled")
	}
	d := m.next("one")
	c.js = js
	d.end <- nil
	require.Contains(t, await(t, log, "a word about it"), "nobody will know")
	m.revoke(pid)
	m.gone(pid)
	m.requireEmpty()
}
