package sim

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// worldOfOne is a world with a process that nobody wrote a line of code for: what is said of
// it is made up.
func worldOfOne(t *testing.T) (*World, *Process) {
	w := NewWorld(Config{Seed: 1, Settings: partition.Fast()})
	t.Cleanup(w.Close)
	p := &Process{Name: "w1", world: w}
	w.processes = append(w.processes, p)
	p.lane = w.scheduler.Lane(p.Name)
	p.Port = w.Net.Port(p.lane, "KV_"+Group)
	return w, p
}

// An actor that panics breaks a life, unless it is made to.
func TestPanicsAreViolations(t *testing.T) {
	const ended = "an actor panicked and stops actor=w1/holder mail=messages.Tick reason="
	for text, c := range map[string]struct {
		level  slog.Level
		fatal  bool
		broken bool
	}{
		ended + "index out of range":      {slog.LevelError, false, true},
		ended + Planted:                   {slog.LevelError, false, false},
		"a handler panicked: " + Habitual: {slog.LevelError, false, false},
		"supervision: index out of range": {slog.LevelWarn, false, false},

		"an actor panicked and stops actor=w1 reason=its source has ended":  {slog.LevelError, true, false},
		"an actor panicked and stops actor=w1 reason=its source is no more": {slog.LevelError, false, true},
	} {
		w, p := worldOfOne(t)
		p.fatal = c.fatal
		w.logged(c.level, text)
		if !c.broken {
			require.Empty(t, w.Check.Broken(), text)
			continue
		}
		require.Contains(t, w.Broken(0), "Panic is broken at 0.000 s: "+text)
	}
}

// What a subscriber hears continues what it heard before.
func TestASubscriberNotices(t *testing.T) {
	p1, p2 := partition.Owned{ID: "p1", Token: 3}, partition.Owned{ID: "p2", Token: 3}
	again := partition.Owned{ID: "p1", Token: 5}
	type list = []partition.Owned
	for name, c := range map[string]struct {
		next messages.AssignmentChanged
		word string // of what is broken; empty if nothing is
	}{
		"gains what is new":             {messages.AssignmentChanged{Step: 4, All: list{p1, p2}, Gained: list{p2}}, ""},
		"loses what is gone":            {messages.AssignmentChanged{Step: 4, Lost: list{p1}}, ""},
		"loses and gains another token": {messages.AssignmentChanged{Step: 5, All: list{again}, Gained: list{again}, Lost: list{p1}}, ""},
		"an older step":                 {messages.AssignmentChanged{Step: 2, All: list{p1}}, "heard of step 2 after step 3"},
		"no word of a gain":             {messages.AssignmentChanged{Step: 4, All: list{p1, p2}}, "its lists differ by [{p2 3"},
		"no word of a loss":             {messages.AssignmentChanged{Step: 4}, "its lists differ by [] and [{p1 3"},
		"no word of another token":      {messages.AssignmentChanged{Step: 5, All: list{again}}, "its lists differ by [{p1 5"},
		"a gain of what it has":         {messages.AssignmentChanged{Step: 4, All: list{p1}, Gained: list{p1}}, "heard of gains [{p1 3"},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := worldOfOne(t)
			u := &user{process: p}
			u.changed(nil, messages.AssignmentChanged{Step: 3, All: list{p1}, Gained: list{p1}})
			require.Empty(t, w.Broken(0))
			u.changed(nil, c.next)
			if c.word == "" {
				require.Empty(t, w.Broken(0))
				return
			}
			require.Contains(t, w.Broken(0), "I2 is broken")
			require.Contains(t, w.Broken(0), c.word)
		})
	}
}

// A hand-over that a leader says is stuck is a violation, whoever is to blame.
func TestAHandOverThatIsSaidToBeStuck(t *testing.T) {
	w := NewWorld(Config{Seed: 1, Settings: partition.Fast(), Partitions: []partition.Partition{partition.Of("p1")}})
	defer w.Close()
	p := w.Start("w1", Habits{})
	require.True(t, w.Run(10*time.Second), w.Broken(20))
	p.lane.Do(func() { w.system.system.Root.Send(p.user, messages.HealthChanged{Reason: "the store is slow"}) })
	require.True(t, w.Run(0), w.Broken(20))
	p.lane.Do(func() {
		w.system.system.Root.Send(p.user, messages.HealthChanged{Reason: "the hand-over is stuck: p1"})
	})
	require.False(t, w.Run(0))
	require.Contains(t, w.Broken(0), "I10 is broken at 10.000 s: w1: the hand-over is stuck: p1")
}
