package bench

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/buraksezer/consistent"
	"github.com/dgryski/go-rendezvous"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/zeebo/xxh3"

	"github.com/troupe-actors/troupe/partition"
)

// peers are placements by other libraries, as strategies. They know neither weights
// nor previous owners.
type peers struct {
	place func(ids []partition.PartitionID, workers []string) (owner func(k int) string)
}

func (p peers) Plan(in partition.Input) (plan partition.Plan, err error) {
	defer func() { // as the bounded ring does that finds no room
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	workers, index := make([]string, len(in.Members)), map[string]int32{}
	for i, m := range in.Members {
		workers[i] = string(m.ID)
		index[workers[i]] = int32(i)
	}
	plan = make(partition.Plan, in.Partitions.Len())
	owner := p.place(in.Partitions.IDs, workers)
	for k := range plan {
		plan[k] = index[owner(k)]
	}
	return plan, nil
}

// node is a member and a hasher of the bounded ring.
type node string

func (n node) String() string         { return string(n) }
func (node) Sum64(data []byte) uint64 { return xxh3.Hash(data) }

var placers = []struct {
	name string
	s    partition.Strategy
	most int // partitions times workers, beyond which it takes too long here
}{
	{"Sticky", partition.Sticky{}, 1e9},
	{"ConsistentHash", partition.ConsistentHash{}, 1e9},
	{"WeightedConsistentHash", partition.WeightedConsistentHash{}, 1e9},
	{"Rendezvous", partition.Rendezvous{}, 1e9},
	{"RoundRobin", partition.RoundRobin{}, 1e9},
	{"go-rendezvous", peers{func(ids []partition.PartitionID, workers []string) func(int) string {
		r := rendezvous.New(workers, xxh3.HashString)
		return func(k int) string { return r.Lookup(string(ids[k])) }
	}}, 1e8},
	{"franz-go", franz{}, 1e9},
	{"buraksezer/consistent", peers{func(ids []partition.PartitionID, workers []string) func(int) string {
		var members []consistent.Member
		for _, w := range workers {
			members = append(members, node(w))
		}
		c := consistent.New(members, consistent.Config{
			PartitionCount: len(ids), ReplicationFactor: 20, Load: 1.25, Hasher: node(""),
		})
		return func(k int) string { return c.GetPartitionOwner(k).String() }
	}}, 1e6},
}

// franz is franz-go's sticky balancer, as its clients use it: each member says what it
// has, and is told what it gets. It knows no weights.
type franz struct{}

func (franz) Plan(in partition.Input) (partition.Plan, error) {
	const topic = "topic"
	b := kgo.StickyBalancer()
	had, index := make([][]int32, len(in.Members)), map[string]int32{}
	for k, was := range in.Previous {
		if was != partition.None {
			had[was] = append(had[was], int32(k))
		}
	}
	members := make([]kmsg.JoinGroupResponseMember, len(in.Members))
	for i, m := range in.Members {
		index[string(m.ID)] = int32(i)
		members[i] = kmsg.NewJoinGroupResponseMember()
		members[i].MemberID = string(m.ID)
		members[i].ProtocolMetadata = b.JoinGroupMetadata([]string{topic}, map[string][]int32{topic: had[i]}, 1)
	}
	slices.SortFunc(members, func(x, y kmsg.JoinGroupResponseMember) int { return cmp.Compare(x.MemberID, y.MemberID) })
	balancer, _, err := b.MemberBalancer(members)
	if err != nil {
		return nil, err
	}
	done, err := balancer.(kgo.GroupMemberBalancerOrError).BalanceOrError(map[string]int32{topic: int32(len(in.Previous))})
	if err != nil {
		return nil, err
	}
	plan := make(partition.Plan, len(in.Previous))
	for _, a := range done.IntoSyncAssignment() {
		has, err := b.ParseSyncAssignment(a.MemberAssignment)
		if err != nil {
			return nil, err
		}
		for _, k := range has[topic] {
			plan[k] = index[a.MemberID]
		}
	}
	return plan, nil
}

// changes are what happens to a group that a strategy has balanced.
var changes = []struct {
	name  string
	apply func(in *partition.Input)
}{
	{"nothing", func(*partition.Input) {}},
	{"join", func(in *partition.Input) { resize(in, len(in.Members)+1) }},
	{"leave", func(in *partition.Input) { resize(in, len(in.Members)-1) }},
	{"join-10-percent", func(in *partition.Input) { resize(in, len(in.Members)*11/10) }},
	{"added-20-percent", func(in *partition.Input) {
		n := len(in.Previous)
		more := fresh(n+n/5, 1, in.Partitions.Weights[0] != in.Partitions.Weights[n-1])
		copy(more.Partitions.Weights, in.Partitions.Weights)
		copy(more.Previous, in.Previous)
		in.Partitions, in.Previous = more.Partitions, more.Previous
	}},
	{"removed-30-percent", func(in *partition.Input) {
		rng := rand.New(rand.NewPCG(5, 6))
		from, was := in.Partitions, in.Previous
		in.Partitions, in.Previous = partition.Set{}, nil
		for k := range was {
			if rng.IntN(10) >= 3 {
				in.Partitions.IDs = append(in.Partitions.IDs, from.IDs[k])
				in.Partitions.Weights = append(in.Partitions.Weights, from.Weights[k])
				in.Previous = append(in.Previous, was[k])
			}
		}
	}},
	{"restart", func(in *partition.Input) { // of the last one, which is back
		in.Home = slices.Clone(in.Previous)
		last, next := int32(len(in.Members)-1), int32(0)
		for k, was := range in.Previous {
			if was == last {
				in.Previous[k] = next
				next = (next + 1) % last
			}
		}
	}},
	{"weights", func(in *partition.Input) {
		rng := rand.New(rand.NewPCG(1, 2))
		in.Partitions.Weights = slices.Clone(in.Partitions.Weights)
		for range len(in.Previous) / 3 {
			in.Partitions.Weights[rng.IntN(len(in.Previous))] *= 2
		}
	}},
}

// resize sets the number of members; those from the end leave.
func resize(in *partition.Input, n int) {
	in.Members = nil
	for i := range n {
		in.Members = append(in.Members, partition.Member{ID: partition.WorkerIDAt("worker", i)})
	}
	for k, was := range in.Previous {
		if int(was) >= n {
			in.Previous[k] = partition.None
		}
	}
}

// fresh is a group in which nothing has an owner.
func fresh(partitions, workers int, zipf bool) partition.Input {
	in := partition.Input{MoveLimit: partition.Off, Previous: make([]int32, partitions)}
	set := &in.Partitions
	set.IDs, set.Weights = make([]partition.PartitionID, partitions), make([]int64, partitions)
	for k := range partitions {
		set.IDs[k], set.Weights[k], in.Previous[k] = partition.PartitionID(fmt.Sprintf("p%07d", k)), 100, partition.None
		if zipf {
			set.Weights[k] = max(1, int64(1e9)/int64(k+1))
		}
	}
	if zipf {
		rand.New(rand.NewPCG(3, 4)).Shuffle(partitions, func(i, j int) {
			set.Weights[i], set.Weights[j] = set.Weights[j], set.Weights[i]
		})
	}
	resize(&in, workers)
	return in
}

// BenchmarkStrategies measures what a plan takes, as a multiple of counting and copying
// the owners in the same run, and what it does: the weight that moves, and the load of the
// fullest. The whole grid takes less than 6 minutes with three runs.
func BenchmarkStrategies(b *testing.B) {
	for _, weights := range []string{"equal", "zipf"} {
		for _, size := range sizes() {
			in := fresh(size[0], size[1], weights == "zipf")
			in.Partitions = listed(in.Partitions)
			sets := map[string]partition.Set{}
			for _, p := range placers {
				if size[0]*size[1] > p.most {
					continue
				}
				place(b, sets, weights, fmt.Sprintf("%dx%d", size[0], size[1]), p.name, p.s, in)
			}
		}
	}
}

// place measures all events of one strategy. The sets that they leave are the same for
// all strategies.
func place(b *testing.B, sets map[string]partition.Set, weights, size, name string, s partition.Strategy, in partition.Input) {
	var plan partition.Plan // made only if something of it is measured
	b.Run(weights+"/"+size+"/"+name, func(b *testing.B) {
		run := func(event string, in partition.Input) {
			b.Run(event, func(b *testing.B) {
				c := measurePlan(b, s, in)
				note(weights, size, name, event, c)
			})
		}
		run("fresh", in)
		for _, c := range changes {
			if plan == nil {
				var err error
				if plan, err = s.Plan(in); err != nil {
					b.Log(err)
					return
				}
			}
			next := in
			next.Previous = slices.Clone(plan)
			c.apply(&next)
			if &next.Partitions.Weights[0] != &in.Partitions.Weights[0] || next.Partitions.Len() != in.Partitions.Len() {
				if _, made := sets[c.name]; !made {
					sets[c.name] = listed(next.Partitions)
				}
				next.Partitions = sets[c.name]
			}
			run(c.name, next)
		}
		b.Run(rolling, func(b *testing.B) { note(weights, size, name, rolling, measureRoll(b, s, in, plan)) })
	})
}

// measurePlan reports the fastest of the runs: the machine is shared. What takes long
// is done once.
func measurePlan(b *testing.B, s partition.Strategy, in partition.Input) cell {
	counts, copied := make([]int32, len(in.Members)+1), make(partition.Plan, len(in.Previous))
	least, base, runs := time.Duration(1<<62), time.Duration(1<<62), uint64(0)
	var plan partition.Plan
	var failure error
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		if runs > 0 && least > long || failure != nil {
			continue
		}
		runs++
		began := time.Now()
		clear(counts)
		for _, was := range in.Previous {
			counts[was+1]++
		}
		copy(copied, in.Previous)
		counted := time.Now()
		plan, failure = s.Plan(in)
		base, least = min(base, counted.Sub(began)), min(least, time.Since(counted))
	}
	if failure != nil {
		b.Log(failure) // a peer's: the cell stays empty
		return cell{}
	}
	runtime.ReadMemStats(&after)
	c := cell{
		ms: float64(least.Microseconds()) / 1000, times: float64(least) / float64(base), allocs: float64((after.Mallocs - before.Mallocs) / runs),
		moved: movement(in, plan), peak: peak(in, plan), measured: true,
	}
	b.ReportMetric(c.allocs, "allocs")
	b.ReportMetric(c.ms, "ms")
	b.ReportMetric(c.times, "x-count-and-copy")
	b.ReportMetric(c.moved, "moved/least")
	b.ReportMetric(c.peak, "max/fair")
	b.ReportMetric(0, "ns/op")
	return c
}

// long is what is measured once.
const long = 100 * time.Millisecond
