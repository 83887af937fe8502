package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// user is who listens to a process: it subscribes, notes what it hears, and
// confirms if that is its habit.
type user struct {
	process *Process
	all     []partition.Owned
	step    partition.Step
}

// letGo is a user's reminder to confirm.
type letGo struct {
	step partition.Step
	lost []partition.Owned
}

// Receive implements actor.Actor.
func (u *user) Receive(ctx actor.Context) {
	p := u.process
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Request(p.manager, messages.Subscribe{PID: ctx.Self(), Confirm: p.Habits.Confirm})
		if p.Habits.Mortal {
			ctx.Watch(p.manager)
		}
	case *actor.Terminated:
		p.died = p.stopped == nil
	case messages.UpdateRefused:
		p.relist()
	case relistDue:
		ctx.Request(p.manager, messages.UpdatePartitions{Partitions: p.world.partitions})
	case messages.AssignmentChanged:
		u.changed(ctx, m)
	case letGo:
		u.let(ctx, m)
	case messages.StateChanged:
		p.Heard.State = m.To
		p.say(fmt.Sprintf("%s → %s%s", m.From, m.To, because(m.Reason)))
	case messages.HealthChanged:
		was := p.Heard.Health
		p.Heard.Health = m
		if m.Final && !was.Final {
			p.world.final(p)
		}
		p.world.Check.wedge.says(p.Name, m.Healthy, m.Reason)
		if strings.HasPrefix(m.Reason, "the hand-over is stuck") && p.world.Check.lapse.grants == nil { // a head that was lost is followed by none
			p.world.Check.violate("I10", "%s: %s", p.Name, m.Reason)
		}
		p.say(fmt.Sprintf("healthy: %v%s", m.Healthy, because(m.Reason)))
	case messages.AlertRaised:
		p.say(fmt.Sprintf("alert: %s: degraded for %v%s", m.Level, m.At.Sub(m.Since), because(m.Reason)))
	case messages.Stopped:
		text := "has stopped" + because(m.Reason)
		if len(m.Running) > 0 {
			text += fmt.Sprintf(", %d handlers still run", len(m.Running))
		}
		p.say(text)
		p.stopped = &m
	default:
		u.answered(m)
	}
}

// answered notes what was asked for.
func (u *user) answered(mail any) {
	p := u.process
	switch m := mail.(type) {
	case messages.Snapshot:
		p.Heard.Snapshot = m
		p.say(fmt.Sprintf("answers: %s, leads: %v, version %d, owns %d", m.State, m.Leading, m.Version, len(m.Owned)))
	case messages.Owner:
		p.Heard.Owner = m
		p.say(fmt.Sprintf("%s is owned by %q, token %d%s", m.Partition, m.Worker, Step(m.Token), because(m.Reason)))
	case messages.Because:
		p.Heard.Because = m
		p.say(fmt.Sprintf("%s is owned by %q, token %d: %s%s, to %q, waits: %q%s", m.Partition, m.Owner, Step(m.Token), m.Granted.Cause,
			because(m.Move.Why), m.Pending, m.Waits, because(m.Reason)))
	case messages.Journal:
		p.Heard.Journal = m
		for _, j := range m.Records {
			p.say(fmt.Sprintf("tells of step %d, version %d: %s, %d moves: %q", Step(j.Step), j.Version, j.Cause, len(j.Moves)+j.More, j.Evidence))
		}
		if m.Reason != "" {
			p.say("tells no journal: " + m.Reason)
		}
	case messages.Refreshed:
		p.Heard.Refreshed = m
		if m.Reason != "" {
			p.say("is not refreshed: " + m.Reason)
			return
		}
		p.say(fmt.Sprintf("is refreshed, version %d", m.Version))
	case messages.PartitionReleased:
		p.world.encounters.meets(released, m.Reason == "")
		p.say(fmt.Sprintf("%s is released%s", m.Partition, because(m.Reason)))
	case messages.Drained:
		p.Heard.Drained++
		if p.relief.open--; p.relief.open == 0 && p.relief.asked && m.Reason == "" {
			p.world.Check.Drained(p.Name, true)
		}
		p.say("has drained" + because(m.Reason))
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// changed checks that every message continues the one before.
func (u *user) changed(ctx actor.Context, m messages.AssignmentChanged) {
	p := u.process
	p.Heard.Assignment = m
	p.say(fmt.Sprintf("%s owns %d after step %d%s%s%s", m.Worker, len(m.All), Step(m.Step),
		tokens("gains", m.Gained), tokens("loses", m.Lost), pending(m.Pending)))
	if m.Step < u.step {
		p.world.Check.violate("I2", "the subscriber of %s heard of step %d after step %d", p.Name, Step(m.Step), Step(u.step))
	}
	gained, lost := differ(u.all, m.All)
	if !equal(gained, m.Gained) || !equal(lost, m.Lost) {
		p.world.Check.violate("I2", "the subscriber of %s heard of gains %v and losses %v; its lists differ by %v and %v",
			p.Name, m.Gained, m.Lost, gained, lost)
	}
	u.all, u.step = m.All, m.Step
	if !p.Habits.Confirm {
		return
	}
	for _, o := range m.Lost {
		p.world.Check.Told(p.Name, Listener, o)
	}
	for _, o := range m.Gained {
		p.world.Check.Begins(p.Name, Listener, o)
	}
	switch {
	case len(m.Lost) == 0 || p.Habits.LetGo == Never:
	case p.Habits.LetGo == 0:
		u.let(ctx, letGo{m.Step, m.Lost})
	default:
		p.later(p.Habits.LetGo, ctx.Self(), letGo{m.Step, m.Lost})
	}
}

func (u *user) let(ctx actor.Context, m letGo) {
	p := u.process
	for _, o := range m.lost {
		p.world.Check.Stops(p.Name, Listener, o)
	}
	p.say(fmt.Sprintf("the subscriber let go of what step %d took", Step(m.step)))
	ctx.Send(p.manager, messages.LetGo{PID: ctx.Self(), Step: m.step})
}

func equal(a, b []partition.Owned) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func tokens(verb string, list []partition.Owned) string {
	if len(list) == 0 {
		return ""
	}
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = fmt.Sprintf("%s@%d", o.ID, Step(o.Token))
	}
	return fmt.Sprintf("; %s %s", verb, strings.Join(out, " "))
}

// Clocks returns a rate of a clock at random, the extremes more often.
func (w *World) Clocks() Rate {
	switch w.Random.IntN(4) {
	case 0:
		return SlowestRate
	case 1:
		return FastestRate
	}
	return SlowestRate + Rate(w.Random.Int64N(int64(FastestRate-SlowestRate)+1))
}

// Soon is a random time below d.
func (w *World) Soon(d time.Duration) time.Duration {
	return time.Duration(w.Random.Int64N(int64(max(d, 1))))
}
