package partition

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// strategies are all that this package has, with every choice that they offer.
var strategies = []Strategy{
	Sticky{},
	Sticky{Zones: PreferZone},
	Sticky{Zones: RequireZone},
	RoundRobin{},
	Rendezvous{},
	ConsistentHash{VirtualNodes: 7},
	WeightedConsistentHash{VirtualNodes: 7},
	WeightedConsistentHash{VirtualNodes: 3, Slack: 0.01},
}

var (
	someZones  = []string{"", "a", "b", "c"}
	someLabels = [][]string{nil, nil, {"gpu"}, {"ssd"}, {"gpu", "ssd"}}
	weighings  = []func(*rand.Rand) int64{
		func(*rand.Rand) int64 { return DefaultWeight },
		func(r *rand.Rand) int64 { return 1 + r.Int64N(4) },
		func(r *rand.Rand) int64 { return 1 + r.Int64N(1000) },
		func(r *rand.Rand) int64 { return []int64{0, 1, MaxWeight}[r.IntN(3)] },
		func(r *rand.Rand) int64 { return []int64{1, 1, 1, 1, 1, 1, 1, 1, 1, 500}[r.IntN(10)] },
	}
)

// wide says what an input has, of all that it can have.
type wide struct {
	members, partitions                             int
	capacities, zones, labels, pins, homes, drained bool
	weighing                                        int
	last, limit                                     int
	seed                                            uint64
}

func drawWide(t *rapid.T) wide {
	has := func(what string) bool { return rapid.IntRange(0, 2).Draw(t, what) == 0 }
	w := wide{members: rapid.IntRange(1, 9).Draw(t, "members"), partitions: rapid.IntRange(0, 60).Draw(t, "partitions")}
	w.capacities, w.zones, w.labels = has("capacities"), has("zones"), has("labels")
	w.pins, w.homes, w.drained = has("pins"), has("homes"), has("drained")
	w.weighing = rapid.IntRange(0, len(weighings)-1).Draw(t, "weighing")
	w.last = rapid.IntRange(-1, w.members-1).Draw(t, "last owner") // skews
	w.limit = rapid.OneOf(rapid.Just(Off), rapid.IntRange(0, w.partitions)).Draw(t, "limit")
	w.seed = rapid.Uint64().Draw(t, "seed")
	return w
}

// inputs is how many each makes.
const inputs = 10

// each calls f with some inputs that have all that.
func (w wide) each(f func(in Input, r *rand.Rand)) {
	for n := range uint64(inputs) {
		r := rand.New(rand.NewPCG(w.seed, n))
		f(w.input(r), r)
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (w wide) input(r *rand.Rand) Input {
	in := planInput(w.members, w.limit)
	for i := range in.Members {
		m := &in.Members[i]
		m.Draining = w.drained && i > 0 && r.IntN(3) == 0
		if w.capacities {
			m.Capacity = pick(r, []float64{0, 0.25, 1, 3, 1e-300, 1e300})
		}
		if w.zones {
			m.Zone = pick(r, someZones)
		}
		if w.labels {
			m.Labels = pick(r, someLabels)
		}
	}
	list := make([]Partition, w.partitions)
	for k := range list {
		p := Partition{Keys: []string{"topic", fmt.Sprintf("%03d", k)}, Weight: weighings[w.weighing](r)}
		if w.zones {
			p.Zone = pick(r, someZones)
		}
		if w.labels {
			p.Labels = pick(r, someLabels)
		}
		if w.pins && r.IntN(5) == 0 {
			p.Pinned = pick(r, in.Members).ID
		}
		list[k] = p
		in.Previous = append(in.Previous, int32(r.IntN(w.last+2)-1))
		if w.homes {
			in.Home = append(in.Home, int32(r.IntN(w.members+1)-1))
		}
	}
	in.Partitions, _ = NewSet(list)
	return in
}

// Whatever the input: everything is placed once, on members that may have it; never
// more moves than the limit allows; a second call gives the same; and, without a
// limit, what was planned is planned again from wherever it is.
func TestStrategies_Valid(t *testing.T) {
	checkThousands(t, inputs, func(t *rapid.T) {
		drawWide(t).each(func(in Input, _ *rand.Rand) {
			for _, s := range strategies {
				plan := mustPlan(t, s, in)
				requireSame(t, s, plan, KeepOwned(in, plan), "moves more than it may")
				requireSame(t, s, plan, mustPlan(t, s, in), "remembers something")
				if in.MoveLimit >= 0 {
					continue
				}
				requirePinned(t, in, plan)
				again := in
				again.Previous = plan
				requireSame(t, s, plan, mustPlan(t, s, again), "moves what it has placed itself")
			}
		})
	})
}

// What the property above found: giants that came home were measured at hosts that they
// had left, and went on in the next plan.
func TestSticky_GiantsAtHomeStay(t *testing.T) {
	w := wide{members: 9, partitions: 15, zones: true, labels: true, homes: true, weighing: 3, last: 4, limit: Off, seed: 53376}
	in := w.input(rand.New(rand.NewPCG(w.seed, 0)))
	for _, s := range []Strategy{Sticky{}, Sticky{Zones: PreferZone}} {
		again := in
		again.Previous = mustPlan(t, s, in)
		require.Equal(t, Plan(again.Previous), mustPlan(t, s, again))
	}
}

func requireSame(t *rapid.T, s Strategy, want, have Plan, what string) {
	if !slices.Equal(want, have) {
		t.Fatalf("%#v %s: %v, %v", s, what, want, have)
	}
}

// requirePinned: what is pinned is where it is pinned to.
func requirePinned(t *rapid.T, in Input, plan Plan) {
	for k, pin := range in.Partitions.Pins {
		at := slices.IndexFunc(in.Members, func(m Member) bool { return m.ID == pin && !m.Draining })
		if at >= 0 && int32(at) != plan[k] {
			t.Fatalf("partition %d is pinned to %d, and at %d", k, at, plan[k])
		}
	}
}

// Placement depends on IDs alone: not on the order of the members, nor on that in
// which the source lists partitions.
func TestStrategies_OrderDoesNotMatter(t *testing.T) {
	checkThousands(t, inputs, func(t *rapid.T) {
		drawWide(t).each(func(in Input, r *rand.Rand) {
			other := in
			other.Members = slices.Clone(in.Members)
			r.Shuffle(len(other.Members), func(i, j int) { other.Members[i], other.Members[j] = other.Members[j], other.Members[i] })
			other.Previous, other.Home = follow(in, other.Members, in.Previous), follow(in, other.Members, in.Home)
			for _, s := range strategies {
				requireSame(t, s, follow(in, other.Members, mustPlan(t, s, in)), mustPlan(t, s, other), "depends on an order")
			}
		})
	})
}

// follow translates the owners of an input to another order of its members.
func follow(in Input, members []Member, owners []int32) []int32 {
	if owners == nil {
		return nil
	}
	out := make([]int32, len(owners))
	for k, m := range owners {
		if out[k] = None; m != None {
			out[k] = int32(slices.IndexFunc(members, func(x Member) bool { return x.ID == in.Members[m].ID }))
		}
	}
	return out
}

// The order of a source's list is gone with the set: this is where.
func TestNewSet_OrderDoesNotMatter(t *testing.T) {
	checkThousands(t, 1, func(t *rapid.T) {
		list := make([]Partition, rapid.IntRange(0, 20).Draw(t, "n"))
		for k := range list {
			list[k] = Partition{Keys: []string{fmt.Sprint(k)}, Weight: int64(k), Zone: someZones[k%4], Labels: someLabels[k%5]}
			if k%3 == 0 {
				list[k].Pinned = WorkerIDAt("w", k)
			}
		}
		a, err := NewSet(list)
		require.NoError(t, err)
		b, err := NewSet(rapid.Permutation(list).Draw(t, "list"))
		require.NoError(t, err)
		require.Equal(t, a, b)
	})
}

// With a limit, decision after decision leads to where nothing moves any more.
// Each case is one of each strategy.
func TestStrategies_RoundsEnd(t *testing.T) {
	checkThousands(t, 4, func(t *rapid.T) {
		w := drawWide(t)
		w.limit = max(1, w.limit)
		next := w.input(rand.New(rand.NewPCG(w.seed, 0)))
		from := next.Previous
		for _, s := range strategies {
			next.Previous = from
			for round := 0; ; round++ {
				plan := mustPlan(t, s, next)
				if slices.Equal(plan, next.Previous) {
					break
				}
				if round > 3*len(plan)+10 {
					t.Fatalf("%#v goes round and round", s)
				}
				next.Previous = plan
			}
		}
	})
}
