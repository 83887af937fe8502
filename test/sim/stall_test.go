package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// asleep loses the reminders by which a publisher ends its waits.
func asleep(next actor.ReceiverFunc) actor.ReceiverFunc {
	return func(ctx actor.ReceiverContext, envelope *actor.MessageEnvelope) {
		if r, is := envelope.Message.(messages.Remind); is && fmt.Sprintf("%T", r.Mail) == "actors.wakeDue" {
			return
		}
		next(ctx, envelope)
	}
}

// duo is a leader that is joined by another worker, and whose user lets nothing go.
type duo struct {
	*sim.Rehearsal
	settings       partition.Settings
	leader, joiner *actor.PID
	// health is what the leader's subscriber heard last, and all what it heard; owned is
	// how many partitions the joiner has.
	health messages.HealthChanged
	all    []messages.HealthChanged
	owned  int
}

func newDuo(t *testing.T, outside func(*actor.Props) *actor.Props) *duo {
	d := &duo{Rehearsal: sim.New(t, 1), settings: partition.Fast()}
	d.settings.ColdStartWindow, d.settings.PlannedScaleWindow, d.settings.RevokeTimeout = partition.Off, partition.Off, time.Second
	var list []partition.Partition
	for i := range 4 {
		list = append(list, partition.Of(fmt.Sprint("p", i)))
	}
	manager := func(name string, outside *actor.Props) *actor.PID {
		props, err := actors.PartitionManager(actors.Config{Settings: d.settings, Source: actors.StaticSource(list)}, outside)
		require.NoError(t, err)
		return d.Spawn(name, props)
	}
	door := func() *actor.Props { return d.Outside(bridge.Config{Group: "g", Fresh: true}) }
	d.leader = manager("first", outside(door()))
	stubborn := d.Spawn("stubborn", actor.PropsFromFunc(func(ctx actor.Context) {
		if h, is := ctx.Message().(messages.HealthChanged); is {
			d.health, d.all = h, append(d.all, h)
		}
	}))
	d.System.Root.Send(d.leader, messages.Subscribe{PID: stubborn, Confirm: true})
	require.True(t, d.RunUntil(time.Minute, func() bool { return d.health.Healthy }))
	d.RunFor(d.settings.MinRebalanceInterval)
	d.joiner = manager("second", door())
	d.System.Root.Send(d.joiner, messages.Subscribe{PID: d.Spawn("glad", actor.PropsFromFunc(func(ctx actor.Context) {
		if a, is := ctx.Message().(messages.AssignmentChanged); is {
			d.owned = len(a.All)
		}
	}))})
	return d
}

func (d *duo) snapshot(of *actor.PID) messages.Snapshot {
	asker := d.Probe(fmt.Sprint("asker-", d.Now(), of.Id))
	asker.Send(of, messages.GetSnapshot{})
	d.Run()
	return sim.Next[messages.Snapshot](asker)
}

// A hand-over that is stuck though nothing can hold it up any more is told, with what it
// waits for; it stays so, and the leader leaves the lead to others, who finish it. One
// that takes as long as it may is not told.
func TestAHandOverThatIsStuckIsTold(t *testing.T) {
	d := newDuo(t, func(p *actor.Props) *actor.Props { return p.Configure(actor.WithReceiverMiddleware(asleep)) })
	bound := d.settings.HandOverBound(d.settings.Lease)
	require.True(t, d.RunUntil(2*bound, func() bool { return !d.health.Healthy }))
	require.Equal(t, "the hand-over is stuck: nobody gave up or was given anything for "+bound.Round(time.Millisecond).String()+
		": 2 partitions are to be let go (join), the first one p0 by worker-0", d.health.Reason)
	s := d.snapshot(d.leader)
	require.True(t, s.Leading)
	require.Equal(t, d.health.Reason, s.Reason)
	require.Equal(t, messages.Rebalancing, s.State)
	asker := d.Probe("asker")
	asker.Send(d.leader, messages.GetCounts{})
	d.Run()
	require.Equal(t, 1, sim.Next[messages.Counts](asker).Stalls)

	shared := func() bool { return d.owned == 2 }
	require.True(t, d.RunUntil(3*bound, shared), "the other one leads")
	require.False(t, d.snapshot(d.leader).Leading)
	require.True(t, d.health.Healthy, d.health.Reason)

	d = newDuo(t, func(p *actor.Props) *actor.Props { return p })
	require.True(t, d.RunUntil(bound, shared))
	require.True(t, d.snapshot(d.leader).Leading)
	for _, h := range d.all[1:] {
		require.True(t, h.Healthy, h.Reason)
	}
}
