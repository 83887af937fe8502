package swarm

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/test/sim"
)

// rests counts writes that rest on a base in parts: how many there were, and of how many
// the base was not there any more.
type rests struct{ written, gone int }

// counted is a port that counts them.
type counted struct {
	bridge.Port
	rests *rests
}

func (c counted) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	for _, m := range op.Publish {
		if m.Expect != nil && strings.HasSuffix(m.Expect.Subject, ".*") {
			return c.Port.Submit(op, within, func(r bridge.Result) {
				switch {
				case r.Outcome == bridge.Accepted:
					c.rests.written++
				case r.Code == bridge.CodeWrongSequence:
					c.rests.gone++
				}
				done(r)
			})
		}
	}
	return c.Port.Submit(op, within, done)
}

// One worker has so much that it takes several messages, others join, and answers get
// lost, leaders crash, and somebody writes over parts of it: what has changed is only ever
// put together with what it has changed since.
func TestWhatTakesSeveralMessages(t *testing.T) {
	const count = 2300
	system, total := sim.NewSystem(), rests{}
	list, trace := seeds(large)
	for _, seed := range list {
		l := begin(2*seed+2, sim.Strong(sim.Garbage, sim.LeaderCrash, sim.LostAnswer, sim.LostRequest, sim.StalePass), system)
		l.world.List(l.partitions(count)) // of long names
		l.prompt = true
		l.builds = func(int) func(bridge.Port) bridge.Port {
			return func(p bridge.Port) bridge.Port { return counted{p, &total} }
		}
		r := l.result(2*seed+2, l.handOver(), trace)
		l.world.Close()
		r.Again = "go test -count=1 -run '^TestWhatTakesSeveralMessages$' ./test/swarm"
		if r.Broken != "" {
			t.Fatal(r)
		}
	}
	t.Logf("%+v", total)
	if *seed == 0 && *runs == 0 {
		require.Positive(t, total.written)
		if len(list) > 1 { // most of them
			require.Positive(t, total.gone, "the condition of a write whose base was written over")
		}
	}
}

// handOver lets others join while all is ill; it returns what is wrong.
func (l *life) handOver() string {
	l.join("")
	if !l.world.RunUntil(l.bound(), l.covered) {
		return l.uncovered("I5: one worker")
	}
	l.ill = true
	l.plagues()
	for i := range leastWorkers {
		if i > 0 {
			l.spoil(".asg.worker-0.2")
		}
		l.join("")
		if !l.world.Run(10 * time.Second) {
			return "broken"
		}
	}
	if wrong := l.heal(); wrong != "" {
		return wrong
	}
	return l.rest()
}

// spoil writes over the message whose subject ends so.
func (l *life) spoil(end string) {
	for _, m := range l.world.Store.Present("KV_"+sim.Group, ">") {
		if strings.HasSuffix(m.Subject, end) {
			l.world.Store.Publish(sim.Vandal, l.world.Timeline.Now(), []bridge.Message{{Subject: m.Subject, Data: []byte("\xff")}})
		}
	}
}
