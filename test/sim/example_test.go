package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/test/sim"
)

// snooze answers "wake me" with "good morning" an hour later.
type snooze struct{ outside *actor.PID }

// morning is the reminder of a snooze.
type morning struct{ of *actor.PID }

func (s *snooze) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case string:
		ctx.Request(s.outside, messages.Remind{After: time.Hour, Mail: morning{ctx.Sender()}})
	case morning:
		ctx.Send(m.of, "good morning")
	}
}

// In a test, t is its *testing.T.
func ExampleNew() {
	var t sim.T = &testing.B{}
	r := sim.New(t, 1)
	outside := r.Spawn("outside", r.Outside(bridge.Config{Group: "hotel"}))
	desk := r.Spawn("desk", actor.PropsFromProducer(func() actor.Actor { return &snooze{outside} }))
	guest := r.Probe("guest")

	guest.Send(desk, "wake me")
	r.Run()                  // until all is quiet
	guest.ExpectExactly()    // nothing yet
	fmt.Println(r.Advance()) // to the next reminder
	r.Run()
	fmt.Println("after", r.Now())
	guest.ExpectExactly("good morning")
	for _, m := range r.Said() {
		if m.To == "guest" {
			fmt.Println(m)
		}
	}
	// Output:
	// true
	// after 1h0m0s
	// guest hears from desk: string good morning
}

// A Step delivers one message, so that what comes between two messages can be tried.
func ExampleRehearsal_Step() {
	var t sim.T = &testing.B{}
	r := sim.New(t, 1)
	guest := r.Probe("guest")
	r.Run() // the probe has started
	r.System.Root.Send(guest.PID, "one")
	r.System.Root.Send(guest.PID, "two")
	r.Step()
	fmt.Println(guest.Heard())
	r.Step()
	fmt.Println(guest.Heard(), r.Step())
	// Output:
	// [one]
	// [one two] false
}

// Expectations about mail between any actors: fields that are empty fit anything.
func ExampleRehearsal_Expect() {
	var t sim.T = &testing.B{}
	r := sim.New(t, 1)
	guest := r.Probe("guest")
	echo := r.Spawn("echo", actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(string); ok {
			ctx.Respond(m)
		}
	}))
	guest.Send(echo, "hello")
	r.Run()
	r.Expect(sim.Mail{To: "echo"}, sim.Mail{From: "echo", To: "guest", Message: "hello"})
	fmt.Println(sim.Next[string](guest))
	// Output: hello
}
