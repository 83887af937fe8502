package bridge_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// script is a port that does nothing by itself: the test answers what the
// outside asks, in the order it likes.
type script struct {
	asked      []*request
	infos      []*question
	watches    []*watched
	each       func(bridge.Signal)
	stopped    bool
	reconnects int
}

type request struct {
	op       bridge.Op
	within   time.Duration
	done     func(bridge.Result)
	canceled bool
}

type question struct {
	within   time.Duration
	done     func(bridge.StreamInfo)
	canceled bool // or answered
}

type watched struct {
	filter  string
	within  time.Duration
	each    func(bridge.Sights)
	gone    func(error)
	nexts   int
	stopped bool
}

func (s *script) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	r := &request{op: op, within: within, done: done}
	s.asked = append(s.asked, r)
	return func() { r.canceled = true }
}

func (s *script) Info(within time.Duration, done func(bridge.StreamInfo)) func() {
	q := &question{within: within, done: done}
	s.infos = append(s.infos, q)
	return func() { q.canceled = true }
}

func (s *script) Watch(filter string, within time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	w := &watched{filter: filter, within: within, each: each, gone: gone}
	s.watches = append(s.watches, w)
	return w
}

func (s *script) Listen(each func(bridge.Signal)) func() {
	s.each = each
	return func() { s.stopped = true }
}

func (s *script) Reconnect() { s.reconnects++ }

func (s *script) Ended() error { return errors.New("the connection to NATS is closed") }

func (w *watched) Next() { w.nexts++ }
func (w *watched) Stop() { w.stopped = true }

// stand is the outside between a scripted port and a parent that keeps its mail.
type stand struct {
	t      *testing.T
	port   *script
	clock  *sim.Clock
	line   *sim.Timeline
	steps  *sim.Scheduler
	system *actor.ActorSystem
	parent *actor.PID
	out    *actor.PID
	mail   []any
	poll   time.Duration
}

const (
	timeout = 400 * time.Millisecond
	// day is later than anything that is planned.
	day = 24 * time.Hour
)

func config() bridge.Config {
	return bridge.Config{
		Group: "g", Logger: slog.New(slog.DiscardHandler),
		Entropy: func() [16]byte { return [16]byte{7} },
	}
}

// keeper keeps the mail that it hears; a parent also spawns the outside.
type keeper struct {
	s     *stand
	props *actor.Props
}

func (k *keeper) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		if k.props != nil {
			k.s.out = stage.Spawn(ctx, k.props, "outside")
			ctx.Send(k.s.out, messages.OpenStore{StoreTimeout: timeout, PollInterval: k.s.poll})
		}
	case *actor.Stopping, *actor.Stopped, *actor.Terminated:
	default:
		k.s.mail = append(k.s.mail, m)
	}
}

func build(t *testing.T, cfg bridge.Config) *stand {
	t.Helper()
	return buildPolling(t, cfg, day)
}

func buildPolling(t *testing.T, cfg bridge.Config, poll time.Duration) *stand {
	t.Helper()
	s := &stand{t: t, poll: poll, port: &script{}, line: &sim.Timeline{}, steps: sim.NewScheduler(rand.New(rand.NewPCG(1, 2)))}
	s.clock = sim.NewClock(s.line, s.steps.Home(), sim.Epoch, sim.TrueRate)
	s.system = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }),
		actor.WithDeadLetterThrottleInterval(time.Millisecond))
	t.Cleanup(s.system.Shutdown)
	s.parent = s.spawn("parent", bridge.Over(s.port, s.clock, cfg))
	return s
}

func (s *stand) spawn(name string, outside *actor.Props) *actor.PID {
	s.t.Helper()
	props := stage.Under(stage.Props(func() actor.Actor { return &keeper{s, outside} }), s.steps.Dispatcher())
	pid, err := s.system.Root.SpawnNamed(props, name)
	require.NoError(s.t, err)
	s.settle()
	return pid
}

// settle lets all mail be read.
func (s *stand) settle() {
	for s.steps.Step() {
	}
}

// pass lets time go by.
func (s *stand) pass(d time.Duration) {
	end := s.line.Now() + d
	for s.line.Advance(end) {
		s.settle()
	}
	s.settle()
}

func (s *stand) ask(m any) { s.askAs(s.parent, m) }

func (s *stand) askAs(who *actor.PID, m any) {
	s.system.Root.RequestWithCustomSender(s.out, m, who)
	s.settle()
}

// answer ends an operation that waits.
func (s *stand) answer(r *request, result bridge.Result) {
	r.done(result)
	s.settle()
}

func (s *stand) last() *request {
	s.t.Helper()
	require.NotEmpty(s.t, s.port.asked)
	return s.port.asked[len(s.port.asked)-1]
}

// fitting is a stream as it has to be.
func fitting(incarnation string) bridge.StreamInfo {
	return bridge.StreamInfo{Server: "2.15.2", Last: 1000, Config: bridge.StreamConfig{
		Name: "KV_g", Subjects: []string{"$KV.g." + incarnation + ".>"}, Replicas: 1, Incarnation: incarnation,
		MaxPerSubject: 1, AllowAtomic: true, DenyDelete: true, DenyPurge: true, MaxBytes: -1,
	}}
}

// missing is what the server says when there is no stream.
func missing() bridge.StreamInfo {
	return bridge.StreamInfo{Server: "2.15.2", Result: bridge.Result{
		Outcome: bridge.Refused, Code: bridge.CodeStreamNotFound, Err: fmt.Errorf("stream not found"),
	}}
}

// nowhere says that there is no stream until it is made.
func (s *stand) nowhere() {
	s.t.Helper()
	s.inform(missing())
	s.inform(missing())
}

// inform answers the question about the stream that waits, or the next one.
func (s *stand) inform(i bridge.StreamInfo) {
	s.t.Helper()
	for !s.wondering() {
		require.True(s.t, s.line.Advance(s.line.Now()+time.Minute), "nobody asks")
		s.settle()
	}
	q := s.port.infos[len(s.port.infos)-1]
	q.canceled = true
	q.done(i)
	s.settle()
}

// wondering reports whether a question about the stream waits.
func (s *stand) wondering() bool {
	n := len(s.port.infos)
	return n > 0 && !s.port.infos[n-1].canceled
}

// opened is a stand whose store is open.
func opened(t *testing.T) *stand {
	t.Helper()
	s := build(t, config())
	s.inform(fitting("one"))
	require.Equal(t, "one", heard[messages.StoreOpened](s).Incarnation)
	return s
}

// heard takes the first mail of this type out of what came.
func heard[M any](s *stand) M {
	s.t.Helper()
	for i, m := range s.mail {
		if x, ok := m.(M); ok {
			s.mail = slices.Delete(s.mail, i, i+1)
			return x
		}
	}
	var none M
	require.Failf(s.t, "no such mail", "%T; there is %v", none, s.mail)
	return none
}

// beat is a conditional write of one record.
func beat(round partition.Round) messages.Store {
	return messages.Store{Round: round, Writes: []messages.Write{{
		Key: messages.KeyLive("w"), Record: partition.Live{Session: "s", Beat: uint64(round)}, Expect: 4,
	}}}
}

func lost() bridge.Result {
	return bridge.Result{Outcome: bridge.Unknown, Err: fmt.Errorf("no answer")}
}

// sight is one message of the stream, as a watch sees it.
func sight(name string, sequence uint64, data []byte) bridge.Sight {
	return bridge.Sight{Subject: "$KV.g.one." + name, Sequence: sequence, Data: data, Time: sim.Epoch}
}

// stored are the bytes that the outside makes of a record.
func (s *stand) stored(key messages.Key, record any) []byte {
	s.t.Helper()
	s.ask(messages.Store{Writes: []messages.Write{{Key: key, Record: record, Blind: true}}})
	r := s.last()
	data := slices.Clone(r.op.Publish[0].Data)
	s.answer(r, bridge.Result{Outcome: bridge.Refused, Err: fmt.Errorf("only its bytes were wanted")})
	heard[messages.Rejected](s)
	return data
}
