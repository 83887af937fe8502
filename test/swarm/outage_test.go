package swarm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// lasting is how long a store is lost here: for longer than leases last.
const lasting = 20 * time.Second

// outages are all ways in which a store is lost, for the leader or for all.
var outages = map[string]struct {
	all   bool
	short bool // the worker finds another server, before it is missed if it need not renew a lease
	begin func(w *sim.World, p *sim.Process)
}{
	"server stopped": {all: true, begin: func(w *sim.World, _ *sim.Process) { w.Net.RestartServer(lasting) }},
	"link closed":    {begin: func(_ *sim.World, p *sim.Process) { p.Port.Disconnect(lasting) }},
	"link silent":    {begin: func(_ *sim.World, p *sim.Process) { p.Port.Cut() }},
	"not heard":      {begin: func(_ *sim.World, p *sim.Process) { p.Port.Mute() }},
	"hears nothing":  {begin: func(_ *sim.World, p *sim.Process) { p.Port.Deafen() }},
	"link slow":      {begin: func(_ *sim.World, p *sim.Process) { p.Port.Slow(500 * time.Millisecond) }},
	"link flaps": {begin: func(w *sim.World, p *sim.Process) {
		const beat = 500 * time.Millisecond
		for at := time.Duration(0); at < lasting; at += beat {
			w.Plan(at, func() { p.Port.Disconnect(beat - 200*time.Microsecond) })
		}
	}},
	"node isolated": {short: true, begin: func(_ *sim.World, p *sim.Process) { p.Port.Isolate() }},
	"no leader":     {all: true, begin: func(w *sim.World, _ *sim.Process) { w.Net.Elect(lasting) }},
	"store full":    {all: true, begin: func(w *sim.World, _ *sim.Process) { w.Net.Fill(lasting) }},
}

// The store is lost in every way: whoever lost it is degraded, and owns nothing without
// a lease. When it is back, everybody is Stable within the computed time, each partition
// has one owner, and the server has no more watches than before.
//
// hazards 21, 29, 56, 59, 61 and 63
func TestOutages(t *testing.T) {
	for way, o := range outages {
		for _, mode := range []partition.Ownership{partition.Exclusive, partition.Available} {
			t.Run(fmt.Sprintf("%s, %v", way, mode), func(t *testing.T) {
				t.Parallel()
				w, leads := rested(t, mode)
				struck := []*sim.Process{leads}
				if o.all {
					struck = w.Processes()
				}
				watches, began := watched(w), w.Timeline.Now()
				o.begin(w, leads)
				if mode == partition.Exclusive || !o.short {
					require.True(t, w.RunUntil(lasting, func() bool { return stranded(w, struck) }), "it is not noticed\n%s", w.Trace.End(lines))
				}
				require.True(t, w.Run(began+lasting-w.Timeline.Now()), w.Broken(lines))
				w.Net.Heal()
				inTime(t, w, w.Processes()...)
				require.True(t, w.Run(5*time.Second), w.Broken(lines))
				require.LessOrEqual(t, watched(w), watches+2, "of candidates, who may be others now")
			})
		}
	}
}

// All records expire while nobody answers, and nobody ever reads its own again: everybody
// claims anew, also whoever no lease ends.
//
// hazard 57
func TestOutages_RecordsExpire(t *testing.T) {
	for _, mode := range []partition.Ownership{partition.Exclusive, partition.Available} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			w, _ := rested(t, mode)
			w.Net.Desert(lasting)
			require.True(t, w.Run(lasting-time.Second), w.Broken(lines))
			w.Expire(0)
			require.True(t, w.Run(time.Second), w.Broken(lines))
			inTime(t, w, w.Processes()...)
		})
	}
}

// stranded reports whether these are degraded, and work on what they may.
func stranded(w *sim.World, struck []*sim.Process) bool {
	available := w.Settings().Ownership == partition.Available
	return !slices.ContainsFunc(struck, func(p *sim.Process) bool {
		return p.Heard.State != messages.Degraded || available != (len(w.Check.Handled(p.Name)) > 0)
	})
}

// The connection is closed for good: all is let go at once, whatever the group is, the
// worker says that this is final and why, and the others are well in time.
//
// hazard 62
func TestOutages_Final(t *testing.T) {
	for _, mode := range []partition.Ownership{partition.Exclusive, partition.Available} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			w, leads := rested(t, mode)
			others := slices.DeleteFunc(w.Processes(), func(p *sim.Process) bool { return p == leads })
			leads.Port.Close()
			require.True(t, w.Run(10*time.Millisecond), w.Broken(lines))
			require.Empty(t, w.Check.Handled(leads.Name))
			require.True(t, leads.Heard.Health.Final)
			require.Contains(t, leads.Heard.Health.Reason, "the connection is closed")
			inTime(t, w, others...)
			require.True(t, w.Run(time.Minute), w.Broken(lines))
			require.True(t, leads.Heard.Health.Final)
			require.Empty(t, leads.Heard.Assignment.All)
		})
	}
}

// A leader that cannot list leaves its place to others. When nobody can, leadership goes
// round, but nobody has it twice within one LeaderLease, also who is alone; all the while
// everybody works on what it has.
//
// hazards 7 and 8
func TestALeaderThatCannotList(t *testing.T) {
	for _, many := range []int{1, 3} {
		t.Run(fmt.Sprintf("of %d", many), func(t *testing.T) {
			t.Parallel()
			s := partition.Fast()
			w := sim.NewWorld(sim.Config{Seed: 1, Settings: s, Partitions: named(20)})
			defer w.Close()
			var terms []sim.Commit
			w.Store.Observe(func(c sim.Commit) {
				if slices.ContainsFunc(c.Messages, func(m bridge.Sight) bool { return strings.HasSuffix(m.Subject, ".term") }) {
					terms = append(terms, c)
				}
			})
			for i := range many {
				w.Start(fmt.Sprintf("w%d", i+1), sim.Habits{Quiet: true})
			}
			require.True(t, w.RunUntil(time.Minute, func() bool { return settled(w) }), w.Broken(lines))
			require.True(t, w.Run(5*time.Second), w.Broken(lines))
			before, heads := len(terms), w.Check.Heads()
			if many > 1 {
				first := w.Leader()
				first.Trouble(sim.Trouble{Reason: "no database"})
				require.True(t, w.Run(time.Minute), w.Broken(lines))
				require.NotEqual(t, first, w.Leader())
				require.Len(t, terms, before+1, "who works keeps its place")
			}

			for _, p := range w.Processes() {
				p.Trouble(sim.Trouble{Reason: "no database"})
			}
			require.True(t, w.Run(time.Minute), w.Broken(lines))
			require.Greater(t, len(terms), before+3, "each tries")
			latest := map[string]time.Duration{}
			for _, c := range terms {
				if last, again := latest[c.By]; again {
					require.Greater(t, c.At-last, s.LeaderLease, "between two terms of %s", c.By)
				}
				latest[c.By] = c.At
			}
			require.Empty(t, w.Check.Unowned())
			require.Equal(t, heads, w.Check.Heads(), "nothing moved")
			for _, p := range w.Processes() {
				p.Trouble(sim.Trouble{})
			}
			inTime(t, w, w.Processes()...)
		})
	}
}

// rested is a group of five, and who leads it.
func rested(t *testing.T, mode partition.Ownership) (*sim.World, *sim.Process) {
	t.Helper()
	s := partition.Fast()
	s.Ownership = mode
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: s, Partitions: named(20), Replicas: 3})
	t.Cleanup(w.Close)
	for i := range 5 {
		w.Start(fmt.Sprintf("w%d", i+1), sim.Habits{Confirm: i%2 == 0})
	}
	require.True(t, w.RunUntil(time.Minute, func() bool { return settled(w) }), w.Broken(lines))
	require.True(t, w.Run(5*time.Second), w.Broken(lines))
	return w, w.Leader()
}

// inTime demands that all is well within StableBound, for these and together.
func inTime(t *testing.T, w *sim.World, all ...*sim.Process) {
	t.Helper()
	back, bound := w.Timeline.Now(), w.Settings().StableBound(partition.Setbacks{Resigned: true})
	well := func() bool { return w.Check.Overlapping() == 0 && restful(w, all) }
	require.True(t, w.RunUntil(bound, well), "not at rest after %v\n%s", bound, w.Trace.End(lines))
	t.Logf("at rest after %v, of %v", w.Timeline.Now()-back, bound)
}
