package actors

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// gatherings is a debouncer among probes that knows all records.
type gatherings struct {
	*play
	outside, publisher, calculator *probe
	pid                            *actor.PID
	set                            partition.Settings
	rev                            partition.Revision
}

func newGatherings(t *testing.T) *gatherings {
	g := &gatherings{play: newPlay(t), set: partition.Default()}
	g.outside, g.publisher, g.calculator = g.probe("outside"), g.probe("publisher"), g.probe("calculator")
	g.pid = g.child(debouncerProps(debouncerConfig{settings: g.set, outside: g.outside.pid, publisher: g.publisher.pid}), "debouncer")
	g.tell(g.pid, introduce{calculator: g.calculator.pid})
	g.tell(g.pid, messages.Sighted{Entries: []messages.Entry{g.entry("worker-1", partition.Live{Session: "s"})}, At: g.now})
	unheard[messages.WorkersChanged](t, g.calculator)
	g.tell(g.pid, messages.Sighted{Complete: true, At: g.now})
	require.Len(t, heard[messages.WorkersChanged](t, g.calculator).Roster, 1)
	return g
}

func (g *gatherings) entry(w partition.WorkerID, live partition.Live) messages.Entry {
	g.rev++
	return messages.Entry{Key: messages.KeyLive(w), Revision: g.rev, Record: live}
}

func (g *gatherings) sight(w partition.WorkerID, live partition.Live) {
	g.tell(g.pid, messages.Sighted{Entries: []messages.Entry{g.entry(w, live)}, At: g.now})
}

// ring lets the time of the next reminder come.
func (g *gatherings) ring() {
	g.t.Helper()
	r := heard[messages.Remind](g.t, g.outside)
	if at := r.From.Add(r.After); at.After(g.now) {
		g.now = at
	}
	g.tell(g.pid, r.Mail)
}

func TestDebouncer_OneChangeOfManySightings(t *testing.T) {
	g := newGatherings(t)
	begun := g.now
	for w := range 4 {
		g.sight(partition.WorkerIDAt("late-", w), partition.Live{Session: "s"})
		g.after(g.set.Debounce / 3)
	}
	require.Len(t, g.outside.mail, 1, "one reminder, not one for every sighting")
	g.ring()
	unheard[messages.WorkersChanged](t, g.calculator)
	g.ring()
	require.Len(t, heard[messages.WorkersChanged](t, g.calculator).Roster, 5)
	require.Equal(t, 3*(g.set.Debounce/3)+g.set.Debounce, g.now.Sub(begun), "after the last of them")
	require.Empty(t, g.outside.mail)
}

// hazard 30
func TestDebouncer_ASteadyStreamDoesNotStarveTheDecision(t *testing.T) {
	g := newGatherings(t)
	begun := g.now
	for n := 0; g.now.Sub(begun) < g.set.DebounceCap; n++ {
		unheard[messages.WorkersChanged](t, g.calculator)
		g.sight(partition.WorkerIDAt("late-", n), partition.Live{Session: "s"})
		if r, ok := g.outside.next(); ok && !r.From.After(g.now) {
			g.ring()
		}
		g.after(g.set.Debounce / 2)
	}
	g.ring()
	heard[messages.WorkersChanged](t, g.calculator)
	require.Equal(t, g.set.DebounceCap, g.now.Sub(begun))
}

// next is the reminder that was asked for first.
func (b *probe) next() (messages.Remind, bool) {
	if len(b.mail) == 0 {
		return messages.Remind{}, false
	}
	r, ok := b.mail[0].(messages.Remind)
	return r, ok
}

func TestDebouncer_WhatWasToldIsNotToldAgain(t *testing.T) {
	g := newGatherings(t)
	g.sight("worker-2", partition.Live{Session: "s"})
	g.tell(g.pid, messages.SendRoster{At: g.now})
	require.Len(t, heard[messages.WorkersChanged](t, g.calculator).Roster, 2)
	g.ring()
	unheard[messages.WorkersChanged](t, g.calculator)

	g.sight("worker-3", partition.Live{Session: "s"})
	g.ring()
	require.Len(t, heard[messages.WorkersChanged](t, g.calculator).Roster, 3, "a later change has its own reminder")
}

func TestDebouncer_TheEndOfASessionIsToldSoon(t *testing.T) {
	for _, c := range []struct {
		name string
		live partition.Live
		soon bool
	}{
		{"released", partition.Live{Session: "s", Released: true}, true},
		{"fenced", partition.Live{Session: "s", Fence: &partition.Fence{}}, true},
		{"released to come back", partition.Live{Session: "s", Released: true, Restarting: true}, false},
		{"drains", partition.Live{Session: "s", Draining: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGatherings(t)
			g.sight("worker-2", partition.Live{Session: "s"})
			begun := g.after(time.Millisecond)
			g.sight("worker-1", c.live)
			if c.soon {
				_ = heard[messages.Remind](t, g.outside) // that of the join
			}
			g.ring()
			if !c.soon {
				unheard[messages.WorkersChanged](t, g.calculator)
				return
			}
			require.Equal(t, endedDelay, g.now.Sub(begun))
			heard[messages.WorkersChanged](t, g.calculator)
		})
	}
}

func TestDebouncer_AnEndThatWasToldHurriesNothing(t *testing.T) {
	g := newGatherings(t)
	g.sight("worker-1", partition.Live{Session: "s", Released: true})
	g.ring()
	heard[messages.WorkersChanged](t, g.calculator)
	begun := g.after(time.Millisecond)
	g.sight("worker-2", partition.Live{Session: "s"})
	g.ring()
	heard[messages.WorkersChanged](t, g.calculator)
	require.Equal(t, g.set.Debounce, g.now.Sub(begun))
}

func TestDebouncer_AHeartbeatIsNoChange(t *testing.T) {
	g := newGatherings(t)
	g.publisher.forget()
	g.sight("worker-1", partition.Live{Session: "s", Beat: 2})
	require.Equal(t, uint64(2), heard[messages.Witnessed](t, g.publisher).Witness.Live.Beat, "the publisher hears of every one")
	require.Empty(t, g.outside.mail)
}

// The calculator has taken for silent who renews at last, and does so until it is told.
func TestDebouncer_TheEndOfASilenceIsAChange(t *testing.T) {
	g := newGatherings(t)
	live := partition.Live{Session: "s", Lease: g.set.Lease}
	g.sight("worker-1", live)
	g.after(g.set.Wait(g.set.Lease) - 1)
	g.sight("worker-1", live)
	require.Empty(t, g.outside.mail)
	g.after(g.set.Wait(g.set.Lease))
	g.sight("worker-1", live)
	g.ring()
	require.Equal(t, g.now.Add(-g.set.Debounce), heard[messages.WorkersChanged](t, g.calculator).Roster["worker-1"].At)
}

// What a heartbeat costs does not depend on how many workers there are: it is told to
// the publisher, and nothing is copied or asked for.
//
// hazard 28
func TestDebouncer_AHeartbeatCostsTheSameInAnyGroup(t *testing.T) {
	cost := func(workers int) float64 {
		g := newGatherings(t)
		for w := range workers {
			g.sight(partition.WorkerIDAt("late-", w), partition.Live{Session: "s"})
		}
		g.tell(g.pid, messages.SendRoster{At: g.now})
		require.Len(t, heard[messages.WorkersChanged](t, g.calculator).Roster, workers+1)
		g.outside.forget()
		beat := uint64(0)
		return testing.AllocsPerRun(100, func() {
			beat++
			g.publisher.forget()
			g.sight("worker-1", partition.Live{Session: "s", Beat: beat})
			require.Len(t, g.publisher.mail, 1)
			require.Empty(t, g.outside.mail)
			require.Empty(t, g.calculator.mail)
		})
	}
	require.Equal(t, cost(1), cost(1000))
}

// Silence counts from what was seen before the term began, as long as the record
// is the same.
func TestDebouncer_BeginsWithWhatWasSeenBefore(t *testing.T) {
	p := newPlay(t)
	outside, publisher, calculator := p.probe("outside"), p.probe("publisher"), p.probe("calculator")
	before := p.now
	seen := partition.Roster{}
	for w, rev := range map[partition.WorkerID]partition.Revision{"worker-1": 5, "worker-2": 6} {
		seen[w], _ = partition.Witness{}.See(w, partition.Live{Session: "s"}, rev, before)
	}
	pid := p.child(debouncerProps(debouncerConfig{settings: partition.Default(), outside: outside.pid, publisher: publisher.pid, seen: seen}), "debouncer")
	p.tell(pid, introduce{calculator: calculator.pid})
	for range seen {
		require.Equal(t, before, heard[messages.Witnessed](t, publisher).Witness.At)
	}
	now := p.after(time.Second)
	p.tell(pid, messages.Sighted{Complete: true, At: now, Entries: []messages.Entry{
		{Key: messages.KeyLive("worker-1"), Revision: 5, Record: partition.Live{Session: "s"}},
		{Key: messages.KeyLive("worker-2"), Revision: 7, Record: partition.Live{Session: "s"}},
	}})
	roster := heard[messages.WorkersChanged](t, calculator).Roster
	require.Equal(t, before, roster["worker-1"].At)
	require.Equal(t, now, roster["worker-2"].At, "it renewed since")
	require.Equal(t, before, seen["worker-2"].At, "what was handed over is not written to")
}
