package bridge

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// desk stands where a manager would: it reports its mail and does what it is told.
type desk struct {
	mail chan any
	on   func(ctx actor.Context)
}

// act lets the desk do something.
type act func(ctx actor.Context)

func (d *desk) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case act:
		m(ctx)
	case messages.Subscribe, messages.LetGo, messages.Stop, messages.Drain:
		d.mail <- m
		if d.on != nil {
			d.on(ctx)
		}
	}
}

func newDesk(t *testing.T, on func(actor.Context)) (*actor.ActorSystem, *actor.PID, *desk) {
	t.Helper()
	system, d := newSystem(t), &desk{mail: make(chan any, 100), on: on}
	pid := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return d }))
	t.Cleanup(func() { system.Root.Stop(pid) })
	return system, pid, d
}

func step(s partition.Step, lost ...partition.PartitionID) messages.AssignmentChanged {
	m := messages.AssignmentChanged{Worker: "w", Step: s}
	for _, id := range lost {
		m.Lost = append(m.Lost, partition.Owned{ID: id})
	}
	return m
}

func TestListen_HandsOverAllInOrderAndConfirms(t *testing.T) {
	system, manager, d := newDesk(t, nil)
	changes, stop := Listen(system, manager)
	defer stop()
	sub := await(t, d.mail, "a subscription").(messages.Subscribe)
	require.True(t, sub.Confirm)
	for i := range partition.Step(100) { // nobody reads yet
		system.Root.Send(sub.PID, step(i+1))
	}
	system.Root.Send(sub.PID, step(101, "p"))
	for i := range partition.Step(100) {
		c := await(t, changes, "a change")
		require.Equal(t, i+1, c.Step)
		c.Done()
	}
	c := await(t, changes, "the last change")
	require.Empty(t, d.mail, "nothing was lost before, and nothing is confirmed too early")
	c.Done()
	c.Done()
	require.Equal(t, messages.LetGo{PID: sub.PID, Step: 101}, await(t, d.mail, "the confirmation"))
	system.Root.Send(sub.PID, step(102, "q"))
	await(t, changes, "one more").Done()
	require.EqualValues(t, 102, await(t, d.mail, "its confirmation").(messages.LetGo).Step, "each once")
}

func TestListen_EndsWithTheManagerAfterItsLastMail(t *testing.T) {
	for range 50 { // the end of an actor overtakes its mail
		system, manager, d := newDesk(t, nil)
		changes, stop := Listen(system, manager)
		sub := await(t, d.mail, "a subscription").(messages.Subscribe)
		system.Root.Send(manager, act(func(ctx actor.Context) {
			ctx.Send(sub.PID, step(1))
			ctx.Send(sub.PID, step(2, "p"))
			ctx.Stop(ctx.Self())
		}))
		require.EqualValues(t, 1, await(t, changes, "a change").Step)
		require.EqualValues(t, 2, await(t, changes, "the last change").Step)
		require.Nil(t, await(t, changes, "the end").done, "closed")
		stop()
		stop()
	}
}

func TestListen_OfAManagerThatHasEndedIsOverAtOnce(t *testing.T) {
	system, manager, _ := newDesk(t, nil)
	require.NoError(t, system.Root.StopFuture(manager).Wait())
	changes, stop := Listen(system, manager)
	defer stop()
	require.Nil(t, await(t, changes, "the end").done)
}

func TestListen_StopsWithMailThatNobodyReads(t *testing.T) {
	system, manager, d := newDesk(t, nil)
	changes, stop := Listen(system, manager)
	sub := await(t, d.mail, "a subscription").(messages.Subscribe)
	ended := make(chan struct{})
	system.Root.Send(manager, act(func(ctx actor.Context) { ctx.Send(sub.PID, step(1, "p")) }))
	watcher := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch ctx.Message().(type) {
		case *actor.Started:
			ctx.Watch(sub.PID)
		case *actor.Terminated:
			close(ended)
		}
	}))
	defer system.Root.Stop(watcher)
	stop()
	await(t, ended, "the end of the subscriber, which frees what it did not confirm")
	for range changes {
		continue // it is closed
	}
}

func TestListenState_TellsStatesAndNothingElse(t *testing.T) {
	system, manager, d := newDesk(t, nil)
	states, stop := ListenState(system, manager)
	defer stop()
	health, hangUp := ListenHealth(system, manager)
	defer hangUp()
	alerts, silence := ListenAlerts(system, manager)
	defer silence()
	all := []any{
		step(1),
		messages.StateChanged{From: messages.Init, To: messages.ClaimingID, At: time.Unix(1, 0)},
		messages.HealthChanged{Healthy: true},
		messages.StateChanged{To: messages.Stable},
		messages.AlertRaised{Level: partition.AlertWarn},
	}
	for range 3 {
		sub := await(t, d.mail, "a subscription").(messages.Subscribe)
		require.False(t, sub.Confirm, "it could not")
		for _, m := range all {
			system.Root.Send(sub.PID, m)
		}
	}
	require.Equal(t, all[1], any(await(t, states, "a state")))
	require.Equal(t, all[3], any(await(t, states, "the next")))
	require.Equal(t, all[2], any(await(t, health, "the health")))
	require.Equal(t, all[4], any(await(t, alerts, "an alert")))
}

// Who has hung up is not told of the manager's end: it would be a dead letter.
func TestListen_HangingUpLeavesNoDeadLetter(t *testing.T) {
	system, manager, d := newDesk(t, nil)
	var dead []any
	system.EventStream.Subscribe(func(m any) {
		if letter, ok := m.(*actor.DeadLetterEvent); ok {
			dead = append(dead, letter.Message)
		}
	})
	changes, stop := Listen(system, manager)
	sub := await(t, d.mail, "a subscription").(messages.Subscribe)
	gone := make(chan struct{})
	watching := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch ctx.Message().(type) {
		case *actor.Started:
			ctx.Watch(sub.PID)
			d.mail <- "watched"
		case *actor.Terminated:
			close(gone)
		}
	}))
	await(t, d.mail, "a watch")
	stop()
	await(t, gone, "the end of the listener")
	for range changes {
		continue
	}
	require.NoError(t, system.Root.StopFuture(manager).Wait())
	require.NoError(t, system.Root.StopFuture(watching).Wait())
	require.Empty(t, dead)
}
