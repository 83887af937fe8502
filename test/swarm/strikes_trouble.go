package swarm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

const (
	// mostEach is what a message takes on a slow node, at most.
	mostEach = 50 * time.Millisecond
	// mostLag is how long a replica lags at most.
	mostLag = 8 * time.Second
	// mostLost is how many batches are lost at most.
	mostLost = 3
	// unsaid is how long it takes until those who hear of a batch write of that.
	unsaid = 5 * time.Millisecond
	// A message may have so many bytes when others are too large: no worker's record has
	// less, and few heads have more.
	leastMessage, mostMessage = 20, 4000
)

// afflict lets a fault happen of what a process, its actors, or what its user gave to it do, or
// of what the store takes.
func (l *life) afflict(f sim.Fault, p *sim.Process, long time.Duration) {
	switch f {
	case sim.Full:
		l.world.Net.Fill(long)
	case sim.Suspend:
		p.Suspend(l.exactly(l.around(p, long)))
	case sim.Panic:
		p.Panic(sim.Roles[l.world.Random.IntN(len(sim.Roles))], l.world.Random.IntN(mostSaid))
	case sim.TooLarge:
		most := 1 + l.world.Random.IntN(mostMessage) // a small one more often
		l.world.Net.Narrow(leastMessage+l.world.Random.IntN(most), l.world.Random.IntN(2) == 0, long)
	case sim.Denied:
		p = l.planner(p)
		p.Port.Deny(sim.Right(l.world.Random.IntN(int(sim.Rights))))
		l.world.Plan(long, p.Port.Allow)
	case sim.SourceTrouble:
		l.ails(l.planner(p), long)
	case sim.StrategyTrouble:
		p = l.planner(p)
		p.Balk(l.balk())
		l.world.Plan(2*long, func() { p.Balk(sim.Obliges) })
	case sim.Slow:
		l.slow(p, long)
	case sim.NoResponders:
		if l.world.Random.IntN(2) == 0 {
			l.world.Net.Desert(long)
			break
		}
		p.Port.Desert()
		l.world.Plan(long, p.Port.Heal)
	case sim.FailingHandler:
		p.Fail(sim.Moment(l.world.Random.IntN(int(sim.Moments))))
	case sim.WatchEnds:
		p.EndWatch()
	case sim.WatchFades:
		p.FadeWatch()
	case sim.LaggingReplica:
		l.world.Lag(l.world.Soon(mostLag))
	case sim.ShortMemory:
		l.lose(p)
	default: // faults of single operations: the port draws them itself
	}
}

// few reports whether there are so few workers that nobody may be left for what one has written
// off, which does not come back to that one.
func (l *life) few() bool { return l.most() < leastWorkers }

// spare ends what a process suffers. Who knows no more than to be started anew is, and of few who
// never lets go.
func (l *life) spare(p *sim.Process) {
	p.Habits.Fails = ""
	p.Spare()
	p.Resume()
	p.Slow(0)
	p.Trouble(sim.Trouble{})
	p.Balk(sim.Obliges)
	stuck := p.Habits.Drain == sim.Never || p.Habits.LetGo == sim.Never
	if p.Heard.Health.Final || stuck && l.few() {
		p.Crash()
		l.joins(p.Habits.InstanceKey)
	}
}

// planner is who leads, mostly: what others would list, plan or decide counts for nothing.
func (l *life) planner(p *sim.Process) *sim.Process {
	if leads := l.world.Leader(); leads != nil && l.world.Random.IntN(4) > 0 {
		return leads
	}
	return p
}

// ails lets a source be in trouble for a while, in which it may be asked some times. It
// does not list nothing as often as would be believed.
func (l *life) ails(p *sim.Process, long time.Duration) {
	t := sim.Trouble{Flaps: l.world.Random.IntN(2) == 0 && l.has(sim.SourceFlaps)}
	switch way := l.world.Random.IntN(3); {
	case way == 2 && l.has(sim.SourceEmpty):
		t.Empty = l.settings.EmptyConfirmations - 1
	case way == 1:
		t.Silent = true
	default:
		t.Reason = "no database"
	}
	p.Trouble(t)
	l.world.Plan(long+2*l.settings.SourcePollInterval, func() { p.Trouble(sim.Trouble{}) })
}

// balk is what a strategy does.
func (l *life) balk() sim.Balk {
	b := sim.Balk(1 + l.world.Random.IntN(sim.Balks))
	is, named := map[sim.Balk]sim.Fault{sim.Panics: sim.StrategyPanic, sim.Nonsense: sim.StrategyNonsense, sim.Dawdles: sim.StrategyLate}[b]
	if named && !l.has(is) {
		return sim.Refuses
	}
	return b
}

// slow makes a process, or its connection, slow for a while.
func (l *life) slow(p *sim.Process, long time.Duration) {
	if l.world.Random.IntN(2) == 0 {
		p.Port.Slow(l.world.Soon(2 * l.settings.StoreTimeout))
		l.world.Plan(long, func() { p.Port.Slow(0) })
		return
	}
	p.Slow(time.Millisecond + l.world.Soon(mostEach))
	l.world.Plan(long, func() { p.Slow(0) })
}

// lose lets the store lose the next batches, soon after they were accepted: with the process
// that leads or without it. Somebody dies before, so that there is something to grant. Those who
// know what was lost may die with it, or be away until others have written as much: else
// somebody knows at once, and marks the store.
func (l *life) lose(p *sim.Process) {
	if l.older || l.short {
		return
	}
	r := l.world.Random
	batches, after, dies, dark := 1, time.Millisecond+l.world.Soon(unsaid), r.IntN(2) == 0, r.IntN(4) > 0
	if r.IntN(4) == 0 {
		batches, after = 1+r.IntN(mostLost), l.world.Soon(l.settings.HeartbeatInterval)
	}
	l.world.Lose(batches, after, func() {
		l.short, l.back.Recreated = true, true
		for _, other := range l.world.Processes() {
			switch way := r.IntN(16); {
			case !dark || way == 0:
			case way < 6:
				other.Port.Disconnect(l.settings.Lease/2 + l.world.Soon(l.settings.Lease/2))
			default:
				l.crash(other)
			}
		}
		for range leastWorkers {
			l.later(0, func() { l.joins("") })
		}
		if leads := l.world.Leader(); dies && leads != nil {
			l.crash(leads)
		}
		l.noticed()
	})
	if r.IntN(2) == 0 {
		l.crash(p)
	}
}

// noticed looks, again and again, whether anybody has found out that the store went back, by
// what it saw itself. A while later somebody deletes the stream, as that asks for.
func (l *life) noticed() {
	switch {
	case !l.short:
	case l.proved():
		l.proof = true
		l.world.Plan(l.settings.Lease+l.world.Soon(8*l.settings.LeaderLease), l.end)
	default:
		l.world.Plan(l.settings.HeartbeatInterval, l.noticed)
	}
}

func (l *life) proved() bool {
	return slices.ContainsFunc(l.world.Processes(), func(p *sim.Process) bool { return strings.Contains(p.Heard.Health.Reason, "older copy") })
}

// change takes some partitions from the source and adds others. It lists one for each worker of
// a crowd, and for who joins in the end: that one has to be given something.
func (l *life) change() {
	list := l.world.Partitions()
	list = slices.DeleteFunc(list, func(partition.Partition) bool { return l.world.Random.IntN(4) == 0 })
	least := max(leastPartitions, l.crowd+1)
	more := max(least-len(list), l.world.Random.IntN(max(mostPartitions, l.many, least)-len(list)+1))
	list = append(list, l.partitions(more)...)
	l.lived.Partitions = min(l.lived.Partitions, len(list))
	l.world.List(list)
}

// partitions names so many that were never listed before.
func (l *life) partitions(n int) []partition.Partition {
	out := make([]partition.Partition, n)
	for i := range out {
		out[i] = partition.Of(fmt.Sprintf("p%d%s", l.listed+i+1, l.surname))
		if l.dress != nil {
			l.dress(&out[i])
		}
	}
	l.listed += n
	return out
}
