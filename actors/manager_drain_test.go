package actors

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// flags tells the manager that the session stored what it was asked to.
func (f *firm) flags() {
	f.t.Helper()
	f.tell(f.pid, messages.FlagsSet{Flags: messages.SetFlags{Draining: f.snapshot().DrainAsked}})
}

func owning(change uint64, ids ...partition.PartitionID) messages.AssignmentApplied {
	m := messages.AssignmentApplied{Change: change, Worker: "worker-0", Version: 1, Step: partition.Step(4 + change)}
	for _, id := range ids {
		m.All = append(m.All, partition.Owned{ID: id, Token: 5})
	}
	return m
}

func TestManager_HasDrainedWhenNothingIsLeft(t *testing.T) {
	f := newFirm(t, nil)
	f.say(opened, began, led, owning(1, "p", "q"))
	require.False(t, f.snapshot().DrainAsked)
	f.ask(messages.Drain{})
	require.True(t, f.snapshot().DrainAsked)
	f.flags()
	unheard[messages.Drained](t, f.user)

	suspended := owning(2)
	suspended.Suspended = true
	f.say(suspended)
	unheard[messages.Drained](t, f.user)
	waits := owning(3)
	waits.Pending = []partition.PartitionID{"p"}
	f.say(waits)
	unheard[messages.Drained](t, f.user)
	drains := owning(4)
	drains.Draining = 1
	f.say(drains)
	unheard[messages.Drained](t, f.user)
	f.say(messages.DrainingChanged{Draining: 0})
	require.Equal(t, messages.Drained{}, heard[messages.Drained](t, f.user))

	f.ask(messages.Drain{})
	require.Equal(t, messages.Drained{}, heard[messages.Drained](t, f.user), "it has")
	f.say(owning(5, "r")) // granted before the leader knew
	f.ask(messages.Drain{})
	unheard[messages.Drained](t, f.user)
	f.say(owning(6))
	require.Equal(t, messages.Drained{}, heard[messages.Drained](t, f.user))
}

// Who owns nothing may be about to get something, as long as the group does not know.
func TestManager_HasNotDrainedBeforeTheGroupKnows(t *testing.T) {
	f := newFirm(t, nil)
	f.ask(messages.Drain{})
	f.say(opened, began, led)
	f.flags()
	unheard[messages.Drained](t, f.user)
	f.say(owning(1))
	heard[messages.Drained](t, f.user)
	f.say(lostIt, opened, began, led)
	f.say(owning(2))
	f.ask(messages.Drain{})
	unheard[messages.Drained](t, f.user)
	f.flags()
	require.Equal(t, messages.Drained{}, heard[messages.Drained](t, f.user))
}

func TestManager_DrainEndsWithUndrainAndStop(t *testing.T) {
	f := newFirm(t, nil)
	f.say(opened, began, led, owning(1, "p"))
	f.ask(messages.Undrain{}) // nothing to end
	f.ask(messages.Drain{})
	f.flags()
	f.ask(messages.Undrain{})
	require.Equal(t, "Undrain was asked for", heard[messages.Drained](t, f.user).Reason)
	require.False(t, f.snapshot().DrainAsked)
	f.flags()
	f.say(owning(2))
	unheard[messages.Drained](t, f.user)

	f.say(owning(3, "p"))
	f.ask(messages.Drain{})
	for _, mail := range []any{messages.Stop{}, messages.Drain{}} {
		f.system.Root.RequestWithCustomSender(f.pid, mail, f.user.pid)
	}
	f.drain()
	require.Equal(t, isStopping, heard[messages.Drained](t, f.user).Reason)
	require.Equal(t, isStopping, heard[messages.Drained](t, f.user).Reason)
}

// A worker that never takes part again does not let anybody wait.
func TestManager_DrainEndsWithWhatIsFinal(t *testing.T) {
	for reason, ends := range map[string][]any{
		"the session was lost: too old": {opened, began, led, messages.SessionLost{Session: "?", Reason: "too old", Final: true}},
		"closed":                        {opened, began, led, gone, messages.StoreFailed{Reason: "closed", Final: true}},
		"not permitted":                 {opened, messages.ClaimFailed{Reason: "not permitted", Final: true}},
	} {
		t.Run(reason, func(t *testing.T) {
			f := newFirm(t, nil)
			f.ask(messages.Drain{})
			for _, m := range ends {
				unheard[messages.Drained](t, f.user)
				f.say(m)
			}
			require.Equal(t, messages.Drained{Reason: reason}, heard[messages.Drained](t, f.user))
			f.ask(messages.Drain{})
			require.Equal(t, messages.Drained{Reason: reason}, heard[messages.Drained](t, f.user), "it is known")
		})
	}
}

// Who asked and has ended takes nobody's place, and is no dead letter.
func TestManager_ForgetsWhoAskedAndEnded(t *testing.T) {
	f := newFirm(t, nil)
	dead := 0
	f.system.EventStream.Subscribe(func(m any) {
		if _, ok := m.(*actor.DeadLetterEvent); ok {
			dead++
		}
	})
	f.say(opened, began, led, owning(1, "p"))
	for range maxAsked {
		f.system.Root.RequestWithCustomSender(f.pid, messages.Drain{}, actor.NewPID(f.pid.Address, "ended"))
	}
	f.ask(messages.Drain{})
	f.flags()
	unheard[messages.Drained](t, f.user)
	f.say(owning(2))
	require.Equal(t, messages.Drained{}, heard[messages.Drained](t, f.user))
	require.Zero(t, dead)

	f.say(owning(3, "p"))
	for range maxAsked {
		f.system.Root.RequestWithCustomSender(f.pid, messages.Drain{}, f.user.pid)
	}
	f.drain()
	unheard[messages.Drained](t, f.user)
	f.ask(messages.Drain{})
	require.Equal(t, "too many requests are waiting", heard[messages.Drained](t, f.user).Reason)
}

// Who only waits for an answer, as proto.Actor's futures do, hears nothing else.
func TestManager_AnswersAFutureWhenItHasDrained(t *testing.T) {
	f := newFirm(t, nil)
	f.say(opened, began, led, owning(1, "p"))
	answer := f.system.Root.RequestFuture(f.pid, messages.Drain{}, time.Hour)
	f.drain()
	f.flags()
	f.say(owning(2))
	drained, err := answer.Result()
	require.NoError(t, err)
	require.Equal(t, messages.Drained{}, drained)
}
