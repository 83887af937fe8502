package swarm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// joins is in how many orders of sightings a join is played; -runs asks for more.
const joins = 72

// sight is with which eyes a leader sees the workers' records.
type sight int

const (
	withBoth sight = iota
	// byPolls: the watcher's watch tells nothing any more, and does not say so.
	byPolls
	// byWatch: lists are not answered any more.
	byWatch
)

// String returns the name of the sight.
func (s sight) String() string { return [...]string{"with both", "by polls", "by the watch"}[s] }

// squint is a port through which the workers' records are seen with some eyes
// only, from the moment on at which that is said. What is watched then is the
// watcher's, and what is begun later are the poller's lists.
type squint struct {
	bridge.Port
	sees *sight
}

func (s squint) Watch(filter string, within time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	if !strings.HasSuffix(filter, ".live.*") {
		return s.Port.Watch(filter, within, each, gone)
	}
	begun := *s.sees
	return s.Port.Watch(filter, within, func(x bridge.Sights) {
		if *s.sees == withBoth || *s.sees == byPolls && begun == byPolls || *s.sees == byWatch && begun == withBoth {
			each(x)
		}
	}, gone)
}

// A join is one decision, which moves the joiner's share and nothing else, however
// the sightings of watcher and poller interleave: doubled, late, lost, overtaking
// each other, and with one of the two alone.
func TestAJoinIsOneVersion(t *testing.T) {
	list, trace := seeds(joins)
	parallel(list, func(seed uint64, system *sim.System) Result {
		j := newJoin(seed, system)
		defer j.world.Close()
		r := Result{Seed: seed, Faults: j.sees.String() + ", " + j.faults.String(), Broken: j.all()}
		if v := j.world.Check.Broken(); len(v) > 0 {
			r.Broken = v[0].String()
		}
		if r.Broken != "" {
			r.Trace, r.Again = j.world.Trace.End(trace), fmt.Sprintf("go test ./test/swarm -run AJoinIs -seed %d -runs 1", seed)
		}
		return r
	}, func(r Result) {
		if r.Broken != "" {
			t.Errorf("%s", r)
		}
	})
}

// join is a group at rest that one worker joins.
type join struct {
	world   *sim.World
	reader  sim.Reader
	set     partition.Settings
	faults  sim.Faults
	sees    sight
	leader  *sim.Process
	members int
	moves   int           // transfers before the join
	claimed time.Duration // when the joiner had its ID
	heads   []partition.Head
	decided time.Duration // when the first of them was written
}

// joinPartitions can be shared equally by all that are tried, one more included.
const joinPartitions = 60

func newJoin(seed uint64, system *sim.System) *join {
	j := &join{set: partition.Fast(), sees: sight(seed % 3), members: []int{1, 2, 3, 5}[seed/3%4]}
	if seed/12%2 == 0 { // whatever is noticed is decided at once
		j.set.ColdStartWindow, j.set.PlannedScaleWindow, j.set.MinRebalanceInterval = partition.Off, partition.Off, partition.Off
	}
	if seed/24%3 > 0 {
		j.faults = sim.Strong(sim.DoubledSight, sim.StaleSight, sim.EarlySight, sim.DroppedSight)
		if j.sees != byPolls { // whoever has only old lists takes the living for silent
			j.faults[sim.StalePass] = sim.Strong(sim.StalePass)[sim.StalePass]
		}
	}
	j.world = sim.NewWorld(sim.Config{Seed: seed, Settings: j.set, Partitions: named(joinPartitions), Fresh: true, System: system})
	j.set = j.world.Settings()
	j.world.Store.Observe(j.note)
	return j
}

func (j *join) note(c sim.Commit) {
	for _, w := range j.reader.Read(c) {
		switch r := w.Record.(type) {
		case partition.Head:
			if len(j.heads) == 0 {
				j.decided = j.world.Timeline.Now()
			}
			j.heads = append(j.heads, r)
		case partition.Live:
			if r.Claim == 0 {
				j.claimed = j.world.Timeline.Now()
			}
		}
	}
}

// all plays it, and returns what is wrong.
func (j *join) all() string {
	both := withBoth
	sees := &both
	j.leader = j.world.Start("w1", sim.Habits{Build: func(p bridge.Port) bridge.Port { return squint{p, sees} }})
	for i := 1; i < j.members; i++ {
		j.world.Run(j.world.Soon(200 * time.Millisecond))
		j.world.Start(fmt.Sprintf("w%d", i+1), sim.Habits{NeverLead: true})
	}
	if !j.world.RunUntil(time.Minute, j.shared) || !j.world.Run(6*time.Second+j.world.Soon(j.set.PollInterval)) || !j.shared() {
		return "the group does not come to rest"
	}
	was := j.heads[len(j.heads)-1].Version
	j.heads, j.moves = nil, j.world.Check.Transfers()
	*sees, j.world.Net.Faults = j.sees, j.faults

	joiner := j.world.Start("joiner", sim.Habits{NeverLead: true})
	if !j.world.RunUntil(time.Minute, j.shared) || !j.world.Run(3*j.set.Lease) || !j.shared() {
		return "the joiner does not get its share"
	}
	if wrong := j.judge(was + 1); wrong != "" {
		return wrong
	}
	if len(joiner.Heard.Assignment.All) != joinPartitions/(j.members+1) {
		return fmt.Sprintf("the joiner owns %d", len(joiner.Heard.Assignment.All))
	}
	return ""
}

// shared reports whether everybody owns the same number, and everything is owned.
func (j *join) shared() bool {
	all := j.world.Processes()
	for _, p := range all {
		if p.Heard.State != messages.Stable || len(p.Heard.Assignment.All) != joinPartitions/len(all) {
			return false
		}
	}
	return len(j.world.Check.Unowned())+len(j.world.Check.Idle()) == 0
}

// judge looks at what was published since the join.
func (j *join) judge(want partition.Version) string {
	for _, h := range j.heads {
		if h.Version != want {
			return fmt.Sprintf("a head has version %d, and %d was to come", h.Version, want)
		}
	}
	if moved := j.world.Check.Transfers() - j.moves; moved != joinPartitions/(j.members+1) {
		return fmt.Sprintf("%d partitions have moved", moved)
	}
	if late := j.decided - j.claimed - j.slowest(); j.faults.Kinds() == 0 && late > 0 {
		return fmt.Sprintf("it was decided %v after the claim, %v too late", j.decided-j.claimed, late)
	}
	return ""
}

// slowest is how long a decision may take after the claim when nothing is lost.
func (j *join) slowest() time.Duration {
	few := 50 * time.Millisecond // messages
	d := j.set.Debounce + few
	if j.sees == byPolls {
		d += j.set.PollInterval
	}
	if j.set.PlannedScaleWindow > 0 {
		d += max(j.set.SettleTime, j.set.PlannedScaleWindow)
	}
	return d
}
