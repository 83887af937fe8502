package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// critic is a test that fails as it should.
type critic struct {
	*testing.T
	said     []string
	cleanups []func()
}

// walkout ends a test that failed.
type walkout struct{}

func (c *critic) Cleanup(f func())               { c.cleanups = append(c.cleanups, f) }
func (c *critic) Failed() bool                   { return len(c.said) > 0 }
func (c *critic) Logf(format string, a ...any)   { c.said = append(c.said, fmt.Sprintf(format, a...)) }
func (c *critic) Errorf(format string, a ...any) { c.Logf(format, a...) }
func (c *critic) Fatalf(format string, a ...any) { c.Logf(format, a...); panic(walkout{}) }

// fails runs what must fail as a test, and returns what that said.
func fails(t *testing.T, f func(sim.T)) string {
	c := &critic{T: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != (walkout{}) {
				panic(r)
			}
		}()
		f(c)
	}()
	for _, cleanup := range c.cleanups {
		cleanup()
	}
	require.NotEmpty(t, c.said, "it did not fail")
	return strings.Join(c.said, "\n")
}

// parrot answers a string after a while, through a child that repeats it. Asked for
// noise, it says something from another goroutine.
type parrot struct{ outside *actor.PID }

type (
	repeated struct{ Text string }
	later    struct{ Text string }
	noise    struct{ done chan struct{} }
)

func (p *parrot) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case string:
		ctx.RequestWithCustomSender(ctx.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if s, ok := c.Message().(string); ok {
				c.Send(c.Parent(), repeated{s + " " + s})
				c.Respond("soon")
				c.Stop(c.Self())
			}
		})), m, ctx.Sender())
	case repeated:
		ctx.Request(p.outside, messages.Remind{After: time.Minute, Mail: later(m)})
	case noise:
		go func() {
			ctx.Send(p.outside, "noise")
			close(m.done)
		}()
	}
}

func TestARehearsalIsStepped(t *testing.T) {
	r := sim.New(t, 1)
	outside := r.Spawn("outside", r.Outside(bridge.Config{Group: "g"}))
	bird, user := r.Spawn("bird", actor.PropsFromProducer(func() actor.Actor { return &parrot{outside} })), r.Probe("user")
	r.Run()
	user.Send(bird, "hello")
	require.Empty(t, r.Said(), "nothing happens before a step")
	require.True(t, r.Step())
	r.ExpectExactly(sim.Mail{From: "user", To: "bird", Message: "hello"})
	r.Run()
	r.Expect(sim.Mail{From: "bird", To: "bird/$1", Message: "hello"}, sim.Mail{From: "bird/$1", To: "user", Message: "soon"})
	user.ExpectExactly("soon")
	user.ExpectExactly()
	require.Zero(t, r.Now(), "time stands still")
	require.False(t, r.Step())
	require.True(t, r.Advance())
	require.Equal(t, time.Minute, r.Now())
	before := len(r.Said())
	require.True(t, r.Step(), "the outside hears that it is due")
	require.Equal(t, "outside", r.Said()[before].To)
	require.True(t, r.Step())
	r.Expect(sim.Mail{To: "bird", Message: later{"hello hello"}})
	require.False(t, r.RunUntil(time.Second, func() bool { return r.Now() > time.Hour }))
	require.Equal(t, time.Minute+time.Second, r.Now())
	r.RunFor(time.Hour)
	require.Equal(t, time.Hour+time.Minute+time.Second, r.Now())
	require.False(t, r.Advance(), "nothing is planned any more")
}

func TestARehearsalFailsAndShowsWhatWasSaid(t *testing.T) {
	words := func(check func(r *sim.Rehearsal, p *sim.Probe)) string {
		return fails(t, func(t sim.T) {
			r := sim.New(t, 7)
			p := r.Probe("user")
			for _, m := range []any{1, "two", 3.5} {
				r.System.Root.Send(p.PID, m)
			}
			r.Run()
			check(r, p)
		})
	}
	for name, check := range map[string]func(*sim.Rehearsal, *sim.Probe){
		"more":     func(_ *sim.Rehearsal, p *sim.Probe) { p.ExpectExactly(1, "two") },
		"less":     func(_ *sim.Rehearsal, p *sim.Probe) { p.ExpectExactly(1, "two", 3.5, 4) },
		"other":    func(_ *sim.Rehearsal, p *sim.Probe) { p.ExpectExactly(1, "three", 3.5) },
		"order":    func(_ *sim.Rehearsal, p *sim.Probe) { p.Expect(3.5, 1) },
		"twice":    func(_ *sim.Rehearsal, p *sim.Probe) { p.Expect(1); p.Expect(1) },
		"sender":   func(r *sim.Rehearsal, _ *sim.Probe) { r.Expect(sim.Mail{From: "user", Message: 1}) },
		"receiver": func(r *sim.Rehearsal, _ *sim.Probe) { r.Expect(sim.Mail{To: "nobody"}) },
		"type":     func(_ *sim.Rehearsal, p *sim.Probe) { sim.Next[int](p); sim.Next[int](p) },
		"name":     func(r *sim.Rehearsal, _ *sim.Probe) { r.Probe("user") },
		"round": func(r *sim.Rehearsal, _ *sim.Probe) {
			r.System.Root.Send(r.Spawn("echo", actor.PropsFromFunc(func(c actor.Context) {
				if m, ok := c.Message().(string); ok {
					c.Send(c.Self(), m)
				}
			})), "echo")
			r.Run()
		},
	} {
		t.Run(name, func(*testing.T) {
			said := words(check)
			require.Contains(t, said, "seed 7: sim.New(t, 7) repeats it")
			if name != "round" {
				require.Contains(t, said, "0.000 user   hears from root: string two\n")
			}
		})
	}
	require.Equal(t, []string{"user hears from root: string two"}, func() (out []string) {
		r := sim.New(t, 7)
		p := r.Probe("user")
		r.System.Root.Send(p.PID, "two")
		r.Run()
		for _, m := range r.Said() {
			out = append(out, m.String())
		}
		require.Equal(t, "two", sim.Next[string](p))
		return out
	}())
}

// Mail from another goroutine fails the test, at the next step or at its end, and
// names who sent it.
func TestARehearsalKnowsItsGoroutine(t *testing.T) {
	for _, step := range []bool{true, false} {
		said := fails(t, func(t sim.T) {
			r := sim.New(t, 1)
			done := make(chan struct{})
			bird := r.Spawn("bird", actor.PropsFromProducer(func() actor.Actor { return &parrot{r.Probe("ear").PID} }))
			r.System.Root.Send(bird, noise{done})
			for len(r.Said()) == 0 {
				r.Step()
			}
			<-done
			if step {
				r.Run()
			}
		})
		require.Regexp(t, `(?s)^sim: bird sent string noise to ear from another goroutine than the test's.*sim_test\.\(\*parrot\)\.Receive`, said)
		require.Equal(t, 1, strings.Count(said, "from another goroutine"))
	}
}

// nearest is a user's strategy: all goes to the first member.
type nearest struct{}

func (nearest) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(messages.MakePlan); ok {
		ctx.Respond(messages.PlanMade{Round: m.Round, Plan: make(partition.Plan, m.Input.Partitions.Len())})
	}
}

// shelf is a user's source.
type shelf struct{}

func (shelf) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(messages.ListPartitions); ok {
		ctx.Respond(messages.PartitionsListed{Round: m.Round, Partitions: partitions(2)})
	}
}

// rehearse lets a worker work with actors of a user, one kind of which has children,
// and returns what was said.
func rehearse(t *testing.T, seed uint64) string {
	r := sim.New(t, seed)
	user := r.Probe("user")
	desk := actor.PropsFromFunc(func(c actor.Context) {
		if m, ok := c.Message().(string); ok {
			c.Send(user.PID, m)
		}
	})
	work := func(o partition.Owned) *actor.Props {
		return actor.PropsFromFunc(func(ctx actor.Context) {
			if _, ok := ctx.Message().(*actor.Started); ok {
				ctx.Send(ctx.Spawn(desk), "work on "+string(o.ID))
			}
		})
	}
	props, err := actors.PartitionManager(actors.Config{
		Settings: partition.Fast(), Partition: work,
		Strategy: actor.PropsFromProducer(func() actor.Actor { return nearest{} }),
		Source:   actor.PropsFromProducer(func() actor.Actor { return shelf{} }),
	}, r.Outside(bridge.Config{Group: "g", Fresh: true}))
	require.NoError(t, err)
	manager := r.Spawn("w1", props)
	user.Send(manager, messages.Subscribe{PID: user.PID})
	all := map[any]bool{}
	require.True(t, r.RunUntil(time.Minute, func() bool {
		for _, m := range user.Heard() {
			if s, ok := m.(string); ok {
				all[s] = true
			}
		}
		return len(all) == 2
	}))
	require.Len(t, sim.Next[messages.AssignmentChanged](user).Gained, 2)
	user.Send(manager, messages.Stop{})
	r.RunFor(10 * time.Second)
	sim.Next[messages.Stopped](user)
	var b strings.Builder
	for _, m := range r.Said() {
		b.WriteString(m.String() + "\n")
	}
	return b.String()
}

// What users give a worker runs as it does in production, and is seen by name.
func TestAWorkerIsRehearsed(t *testing.T) {
	said := rehearse(t, 1)
	for _, line := range []string{
		`^w1/strategy-\d+/\S+ hears from w1/strategy-\d+: messages\.MakePlan\{`,
		`^w1/source-\d+/\S+ hears from w1/source-\d+: messages\.ListPartitions\{`,
		`^w1/holder-\d+/\S+/\$\d+ hears from w1/holder-\d+/\S+: string work on p1$`,
		`^user hears from w1/holder-\d+/\S+/\$\d+: string work on p2$`,
		`^w1 hears from user: messages\.Subscribe\{PID:user Confirm:false\}$`,
		`^user hears messages\.Stopped\{`,
	} {
		require.Regexp(t, `(?m)`+line, said)
	}
	require.Equal(t, said, rehearse(t, 1))
	require.NotEqual(t, said, rehearse(t, 2))
}
