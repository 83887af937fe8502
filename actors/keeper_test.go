package actors

import (
	"errors"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// kept is a keeper with an actor of a user's, among probes.
type kept struct {
	*play
	outside, user *probe
	pid           *actor.PID
}

func keep(t *testing.T, props *actor.Props) *kept {
	p := &kept{play: newPlay(t)}
	p.outside, p.user = p.probe("outside"), p.probe("user")
	p.pid = p.child(keeperProps(p.outside.pid, props), "keeper-1")
	return p
}

func (p *kept) ask(mail any) {
	p.system.Root.RequestWithCustomSender(p.pid, mail, p.user.pid)
	p.drain()
}

type planner func(partition.Input) (partition.Plan, error)

func (f planner) Plan(in partition.Input) (partition.Plan, error) { return f(in) }

type catalog func() ([]partition.Partition, error)

func (f catalog) ListPartitions() ([]partition.Partition, error) { return f() }

// hazard 32
func TestStrategyFrom(t *testing.T) {
	in := partition.Input{MoveLimit: 4}
	for name, c := range map[string]struct {
		strategy partition.Strategy
		plan     partition.Plan
		reason   string
	}{
		"a plan":   {planner(func(in partition.Input) (partition.Plan, error) { return partition.Plan{int32(in.MoveLimit)}, nil }), partition.Plan{4}, ""},
		"an error": {planner(func(partition.Input) (partition.Plan, error) { return nil, errors.New("cannot") }), nil, "cannot"},
		"a panic":  {planner(func(partition.Input) (partition.Plan, error) { panic("ouch") }), nil, "the strategy panicked: ouch"},
		"nil":      {nil, nil, "the strategy is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			p := keep(t, StrategyFrom(c.strategy))
			p.ask(messages.MakePlan{Round: 7, Input: in})
			if c.reason == "" {
				require.Equal(t, messages.PlanMade{Round: 7, Plan: c.plan}, heard[messages.PlanMade](t, p.user))
				return
			}
			require.Equal(t, messages.PlanFailed{Round: 7, Reason: c.reason}, heard[messages.PlanFailed](t, p.user))
		})
	}
}

func TestSourceFrom(t *testing.T) {
	list := []partition.Partition{partition.Of("p")}
	for name, c := range map[string]struct {
		source partition.Source
		reason string
	}{
		"a list":   {catalog(func() ([]partition.Partition, error) { return list, nil }), ""},
		"an error": {catalog(func() ([]partition.Partition, error) { return nil, errors.New("cannot") }), "cannot"},
		"a panic":  {catalog(func() ([]partition.Partition, error) { panic("ouch") }), "the source panicked: ouch"},
		"nil":      {nil, "the source is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			p := keep(t, SourceFrom(c.source))
			p.ask(messages.ListPartitions{Round: 7})
			if c.reason == "" {
				require.Equal(t, messages.PartitionsListed{Round: 7, Partitions: list}, heard[messages.PartitionsListed](t, p.user))
				return
			}
			require.Equal(t, messages.ListingFailed{Round: 7, Reason: c.reason}, heard[messages.ListingFailed](t, p.user))
			p.ask(messages.UpdatePartitions{Partitions: list})
			require.Contains(t, heard[messages.UpdateRefused](t, p.user).Reason, "cannot be updated")
		})
	}
}

func TestStaticSource(t *testing.T) {
	list := []partition.Partition{partition.Of("p")}
	p := keep(t, StaticSource(list))
	list[0] = partition.Of("changed by its owner")
	p.ask(messages.ListPartitions{Round: 1})
	require.Equal(t, []partition.Partition{partition.Of("p")}, heard[messages.PartitionsListed](t, p.user).Partitions)

	p.ask(messages.UpdatePartitions{Partitions: []partition.Partition{partition.Of("q"), partition.Of("q")}})
	require.Contains(t, heard[messages.UpdateRefused](t, p.user).Reason, "must be listed once")
	unheard[messages.PartitionsListed](t, p.parent)

	p.ask(messages.UpdatePartitions{Partitions: []partition.Partition{partition.Of("q")}})
	heard[messages.PartitionsUpdated](t, p.user)
	want := []partition.Partition{partition.Of("q")}
	require.Equal(t, messages.PartitionsListed{Partitions: want}, heard[messages.PartitionsListed](t, p.parent), "it says so")
	p.ask(messages.ListPartitions{Round: 2})
	require.Equal(t, messages.PartitionsListed{Round: 2, Partitions: want}, heard[messages.PartitionsListed](t, p.user))
	p.tell(p.pid, messages.UpdatePartitions{}) // nobody to answer
	require.Empty(t, heard[messages.PartitionsListed](t, p.parent).Partitions)
}

// moody is an actor of a user's that fails when it is asked for a plan.
type moody struct{}

func (moody) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.MakePlan:
		panic("not today")
	case messages.ListPartitions:
		ctx.Respond(messages.PartitionsListed{Round: m.Round})
	}
}

func TestKeeper_StartsAgainWhatFailed(t *testing.T) {
	p := keep(t, actor.PropsFromProducer(func() actor.Actor { return moody{} }))
	p.ask(messages.MakePlan{Round: 1})
	unheard[messages.PlanFailed](t, p.user) // whoever asked has a deadline
	p.ask(messages.MakePlan{Round: 2})
	require.Equal(t, messages.PlanFailed{Round: 2, Reason: notThere}, heard[messages.PlanFailed](t, p.user))
	p.ask(messages.ListPartitions{Round: 3})
	require.Equal(t, messages.ListingFailed{Round: 3, Reason: notThere}, heard[messages.ListingFailed](t, p.user))
	p.ask(messages.UpdatePartitions{})
	heard[messages.UpdateRefused](t, p.user)
	r := remindOf[refillDue](t, p.outside)
	require.Equal(t, respawnDelay, r.After)
	p.tell(p.pid, r.Mail)
	p.ask(messages.ListPartitions{Round: 4})
	require.Equal(t, partition.Round(4), heard[messages.PartitionsListed](t, p.user).Round)
}

func TestKeeper_ProducerPanics(t *testing.T) {
	made := 0
	p := keep(t, actor.PropsFromProducer(func() actor.Actor {
		if made++; made < 3 {
			panic("not yet")
		}
		return moody{}
	}))
	for range 2 {
		p.ask(messages.ListPartitions{Round: 1})
		heard[messages.ListingFailed](t, p.user)
		p.tell(p.pid, remindOf[refillDue](t, p.outside).Mail)
	}
	p.ask(messages.ListPartitions{Round: 2})
	heard[messages.PartitionsListed](t, p.user)
}
