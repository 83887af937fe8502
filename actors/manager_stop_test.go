package actors

import (
	"strconv"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// paths lead to every state.
var paths = map[messages.State][]any{
	initial:           nil,
	claimingID:        {opened},
	electing:          {opened, began},
	waitingAssignment: {opened, began, led},
	stable:            follower,
	scaling:           append(leader[:len(leader):len(leader)], window),
	rebalancing:       append(leader[:len(leader):len(leader)], decides),
	emergency:         append(leader[:len(leader):len(leader)], rescues),
	degraded:          append(leader[:len(leader):len(leader)], doubt),
}

// behind lists the actors that are left of the manager.
func (f *firm) behind() (names []string) {
	for _, shard := range f.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		for _, name := range shard.Keys() {
			if name == f.pid.Id || strings.HasPrefix(name, f.pid.Id+"/") {
				names = append(names, name)
			}
		}
	}
	return names
}

// ended checks that nothing is left, and that everybody who asked was told.
func (f *firm) ended(askers int) (answer messages.Stopped) {
	f.t.Helper()
	f.drain()
	for range askers {
		answer = heard[messages.Stopped](f.t, f.user)
	}
	unheard[messages.Stopped](f.t, f.user)
	heard[*actor.Terminated](f.t, f.parent)
	require.Empty(f.t, f.behind())
	f.see()
	require.Equal(f.t, shutdown, f.shown[len(f.shown)-1])
	return answer
}

// hazard 70
func TestManager_StopsInEveryState(t *testing.T) {
	for state, path := range paths {
		for name, stop := range map[string]func(*firm) int{
			"once":  func(f *firm) int { f.ask(messages.Stop{}); return 1 },
			"twice": func(f *firm) int { f.stopTwice(); return 2 },
			"by poison": func(f *firm) int {
				f.tell(f.pid, &actor.PoisonPill{})
				return 0
			},
			"restarting": func(f *firm) int {
				f.ask(messages.Stop{Restarting: true})
				if f.snapshotOr().Worker != "" {
					f.tell(f.pid, messages.FlagsSet{Flags: messages.SetFlags{Restarting: true}})
				}
				return 1
			},
			"restarting, not announced": func(f *firm) int {
				f.ask(messages.Stop{Restarting: true})
				f.tell(f.pid, announceDue{})
				return 1
			},
			"while the store is lost": func(f *firm) int {
				f.ask(messages.Stop{Restarting: true})
				f.tell(f.pid, gone)
				return 1
			},
		} {
			t.Run(string(state)+" "+name, func(t *testing.T) {
				f := newFirm(t, nil)
				f.say(path...)
				require.Equal(t, state, f.shown[len(f.shown)-1])
				require.Empty(t, f.ended(stop(f)).Running)
			})
		}
	}
}

func (f *firm) stopTwice() {
	f.system.Root.RequestWithCustomSender(f.pid, messages.Stop{}, f.user.pid)
	f.system.Root.RequestWithCustomSender(f.pid, messages.Stop{Restarting: true}, f.user.pid)
	f.drain()
}

// snapshotOr is empty if the manager has ended.
func (f *firm) snapshotOr() (s messages.Snapshot) {
	f.ask(messages.GetSnapshot{})
	for _, m := range f.user.mail {
		if got, ok := m.(messages.Snapshot); ok {
			s = got
		}
	}
	return s
}

// life is the number of the present session, as the holder hears it.
func (f *firm) life() partition.Round {
	born, err := strconv.Atoi(strings.TrimPrefix(f.present("session"), "session-"))
	require.NoError(f.t, err)
	return partition.Round(born - 1)
}

// own gives the holder a session and an assignment of p, under token 5.
func (f *firm) own() {
	f.t.Helper()
	f.say(opened, began, led)
	session := f.snapshot().Session
	f.system.Root.RequestWithCustomSender(f.below("holder-5"), messages.HoldFor{Worker: "worker-0", Session: session, LeaseEnd: f.now.Add(1e9), Round: f.life()}, f.below("session-6"))
	f.drain()
	f.tell(f.below("holder-5"), messages.Seen{Round: 1, At: f.now, Entry: messages.Entry{Revision: 9, Record: assignment(session, 5, "p@5")}})
	f.see()
	require.Equal(f.t, stable, f.shown[len(f.shown)-1])
}

// stubborn are partition actors that never drain.
func stubborn(c *Config) {
	c.Partition = func(partition.Owned) *actor.Props {
		return Drains(actor.PropsFromProducer(func() actor.Actor { return moody{} }))
	}
}

// A restart is announced before anything is let go; a leader stands down after.
func TestManager_AnnouncesRestart(t *testing.T) {
	for name, ask := range map[string]func(*Config) messages.Stop{
		"OnStop": func(c *Config) messages.Stop { c.Settings.OnStop = partition.Restart; return messages.Stop{} },
		"Stop":   func(*Config) messages.Stop { return messages.Stop{Restarting: true} },
	} {
		t.Run(name, func(t *testing.T) {
			var stop messages.Stop
			f := newFirm(t, func(c *Config) { stop = ask(c) })
			f.own()
			f.ask(stop)
			require.NotEmpty(t, f.snapshot().Owned)
			f.tell(f.pid, messages.FlagsSet{}) // others
			require.NotEmpty(t, f.snapshot().Owned)
			f.tell(f.pid, messages.FlagsSet{Flags: messages.SetFlags{Restarting: true}})
			require.Equal(t, partition.PartitionID("p"), lastOf[messages.AssignmentChanged](t, f.user).Lost[0].ID)
			f.tell(f.pid, messages.LetGo{PID: f.user.pid, Step: 5})
			f.ended(1)
		})
	}
}

// Nothing is released before everything is let go.
func TestManager_WaitsForSubscribersAndHandlers(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	f.ask(messages.Stop{})
	require.Equal(t, shutdown, f.snapshot().State)
	f.tell(f.pid, messages.LetGo{Step: 5}) // of nobody
	require.NotEmpty(t, f.behind())
	f.ask(messages.LetGo{Step: 5})
	require.Empty(t, f.ended(1).Running)
}

func TestManager_NamesWhatDoesNotStop(t *testing.T) {
	f := newFirm(t, stubborn)
	f.own()
	f.ask(messages.Stop{})
	f.ask(messages.LetGo{Step: 5})
	r := remindOf[leaveDue](t, f.outside)
	s := partition.Default()
	require.Equal(t, s.ShutdownTimeout-2*s.StoreTimeout, r.After, "a release needs time too")
	f.tell(f.below("holder-5"), r.Mail)
	running := f.ended(1).Running
	require.Len(t, running, 1)
	require.Contains(t, running[0], "partition p, token 5: ")
}

// After ShutdownTimeout it ends anyway.
func TestManager_StopTakesTooLong(t *testing.T) {
	f := newFirm(t, stubborn)
	f.own()
	f.ask(messages.Stop{Restarting: true})
	r := remindOf[stopDue](t, f.outside)
	require.Equal(t, partition.Default().ShutdownTimeout, r.After)
	f.tell(f.pid, r.Mail)
	require.Contains(t, f.ended(1).Reason, "longer than ShutdownTimeout: the release is not known to be stored")
}

// Code of the user's that never returns keeps its actor; it is named and left.
func TestManager_StopLeavesWhatIsStuck(t *testing.T) {
	f := newFirm(t, nil)
	f.say(follower...)
	f.system.Root.Send(f.below("source-3/user-1"), "compute for ever")
	require.Len(t, f.steps.ready, 1)
	stuck := f.steps.ready[0]
	f.steps.ready = nil
	f.ask(messages.Stop{})
	unheard[messages.Stopped](t, f.user)
	f.tell(f.pid, remindOf[stopDue](t, f.outside).Mail)
	s := heard[messages.Stopped](t, f.user)
	require.Equal(t, []string{f.pid.Id + "/source-3, or what is below it"}, s.Running)
	f.steps.ready = append(f.steps.ready, stuck)
	f.drain()
	require.Empty(t, f.behind())
}

// A session that is lost while the worker lets go is not released any more: Stopped
// says so.
func TestManager_LosesItsSessionWhileItStops(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	f.ask(messages.Stop{})
	f.say(lostIt)
	require.NotEmpty(t, f.behind(), "what it has is let go first")
	f.ask(messages.LetGo{Step: 5})
	require.Equal(t, messages.Stopped{Reason: "nothing was released: the session was lost: a fence"}, f.ended(1))
}

// All that did not go as planned is told.
func TestManager_TellsAllThatWentWrong(t *testing.T) {
	f := newFirm(t, stubborn)
	f.own()
	f.ask(messages.Stop{})
	f.say(lostIt)
	f.tell(f.pid, remindOf[stopDue](t, f.outside).Mail)
	require.Equal(t, messages.Stopped{
		Reason: "nothing was released: the session was lost: a fence; the stop took longer than ShutdownTimeout",
	}, f.ended(1))
}

func TestManager_LosesTheStoreWhileItStops(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	f.ask(messages.Stop{})
	f.system.Root.Send(f.pid, messages.StoreLost{Reason: "it was deleted"})
	require.Equal(t, messages.Stopped{Reason: "nothing was released: the store was lost: it was deleted"}, f.ended(1))
}
