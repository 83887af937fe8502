package bridge

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

// A message from which no handler returns uses its deliveries, and is put aside by who owns
// the partition then, without being tried once more. Others of the partition go on, though
// they came as often while they waited behind it.
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
			tried, fine, never := make(chan partition.Token, 10), make(chan bool, 10), make(chan bool)
			t.Cleanup(func() { close(never) })
			m.cfg.Handle = func(_ context.Context, o partition.Owned, msg *nats.Msg) error {
				if string(msg.Data) == "fine" {
					fine <- true
					return nil
				}
				tried <- o.Token
				<-never
				return nil
			}
			letters, err := m.nc.SubscribeSync("dead.work")
			require.NoError(t, err)
			m.send("deadly", "fine")
			for token := range partition.Token(m.cfg.MaxDeliver) {
				c, pid := m.open(owner(token + 1))
				require.Equal(t, token+1, await(t, tried, "the deadly message"))
				end(m, c, pid)
				m.gone(pid)
			}
			_, pid := m.open(owner(3))
			letter, err := letters.NextMsg(patience)
			require.NoError(t, err)
			require.Equal(t, "deadly", string(letter.Data))
			for header, want := range map[string]string{
				HeaderReason:  "its handler did not return from delivery 2, or took its process with it",
				HeaderSubject: "work.p", HeaderSequence: "1", HeaderPartition: "p", HeaderToken: "3",
			} {
				require.Equal(t, want, letter.Header.Get(header))
			}
			await(t, fine, "the other message")
			m.revoke(pid)
			m.gone(pid)
			info, err := m.stream.Info(t.Context())
			require.NoError(t, err)
			require.Zero(t, info.State.Msgs, "the queue is empty")
			require.Empty(t, tried, "it was not tried again")
		})
	}
}

// A handler that returns has come back, however often its message was delivered, and a
// message that comes for the first time costs no question.
func TestConsumers_WhoReturnsIsNotMarked(t *testing.T) {
	t.Parallel()
	m := openMill(t, jetstream.WorkQueuePolicy)
	m.cfg.MaxDeliver, m.cfg.DeadLetter = 1, "dead.work"
	marks := make(chan string, 10)
	m.cfg.Handle = func(_ context.Context, o partition.Owned, msg *nats.Msg) error {
		marks <- m.info("mill+p+0").Config.Metadata[metaWork]
		meta, err := msg.Metadata()
		if err != nil || meta.NumDelivered == 4 {
			return err
		}
		return msg.Nak() // in its own way, again and again
	}
	asked := m.hear(apiPrefix+"CONSUMER.CREATE.>", "")
	c, first := m.open(owner(1))
	await(t, asked, "it is made")
	m.send("one")
	require.Empty(t, await(t, marks, "the first delivery"))
	require.Equal(t, "1 2", await(t, marks, "the second delivery"))
	require.Equal(t, "1 3", await(t, marks, "the third delivery"))
	require.Equal(t, "1 4", await(t, marks, "the last delivery"))
	m.revoke(first)
	m.gone(first)
	require.Len(t, asked, 6, "it is set and taken back for three deliveries of four")
	require.NotContains(t, m.info(c.Durable(owner(1))).Config.Metadata, metaWork)
	info, err := m.stream.Info(t.Context())
	require.NoError(t, err)
	require.Zero(t, info.State.Msgs, "it is done")
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
	m.cfg.MaxDeliver, m.cfg.DeadLetter = 2, "dead.work"
	before, err := Consume(m.nc, m.cfg)
	require.NoError(t, err)
	require.NoError(t, before.ensure(t.Context(), owner(1)))
	m.cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	c, err := Consume(m.dial(), m.cfg)
	require.NoError(t, err)
	c.js, err = jetstream.New(c.port.nc, jetstream.WithDefaultTimeout(200*time.Millisecond)) // no answer is a refusal
	require.NoError(t, err)
	pid := m.own(c, owner(1))
	m.send("one")
	m.next("one").end <- errBad
	require.Contains(t, await(t, log, "the failure"), "a message was not handled")
	m.next("one").end <- nil
	require.Contains(t, await(t, log, "a word about it"), "nobody will know")
	m.revoke(pid)
	m.gone(pid)
	info, err := m.stream.Info(t.Context())
	require.NoError(t, err)
	require.Zero(t, info.State.Msgs, "it is done")
}
