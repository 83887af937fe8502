package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A guest notices what it must not hear.
func TestGuests_Notice(t *testing.T) {
	subscribed := messages.StateChanged{Reason: "subscribed"}
	for wrong, says := range map[string]func(m messages.AssignmentChanged) []any{
		"of step": func(m messages.AssignmentChanged) []any {
			m.Step, m.Gained = m.Step-1, nil
			return []any{m}
		},
		"its lists differ by": func(m messages.AssignmentChanged) []any { return []any{m} },
		"subscribed and heard of gains": func(m messages.AssignmentChanged) []any {
			m.Gained = m.Gained[1:]
			return []any{subscribed, m}
		},
		"subscribed anew and owes": func(m messages.AssignmentChanged) []any {
			lost := m
			lost.All, lost.Gained, lost.Lost = m.All[1:], nil, m.All[:1]
			again := lost
			again.Gained, again.Lost = again.All, nil
			return []any{lost, subscribed, again}
		},
	} {
		w := NewWorld(Config{Seed: 1, Settings: partition.Fast(), Partitions: []partition.Partition{partition.Of("p1"), partition.Of("p2")}})
		p := w.Start("w1", Habits{})
		require.True(t, w.RunUntil(time.Minute, func() bool { return len(p.Heard.Assignment.All) == 2 }))
		g := p.Invite(time.Second)
		require.True(t, w.Run(time.Second), w.Broken(20))
		require.True(t, slices.Equal(p.Heard.Assignment.All, g.all))
		m := p.Heard.Assignment
		m.Gained = m.All
		for _, mail := range says(m) {
			p.lane.Do(func() { w.system.system.Root.Send(g.pid, mail) })
		}
		require.False(t, w.Run(0))
		require.Contains(t, w.Broken(0), wrong)
		w.Close()
	}
}

// A guest that is said to have let go, and works on, is noticed by what another begins with.
func TestGuests_WorkOn(t *testing.T) {
	w := NewWorld(Config{Seed: 1, Settings: partition.Fast(), Partitions: []partition.Partition{partition.Of("p1"), partition.Of("p2")}})
	defer w.Close()
	p := w.Start("w1", Habits{})
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(p.Heard.Assignment.All) == 2 }))
	g := p.Invite(time.Hour)
	w.Start("w2", Habits{})
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(g.owes) > 0 }), w.Broken(20))
	p.send(messages.LetGo{PID: g.pid, Step: g.owes[0].step})
	require.False(t, w.Run(time.Second))
	require.Contains(t, w.Broken(0), "while the guest-1 of w1 owns it")
}

// Whoever unsubscribes works on nothing, and owes nothing, whatever it is told then; who
// subscribes again works on all.
func TestGuests_ComeAndGo(t *testing.T) {
	w := NewWorld(Config{Seed: 1, Settings: partition.Fast(), Partitions: []partition.Partition{partition.Of("p1"), partition.Of("p2")}})
	defer w.Close()
	p := w.Start("w1", Habits{})
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(p.Heard.Assignment.All) == 2 }))
	g := p.Invite(time.Second)
	works := func() (n int) {
		for _, h := range w.Check.people["w1"].hands {
			if h.kind == g.name {
				n++
			}
		}
		return n
	}
	for _, is := range []struct {
		does func()
		has  int
	}{
		{func() {}, 2},
		{g.Subscribe, 2},
		{g.Unsubscribe, 0},
		{g.Subscribe, 2},
		{func() { g.Subscribe(); g.Unsubscribe() }, 0}, // the answer comes after it left
		{g.Subscribe, 2},
		{g.End, 0},
		{g.Subscribe, 0},
	} {
		is.does()
		require.True(t, w.Run(time.Second), w.Broken(20))
		require.Equal(t, is.has, works())
	}
}
