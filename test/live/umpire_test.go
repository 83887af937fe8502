package live

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/actors"
	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/umpire"
)

// began is when the clock of the umpires begins, which all workers here share.
var began = time.Now()

func now() time.Duration { return time.Since(began) }

// slack is how much later than at the end of its lease a worker may say that it owns
// nothing, and a handler may end, as all workers of all tests wait for one machine. What
// counts is time in which the worker's pulse was felt: a machine that has no time for
// anybody takes none of it.
const slack = 5 * time.Second

// watched has an umpire watch what handlers do in this group, and until when they
// may: nobody owns a partition past the end of its lease, and two never do, by the
// clock. When the test ends, nothing may have been wrong.
func (g *group) watched() {
	u := umpire.New(g.settings, g.list, now())
	u.Slack = slack
	g.umpire = umpire.NewJournal(u)
	g.t.Cleanup(func() {
		require.Empty(g.t, g.umpire.Wrong())
		g.umpire.Ask(func(u *umpire.Umpire) {
			require.Positive(g.t, u.Acts, "somebody worked")
			g.t.Logf("%d handlers; they had up to %v to stop, and the slowest took %v", u.Grants, g.settings.DrainTimeout, u.Latest)
		})
	})
}

// clerk gives a worker handlers that say what they do. It is begun when the worker
// is there.
func (g *group) clerk(w *worker, cfg *actors.Config) (begin func(*actor.ActorSystem, *actor.PID) (rest func())) {
	if g.umpire == nil {
		return func(*actor.ActorSystem, *actor.PID) func() { return func() {} }
	}
	g.umpire.Add(umpire.Event{At: now(), Who: w.name, What: umpire.Born})
	clerk := umpire.NewClerk(now, func(e umpire.Event) {
		e.Who = w.name
		g.umpire.Add(e)
	})
	cfg.Partition = bridge.HandlerFunc(clerk.Work)
	return func(system *actor.ActorSystem, manager *actor.PID) func() {
		stop := clerk.Begin(system, manager)
		return func() {
			stop()
			g.umpire.Add(umpire.Event{At: now(), Who: w.name, What: umpire.Died})
		}
	}
}

// whole waits until everything is owned, by one worker each, for the umpire too, and
// somebody's work has had an effect.
func (g *group) whole() {
	g.t.Helper()
	g.works("one works on each partition", func(u *umpire.Umpire) bool {
		return len(u.Missing()) == 0 && u.Overlapping() == 0 && u.Acts > 0
	})
}

// inTime demands that these are at rest, and that it took no longer than the settings
// promise, since the store was back at an instant. What does not count is when the
// machine had no time for some worker.
func (g *group) inTime(back time.Duration, workers ...*worker) {
	g.t.Helper()
	g.atRest(workers...)
	g.whole()
	at := now()
	s := g.settings
	s.PollInterval = min(s.PollInterval, s.Lease/2)            // no more is needed where no watch is lost
	bound := s.StableBound(partition.Setbacks{Resigned: true}) // as a leader without a store does
	g.umpire.Ask(func(u *umpire.Umpire) {
		starved := u.Starved(back, at)
		require.LessOrEqual(g.t, at-back-starved, bound)
		g.t.Logf("at rest after %v, of %v; for %v somebody did not run", (at - back).Round(time.Millisecond), bound, starved.Round(time.Millisecond))
	})
}

// works waits until something is so for the umpire.
func (g *group) works(what string, so func(*umpire.Umpire) bool) {
	g.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		met := false
		fed := g.umpire.Ask(func(u *umpire.Umpire) { met = so(u) })
		if met {
			return
		}
		select {
		case <-fed:
		case <-late.C:
			g.umpire.Ask(func(u *umpire.Umpire) {
				require.Fail(g.t, "no mail for too long", "waiting until %s:\n%s", what, u.Tell(0))
			})
		}
	}
}
