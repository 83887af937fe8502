package actors

import (
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// kill ends a child as a panic does: its parent hears of it.
func (f *firm) kill(name string) {
	f.system.Root.Stop(f.below(name))
	f.drain()
	f.see()
}

// child returns the name of the present child with a role.
func (f *firm) present(role string) string {
	f.t.Helper()
	latest := ""
	for _, id := range f.behind() {
		name := strings.TrimPrefix(id, f.pid.Id+"/")
		if strings.HasPrefix(name, role+"-") && !strings.Contains(name, "/") && (len(name) > len(latest) || name > latest) {
			latest = name
		}
	}
	require.NotEmpty(f.t, latest, "no %s", role)
	return latest
}

// hazard 65
func TestManager_SessionFails(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	f.kill("session-6")
	require.Equal(t, claimingID, f.snapshot().State)
	require.Empty(t, f.snapshot().Owned, "its promise is over: everything is dropped")
	require.Equal(t, "session-8", f.present("session"))
	f.say(began, led, first)
	require.Equal(t, stable, f.snapshot().State)
}

// hazard 65
func TestManager_HolderFails(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	f.tell(f.pid, messages.Unsubscribe{PID: f.user.pid})
	late := f.probe("late")
	f.tell(f.pid, messages.Subscribe{PID: late.pid, Confirm: true})
	require.Len(t, heard[messages.AssignmentChanged](t, late).Gained, 1)
	f.say(messages.DrainingChanged{Abandoned: 3})
	f.system.Root.Stop(f.below("holder-5"))
	f.drain()
	lost := heard[messages.AssignmentChanged](t, late)
	require.Len(t, lost.Lost, 1)
	require.Equal(t, partition.Step(5), lost.Step)
	require.Equal(t, claimingID, f.snapshot().State)

	// What the old holder said before it failed is about a life that is over.
	f.system.Root.RequestWithCustomSender(f.pid, messages.AssignmentApplied{Change: 9, Step: 9, All: lost.Lost}, f.below("holder-5"))
	f.drain()
	require.Empty(t, f.snapshot().Owned)

	f.tell(f.pid, began)
	f.say(began, led)
	session := f.snapshot().Session
	holder := f.below(f.present("holder"))
	f.system.Root.RequestWithCustomSender(holder, messages.HoldFor{Worker: "worker-0", Session: session, LeaseEnd: f.now.Add(1e9), Round: f.life()}, f.below(f.present("session")))
	f.drain()
	f.tell(holder, messages.Seen{Round: 1, At: f.now, Entry: messages.Entry{Revision: 9, Record: assignment(session, 7, "q@7")}})
	require.Equal(t, []partition.PartitionID{"q"}, ids(heard[messages.AssignmentChanged](t, late).Gained))
	require.Equal(t, 3, f.snapshot().Abandoned, "the next one counts on")
	f.tell(f.pid, messages.LetGo{PID: late.pid, Step: 5})
	f.ask(messages.Stop{})
	f.tell(f.pid, messages.LetGo{PID: late.pid, Step: 7})
	require.Empty(t, heard[messages.Stopped](t, f.user).Running)
	require.Empty(t, f.behind())
}

func TestManager_ElectionFails(t *testing.T) {
	f := newFirm(t, nil)
	f.say(append(leader[:len(leader):len(leader)], window)...)
	f.say(messages.LeadBarred{Reason: "too new"})
	f.kill("election-7")
	require.True(t, f.snapshot().Healthy, "the next one says it anew")
	require.Equal(t, stable, f.snapshot().State)
	require.False(t, f.snapshot().Leading)
	r := remindOf[againDue](t, f.outside)
	f.tell(f.pid, r.Mail)
	require.Equal(t, "election-8", f.present("election"))
	f.tell(f.pid, r.Mail) // late
	require.Equal(t, "election-8", f.present("election"))

	f.system.Root.RequestWithCustomSender(f.pid, messages.LeadershipGained{Term: 9}, f.below("election-7"))
	f.drain()
	require.False(t, f.snapshot().Leading, "mail of the one that was replaced")
	f.system.Root.RequestWithCustomSender(f.pid, messages.LeadershipGained{Term: 9}, f.below("election-8"))
	f.drain()
	require.True(t, f.snapshot().Leading)

	f.kill("election-8")
	r = remindOf[againDue](t, f.outside)
	f.say(lostIt)
	f.tell(f.pid, r.Mail)
	for _, name := range f.behind() {
		require.NotContains(t, name, "election", "without a session there is nothing to elect")
	}
}

func TestManager_OwnersFail(t *testing.T) {
	f := newFirm(t, nil)
	f.kill("owners-4")
	f.ask(messages.GetOwner{Partition: "p"})
	require.Contains(t, heard[messages.Owner](t, f.user).Reason, "ask again")
	f.tell(f.pid, remindOf[againDue](t, f.outside).Mail)
	f.ask(messages.GetOwner{Partition: "p"})
	require.Equal(t, []messages.Key{messages.KeyHead}, lastOf[messages.Read](t, f.outside).Keys)
}

// Without the outside nothing can be kept: it equals a crash.
func TestManager_OutsideFails(t *testing.T) {
	f := newFirm(t, nil)
	f.say(follower...)
	f.system.Root.Stop(f.below("outside-1"))
	f.drain()
	heard[*actor.Terminated](t, f.parent)
	require.Empty(t, f.behind())
}

// What fails while the manager stops does not keep it from stopping.
func TestManager_FailuresDuringStop(t *testing.T) {
	for _, name := range []string{"session-6", "election-7", "holder-5", "owners-4", "outside-1"} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.own()
			f.ask(messages.Stop{Restarting: true})
			f.system.Root.Stop(f.below(name))
			f.drain()
			f.tell(f.pid, announceDue{})
			f.tell(f.pid, messages.LetGo{PID: f.user.pid, Step: 5})
			heard[messages.Stopped](t, f.user)
			require.Empty(t, f.behind())
		})
		t.Run(name+" just before", func(t *testing.T) {
			f := newFirm(t, nil)
			f.own()
			f.system.Root.Stop(f.below(name))
			f.ask(messages.Stop{Restarting: true})
			f.tell(f.pid, announceDue{})
			f.tell(f.pid, messages.LetGo{PID: f.user.pid, Step: 5})
			if name != "outside-1" { // it equals a crash
				heard[messages.Stopped](t, f.user)
			}
			require.Empty(t, f.behind())
		})
	}
}

// A session that fails is lost by mail. What comes before that finds none.
func TestManager_RefreshAfterTheSessionFailed(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	session := f.snapshot().Session
	f.system.Root.Stop(f.below("session-6"))
	f.tell(f.pid, refreshCounted{session, 1})
	require.Equal(t, claimingID, f.snapshot().State)
}

// Whatever is told in whatever order, the manager goes only where its table
// leads, survives, and can be stopped.
func TestManager_AnyOrder(t *testing.T) {
	facts := []any{
		opened, began, led, gained, first, window, closed, decides, rescues, done, failed, ousted, doubt, renewed, lostIt, gone, letting,
		waiting,
		messages.DrainingChanged{},
		messages.ClaimScanned{},
		messages.ClaimFailed{Unreachable: true, Reason: "no answer"},
		messages.StoreFailed{Reason: "denied"},
		messages.StoodDown{},
		messages.AllLetGo{},
		messages.FlagsSet{},
		messages.SessionReleased{},
		messages.LeadershipGained{Term: 5},
		startDue{Round: 1},
		onward{},
		againDue{},
		announceDue{},
		closeDue{},
		messages.UpdatePartitions{},
		messages.PartitionsListed{},
		messages.Subscribe{},
		messages.Unsubscribe{},
		messages.LetGo{},
		messages.GetOwner{},
		messages.Why{},
		messages.GetSnapshot{},
	}
	rapid.Check(t, func(r *rapid.T) {
		f := newFirm(t, nil)
		for range rapid.IntRange(1, 40).Draw(r, "facts") {
			f.say(facts[rapid.IntRange(0, len(facts)-1).Draw(r, "fact")])
		}
		f.ask(messages.Stop{})
		require.Empty(t, f.ended(1).Running)
	})
}
