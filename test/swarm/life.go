package swarm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// Limits of a life.
const (
	leastWorkers    = 3
	mostWorkers     = 9
	leastPartitions = 16
	mostPartitions  = 40
	longName        = 240
	// suffering is how long the faults last.
	suffering = 120 * time.Second
	// leastKinds of fault strike in each life, for which it is prolonged.
	leastKinds    = 2
	mostSuffering = 30 * time.Minute
	// briefly is how long a partition is left alone that fails, in lives in which some do.
	briefly = 5 * time.Second
)

// life is one life of a group.
type life struct {
	world  *sim.World
	faults sim.Faults
	// ill is true while faults last. era counts how often they have ended.
	ill bool
	era int
	// asked: somebody is asked for something now and then, also where no actor panics.
	asked bool
	// lull: half way through, all faults end until everything is owned.
	lull bool
	// older is true while an older copy stands in the place of the stream.
	older bool
	// short is true since the stream has lost something, proof since somebody knows.
	short, proof bool
	born         int
	listed       int // partitions that were ever named
	// surname is what all their names end with: in every other life, assignments are
	// long enough for their changes to be written alone.
	surname string
	// crowd, if set, is how many workers begin, and the most there are; many, if set, is
	// how many partitions.
	crowd    int
	many     int
	back     partition.Setbacks
	settings partition.Settings
	// builds, if set, is the build of the nth process that joins.
	builds func(n int) func(bridge.Port) bridge.Port
	// dress, if set, changes a partition that is about to be listed, and habits what the
	// next process does.
	dress  func(*partition.Partition)
	habits func(*sim.Habits)
	// poison is a partition on which every handler fails until the faults end; empty in
	// most lives.
	poison partition.PartitionID
	// mend, if set, ends what a kind of group suffers from besides faults; rounds is how many
	// more decisions than one it may take it until nothing moves.
	mend   func()
	rounds int
	// prompt: everybody lets go at once. What is stuck for ever has to fit into a record.
	prompt bool
	lived  Lived
}

// Lived is what there was in a life.
type Lived struct {
	// Workers and Partitions are how many there were when the faults ended, and the fewest ever listed.
	Workers, Partitions int
	// Suffered is how long faults lasted, and Struck how often each happened.
	Suffered time.Duration
	Struck   sim.Faults
	// Met are the situations that it met.
	Met sim.Situations
	// Moves are those that answered a join after the faults.
	Moves int
	// Lasted is how long it was, with what came after the faults.
	Lasted time.Duration
}

// Result is what became of a life.
type Result struct {
	Lived
	Seed uint64
	Hash uint64
	// Step is how many messages were delivered until it ended, or broke.
	Step   uint64
	Faults string
	// Broken is what went wrong; empty if nothing did.
	Broken string
	// Trace is its end, and Again the command that repeats it.
	Trace, Again string
}

func (l *life) live(seed uint64, lines int) Result {
	defer l.world.Close()
	return l.result(seed, l.all(), lines)
}

// result is what became of the life, in which this is wrong.
func (l *life) result(seed uint64, wrong string, lines int) Result {
	r := Result{Lived: l.lived, Seed: seed, Faults: l.faults.String(), Broken: wrong, Again: again(seed)}
	if v := l.world.Check.Broken(); len(v) > 0 {
		r.Broken = v[0].String()
	}
	r.Met = l.world.Met()
	r.Hash, r.Step, r.Lasted = l.world.Trace.Hash(), l.world.Steps(), l.world.Timeline.Now()
	if r.Broken != "" {
		r.Trace = l.world.Trace.End(lines)
	}
	return r
}

// begin begins an ordinary life; if there are faults they are those, and else as the seed says.
func begin(seed uint64, faults sim.Faults, system *sim.System, change ...func(*partition.Settings)) *life {
	n := ordinary(seed)
	if faults.Kinds() > 0 {
		n.faults = usual(seed, faults)
	}
	for _, f := range change {
		f(&n.settings)
	}
	return n.begin(seed, system)
}

// begin begins a life of this nature.
func (n nature) begin(seed uint64, system *sim.System) *life {
	if n.faults[sim.Poisoned]+n.faults[sim.FailingHandler] > 0 {
		n.settings.QuarantineFor = briefly
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	random(seed, rng) // what comes after it is drawn for all natures alike
	l := &life{settings: n.settings.WithDefaults(), faults: n.faults, asked: n.asked, rounds: n.rounds}
	if n.long {
		l.surname = "-" + strings.Repeat("x", longName)
	}
	list := l.partitions(leastPartitions + rng.IntN(mostPartitions-leastPartitions+1))
	l.lived.Partitions = len(list)
	if n.faults[sim.Poisoned] > 0 {
		l.poison = list[0].ID()
	}
	l.world = sim.NewWorld(sim.Config{Seed: seed, Settings: n.settings, Partitions: list, Replicas: 1 + 2*rng.IntN(2), System: system})
	if n.faults[sim.Coincidence] > 0 {
		l.world.Net.Lengths, l.world.Timeline.Ties = sim.AllLengths(l.settings), max(seed, 1)
	}
	l.back = partition.Setbacks{Window: l.settings.ColdStartWindow, Resigned: true}
	if l.poison != "" {
		l.world.Net.Strikes(sim.Poisoned)
	}
	l.world.Died, l.world.Final = l.died, l.final
	l.world.Trace.Say("world", l.faults.String())
	return l
}

// all is the whole life; it returns what is wrong with it.
func (l *life) all() string {
	if wrong := l.suffers(); wrong != "" {
		return wrong
	}
	if wrong := l.struck(); wrong != "" {
		return wrong
	}
	if wrong := l.heal(); wrong != "" {
		return wrong
	}
	if wrong := l.grow(); wrong != "" {
		return wrong
	}
	if wrong := l.rest(); wrong != "" {
		return wrong
	}
	if wrong := l.lists(); wrong != "" {
		return wrong
	}
	return l.stop()
}

// suffers is the time of faults, in some lives in two halves.
func (l *life) suffers() string {
	if !l.lull {
		return broken(l.youth(suffering))
	}
	if !l.youth(suffering / 2) {
		return "broken"
	}
	if wrong := l.heal(); wrong != "" {
		return "in a lull, " + wrong
	}
	return broken(l.suffer(suffering / 2))
}

// broken is what is wrong with a time that has gone well or not.
func broken(well bool) string {
	if well {
		return ""
	}
	return "broken"
}

// youth is how each life begins: the first workers join, and the faults with them.
func (l *life) youth(d time.Duration) bool {
	n := leastWorkers + l.world.Random.IntN(3)
	if l.crowd > 0 {
		n = l.crowd
	}
	for range n {
		l.world.Plan(l.world.Soon(3*time.Second), func() { l.join("") })
	}
	return l.suffer(d)
}

// suffer lets faults happen from here on, and time go on.
func (l *life) suffer(d time.Duration) bool {
	l.ill = true
	l.world.Check.Stirs()
	if l.asked || l.faults[sim.Panic] > 0 {
		l.asks() // or some would never be there
	}
	l.plagues()
	return l.world.Run(d)
}

// plagues lets all faults happen that the life has.
func (l *life) plagues() {
	l.world.Net.Faults = l.faults
	for f := range sim.Fault(len(l.faults)) {
		if f.Often() {
			l.plague(f)
		}
	}
}

// plague lets a fault of lives happen now and then.
func (l *life) plague(f sim.Fault) {
	if l.faults[f] == 0 {
		return
	}
	mean := time.Duration(float64(time.Minute) / l.faults[f])
	wait := time.Duration(float64(mean) * -math.Log(1-l.world.Random.Float64()))
	l.later(wait, func() {
		l.strike(f)
		l.plague(f)
	})
}

// heal ends the faults and demands coverage within the bound, and that refreshes are served
// which somebody has asked for meanwhile.
func (l *life) heal() string {
	l.ill = false
	l.era++
	l.world.Trace.Say("world", "all faults end")
	l.lived.Suffered, l.lived.Struck = l.world.Timeline.Now(), l.world.Net.Struck()
	l.end()
	l.world.Keep()
	l.world.Net.Heal()
	l.poison = ""
	for _, p := range l.world.Processes() {
		l.spare(p)
	}
	if l.mend != nil {
		l.mend()
	}
	for len(l.world.Processes()) < min(leastWorkers, l.most()) || !l.electable() {
		l.join("")
	}
	l.lived.Workers = len(l.world.Processes())
	if wrong := l.recall(); wrong != "" {
		return wrong
	}
	l.world.Check.Calm(l.balance())
	if !l.world.RunUntil(l.bound(), l.covered) {
		return l.uncovered(fmt.Sprintf("I5: %v after the last fault", l.bound()))
	}
	l.world.Check.Recalls()
	if !l.world.RunUntil(l.balance(), func() bool { return len(l.world.Check.Refreshing()) == 0 }) {
		return fmt.Sprintf("I10: %v after everything was owned, refreshes are not served that were asked for: of %v", l.balance(), l.world.Check.Refreshing())
	}
	return ""
}

// recall waits, if the store has lost something, until everybody has looked at it again, which
// may have been away: whoever notices waits for the stream to be made anew.
func (l *life) recall() string {
	if l.short {
		if !l.world.Run(2*l.settings.Lease + l.settings.RecoveryBound(partition.Setbacks{})) {
			return "broken"
		}
		l.end()
	}
	return ""
}
