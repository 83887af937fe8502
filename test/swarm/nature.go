package swarm

import (
	"math/rand/v2"
	"time"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// nature is what a life is like, besides what its seed draws while it lasts.
type nature struct {
	settings partition.Settings
	faults   sim.Faults
	// long: its partitions have long names. asked: as of a life.
	long, asked bool
	// rounds are as of a life.
	rounds int
}

const (
	// rare is of how many lives one has a fault that was added later, or is mixed.
	rare = 20
	// salted is what makes the random streams from which these are drawn: seeds that were
	// known by then have none of them, and the first sixty have each.
	salted = 15_700
	// mixture makes those that say which lives are mixed, and how: none of the seeds that
	// were kept by then, and of the first sixty some, which have each of the later faults.
	mixture = 29_406
	// watching makes those that say which mixed lives have watches that end or fade: none of the
	// seeds that were kept by then, nor of those with which a planted bug was noticed.
	watching = 24_309
	// oneInTwo of the lives is mixed from the seed on after those of ci.
	oneInTwo = 2
	// One ordinary life in eight has a partition that fails wherever it is.
	poisonedLives = 5
)

// natural is the nature of a seed.
func natural(seed uint64) nature {
	if mixes(seed) {
		return mixed(seed)
	}
	return ordinary(seed)
}

// mixes reports whether the life of a seed is mixed.
func mixes(seed uint64) bool {
	one := rare
	if seed >= afterFirst {
		one = oneInTwo
	}
	return rand.New(rand.NewPCG(seed, mixture)).IntN(one) == 0
}

// ordinary is a nature of a few kinds, which take turns.
func ordinary(seed uint64) nature {
	n := nature{settings: partition.Fast(), long: seed%2 == 0, faults: usual(seed, random(seed, rand.New(rand.NewPCG(seed, 1))))}
	if seed%4 == 3 {
		n.settings = partition.Default()
	}
	return n
}

// random are the faults of an ordinary life, drawn from this. In every other one actors panic,
// too. What comes after that is drawn for each fault apart, so that all other lives stay what
// they are when one is added.
func random(seed uint64, rng *rand.Rand) sim.Faults {
	f := sim.RandomFaults(rng)
	if seed%4 > 1 {
		f[sim.Panic] = sim.Strong(sim.Panic)[sim.Panic]
	}
	for k := sim.Panic + 1; k < sim.NoResponders; k++ {
		if own := rand.New(rand.NewPCG(seed, salted+uint64(k))); own.IntN(rare) == 0 {
			f[k] = some(k, own)
		}
	}
	return f
}

// some is how strong a fault is: not much less than a fifth of what it may be.
func some(f sim.Fault, rng *rand.Rand) float64 { return sim.Strong(f)[f] * (0.2 + 0.8*rng.Float64()) }

// of are the faults that some habits are of: without these nobody has them.
var of = map[sim.Fault]sim.Fault{
	sim.Twin: sim.Comeback, sim.SourceFlaps: sim.SourceTrouble, sim.SourceEmpty: sim.SourceTrouble,
	sim.StrategyPanic: sim.StrategyTrouble, sim.StrategyNonsense: sim.StrategyTrouble, sim.StrategyLate: sim.StrategyTrouble,
}

// habit gives a habit to these faults, if there is what it is of.
func habit(f *sim.Faults, k sim.Fault) {
	if whole, is := of[k]; !is || f[whole] > 0 {
		f[k] = sim.Strong(k)[k]
	}
}

// usual are these faults with what processes, and some faults, are like in ordinary lives.
func usual(seed uint64, f sim.Faults) sim.Faults {
	for k := range sim.Fault(len(f)) {
		if k.Habit() && (k != sim.Poisoned || seed%8 == poisonedLives) {
			habit(&f, k)
		}
	}
	return f
}

// happening counts the faults that happen, besides what somebody is like.
func happening(f sim.Faults) int {
	n := 0
	for k, strength := range f {
		if strength > 0 && !sim.Fault(k).Habit() {
			n++
		}
	}
	return n
}

// apart are the faults that came when lives were mixed already, and what makes the random
// stream of each: all other mixed lives stay what they are when one is added.
var apart = map[sim.Fault]uint64{sim.ShortMemory: salted + mixture, sim.WatchEnds: watching, sim.WatchFades: watching + 1}

// mixed is a nature in which everything is drawn by itself: each fault, each habit, and the
// settings.
func mixed(seed uint64) nature {
	rng := rand.New(rand.NewPCG(seed, mixture+1))
	coin := func() bool { return rng.IntN(2) == 0 }
	n := nature{settings: partition.Fast(), faults: sim.RandomFaults(rng), long: coin(), asked: coin()}
	if coin() {
		n.settings = partition.Default()
	}
	for k := range sim.Fault(len(n.faults)) {
		if _, is := apart[k]; is {
			continue
		}
		switch chance := rng.IntN(4); {
		case k < sim.Panic || chance > 1:
		case k.Habit():
			habit(&n.faults, k)
		case chance == 0 || k == sim.Panic || k >= sim.NoResponders:
			n.faults[k] = some(k, rng)
		}
	}
	for k, salt := range apart {
		if own := rand.New(rand.NewPCG(seed, salt)); own.IntN(8) == 0 {
			n.faults[k] = some(k, own)
		}
	}
	n.vary(rng, coin)
	return n
}

// vary changes settings within their rules.
func (n *nature) vary(rng *rand.Rand, coin func() bool) {
	s := n.settings.WithDefaults()
	between := func(a, b time.Duration) time.Duration { return a + time.Duration(rng.Int64N(int64(b-a)+1)) }
	maybe := func(d *time.Duration, a, b time.Duration) {
		if coin() {
			*d = between(a, b)
		}
	}
	off := func(d *time.Duration) {
		if rng.IntN(4) == 0 {
			*d = partition.Off
		}
	}
	maybe(&s.Lease, s.Lease, 2*s.Lease)
	maybe(&s.LeaderLease, s.LeaderLease, 2*s.LeaderLease)
	maybe(&s.PollInterval, s.HeartbeatInterval, s.Lease)
	maybe(&s.RevokeTimeout, s.DrainTimeout, s.RevokeTimeout)
	maybe(&s.PlannedScaleWindow, s.SettleTime, s.PlannedScaleWindow)
	maybe(&s.ColdStartWindow, s.PlannedScaleWindow, s.ColdStartWindow)
	maybe(&s.MinRebalanceInterval, s.Debounce, s.MinRebalanceInterval)
	maybe(&s.RestartHoldDown, s.HeartbeatInterval, 2*s.RestartHoldDown)
	maybe(&s.SourcePollInterval, s.SourceTimeout, 2*s.SourcePollInterval)
	for _, d := range []*time.Duration{&s.PlannedScaleWindow, &s.ColdStartWindow, &s.SettleTime, &s.MinRebalanceInterval, &s.RestartHoldDown} {
		off(d)
	}
	s.Candidates = 1 + rng.IntN(4)
	s.EmptyConfirmations = 2 + rng.IntN(3)
	s.PoisonBudget = 1 + rng.IntN(4)
	if rng.IntN(4) == 0 {
		const decisions = 4
		s.MoveLimit, n.rounds = mostPartitions/decisions, decisions
	}
	if rng.IntN(4) == 0 {
		s.Ownership = partition.Available
	}
	n.settings = s
}
