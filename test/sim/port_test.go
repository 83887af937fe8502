package sim

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// bench is a store, a net and two processes, without actors.
type bench struct {
	t         *testing.T
	line      *Timeline
	scheduler *Scheduler
	store     *Store
	net       *Net
	one, two  *Port
}

func newBench(t *testing.T) *bench { return newBenchOf(t, 1) }

func newBenchOf(t *testing.T, seed uint64) *bench {
	b := &bench{t: t, line: &Timeline{}}
	rng := rand.New(rand.NewPCG(seed, 1))
	b.scheduler = NewScheduler(rng)
	b.store = NewStore(b.line)
	b.store.Create(config("A"))
	b.net = NewNet(b.line, b.scheduler.Home(), b.store, rng)
	b.net.Lengths = Lengths{time.Second}
	b.one = b.net.Port(b.scheduler.Lane("w1"), "KV_g")
	b.two = b.net.Port(b.scheduler.Lane("w2"), "KV_g")
	return b
}

// pass lets time go on.
func (b *bench) pass(d time.Duration) {
	limit := b.line.Now() + d
	for b.line.Advance(limit) {
	}
}

func (b *bench) submit(p *Port, op bridge.Op) *[]bridge.Result {
	var got []bridge.Result
	p.Submit(op, time.Second, func(r bridge.Result) { got = append(got, r) })
	return &got
}

func (b *bench) put(p *Port, subject, data string, expect ...uint64) *[]bridge.Result {
	return b.submit(p, bridge.Op{Publish: []bridge.Message{msg("$KV.g.A."+subject, data, expect...)}})
}

func TestPortAnswersLater(t *testing.T) {
	b := newBench(t)
	got := b.put(b.one, "x", "1", 0)
	require.Empty(t, *got, "never on the caller's stack")
	require.Equal(t, 1, b.one.Operations())
	b.pass(time.Second)
	require.Len(t, *got, 1)
	require.Equal(t, uint64(1), (*got)[0].Sequence)
	require.Zero(t, b.one.Operations())
	read := b.submit(b.one, bridge.Op{Get: "$KV.g.A.x"})
	b.pass(time.Second)
	require.Equal(t, "1", string((*read)[0].Data))
}

func TestPortLosesRequestsAndAnswers(t *testing.T) {
	for _, c := range []struct {
		fault   Fault
		written bool
	}{{LostRequest, false}, {LostAnswer, true}} {
		b := newBench(t)
		b.net.Faults[c.fault] = 1
		for range 20 {
			b.put(b.one, "x", "1")
		}
		silent := b.one.Operations()
		b.pass(time.Minute)
		require.Positive(t, b.one.Operations(), "%s: some are never answered", c.fault)
		require.Less(t, b.one.Operations(), silent, "%s: some are told to be unknown", c.fault)
		require.Equal(t, c.written, b.store.Info("KV_g").Last > 0, "%s", c.fault)
	}
}

func TestPortReadsStale(t *testing.T) {
	b := newBench(t)
	for _, v := range []string{"1", "2", "3"} {
		b.put(b.one, "x", v)
		b.pass(time.Second)
	}
	b.net.Faults[StaleGet] = 1
	read := b.submit(b.two, bridge.Op{Get: "$KV.g.A.x"})
	b.pass(time.Second)
	require.Less(t, (*read)[0].Sequence, uint64(3))
}

func TestPortTellsFencesInFlight(t *testing.T) {
	b := newBench(t)
	b.net.Faults[InFlight] = 1
	got := b.put(b.one, "x", "1", 0)
	b.pass(time.Second)
	require.Equal(t, bridge.Unknown, (*got)[0].Outcome)
	require.Equal(t, bridge.CodeFenceInFlight, (*got)[0].Code)
}

// Only a condition on what is there can meet somebody who writes it again.
func TestPortConflicts(t *testing.T) {
	b := newBench(t)
	b.net.Faults[Conflict] = 1
	const term = "\x0a\x08worker-0\x12\x01s\x1a\x01n\xa0\x06\x01" // what it says is of no account
	for _, v := range []struct {
		expect []uint64
		last   uint64 // of the stream, then
		code   int
	}{{[]uint64{0}, 1, 0}, {nil, 2, 0}, {[]uint64{2}, 3, bridge.CodeWrongSequence}, {[]uint64{2}, 4, bridge.CodeWrongSequence}} {
		got := b.put(b.one, "term", term, v.expect...)
		b.pass(time.Second)
		require.Equal(t, v.code, (*got)[0].Code)
		require.Equal(t, v.last, b.store.Info("KV_g").Last)
		if v.code != 0 {
			require.Equal(t, bridge.Result{Outcome: bridge.Refused, Code: v.code, Err: (*got)[0].Err, HasLast: true, Last: v.last}, (*got)[0])
			require.Equal(t, term, string(b.store.Get("KV_g", "$KV.g.A.term", 0).Data))
		}
	}
	require.Equal(t, 2.0, b.net.Struck()[Conflict])
}

func TestPortCancelled(t *testing.T) {
	b := newBench(t)
	called := false
	cancel := b.one.Submit(bridge.Op{Publish: []bridge.Message{msg("$KV.g.A.x", "1")}}, time.Second, func(bridge.Result) { called = true })
	cancel()
	cancel()
	require.Zero(t, b.one.Operations())
	b.pass(time.Second)
	require.False(t, called)
	require.Equal(t, uint64(1), b.store.Info("KV_g").Last, "it still has its effect")
}

func TestPortOfACrashedProcess(t *testing.T) {
	b := newBench(t)
	got := b.put(b.one, "x", "1")
	b.one.lane.End()
	b.pass(time.Second)
	require.Equal(t, uint64(1), b.store.Info("KV_g").Last, "what was sent arrives")
	require.Empty(t, *got)
}

func TestPortCutOff(t *testing.T) {
	b := newBench(t)
	b.one.Cut()
	for range 10 {
		b.put(b.one, "x", "1")
	}
	b.put(b.two, "y", "1")
	b.pass(time.Minute)
	require.Equal(t, uint64(1), b.store.Info("KV_g").Last, "only the other one gets through")
	b.one.Heal()
	b.pass(time.Minute)
	last := b.store.Info("KV_g").Last
	require.Greater(t, last, uint64(1), "some of it was only late")
	require.Less(t, last, uint64(11), "and some was lost")
}

func TestPortIsolatedWithAFormerLeader(t *testing.T) {
	b := newBench(t)
	b.put(b.one, "x", "1")
	b.pass(time.Second)
	b.one.isolate(true)
	b.put(b.two, "x", "2")
	b.pass(time.Millisecond)
	b.put(b.one, "x", "3", 1)
	b.pass(time.Millisecond)
	again := b.put(b.one, "x", "4", 1)
	read := b.submit(b.one, bridge.Op{Get: "$KV.g.A.x"})
	b.pass(time.Minute)
	require.Equal(t, uint64(2), b.store.Info("KV_g").Last, "what lands later is refused like any other")
	require.Equal(t, bridge.CodeFenceInFlight, (*again)[0].Code, "the first one waits for the others")
	require.Equal(t, "1", string((*read)[0].Data), "what that server knew")
	read = b.submit(b.one, bridge.Op{Get: "$KV.g.A.x"})
	b.pass(time.Second)
	require.Equal(t, bridge.CodeNoQuorum, (*read)[0].Code, "it noticed that it leads no more")
	b.one.Reconnect()
	b.pass(time.Second)
	read = b.submit(b.one, bridge.Op{Get: "$KV.g.A.x"})
	b.pass(time.Second)
	require.Equal(t, "2", string((*read)[0].Data))
}

func TestPortIsolatedWithAnother(t *testing.T) {
	silent, quick, old := 0, 0, 0
	for seed := range uint64(20) {
		b := newBenchOf(t, seed)
		b.store.Delete("KV_g", 0)
		replicated := config("A")
		replicated.Replicas = 3
		b.store.Create(replicated)
		b.put(b.one, "x", "1")
		b.pass(time.Second)
		b.one.isolate(false)
		b.put(b.two, "x", "2")
		b.pass(time.Second)
		var infos []bridge.StreamInfo
		b.one.Info(time.Second, func(i bridge.StreamInfo) { infos = append(infos, i) })
		wrote, read := b.put(b.one, "x", "3"), b.submit(b.one, bridge.Op{Get: "$KV.g.A.x"})
		b.pass(time.Millisecond * 50)
		require.Equal(t, uint64(2), b.store.Info("KV_g").Last)
		for _, r := range append(*wrote, *read...) {
			require.Equal(t, bridge.Unknown, r.Outcome)
		}
		for _, i := range infos {
			require.EqualValues(t, 1, i.Last, "what the stream was")
			old++
		}
		quick += len(*wrote)
		silent += 1 - len(*wrote)
	}
	require.Positive(t, silent)
	require.Positive(t, quick)
	require.Positive(t, old)
}

func TestPortDuringAnElection(t *testing.T) {
	b := newBench(t)
	b.net.Elect(time.Second)
	answers := 0
	for range 10 {
		for _, got := range []*[]bridge.Result{b.put(b.one, "x", "1"), b.submit(b.one, bridge.Op{Get: "$KV.g.A.x"})} {
			b.pass(50 * time.Millisecond)
			answers += len(*got)
			for _, r := range *got {
				require.Equal(t, bridge.Unknown, r.Outcome)
			}
		}
	}
	require.Positive(t, answers)
	require.Less(t, answers, 20, "some vanish")
	b.pass(time.Minute)
	require.Zero(t, b.store.Info("KV_g").Last)
	got := b.put(b.one, "x", "1")
	b.pass(time.Second)
	require.Equal(t, bridge.Accepted, (*got)[0].Outcome)
}

func TestPortDisconnected(t *testing.T) {
	b := newBench(t)
	var signals []bridge.Signal
	stop := b.one.Listen(func(s bridge.Signal) { signals = append(signals, s) })
	got := b.put(b.one, "x", "1")
	b.one.Disconnect(time.Second)
	b.pass(time.Minute)
	require.Equal(t, []bridge.Signal{bridge.Disconnected, bridge.Reconnected}, signals)
	require.Empty(t, *got, "the answer went to the former connection")
	require.Equal(t, 1, b.one.Listeners())
	stop()
	require.Zero(t, b.one.Listeners())
	b.net.RestartServer(time.Second)
	b.pass(time.Minute)
	require.Len(t, signals, 2)
	got = b.put(b.one, "x", "2")
	b.pass(time.Second)
	require.Len(t, *got, 1)
}

func TestPortInfoAndCreate(t *testing.T) {
	b := newBench(t)
	b.store.Delete("KV_g", 0)
	var infos []bridge.StreamInfo
	b.one.Info(time.Second, func(i bridge.StreamInfo) { infos = append(infos, i) })
	b.pass(time.Second)
	require.Equal(t, bridge.CodeStreamNotFound, infos[0].Result.Code)
	cfg := config("B")
	made := b.submit(b.one, bridge.Op{Create: &cfg})
	b.pass(time.Second)
	require.Equal(t, bridge.Accepted, (*made)[0].Outcome)
	b.one.Info(time.Second, func(i bridge.StreamInfo) { infos = append(infos, i) })
	b.pass(time.Second)
	require.Equal(t, "B", infos[1].Config.Incarnation)
	require.NotEmpty(t, infos[1].Server)
}
