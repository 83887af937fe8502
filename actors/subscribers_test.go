package actors

import (
	"slices"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// listener is a subscriber as its user sees it.
type listener struct {
	confirm bool
	again   bool // it has just subscribed
	all     []partition.Owned
	step    partition.Step
	owes    []owing // messages with something in Lost that it has not answered
}

type owing struct {
	step   partition.Step
	change uint64
	lost   []partition.Owned
}

// desk is an actor that runs the subscribers, so that they have a context.
type desk struct{ subs subscribers }

func (d *desk) Receive(ctx actor.Context) {
	if f, ok := ctx.Message().(func(actor.Context, *subscribers)); ok {
		f(ctx, &d.subs)
	}
}

// Gains and losses are relative to the message before, steps never go back, and
// the holder hears of a change only when everybody has answered all messages up
// to it, or has gone. Who subscribes again has answered nothing by that.
func TestSubscribers(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := newPlay(t)
		d := &desk{}
		pid := p.child(actor.PropsFromProducer(func() actor.Actor { return d }), "desk")
		do := func(f func(actor.Context, *subscribers)) { p.tell(pid, f) }
		probes, known := []*probe{p.probe("a"), p.probe("b"), p.probe("c")}, map[*probe]*listener{}
		now := messages.AssignmentApplied{}
		var said uint64
		for range rapid.IntRange(1, 40).Draw(r, "events") {
			b := probes[rapid.IntRange(0, 2).Draw(r, "who")]
			switch rapid.IntRange(0, 4).Draw(r, "event") {
			case 0:
				x := &listener{confirm: rapid.Bool().Draw(r, "confirm"), again: true}
				if was := known[b]; was != nil {
					x.owes = was.owes
				}
				known[b] = x
				do(func(ctx actor.Context, s *subscribers) {
					s.add(ctx, messages.Subscribe{PID: b.pid, Confirm: x.confirm}, now)
				})
			case 1:
				do(func(_ actor.Context, s *subscribers) { require.Equal(t, known[b] != nil, s.remove(b.pid)) })
				delete(known, b)
			case 2:
				if x := known[b]; x != nil && len(x.owes) > 0 {
					step := x.owes[0].step
					x.owes = x.owes[1:]
					do(func(_ actor.Context, s *subscribers) { s.letGo(messages.LetGo{PID: b.pid, Step: step}) })
				}
			default:
				now = another(r, now)
				do(func(ctx actor.Context, s *subscribers) { s.assign(ctx, now) })
			}
			for b, x := range known {
				x.listen(t, b, now.Change)
			}
			do(func(_ actor.Context, s *subscribers) { said = settle(t, s, known, now.Change, said) })
		}
	})
}

// another is a change of what is owned, sometimes without a new step.
func another(r *rapid.T, was messages.AssignmentApplied) messages.AssignmentApplied {
	next := messages.AssignmentApplied{Change: was.Change + 1, Step: was.Step + partition.Step(rapid.IntRange(0, 2).Draw(r, "step"))}
	next.Step = max(next.Step, 1)
	for i := range 4 {
		if token := rapid.IntRange(0, 3).Draw(r, "token"); token > 0 {
			next.All = append(next.All, partition.Owned{ID: partition.PartitionID(rune('p' + i)), Token: partition.Token(token)})
		}
	}
	return next
}

func (x *listener) listen(t *testing.T, b *probe, change uint64) {
	for _, mail := range b.mail {
		m := mail.(messages.AssignmentChanged)
		gained, lost := partition.Diff(x.all, m.All)
		if x.again {
			x.again, lost, change = false, x.owed(m.All), change+1
		}
		require.Equal(t, gained, m.Gained)
		require.Equal(t, lost, m.Lost)
		require.GreaterOrEqual(t, m.Step, x.step)
		x.all, x.step = m.All, m.Step
		if x.confirm && len(m.Lost) > 0 {
			x.owes = append(x.owes, owing{m.Step, change, m.Lost})
		}
	}
	b.forget()
}

// owed is what it has lost and not let go, and does not own now.
func (x *listener) owed(all []partition.Owned) []partition.Owned {
	var owed []partition.Owned
	for i := range 4 {
		for token := range partition.Token(4) {
			o := partition.Owned{ID: partition.PartitionID(rune('p' + i)), Token: token}
			lost := slices.ContainsFunc(x.owes, func(w owing) bool { return slices.Contains(w.lost, o) })
			if lost && !slices.Contains(all, o) {
				owed = append(owed, o)
			}
		}
	}
	return owed
}

func settle(t *testing.T, s *subscribers, known map[*probe]*listener, latest, said uint64) uint64 {
	want := latest
	for _, x := range known {
		if len(x.owes) > 0 {
			want = min(want, x.owes[0].change-1)
		}
	}
	got, news := s.settled(latest)
	require.Equal(t, max(want, said), got)
	require.Equal(t, got > said, news)
	return got
}

// One answer says nothing of a later message with the same step; a later step's
// answer speaks for all before.
func TestSubscribers_LetGo(t *testing.T) {
	p := newPlay(t)
	b := p.probe("a")
	x := &subscriber{pid: b.pid, confirm: true, debts: []debt{{step: 4, change: 1}, {step: 5, change: 2}, {step: 5, change: 3}, {step: 6, change: 4}}}
	s := subscribers{list: []*subscriber{x}}
	s.letGo(messages.LetGo{Step: 9})
	require.Len(t, x.debts, 4, "of nobody")
	s.letGo(messages.LetGo{PID: b.pid, Step: 5})
	require.Equal(t, []debt{{step: 5, change: 3}, {step: 6, change: 4}}, x.debts)
	s.letGo(messages.LetGo{PID: b.pid, Step: 6})
	require.Empty(t, x.debts)
}
