package swarm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// stale is a group in which a record can be read, for as long as it takes, as it was once.
type stale struct {
	*sim.World
	t *testing.T
	// latest has the messages that the store accepted last, by subject.
	latest map[string]bridge.Sight
	// was is what is read instead; without a subject all is read as it is.
	was bridge.Sight
	// served is how often it was read where the store had another one.
	served int
}

// past is the port of one of the group.
type past struct {
	bridge.Port
	of *stale
}

func (p past) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	return p.Port.Submit(op, within, func(r bridge.Result) {
		if was := p.of.was; op.Get != "" && op.Get == was.Subject {
			p.of.serves(r.Sequence)
			r = bridge.Result{Outcome: bridge.Accepted, Sequence: was.Sequence, Data: was.Data, Time: was.Time}
		}
		done(r)
	})
}

func (p past) Watch(filter string, within time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	return p.Port.Watch(filter, within, func(s bridge.Sights) {
		s.Messages = slices.Clone(s.Messages)
		for i, m := range s.Messages {
			if m.Subject == p.of.was.Subject {
				p.of.serves(m.Sequence)
				s.Messages[i] = p.of.was
			}
		}
		each(s)
	}, gone)
}

// serves counts what is read instead of the message at sequence.
func (s *stale) serves(sequence uint64) {
	if sequence != s.was.Sequence {
		s.served++
	}
}

// present has all read as it is again. What was told instead until now somebody has read.
func (s *stale) present() {
	s.t.Helper()
	require.Positive(s.t, s.served, "nobody has read %q as it was", s.was.Subject)
	s.was = bridge.Sight{}
}

// newStale is a group of three at rest.
func newStale(t *testing.T) *stale {
	s := &stale{
		World: sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: named(20)}),
		t:     t, latest: map[string]bridge.Sight{},
	}
	t.Cleanup(s.Close)
	s.Store.Observe(func(c sim.Commit) {
		for _, m := range c.Messages {
			s.latest[m.Subject] = m
		}
	})
	for i := range 3 {
		s.start(i, "")
	}
	s.settles()
	return s
}

func (s *stale) start(i int, key string) *sim.Process {
	return s.Start(fmt.Sprintf("w%d", i), sim.Habits{InstanceKey: key, Build: func(p bridge.Port) bridge.Port { return past{p, s} }})
}

func (s *stale) settles() {
	s.t.Helper()
	require.True(s.t, s.RunUntil(time.Minute, func() bool { return settled(s.World) }), s.Trace.End(lines))
	s.runs(5 * time.Second)
}

func (s *stale) runs(d time.Duration) {
	s.t.Helper()
	require.True(s.t, s.Run(d), s.Broken(lines))
}

// follows is one that does not lead, and what the store has of this kind of it.
func (s *stale) follows(kind string) (p *sim.Process, record bridge.Sight) {
	all := s.Processes()
	p = all[slices.IndexFunc(all, func(p *sim.Process) bool { return p != s.Leader() })]
	for subject, m := range s.latest {
		if strings.Contains(subject, "."+kind+"."+string(p.Heard.Assignment.Worker)) {
			record = m
		}
	}
	return p, record
}

// deposes lets another one begin to lead.
func (s *stale) deposes() {
	s.t.Helper()
	s.Leader().Crash()
	require.True(s.t, s.RunUntil(time.Minute, func() bool { return s.Leader() != nil }), s.Broken(lines))
}

// An assignment that was true once is told again, as a watch begins anew.
func TestAnAssignmentOfThePast(t *testing.T) {
	s := newStale(t)
	p, record := s.follows("asg")
	s.start(4, "")
	s.settles()
	s.was = record
	p.Port.Disconnect(10 * time.Millisecond)
	s.runs(10 * time.Second)
	s.present()
	s.settles()
}

// A leader reads, with the present head, what somebody had before others left.
func TestALeaderWithAnAssignmentOfThePast(t *testing.T) {
	s := newStale(t)
	leaves := s.start(4, "")
	s.settles()
	_, record := s.follows("asg")
	leaves.Stop(false)
	s.settles()
	s.was = record
	s.deposes()
	s.runs(200 * time.Millisecond)
	s.present()
	s.settles()
}

// A leader reads of a worker, for longer than leases last, what its former session said
// last, which the head does not name any more.
func TestALeaderWithASessionOfThePast(t *testing.T) {
	s := newStale(t)
	comes := s.start(4, "key")
	s.settles()
	var record bridge.Sight
	for subject, m := range s.latest {
		if strings.HasSuffix(subject, ".live."+string(comes.Heard.Assignment.Worker)) {
			record = m
		}
	}
	comes.Crash()
	s.start(5, "key")
	s.settles()
	s.was = record
	s.deposes()
	s.runs(3 * s.Settings().Wait(s.Settings().Lease))
	s.present()
	s.settles()
}
