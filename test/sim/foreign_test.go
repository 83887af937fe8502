package sim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/sim"
)

// stand is a rehearsal with some who may send mail from another goroutine.
type stand struct {
	*sim.Rehearsal
	t              *testing.T
	bird           actor.Context
	ear, user, end *actor.PID // end has ended
}

// post sends mail past all middleware.
func (s *stand) post(to *actor.PID, mail any) {
	process, _ := s.System.ProcessRegistry.Get(to)
	process.SendUserMessage(to, mail)
}

// asks has a future whose result goes to the ear.
func (s *stand) asks(timeout time.Duration) actor.Future {
	f := actor.NewFuture(s.System, timeout)
	f.PipeTo(s.ear)
	return f
}

// elsewhere calls f on another goroutine.
func elsewhere(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// Mail from another goroutine fails the test whichever way it takes, whether or not other
// mail waits for the same actor. Who sent it is named if that is known.
func TestARehearsalKnowsItsGoroutine_WhicheverWayMailTakes(t *testing.T) {
	for name, way := range map[string]struct {
		take func(s *stand)
		said string
	}{
		"actor":     {func(s *stand) { s.bird.Send(s.ear, "noise") }, "bird sent string noise to ear"},
		"root":      {func(s *stand) { s.System.Root.Send(s.ear, "noise") }, "root sent string noise to ear"},
		"probe":     {func(s *stand) { s.System.Root.RequestWithCustomSender(s.ear, "noise", s.user) }, "user sent string noise to ear"},
		"process":   {func(s *stand) { s.post(s.ear, "noise") }, "somebody sent string noise to ear"},
		"envelope":  {func(s *stand) { s.post(s.ear, &actor.MessageEnvelope{Message: "noise", Sender: s.user}) }, "user sent string noise to ear"},
		"bare root": {func(s *stand) { actor.NewRootContext(s.System, nil).Send(s.ear, "noise") }, "somebody sent string noise to ear"},
		"pipe":      {func(s *stand) { s.post(s.asks(-1).PID(), "noise") }, "somebody sent string noise to ear"},
		"timeout":   {func(s *stand) { synctest.Test(s.t, func(*testing.T) { _ = s.asks(time.Minute).Wait() }) }, `somebody sent \*errors\.errorString future: timeout to ear`},
		"stop":      {func(s *stand) { s.System.Root.Stop(s.ear) }, `somebody sent \*actor\.Stop \S* to ear`},
		"dead":      {func(s *stand) { s.post(s.end, "noise") }, "somebody sent string noise to end"},
	} {
		for waits, mail := range map[string][]any{"alone": nil, "behind other mail": {1, 2}} {
			t.Run(name+" "+waits, func(t *testing.T) {
				said := fails(t, func(c sim.T) {
					s := &stand{Rehearsal: sim.New(c, 1), t: t}
					s.ear, s.user, s.end = s.Probe("ear").PID, s.Probe("user").PID, s.Probe("end").PID
					s.Spawn("bird", actor.PropsFromFunc(func(ctx actor.Context) { s.bird = ctx }))
					s.System.Root.Stop(s.end)
					s.Run()
					for _, m := range mail {
						s.System.Root.Send(s.ear, m)
					}
					elsewhere(func() { way.take(s) })
					s.Step()
				})
				by := "TestARehearsalKnowsItsGoroutine_WhicheverWayMailTakes"
				if name == "timeout" {
					by = `actor\.newFuture`
				}
				require.Regexp(t, `(?s)^sim: `+way.said+` from another goroutine than the test's; it was sent here:\n.*`+by, said)
				require.NotRegexp(t, `ear +hears`, said)
			})
		}
	}
}
