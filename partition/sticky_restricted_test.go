package partition

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// restriction adds to an input of different weights what few members may have, or should.
// admits says who may have a partition, nil: all that do not drain.
type restriction struct {
	s      Sticky
	add    func(in *Input, r *rand.Rand)
	admits func(in Input, k int, m Member) bool
}

var restrictions = map[string]restriction{
	"homes": {Sticky{}, func(in *Input, r *rand.Rand) {
		in.Home = make([]int32, len(in.Previous))
		for k := range in.Home {
			in.Home[k] = int32(r.IntN(len(in.Members)+1) - 1)
		}
	}, nil},
	"pins": {Sticky{}, func(in *Input, r *rand.Rand) {
		in.Partitions.Pins = make([]WorkerID, len(in.Previous))
		for k := range in.Previous {
			if r.IntN(6) == 0 {
				in.Partitions.Pins[k] = WorkerIDAt("worker", r.IntN(len(in.Members)+1)) // the last one is not there
			}
		}
	}, func(in Input, k int, m Member) bool {
		pin := in.Partitions.Pins[k]
		there := slices.ContainsFunc(in.Members, func(o Member) bool { return o.ID == pin && !o.Draining })
		return !there || m.ID == pin
	}},
	"labels": {Sticky{}, func(in *Input, r *rand.Rand) {
		in.Partitions.Labels = make([][]string, len(in.Previous))
		for i := range in.Members {
			in.Members[i].Labels = pick(r, someLabels)
		}
		for k := range in.Previous {
			in.Partitions.Labels[k] = pick(r, someLabels)
		}
	}, func(in Input, k int, m Member) bool {
		return !slices.ContainsFunc(in.Partitions.Labels[k], func(l string) bool { return !slices.Contains(m.Labels, l) })
	}},
	"zones required": {Sticky{Zones: RequireZone}, someInZones, func(in Input, k int, m Member) bool {
		return in.Partitions.Zones[k] == "" || in.Partitions.Zones[k] == m.Zone
	}},
	"zones preferred": {Sticky{Zones: PreferZone}, someInZones, nil},
}

func someInZones(in *Input, r *rand.Rand) {
	in.Partitions.Zones = make([]string, len(in.Previous))
	for i := range in.Members {
		in.Members[i].Zone = pick(r, someZones[:3])
	}
	for k := range in.Previous {
		in.Partitions.Zones[k] = pick(r, someZones)
	}
}

// may are the members that may have a partition, by a rule of the test's own.
func (x restriction) may(in Input, k int) (list []int32) {
	for i, m := range in.Members {
		if !m.Draining && (x.admits == nil || x.admits(in, k, m)) {
			list = append(list, int32(i))
		}
	}
	return list
}

// pool is what the same members may have.
type pool struct {
	members []int32
	load    float64
	all     []int // partitions
}

// pools are they all, those of the fewest members first.
func (x restriction) pools(in Input) []*pool {
	all := map[string]*pool{}
	for k, w := range in.Partitions.Weights {
		may := x.may(in, k)
		key := string(appendIndexes(nil, may))
		if all[key] == nil {
			all[key] = &pool{members: may}
		}
		all[key].load += float64(w)
		all[key].all = append(all[key].all, k)
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *pool) int {
		return cmp.Or(len(a.members)-len(b.members), slices.Compare(a.members, b.members))
	})
}

// level is how high the members would stand if what they may have could be poured onto
// what they have already.
func (p *pool) level(loads []float64) float64 {
	slices.SortFunc(p.members, func(a, b int32) int { return cmp.Compare(loads[a], loads[b]) })
	left := p.load
	for i, m := range p.members {
		n := float64(i + 1)
		if i+1 == len(p.members) || (loads[p.members[i+1]]-loads[m])*n > left {
			return loads[m] + left/n
		}
		left -= (loads[p.members[i+1]] - loads[m]) * n
	}
	return 0
}

// Different weights with each of homes, pins, labels and zones, from anywhere, some members
// draining: everything is at one member that may have it, or at none if there is none;
// of what the same members may have nobody gets more than the band above where it would stand
// if load were water, on top of what fewer may have; what was planned is planned again; and
// the order of members does not matter.
func TestSticky_RestrictedWeights(t *testing.T) {
	for name, x := range restrictions {
		t.Run(name, func(t *testing.T) {
			checkThousands(t, inputs, func(t *rapid.T) {
				r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
				members := rapid.IntRange(1, 6).Draw(t, "members")
				in := planInput(members, Off, repeated(None, 100*members)...)
				last := rapid.IntRange(0, members).Draw(t, "last owner")
				for k := range in.Previous {
					in.Partitions.Weights[k], in.Previous[k] = 50+r.Int64N(100), int32(r.IntN(last+1)-1)
				}
				for i := 1; i < members; i++ {
					in.Members[i].Draining = r.IntN(5) == 0
				}
				x.add(&in, r)
				plan := mustPlan(t, x.s, in)
				x.requireSound(t, in, plan)

				again := in
				again.Previous = plan
				requireSame(t, x.s, plan, mustPlan(t, x.s, again), "moves what it has placed itself")
				other := in
				other.Members = slices.Clone(in.Members)
				r.Shuffle(members, func(i, j int) { other.Members[i], other.Members[j] = other.Members[j], other.Members[i] })
				other.Previous, other.Home = follow(in, other.Members, in.Previous), follow(in, other.Members, in.Home)
				requireSame(t, x.s, follow(in, other.Members, plan), mustPlan(t, x.s, other), "depends on an order")
			})
		})
	}
}

func (x restriction) requireSound(t *rapid.T, in Input, plan Plan) {
	load := make([]float64, len(in.Members))
	for _, p := range x.pools(in) {
		level, before := p.level(load), slices.Clone(load)
		for _, k := range p.all {
			m := plan[k]
			if m == None && len(p.members) == 0 {
				continue
			}
			if !slices.Contains(p.members, m) {
				t.Fatalf("partition %d is at %d, and may be at %v", k, m, p.members)
			}
			load[m] += float64(in.Partitions.Weights[k])
		}
		for _, m := range p.members {
			require.LessOrEqual(t, load[m], max(before[m], level*(1+slack)+1), "%s: %v", in.Members[m].ID, load)
		}
	}
}
