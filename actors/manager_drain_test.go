package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// flags tells the manager that the session stored what it was asked to.
func (f *firm) flags() {
	f.t.Helper()
	f.tell(f.pid, messages.FlagsSet{Flags: messages.SetFlags{Draining: f.snapshot().Emptied}})
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
	require.False(t, f.snapshot().Emptied)
	f.ask(messages.Drain{})
	require.True(t, f.snapshot().Emptied)
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
	require.False(t, f.snapshot().Emptied)
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
