package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

func (f *firm) health() messages.HealthChanged {
	f.t.Helper()
	return lastOf[messages.HealthChanged](f.t, f.user)
}

// What only the manager knows goes with a question to the historian.
func TestManager_Inquiries(t *testing.T) {
	f := newFirm(t, nil)
	f.say(opened, began, led)
	f.outside.forget()
	f.tell(f.pid, messages.GetJournal{})
	unheard[messages.Read](t, f.outside) // nobody asked
	answer := func() messages.Because {
		t.Helper()
		f.ask(messages.Why{Partition: "p"})
		read := lastOf[messages.Read](t, f.outside)
		f.system.Root.Send(f.below("historian-8"), messages.ReadDone{Round: read.Round, Entries: settledEntries(partition.Live{Session: "s0", Applied: 3})})
		f.drain()
		read = lastOf[messages.Read](t, f.outside)
		f.system.Root.Send(f.below("historian-8"), messages.ReadDone{Round: read.Round})
		f.drain()
		return heard[messages.Because](t, f.user)
	}
	require.Equal(t, []string{"this worker is not well: starting"}, answer().Waits)
	require.Equal(t, partition.WorkerID("worker-9"), answer().Leader)
	f.say(gained, first)
	require.Empty(t, answer().Waits)
	require.True(t, answer().Leading)
	f.say(window)
	require.Contains(t, answer().Waits[0], "the leader lets the membership settle")
	done := done
	done.Unplaced = []partition.PartitionID{"q"}
	f.say(done)
	f.ask(messages.Why{Partition: "q"})
	f.kill("historian-8")
	require.Equal(t, isStopping, heard[messages.Because](t, f.user).Reason, "it failed")
	f.ask(messages.Why{Partition: "q"})
	read := lastOf[messages.Read](t, f.outside)
	f.system.Root.Send(f.below("historian-9"), messages.ReadDone{Round: read.Round, Entries: settledEntries(partition.Live{Session: "s0", Applied: 3})})
	f.drain()
	require.Contains(t, heard[messages.Because](t, f.user).Waits[1], "no member may have it")

	f.own()
	f.ask(messages.Stop{})
	f.ask(messages.GetJournal{})
	require.Equal(t, isStopping, heard[messages.Journal](t, f.user).Reason)
}

func TestManager_Health(t *testing.T) {
	f := newFirm(t, nil)
	require.Equal(t, "starting", f.health().Reason)
	f.say(messages.StoreFailed{Reason: "no JetStream"})
	require.Equal(t, "no JetStream", f.health().Reason)
	require.False(t, f.health().Final)
	f.say(opened)
	require.Equal(t, "starting", f.health().Reason)
	f.say(messages.ClaimFailed{Reason: "the range is full"})
	require.Equal(t, "the range is full", f.health().Reason)
	f.say(began, led)
	require.Equal(t, "starting", f.health().Reason)
	f.say(gained, first)
	require.True(t, f.health().Healthy)

	f.say(window, failed)
	require.Equal(t, "the decision failed: no plan", f.health().Reason)
	f.say(done)
	require.True(t, f.health().Healthy)
	f.say(failed, messages.DecisionsResumed{Term: 3})
	require.False(t, f.health().Healthy, "of another term")
	f.say(messages.DecisionsResumed{Term: 4})
	require.True(t, f.health().Healthy)
	f.say(failed, ousted)
	require.True(t, f.health().Healthy, "a follower has no decisions to fail")

	f.say(doubt)
	require.Equal(t, "the store cannot be used", f.health().Reason)
	f.say(renewed)
	require.Equal(t, "the store answers again, but not for long enough yet", f.health().Reason)
	f.say(healthy)
	require.True(t, f.health().Healthy)
	f.say(lostIt)
	require.Equal(t, "the session was lost: a fence", f.health().Reason)
	f.say(messages.StoreFailed{Reason: "permission denied", Final: true})
	require.True(t, f.health().Final)
}

func TestManager_StartTimeout(t *testing.T) {
	for name, c := range map[string]struct {
		facts []any
		want  string
	}{
		"no store":   {nil, "the store is not open"},
		"no reason":  {[]any{opened}, "no worker ID is claimed"},
		"a reason":   {[]any{opened, messages.ClaimFailed{Reason: "the range is full"}}, "the range is full"},
		"no leader":  {[]any{opened, began, messages.LeaderKnown{}}, "nobody leads"},
		"no word":    {[]any{opened, began, led}, "the leader worker-9 has assigned nothing"},
		"until then": {[]any{opened, began, led, first}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.say(c.facts...)
			r := remindOf[startDue](t, f.outside)
			require.Equal(t, partition.Default().StartTimeout, r.After)
			f.say(r.Mail)
			if c.want == "" {
				require.True(t, f.health().Healthy)
				return
			}
			require.Equal(t, "no assignment within StartTimeout: "+c.want, f.health().Reason)
			f.say(opened, began, led, first)
			require.True(t, f.health().Healthy, "it goes on")
		})
	}
}

// A new session has StartTimeout of its own.
func TestManager_StartTimeoutOfFormerSession(t *testing.T) {
	f := newFirm(t, nil)
	f.say(follower...)
	r := remindOf[startDue](t, f.outside)
	f.say(lostIt, r.Mail)
	require.Equal(t, "the session was lost: a fence", f.health().Reason)
	f.say(remindOf[startDue](t, f.outside).Mail)
	require.Contains(t, f.health().Reason, "no assignment within StartTimeout")
}

// Subscribing tells the present first.
func TestManager_Subscribe(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	late := f.probe("late")
	f.tell(f.pid, messages.Subscribe{PID: late.pid})
	require.Equal(t, []string{"messages.StateChanged", "messages.HealthChanged", "messages.AssignmentChanged"}, late.kinds())
	s := heard[messages.StateChanged](t, late)
	require.Equal(t, stable, s.From)
	require.Equal(t, stable, s.To)
	a := heard[messages.AssignmentChanged](t, late)
	require.Equal(t, a.All, a.Gained)
	require.Equal(t, partition.WorkerID("worker-0"), a.Worker)

	late.forget()
	f.tell(f.pid, messages.Subscribe{PID: late.pid}) // it replaces the former one
	require.Len(t, heard[messages.AssignmentChanged](t, late).Gained, 1)
	late.forget()
	f.tell(f.pid, messages.Unsubscribe{PID: late.pid})
	f.say(doubt)
	require.Empty(t, late.mail)
}

// Who terminates has let go.
func TestManager_SubscriberTerminates(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	late := f.probe("late")
	f.tell(f.pid, messages.Subscribe{PID: late.pid, Confirm: true})
	f.ask(messages.Stop{})
	f.tell(f.pid, messages.LetGo{PID: f.user.pid, Step: 5})
	unheard[messages.Stopped](t, f.user)
	f.system.Root.Stop(late.pid)
	f.drain()
	f.ended(1)
}

func TestManager_SubscriberIsGoneAlready(t *testing.T) {
	f := newFirm(t, nil)
	f.own()
	late := f.probe("late")
	f.system.Root.Stop(late.pid)
	f.drain()
	f.tell(f.pid, messages.Subscribe{PID: late.pid, Confirm: true})
	f.ask(messages.Stop{})
	f.ask(messages.LetGo{Step: 5})
	f.ended(1)
}

func TestManager_UpdatesPartitions(t *testing.T) {
	f := newFirm(t, nil)
	f.ask(messages.UpdatePartitions{Partitions: []partition.Partition{partition.Of("p")}})
	heard[messages.PartitionsUpdated](t, f.user)
	f.ask(messages.UpdatePartitions{Partitions: []partition.Partition{{}}})
	heard[messages.UpdateRefused](t, f.user)
}

// The reason of a state says what was wrong with the instance key.
func TestManager_WarnsOfTwins(t *testing.T) {
	f := newFirm(t, func(c *Config) { c.Settings.InstanceKey = "pod" })
	f.say(opened, began, messages.SessionLost{Replaced: "worker-0", Reason: "taken"})
	f.tell(f.pid, messages.SessionStarted{Worker: "worker-1", Session: f.snapshot().Session, Warning: "a twin"})
	require.Equal(t, "claimed worker-1; warning: a twin", heard[messages.StateChanged](t, f.user).Reason)
}

// A worker that may not see the others never claims; a new stream is a new chance.
func TestManager_HealthOfAClaimThatIsNotPermitted(t *testing.T) {
	f := newFirm(t, nil)
	f.say(opened, messages.ClaimFailed{Reason: "not permitted", Final: true}, messages.ClaimFailed{Reason: "not permitted"})
	require.Equal(t, claimingID, f.snapshot().State)
	require.True(t, f.health().Final)
	require.Equal(t, "not permitted", f.health().Reason)
	f.say(opened)
	require.False(t, f.health().Final)
}

// A leader that may assign nothing yet is not healthy, whether it had an assignment
// before or not.
func TestManager_QuarantineIsNoHealth(t *testing.T) {
	lost := messages.Quarantined{Term: 4, Reason: "there is no head"}
	for name, before := range map[string][]any{"assigned": leader, "unassigned": {opened, began, led, gained}} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.say(before...)
			f.say(messages.Quarantined{Term: 3, Reason: "of a former term"})
			require.NotContains(t, f.health().Reason, "former")
			f.say(lost)
			require.Equal(t, "nothing is assigned before every earlier lease is over: there is no head", f.health().Reason)
			f.say(first, decides, done)
			require.True(t, f.health().Healthy)
		})
	}
}

// A leader whose hand-over is stuck is not healthy until it comes on.
func TestManager_AStuckHandOverIsNoHealth(t *testing.T) {
	stuck := messages.HandOverStalled{Term: 4, Reason: "nobody let go"}
	for name, end := range map[string]any{"resumed": messages.HandOverResumed{Term: 4}, "lost": ousted} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.say(leader...)
			f.say(messages.HandOverStalled{Term: 3, Reason: "of a former term"})
			require.True(t, f.health().Healthy)
			f.say(decides, stuck)
			require.Equal(t, messages.HealthChanged{Reason: "the hand-over is stuck: nobody let go"}, f.health())
			require.Equal(t, rebalancing, f.snapshot().State)
			f.say(end)
			require.True(t, f.health().Healthy)
		})
	}
}

// A hand-over that comes on ends nothing else, and what else a leader says of itself does
// not end that it is stuck.
func TestManager_AStuckHandOverIsAFaultOfItsOwn(t *testing.T) {
	f := newFirm(t, nil)
	f.say(leader...)
	stuck, quarantined := messages.HandOverStalled{Term: 4, Reason: "nobody let go"}, messages.Quarantined{Term: 4, Reason: "there is no head"}
	f.say(quarantined, stuck)
	why := "nothing is assigned before every earlier lease is over: there is no head"
	require.Equal(t, why, f.health().Reason)
	f.say(messages.HandOverResumed{Term: 4})
	require.Equal(t, why, f.health().Reason)
	f.say(decides, stuck, failed, messages.HandOverResumed{Term: 4})
	require.Equal(t, "the decision failed: no plan", f.health().Reason)
	f.say(stuck, messages.DecisionsResumed{Term: 4}, messages.HandOverResumed{Term: 3})
	require.Equal(t, "the hand-over is stuck: nobody let go", f.health().Reason)
}
