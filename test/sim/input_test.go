package sim_test

import (
	"errors"
	"fmt"
	"strings"
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

// fickle is the strategy and the source of a user's that answer rightly, unless it has
// a mood.
type fickle struct {
	world *sim.World
	plan  func(actor.Context, messages.MakePlan)
	list  func(actor.Context, messages.ListPartitions)
	asked int // in a mood
}

func (f *fickle) wire(c *actors.Config) {
	props := actor.PropsFromProducer(func() actor.Actor { return temper{f} })
	c.Strategy, c.Source = props, props
}

// temper is an actor of it: one that panicked is made anew, and has the same mood.
type temper struct{ *fickle }

// Receive implements actor.Actor.
func (f temper) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.MakePlan:
		if f.plan != nil {
			f.asked++
			f.plan(ctx, m)
			return
		}
		ctx.Respond(messages.PlanMade{Round: m.Round, Plan: sticky(m)})
	case messages.ListPartitions:
		if f.list != nil {
			f.asked++
			f.list(ctx, m)
			return
		}
		ctx.Respond(messages.PartitionsListed{Round: m.Round, Partitions: f.world.Partitions()})
	}
}

func sticky(m messages.MakePlan) partition.Plan {
	plan, err := partition.Sticky{}.Plan(m.Input)
	if err != nil {
		panic(err)
	}
	return plan
}

// planned answers with a plan that was right before it was changed.
func planned(change func(partition.Plan) partition.Plan) func(actor.Context, messages.MakePlan) {
	return func(ctx actor.Context, m messages.MakePlan) {
		ctx.Respond(messages.PlanMade{Round: m.Round, Plan: change(sticky(m))})
	}
}

func listed(list ...partition.Partition) func(actor.Context, messages.ListPartitions) {
	return func(ctx actor.Context, m messages.ListPartitions) {
		ctx.Respond(messages.PartitionsListed{Round: m.Round, Partitions: list})
	}
}

// moods are what users' code was thought to do, and what the leader says of it.
var moods = map[string]struct {
	plan   func(actor.Context, messages.MakePlan)
	list   func(actor.Context, messages.ListPartitions)
	reason string
}{
	"a plan with a gap": {plan: planned(func(p partition.Plan) partition.Plan {
		p[3] = partition.None
		return p
	}), reason: `strategy: plan: partition "p12" at index 3: `},
	"a plan that is too short": {
		plan:   planned(func(p partition.Plan) partition.Plan { return p[:len(p)-1] }),
		reason: "strategy: plan: has 11 entries; must have one for each of 12 partitions",
	},
	"a plan with one twice": {
		plan:   planned(func(p partition.Plan) partition.Plan { return append(p, p[0]) }),
		reason: "strategy: plan: has 13 entries",
	},
	"a plan for an unknown worker": {plan: planned(func(p partition.Plan) partition.Plan {
		p[3] = 17
		return p
	}), reason: "owner is 17; must be the index of a member"},
	"a plan for a worker below all": {plan: planned(func(p partition.Plan) partition.Plan {
		p[3] = -7
		return p
	}), reason: "owner is -7; must be the index of a member"},
	"no plan": {plan: planned(func(partition.Plan) partition.Plan { return nil }), reason: "strategy: plan: has 0 entries"},
	"a plan that fails": {plan: func(ctx actor.Context, m messages.MakePlan) {
		ctx.Respond(messages.PlanFailed{Round: m.Round, Reason: "no idea"})
	}, reason: "strategy: no idea"},
	"a planner's panic":   {plan: func(actor.Context, messages.MakePlan) { panic(sim.Habitual) }, reason: "strategy: "},
	"a planner's silence": {plan: func(actor.Context, messages.MakePlan) {}, reason: "strategy: there was no plan within 2s"},
	"a planner of the past": {plan: func(ctx actor.Context, m messages.MakePlan) {
		ctx.Respond(messages.PlanMade{Round: m.Round - 1, Plan: sticky(m)})
	}, reason: "strategy: there was no plan within 2s"},
	"a planner that says nonsense": {plan: func(ctx actor.Context, _ messages.MakePlan) { ctx.Respond("nonsense") }, reason: "strategy: there was no plan within 2s"},
	"a list with one twice":        {list: listed(partition.Of("p1"), partition.Of("p2"), partition.Of("p1")), reason: "must be listed once"},
	"a list with a bad key":        {list: listed(partition.Of("p1"), partition.Of("")), reason: "partition ["},
	"a list that fails": {list: func(ctx actor.Context, m messages.ListPartitions) {
		ctx.Respond(messages.ListingFailed{Round: m.Round, Reason: "no route"})
	}, reason: "source: no route"},
	"a source's panic":   {list: func(actor.Context, messages.ListPartitions) { panic(sim.Habitual) }, reason: "source: "},
	"a source's silence": {list: func(actor.Context, messages.ListPartitions) {}, reason: "source: there was no list within 3s"},
}

// Whatever the strategy or the source of a user's does, nobody loses what is owned, the
// leader says what is wrong, and the one who came meanwhile has a share when they are
// well again.
//
// hazards 31, 32, 33 and 35
func TestUsersCodeThatMisbehaves(t *testing.T) {
	for name, mood := range moods {
		t.Run(name, func(t *testing.T) {
			w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: partitions(12)})
			t.Cleanup(w.Close)
			f := &fickle{world: w}
			all := []*sim.Process{}
			join := func() {
				all = append(all, w.Start(fmt.Sprintf("w%d", len(all)+1), sim.Habits{Wire: f.wire}))
				well(t, w, 100*time.Millisecond)
			}
			for range 3 {
				join()
			}
			well(t, w, 5*time.Second)
			covered(t, w)
			had := map[*sim.Process][]partition.PartitionID{}
			for _, p := range all {
				had[p] = ids(p.Heard.Assignment.All)
			}

			f.plan, f.list = mood.plan, mood.list
			if f.plan != nil {
				join() // so that there is something to plan
			}
			said := func() bool {
				l := w.Leader()
				return l != nil && !l.Heard.Health.Healthy && strings.Contains(l.Heard.Health.Reason, mood.reason)
			}
			require.True(t, w.RunUntil(time.Minute, said), "%s", w.Trace.End(60))
			well(t, w, 10*time.Second)
			require.Greater(t, f.asked, 3, "it is asked again, by whoever leads then")
			covered(t, w)
			for p, list := range had {
				require.Equal(t, list, ids(p.Heard.Assignment.All), p.Name)
			}

			f.plan, f.list = nil, nil
			well(t, w, 20*time.Second)
			covered(t, w)
			for _, p := range all {
				require.Len(t, p.Heard.Assignment.All, 12/len(all))
				require.True(t, p.Heard.Health.Healthy, p.Heard.Health.Reason)
			}
		})
	}
}

// unfit is a port to a store that is not what it has to be.
type unfit struct {
	bridge.Port
	info func(*bridge.StreamInfo)
}

// Info implements bridge.Port.
func (u unfit) Info(within time.Duration, done func(bridge.StreamInfo)) func() {
	return u.Port.Info(within, func(i bridge.StreamInfo) {
		u.info(&i)
		done(i)
	})
}

// Whoever has a store that cannot be used says why, owns nothing and can be stopped; the
// others have everything.
func TestAStoreThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		info   func(*bridge.StreamInfo)
		reason string
		final  bool
	}{
		"no JetStream": {func(i *bridge.StreamInfo) {
			i.Result = bridge.Result{Outcome: bridge.Refused, Code: bridge.CodeNoJetStream, Err: errors.New("off")}
		}, "JetStream is not enabled", false},
		"an old server":            {func(i *bridge.StreamInfo) { i.Server = "2.11.9" }, "nats-server is 2.11.9; must be 2.12.3 or later", true},
		"no permission":            {func(i *bridge.StreamInfo) { i.Result = bridge.Result{Outcome: bridge.Denied, Err: bridge.ErrDenied} }, bridge.ErrDenied.Error(), true},
		"a stream that loses":      {func(i *bridge.StreamInfo) { i.Config.MaxAge = time.Hour }, "MaxAge is 1h0m0s; must be 0", true},
		"a stream without batches": {func(i *bridge.StreamInfo) { i.Config.AllowAtomic = false }, "AllowAtomic", true},
	} {
		t.Run(name, func(t *testing.T) {
			w, all := group(t, 1)
			p := w.Start("w4", sim.Habits{Build: func(p bridge.Port) bridge.Port { return unfit{p, c.info} }})
			said := func() bool { return strings.Contains(p.Heard.Health.Reason, c.reason) }
			require.True(t, w.RunUntil(time.Minute, said), "%s", w.Trace.End(60))
			require.Equal(t, c.final, p.Heard.Health.Final)
			well(t, w, 10*time.Second)
			covered(t, w)
			require.Empty(t, p.Heard.Assignment.All)
			p.Stop(false)
			well(t, w, 10*time.Second)
			require.True(t, p.Ended())
			for _, p := range all {
				require.Len(t, p.Heard.Assignment.All, 4)
			}
		})
	}
}
