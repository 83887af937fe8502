// Package testing shows how an actor of your own is tested: till_test.go steps its
// mailbox and moves its clock.
package testing

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
)

type (
	sale    struct{ Cents int } // asks the till to take money
	banked  struct{ Cents int } // reports what the till brought to the bank
	closing struct{}            // reminds the till to go there
)

// till is a partition actor that banks what it took every now and then, and when its
// partition is taken away. It is given a clock, bridge.RealClock{} in production.
type till struct {
	clock bridge.Clock
	every time.Duration
	bank  *actor.PID
	cents int
	stop  func()
}

// Receive implements actor.Actor.
func (t *till) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case sale:
		if t.cents += m.Cents; t.stop == nil {
			root, self := ctx.ActorSystem().Root, ctx.Self()
			t.stop = t.clock.AfterFunc(t.every, func() { root.Send(self, closing{}) })
		}
	case closing:
		t.deliver(ctx)
	case messages.Revoke: // the partition goes to another worker
		t.deliver(ctx)
		ctx.Stop(ctx.Self())
	}
}

func (t *till) deliver(ctx actor.Context) {
	if t.stop != nil {
		t.stop()
		ctx.Send(t.bank, banked{t.cents})
		t.cents, t.stop = 0, nil
	}
}
