package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// afflicted is a group of three that has begun, of which one leads.
func afflicted(t *testing.T) (*sim.World, *sim.Process) {
	t.Helper()
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: partitions(12), Replicas: 1})
	t.Cleanup(w.Close)
	for _, name := range []string{"w1", "w2", "w3"} {
		w.Start(name, sim.Habits{Confirm: true})
	}
	well(t, w, 20*time.Second)
	return w, w.Leader()
}

// Whatever right is revoked, who needs it says that this is final, and the others own
// everything. It stops as everybody does, and may begin again when the right is back.
//
// hazard 62
func TestRightsThatAreRevoked(t *testing.T) {
	for r := range sim.Rights {
		t.Run(fmt.Sprint(r), func(t *testing.T) {
			w, leads := afflicted(t)
			if r == sim.ToLook { // who has looked goes on
				leads = w.Start("late", sim.Habits{})
			}
			leads.Port.Deny(r)
			if r == sim.ToRead {
				lost := false
				w.Net.Lose = func(by string, _ []bridge.Message) bool { // it has to read what became of it
					was := lost
					lost = lost || by == leads.Name
					return !was && lost
				}
			}
			leads.Port.Disconnect(100 * time.Millisecond)
			well(t, w, 20*time.Second)
			require.True(t, leads.Heard.Health.Final, "%s", w.Trace.End(60))
			require.Positive(t, met(w, "a worker says that only a restart helps"))
			require.Empty(t, leads.Heard.Assignment.All)
			covered(t, w)
			leads.Stop(false)
			well(t, w, 10*time.Second)
			require.True(t, leads.Ended())
			w.Start("w4", sim.Habits{})
			well(t, w, 20*time.Second)
			covered(t, w)
		})
	}
}

// A leader whose node is slow decides late, and its worker is one like the others when it
// is quick again.
func TestSlow(t *testing.T) {
	w, leads := afflicted(t)
	leads.Slow(5 * time.Millisecond)
	w.List(partitions(20))
	well(t, w, 10*time.Second)
	require.False(t, leads.Paused())
	require.Positive(t, met(w, "a slow node decides"), "%s", w.Trace.End(60))
	steps := w.Steps()
	leads.Slow(time.Hour) // it handles one message more
	well(t, w, 10*time.Second)
	require.Positive(t, met(w, "a session is fenced whose node is slow"), "%d messages, %s", w.Steps()-steps, w.Trace.End(60))
	leads.Slow(0)
	well(t, w, 20*time.Second)
	covered(t, w)
	require.Equal(t, messages.Stable, leads.Heard.State)
}

// While no record may be as large as it is nobody has a lease; after it all is as before.
// A stream that says so is not taken for Troupe's, by a worker that had it open until it
// says otherwise.
func TestNarrow(t *testing.T) {
	for _, edited := range []bool{false, true} {
		t.Run(fmt.Sprint(edited), func(t *testing.T) {
			w, leads := afflicted(t)
			w.Net.Narrow(50, edited, 10*time.Second)
			leads.Port.Disconnect(100 * time.Millisecond)
			well(t, w, 9*time.Second)
			require.Positive(t, met(w, "a worker's record is too large"))
			require.Empty(t, w.Check.Working())
			well(t, w, time.Second+w.Settings().StableBound(partition.Setbacks{Resigned: true}))
			covered(t, w)
			for _, p := range w.Processes() {
				require.Equal(t, messages.Stable, p.Heard.State)
				require.True(t, p.Heard.Health.Healthy, p.Heard.Health.Reason)
			}
		})
	}
}

// Time does not go back where a node is suspended that is slow. What became due before its
// clock stood still, while it handled a message, comes late, as all that waited does.
func TestSlowAndSuspended(t *testing.T) {
	w, leads := afflicted(t)
	leads.Slow(20 * time.Millisecond)
	for i := range 50 {
		w.Plan(time.Duration(i)*73*time.Millisecond, func() { leads.Suspend(31 * time.Millisecond) })
	}
	last := w.Timeline.Now()
	forward := func() bool {
		was := last
		last = w.Timeline.Now()
		return last < was
	}
	require.False(t, w.RunUntil(4*time.Second, forward), "time went back to %v: %s", last, w.Broken(60))
	require.Empty(t, w.Broken(60))
}

// While nobody answers, whoever asks is told so: nobody has a lease, and all is as before when
// somebody answers again. One who alone finds nobody is answered by another server.
func TestNobodyAnswers(t *testing.T) {
	w, _ := afflicted(t)
	const says = "a worker's record finds nobody who answers"
	w.Net.Desert(10 * time.Second)
	well(t, w, 9*time.Second)
	all := met(w, says)
	require.Positive(t, all, "%s", w.Trace.End(60))
	require.Empty(t, w.Check.Working())
	well(t, w, time.Second+w.Settings().StableBound(partition.Setbacks{Resigned: true}))
	covered(t, w)

	w.Leader().Port.Desert()
	well(t, w, w.Settings().StableBound(partition.Setbacks{Resigned: true}))
	require.Greater(t, met(w, says), all)
	covered(t, w)
	for _, p := range w.Processes() {
		require.Equal(t, messages.Stable, p.Heard.State)
		require.True(t, p.Heard.Health.Healthy, p.Heard.Health.Reason)
	}
}

// At whatever message a handler panics, its partition is worked on again.
func TestHandlersThatPanic(t *testing.T) {
	w, leads := afflicted(t)
	leads.Stop(false)
	well(t, w, 20*time.Second)
	for m, when := range []string{"when it starts", "at its work", "when it has to let go", "when it has drained", "when it stops"} {
		p := w.Start(fmt.Sprintf("late-%d", m), sim.Habits{Drain: time.Duration(m) * 20 * time.Millisecond})
		for _, p := range w.Processes() {
			p.Fail(sim.Moment(m))
		}
		well(t, w, 20*time.Second)
		p.Fail(sim.Moment(m))
		p.Drain(false)
		well(t, w, 10*time.Second)
		require.Positive(t, p.Heard.Drained)
		p.Stop(false)
		well(t, w, 20*time.Second)
		covered(t, w)
		require.Positive(t, met(w, "a handler panics "+when), "%s", w.Trace.End(60))
		for _, p := range w.Processes() {
			p.Spare()
		}
	}
}
