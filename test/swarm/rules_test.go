package swarm

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// Situations of which random lives meet few, each for a rule that nothing else shows to be
// left out.

// writes reports whether a batch has a record of this kind.
func writes(batch []bridge.Message, kind string) bool {
	return slices.ContainsFunc(batch, func(m bridge.Message) bool { return strings.Contains(m.Subject, "."+kind) })
}

// A watch that ends as soon as it begins, or says nothing from then on, is begun again:
// its worker hears of a join, and keeps its session.
func TestAWatchIsBegunAgain(t *testing.T) {
	for _, f := range []sim.Fault{sim.ClosedWatch, sim.SilentWatch} {
		t.Run(f.String(), func(t *testing.T) {
			w, p := three(t, sim.Habits{})
			had := p.Heard.Assignment.All
			w.Net.Faults[f] = 1
			p.Port.Disconnect(10 * time.Millisecond)
			require.True(t, w.Run(2*time.Second), w.Broken(lines))
			w.Net.Faults[f] = 0
			require.True(t, w.Run(2*time.Second), w.Broken(lines))
			p4 := w.Start("w4", sim.Habits{})
			joined := func() bool { return len(p4.Heard.Assignment.All) > 0 && settled(w) }
			require.True(t, w.RunUntil(w.Settings().StableBound(partition.Setbacks{}), joined), w.Trace.End(lines))
			require.Subset(t, had, p.Heard.Assignment.All, w.Trace.End(lines))
		})
	}
}

// Whose lists are cut short when it begins to lead takes nothing for lost: who works keeps
// what it has.
func TestAListThatIsCutShortProvesNothing(t *testing.T) {
	w, p := three(t, sim.Habits{})
	had := p.Heard.Assignment.All
	w.Leader().Crash()
	require.True(t, w.RunUntil(time.Minute, func() bool { return w.Leader() != nil }), w.Broken(lines))
	w.Net.Faults[sim.ClosedWatch] = 1
	require.True(t, w.Run(2*time.Second), w.Broken(lines))
	w.Net.Faults[sim.ClosedWatch] = 0
	bound := w.Settings().StableBound(partition.Setbacks{Resigned: true})
	require.True(t, w.RunUntil(bound, func() bool { return settled(w) }), w.Trace.End(lines))
	require.Subset(t, p.Heard.Assignment.All, had, w.Trace.End(lines))
}

// Who announces a restart when it was just told to let go, for one that joins, finds all
// when it is back.
func TestARestartDuringAJoin(t *testing.T) {
	w, _ := three(t, sim.Habits{InstanceKey: ""})
	p := w.Start("w4", sim.Habits{InstanceKey: "key", Drain: 300 * time.Millisecond})
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(p.Heard.Assignment.All) > 0 && settled(w) }), w.Broken(lines))
	require.True(t, w.Run(5*time.Second), w.Broken(lines))
	heads := w.Check.Heads()
	w.Start("w5", sim.Habits{})
	require.True(t, w.RunUntil(time.Minute, func() bool { return w.Check.Heads() > heads }), w.Broken(lines))
	p.Stop(true)
	require.True(t, w.Run(w.Settings().RestartHoldDown/2), w.Broken(lines))
	w.Start("w6", sim.Habits{InstanceKey: "key"})
	require.True(t, w.RunUntil(time.Minute, func() bool { return settled(w) }), w.Broken(lines))
}

// mum is a port on which no assignment is told, nor anything that shows it.
type mum struct {
	bridge.Port
	on *bool
}

func (m mum) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	return m.Port.Submit(op, within, func(r bridge.Result) {
		if *m.on && strings.Contains(op.Get, ".asg.") {
			r = bridge.Result{Outcome: bridge.Unknown}
		}
		done(r)
	})
}

func (m mum) Watch(filter string, within time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	return m.Port.Watch(filter, within, func(s bridge.Sights) {
		if *m.on && strings.Contains(filter, ".asg.") {
			s.Messages = nil
		}
		each(s)
	}, gone)
}

// Who renews its session and never hears what it is to let go is fenced, and its lease
// awaited: it works until then.
func TestAWorkerThatIsToldNothing(t *testing.T) {
	on := false
	w, _ := three(t, sim.Habits{})
	p := w.Start("w4", sim.Habits{NeverLead: true, Build: func(port bridge.Port) bridge.Port { return mum{port, &on} }})
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(p.Heard.Assignment.All) > 0 && settled(w) }), w.Broken(lines))
	require.True(t, w.Run(5*time.Second), w.Broken(lines))
	fenced := false
	w.Store.Observe(func(c sim.Commit) {
		for _, m := range c.Messages {
			_, record, _ := bridge.Inspect(m.Subject, m.Data)
			r, _ := record.(partition.Live)
			fenced = fenced || r.Fence != nil && !r.Fence.AfterSilence
		}
	})
	on = true
	p5 := w.Start("w5", sim.Habits{})
	s := w.Settings()
	require.True(t, w.RunUntil(2*s.RevokeTimeout+s.StableBound(partition.Setbacks{}), func() bool { return fenced }), w.Trace.End(lines))
	on = false
	require.True(t, w.RunUntil(time.Minute, func() bool { return len(p5.Heard.Assignment.All) > 0 && settled(w) }), w.Trace.End(lines))
}

// patchy is a port on which every other reading of the head has no answer, while on.
type patchy struct {
	bridge.Port
	on   *bool
	read *int
}

func (p patchy) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	return p.Port.Submit(op, within, func(r bridge.Result) {
		if *p.on && strings.Contains(op.Get, ".head") {
			if *p.read++; *p.read%2 == 1 {
				r = bridge.Result{Outcome: bridge.Unknown}
			}
		}
		done(r)
	})
}

// A head is spoilt when somebody joins, and every other reading of it comes to nothing: it takes
// the leader longer to give the table up than any wait of a hand-over, and it does not say that it
// is stuck. A life found it that was mixed.
func TestASpoiltHeadIsHardToRead(t *testing.T) {
	s := partition.Fast()
	s.RevokeTimeout = s.DrainTimeout
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: s, Partitions: named(20)})
	defer w.Close()
	on, read := false, 0
	for _, name := range []string{"w1", "w2"} {
		w.Start(name, sim.Habits{Build: func(port bridge.Port) bridge.Port { return patchy{port, &on, &read} }})
	}
	require.True(t, w.RunUntil(time.Minute, func() bool { return settled(w) }), w.Broken(lines))
	require.True(t, w.Run(5*time.Second), w.Broken(lines))
	heads := w.Check.Heads()
	var head string
	for _, m := range w.Store.Present("KV_"+sim.Group, ">") {
		if strings.Contains(m.Subject, ".head") {
			head = m.Subject
		}
	}
	on = true
	w.Store.Publish(sim.Vandal, w.Timeline.Now(), []bridge.Message{{Subject: head, Data: []byte("no record")}})
	p := w.Start("w3", sim.Habits{})
	require.True(t, w.Run(s.HandOverBound(s.Lease)+time.Second), w.Broken(lines))
	require.Equal(t, heads, w.Check.Heads(), "it is not over yet")
	again := func() bool { return len(p.Heard.Assignment.All) > 0 && settled(w) }
	require.True(t, w.RunUntil(w.Settings().StableBound(partition.Setbacks{Recreated: true}), again), w.Trace.End(lines))
}

// withheld is a port that lets some batches go nowhere.
type withheld struct {
	bridge.Port
	holds func(batch []bridge.Message) bool
}

func (h withheld) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	if h.holds(op.Publish) {
		return func() {}
	}
	return h.Port.Submit(op, within, done)
}

// fences reports whether a batch is a fence of a term that found no head.
func fences(batch []bridge.Message) bool {
	return writes(batch, "journal") && writes(batch, "live") && !writes(batch, "head")
}

// A head is lost, and nothing is heard of the first fence of the term that finds none.
func TestAFenceWithoutAnAnswer(t *testing.T) {
	w, _ := three(t, sim.Habits{})
	lost, heads := false, w.Check.Heads()
	w.Net.Lose = func(_ string, batch []bridge.Message) bool {
		first := !lost && fences(batch)
		lost = lost || first
		return first
	}
	w.Expire(time.Second)
	w.Leader().Crash()
	well := func() bool { return lost && w.Check.Heads() > heads && settled(w) }
	require.True(t, w.RunUntil(w.Settings().StableBound(partition.Setbacks{Recreated: true}), well), w.Trace.End(lines))
}

// A head is lost, and the fences of the term that finds none take longer than a lease.
// Somebody renews until then, and hears of no fence.
func TestAFenceThatComesLate(t *testing.T) {
	withholds, begun := false, false
	holds := func(batch []bridge.Message) bool {
		hold := withholds && fences(batch)
		begun = begun || hold
		return hold
	}
	w, _ := three(t, sim.Habits{Build: func(port bridge.Port) bridge.Port { return withheld{port, holds} }})
	withholds = true
	w.Expire(time.Second)
	w.Leader().Crash()
	require.True(t, w.RunUntil(time.Minute, func() bool { return begun }), w.Broken(lines))
	all, s := w.Processes(), w.Settings()
	require.True(t, w.Run(s.Wait(s.Lease)), w.Broken(lines))
	p := all[slices.IndexFunc(all, func(p *sim.Process) bool { return p != w.Leader() })]
	p.Port.Cut()
	withholds = false
	require.True(t, w.Run(2*s.Wait(s.Lease)), w.Broken(lines))
	p.Port.Heal()
	require.True(t, w.RunUntil(s.StableBound(partition.Setbacks{Recreated: true}), func() bool { return settled(w) }), w.Trace.End(lines))
}

// Who is back from a restart that it announced, while nobody leads, has what it had as soon
// as somebody does: its lease is not awaited.
func TestARestartWhileNobodyLeads(t *testing.T) {
	s := partition.Fast()
	s.Lease = 8 * time.Second
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: s, Partitions: named(12)})
	defer w.Close()
	for _, name := range []string{"w1", "w2", "w3"} {
		w.Start(name, sim.Habits{InstanceKey: "key-of-" + name})
	}
	require.True(t, w.RunUntil(time.Minute, func() bool { return settled(w) }), w.Broken(lines))
	require.True(t, w.Run(5*time.Second), w.Broken(lines))
	all := w.Processes()
	p := all[slices.IndexFunc(all, func(p *sim.Process) bool { return p != w.Leader() })]
	had := len(p.Heard.Assignment.All)
	p.Stop(true)
	require.True(t, w.RunUntil(time.Second, p.Ended), w.Broken(lines))
	w.Leader().Crash()
	again := w.Start("w4", sim.Habits{InstanceKey: p.Habits.InstanceKey, NeverLead: true})
	back := func() bool { return len(again.Heard.Assignment.All) == had }
	require.True(t, w.RunUntil(w.Settings().LeadWait()+3*time.Second, back), w.Trace.End(lines))
}

// Everybody finds out that the store is an older copy of what it was, although nothing
// happens, and tells who comes then: nobody works any more, until it is made anew.
func TestAnOlderCopyIsNoticed(t *testing.T) {
	w, _ := three(t, sim.Habits{})
	copied := w.Backup()
	require.True(t, w.RunUntil(time.Minute, func() bool { return w.GoBack(copied) }), w.Broken(lines))
	for _, later := range []string{"w4", "w5"} {
		w.Start(later, sim.Habits{})
		require.True(t, w.Run(5*time.Second), w.Broken(lines))
		for _, p := range w.Processes() {
			require.False(t, p.Heard.Health.Healthy, p.Name)
			require.Empty(t, w.Check.Handled(p.Name), p.Name)
		}
		for _, p := range w.Processes() {
			if p.Name != "w4" {
				p.Crash()
			}
		}
	}
	w.Recreate()
	again := 5*time.Second + w.Settings().StableBound(partition.Setbacks{Recreated: true}) // they look less and less often
	require.True(t, w.RunUntil(again, func() bool { return settled(w) }), w.Trace.End(lines))
}

// When the faults are over somebody may lead, also if who else may has gone, or is about
// to: of those who came instead none may.
func TestSomebodyMayLeadWhenTheFaultsAreOver(t *testing.T) {
	for name, goes := range map[string]func(*sim.Process){
		"it has gone":       func(p *sim.Process) { p.Crash() },
		"it is about to go": func(p *sim.Process) { p.Stop(false) },
	} {
		t.Run(name, func(t *testing.T) {
			l := begin(1, sim.Strong(sim.Crash), sim.NewSystem())
			defer l.world.Close()
			l.habits = func(h *sim.Habits) { h.NeverLead = l.born > 1 && (h.NeverLead || l.born <= 4) }
			for range 4 {
				l.join("")
			}
			require.True(t, l.world.RunUntil(l.bound(), l.covered), l.world.Broken(lines))
			p := l.world.Processes()[0]
			goes(p)
			require.Empty(t, l.heal())
			well := func() bool { return p.Ended() && l.covered() }
			require.True(t, l.world.RunUntil(l.bound(), well), l.world.Trace.End(lines))
		})
	}
}
